WITH "grouped" AS (
  /* `wineventlog_security` EventCode IN (4624, 4625) LogonType IN (3, 10) */
  /* stats count count(eval(EventCode=4625)) as failures count(eval(Status!="0x0")) as bad earliest(EventCode) as begin latest(EventCode) as end by TargetUserName IpAddress */
  SELECT
    "TargetUserName",
    "IpAddress",
    COUNT(*) AS "count",
    COUNT(CASE WHEN "EventCode" = 4625 THEN 1 END) AS "failures",
    COUNT(CASE WHEN "Status" IS NOT NULL AND "Status" <> '0x0' THEN 1 END) AS "bad",
    ARG_MIN("EventCode", "_time") AS "begin",
    ARG_MAX("EventCode", "_time") AS "end"
  FROM "windows_security_events"
  WHERE
    (
      "EventCode" = 4624 OR "EventCode" = 4625
    )
    AND LOWER("LogonType") IN ('3', '10')
    AND "TargetUserName" IS NOT NULL
    AND "IpAddress" IS NOT NULL
  GROUP BY
    "TargetUserName",
    "IpAddress"
)
/* where failures>=2 AND end=4624 */
SELECT
  "TargetUserName",
  "IpAddress",
  "count",
  "failures",
  "bad",
  "begin",
  "end"
FROM "grouped"
WHERE
  "failures" >= 2 AND "end" = 4624;
