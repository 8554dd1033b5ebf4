WITH "filtered" AS (
  /* `azure_monitor_aad` category=SignInLogs properties.status.errorCode=500121 */
  /* bucket span=10m _time */
  SELECT
    COALESCE("properties.count_of_tries", "count_of_tries") AS "count_of_tries",
    COALESCE("properties.ipAddress", "ipAddress") AS "ipAddress",
    COALESCE("properties.userPrincipalName", "userPrincipalName") AS "userPrincipalName",
    FLOOR(CAST("_time" AS REAL) / 600) * 600 AS "_time"
  FROM "entra_events"
  WHERE
    LOWER("category") = 'signinlogs' AND "properties.status.errorCode" = '500121'
), "grouped" AS (
  /* stats count values(ipAddress) as src min(count_of_tries) as least by userPrincipalName, _time */
  SELECT
    "userPrincipalName",
    "_time",
    COUNT(*) AS "count",
    JSON_GROUP_ARRAY(DISTINCT "ipAddress") FILTER(WHERE
      "ipAddress" IS NOT NULL) AS "src",
    JSON_GROUP_ARRAY("count_of_tries") FILTER(WHERE
      "count_of_tries" IS NOT NULL) AS "least"
  FROM "filtered"
  WHERE
    "userPrincipalName" IS NOT NULL AND "_time" IS NOT NULL
  GROUP BY
    "userPrincipalName",
    "_time"
)
/* where count >= 3 */
SELECT
  "userPrincipalName",
  "_time",
  "count",
  NULLIF(
    (
      SELECT
        JSON_GROUP_ARRAY("each"."value")
      FROM (
        SELECT
          "each"."value"
        FROM JSON_EACH("grouped"."src") AS "each"
        ORDER BY
          "each"."value"
      ) AS "each"
    ),
    '[]'
  ) AS "src",
  (
    SELECT
      "each"."value"
    FROM JSON_EACH("grouped"."least") AS "each"
    ORDER BY
      CASE
        WHEN "each"."value" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
        THEN CAST("each"."value" AS REAL)
      END ASC NULLS LAST,
      "each"."value" ASC NULLS LAST
    LIMIT 1
  ) AS "least"
FROM "grouped"
WHERE
  "count" >= 3;
