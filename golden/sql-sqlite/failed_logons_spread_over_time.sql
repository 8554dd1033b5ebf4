WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count dc(Authentication.user) as users min(_time) as firstTime max(_time) as lastTime from datamodel=Authentication where nodename=Authentication.Failed_Authentication Authentication.user!=unknown by Authentication.src */
  SELECT
    "src" AS "Authentication.src",
    COUNT(*) AS "count",
    COUNT(DISTINCT "user") AS "users",
    MIN("_time") AS "firstTime",
    MAX("_time") AS "lastTime"
  FROM "auth_events"
  WHERE
    LOWER("action") = 'failure'
    AND NOT (
      LOWER("action") = 'success' AND "user" LIKE '%$'
    )
    AND LOWER("user") <> 'unknown'
  GROUP BY
    "src"
), "finished" AS (
  /* `security_content_ctime(firstTime)` */
  /* `security_content_ctime(lastTime)` */
  SELECT
    "Authentication.src" AS "src",
    "count",
    "users",
    STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("firstTime"), 'unixepoch') AS "firstTime",
    STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("lastTime"), 'unixepoch') AS "lastTime"
  FROM "grouped"
)
/* where users > 1 AND firstTime!=lastTime */
SELECT
  "src",
  "count",
  "users",
  "firstTime",
  "lastTime"
FROM "finished"
WHERE
  "users" > 1
  AND "firstTime" IS NOT NULL
  AND "lastTime" IS NOT NULL
  AND NOT COALESCE(
    CASE
      WHEN "firstTime" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
      THEN CAST("firstTime" AS REAL)
    END = CASE
      WHEN "lastTime" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
      THEN CAST("lastTime" AS REAL)
    END,
    "firstTime" = "lastTime"
  );
