WITH "grouped" AS (
  /* `wineventlog_security` EventCode IN (4624, 4625) LogonType IN (3, 10) */
  /* stats count count(eval(EventCode=4625)) as failures count(eval(Status!="0x0")) as bad earliest(EventCode) as begin latest(EventCode) as end by TargetUserName IpAddress */
  SELECT
    "TargetUserName",
    "IpAddress",
    COUNT(*) AS "count",
    COUNT(CASE WHEN "EventCode" = 4625 THEN 1 END) AS "failures",
    COUNT(CASE WHEN "Status" IS NOT NULL AND "Status" <> '0x0' THEN 1 END) AS "bad",
    JSON_GROUP_ARRAY(JSON_ARRAY("_time", "EventCode")) FILTER(WHERE
      "EventCode" IS NOT NULL AND "_time" IS NOT NULL) AS "begin",
    JSON_GROUP_ARRAY(JSON_ARRAY("_time", "EventCode")) FILTER(WHERE
      "EventCode" IS NOT NULL AND "_time" IS NOT NULL) AS "end"
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
), "finished" AS (
  SELECT
    "TargetUserName",
    "IpAddress",
    "count",
    "failures",
    "bad",
    (
      SELECT
        JSON_EXTRACT("each"."value", '$[1]')
      FROM JSON_EACH("grouped"."begin") AS "each"
      ORDER BY
        JSON_EXTRACT("each"."value", '$[0]') ASC
      LIMIT 1
    ) AS "begin",
    (
      SELECT
        JSON_EXTRACT("each"."value", '$[1]')
      FROM JSON_EACH("grouped"."end") AS "each"
      ORDER BY
        JSON_EXTRACT("each"."value", '$[0]') DESC
      LIMIT 1
    ) AS "end"
  FROM "grouped"
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
FROM "finished"
WHERE
  "failures" >= 2 AND "end" = 4624;
