WITH "filtered" AS (
  /* `wineventlog_security` EventCode=4625 TargetUserName!=*$ */
  /* bucket span=5m _time */
  SELECT
    FLOOR("_time" / 300) * 300 AS "_time",
    "IpAddress",
    "Status",
    "TargetUserName",
    "_time" AS "_time_2"
  FROM "windows_security_events"
  WHERE
    "EventCode" = 4625
    AND "TargetUserName" IS NOT NULL
    AND NOT "TargetUserName" ILIKE '%$'
), "numbered" AS (
  SELECT
    "_time",
    "IpAddress",
    "Status",
    "TargetUserName",
    "_time_2",
    ROW_NUMBER() OVER (ORDER BY "_time_2" DESC) AS "_row"
  FROM "filtered"
), "grouped" AS (
  /* stats count dc(TargetUserName) as users values(TargetUserName) as accounts list(Status) as codes by _time IpAddress */
  SELECT
    "_time",
    "IpAddress",
    COUNT(*) AS "count",
    COUNT(DISTINCT "TargetUserName") AS "users",
    LIST_SORT(LIST(DISTINCT "TargetUserName") FILTER(WHERE
      "TargetUserName" IS NOT NULL)) AS "accounts",
    LIST_SLICE(LIST("Status" ORDER BY "_row" ASC) FILTER(WHERE
      "Status" IS NOT NULL), 1, 100) AS "codes"
  FROM "numbered"
  WHERE
    "_time" IS NOT NULL AND "IpAddress" IS NOT NULL
  GROUP BY
    "_time",
    "IpAddress"
)
/* where users >= 3 */
SELECT
  "_time",
  "IpAddress",
  "count",
  "users",
  "accounts",
  "codes"
FROM "grouped"
WHERE
  "users" >= 3;
