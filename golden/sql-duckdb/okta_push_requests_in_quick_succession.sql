WITH "numbered" AS (
  /* `okta` eventType=system.push.send_factor_verify_push */
  SELECT
    "_time",
    "src_ip",
    "user",
    ROW_NUMBER() OVER (ORDER BY "_time" ASC, "_time" DESC) AS "_row"
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
      THEN COUNT(*) OVER (PARTITION BY "user" ORDER BY "_row" ASC ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
    END AS "burst",
    CASE
      WHEN "user" IS NOT NULL
      THEN MAX("_time") OVER (PARTITION BY "user" ORDER BY "_row" ASC ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) - MIN("_time") OVER (PARTITION BY "user" ORDER BY "_row" ASC ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
    END AS "seconds"
  FROM "numbered"
)
/* where burst=3 AND seconds<=120 */
/* stats count min(seconds) as seconds latest(src_ip) as src_ip by user */
SELECT
  "user",
  COUNT(*) AS "count",
  MIN("seconds") AS "seconds",
  ARG_MAX("src_ip", "_time") AS "src_ip"
FROM "running"
WHERE
  "burst" = 3 AND "seconds" <= 120 AND "user" IS NOT NULL
GROUP BY
  "user";
