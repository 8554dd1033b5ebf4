WITH "ranked" AS (
  /* `wineventlog_security` EventCode=4768 Status=0x6 */
  /* dedup IpAddress TargetUserName */
  SELECT
    "IpAddress",
    "TargetUserName",
    "_time",
    "_time" AS "_time_2",
    ROW_NUMBER() OVER (PARTITION BY "IpAddress", "TargetUserName" ORDER BY "_time" ASC, "_time" DESC) AS "_rank"
  FROM "windows_security_events"
  WHERE
    "EventCode" = 4768
    AND LOWER("Status") = '0x6'
    AND "IpAddress" IS NOT NULL
    AND "TargetUserName" IS NOT NULL
), "numbered" AS (
  SELECT
    "IpAddress",
    "TargetUserName",
    "_time",
    "_time_2",
    ROW_NUMBER() OVER (ORDER BY "_time" ASC, "_time_2" DESC) AS "_row"
  FROM "ranked"
  WHERE
    "_rank" <= 1
), "grouped" AS (
  /* stats count first(TargetUserName) as begin last(TargetUserName) as end list(TargetUserName) as names by IpAddress */
  SELECT
    "IpAddress",
    COUNT(*) AS "count",
    ARG_MIN("TargetUserName", "_row") AS "begin",
    ARG_MAX("TargetUserName", "_row") AS "end",
    LIST_SLICE(
      LIST("TargetUserName" ORDER BY "_row" ASC) FILTER(WHERE
        "TargetUserName" IS NOT NULL),
      1,
      100
    ) AS "names"
  FROM "numbered"
  WHERE
    "IpAddress" IS NOT NULL
  GROUP BY
    "IpAddress"
)
/* search count>=3 */
SELECT
  "IpAddress",
  "count",
  "begin",
  "end",
  "names"
FROM "grouped"
WHERE
  "count" >= 3;
