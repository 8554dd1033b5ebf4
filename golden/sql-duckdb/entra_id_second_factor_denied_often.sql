WITH "filtered" AS (
  /* `azure_monitor_aad` category=SignInLogs properties.status.errorCode=500121 */
  /* bucket span=10m _time */
  SELECT
    COALESCE("properties.count_of_tries", "count_of_tries") AS "count_of_tries",
    COALESCE("properties.ipAddress", "ipAddress") AS "ipAddress",
    COALESCE("properties.userPrincipalName", "userPrincipalName") AS "userPrincipalName",
    FLOOR("_time" / 600) * 600 AS "_time"
  FROM "entra_events"
  WHERE
    LOWER("category") = 'signinlogs' AND "properties.status.errorCode" = '500121'
), "grouped" AS (
  /* stats count values(ipAddress) as src min(count_of_tries) as least by userPrincipalName, _time */
  SELECT
    "userPrincipalName",
    "_time",
    COUNT(*) AS "count",
    LIST_SORT(LIST(DISTINCT "ipAddress") FILTER(WHERE
      "ipAddress" IS NOT NULL)) AS "src",
    COALESCE(
      ARG_MIN(
        "count_of_tries",
        TRY_CAST(CASE
          WHEN REGEXP_MATCHES("count_of_tries", '^[0-9eE.+-]+$')
          THEN "count_of_tries"
        END AS DOUBLE)
      ),
      MIN("count_of_tries")
    ) AS "least"
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
  "src",
  "least"
FROM "grouped"
WHERE
  "count" >= 3;
