WITH "numbered" AS (
  /* `okta` eventType=system.push.send_factor_verify_push */
  SELECT
    "_time",
    "src_ip",
    "user",
    ROW_NUMBER() OVER (ORDER BY "_time" ASC NULLS LAST, "_time" DESC) AS "_row"
  FROM "okta_events"
  WHERE
    LOWER("eventType") = 'system.push.send_factor_verify_push'
), "running" AS (
  /* streamstats window=3 global=f count as burst range(_time) as seconds by user */
  SELECT
    "_time",
    "src_ip",
    "user",
    CASE
      WHEN "user" IS NOT NULL
      THEN COUNT(*) OVER (
        PARTITION BY "user"
        ORDER BY "_row" ASC NULLS LAST
        ROWS BETWEEN 2 PRECEDING AND CURRENT ROW
      )
    END AS "burst",
    CASE
      WHEN "user" IS NOT NULL
      THEN MAX("_time") OVER (
        PARTITION BY "user"
        ORDER BY "_row" ASC NULLS LAST
        ROWS BETWEEN 2 PRECEDING AND CURRENT ROW
      ) - MIN("_time") OVER (
        PARTITION BY "user"
        ORDER BY "_row" ASC NULLS LAST
        ROWS BETWEEN 2 PRECEDING AND CURRENT ROW
      )
    END AS "seconds"
  FROM "numbered"
), "grouped" AS (
  /* where burst=3 AND seconds<=120 */
  /* stats count min(seconds) as seconds latest(src_ip) as src_ip by user */
  SELECT
    "user",
    COUNT(*) AS "count",
    MIN("seconds") AS "seconds",
    JSON_GROUP_ARRAY(JSON_ARRAY("_time", "src_ip")) FILTER(WHERE
      "src_ip" IS NOT NULL AND "_time" IS NOT NULL) AS "src_ip"
  FROM "running"
  WHERE
    "burst" = 3 AND "seconds" <= 120 AND "user" IS NOT NULL
  GROUP BY
    "user"
)
SELECT
  "user",
  "count",
  "seconds",
  (
    SELECT
      JSON_EXTRACT("each"."value", '$[1]')
    FROM JSON_EACH("grouped"."src_ip") AS "each"
    ORDER BY
      JSON_EXTRACT("each"."value", '$[0]') DESC
    LIMIT 1
  ) AS "src_ip"
FROM "grouped";
