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
      LOWER("action") = 'success' AND "user" ILIKE '%$'
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
    STRFTIME(MAKE_TIMESTAMP(CAST("firstTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "firstTime",
    STRFTIME(MAKE_TIMESTAMP(CAST("lastTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "lastTime"
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
    TRY_CAST(CASE WHEN REGEXP_MATCHES("firstTime", '^[0-9eE.+-]+$') THEN "firstTime" END AS DOUBLE) = TRY_CAST(CASE WHEN REGEXP_MATCHES("lastTime", '^[0-9eE.+-]+$') THEN "lastTime" END AS DOUBLE),
    "firstTime" = "lastTime"
  );
