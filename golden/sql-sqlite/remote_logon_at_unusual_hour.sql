WITH "filtered" AS (
  /* `wineventlog_security` EventCode=4624 LogonType=10 */
  /* eval hour=tonumber(strftime(_time, "%H")), day=strftime(_time, "%w") */
  SELECT
    CASE
      WHEN STRFTIME('%H', FLOOR("_time"), 'unixepoch') REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
      THEN CAST(STRFTIME('%H', FLOOR("_time"), 'unixepoch') AS REAL)
    END AS "hour",
    STRFTIME('%w', FLOOR("_time"), 'unixepoch') AS "day",
    "IpAddress",
    "TargetUserName",
    "_time"
  FROM "windows_security_events"
  WHERE
    "EventCode" = 4624 AND "LogonType" = '10'
), "filtered_2" AS (
  /* where hour>=22 AND NOT TargetUserName IN ("oncall", "backup") OR day="0" */
  /* fillnull value="-" IpAddress */
  SELECT
    "day",
    COALESCE("IpAddress", '-') AS "IpAddress",
    "TargetUserName",
    "_time"
  FROM "filtered"
  WHERE
    (
      "hour" >= 22
      AND "TargetUserName" IS NOT NULL
      AND "TargetUserName" <> 'oncall'
      AND "TargetUserName" <> 'backup'
      OR CASE
        WHEN "day" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
        THEN CAST("day" AS REAL)
      END = 0
    )
), "grouped" AS (
  /* stats earliest(_time) as begin sum(eval(if(day="0", 1, 0))) as sundays by TargetUserName IpAddress */
  SELECT
    "TargetUserName",
    "IpAddress",
    JSON_GROUP_ARRAY(JSON_ARRAY("_time", "_time")) FILTER(WHERE
      "_time" IS NOT NULL AND "_time" IS NOT NULL) AS "begin",
    SUM(
      CASE
        WHEN CASE
          WHEN "day" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
          THEN CAST("day" AS REAL)
        END = 0
        THEN 1
        ELSE 0
      END
    ) AS "sundays"
  FROM "filtered_2"
  WHERE
    "TargetUserName" IS NOT NULL
  GROUP BY
    "TargetUserName",
    "IpAddress"
), "finished" AS (
  SELECT
    "TargetUserName",
    "IpAddress",
    (
      SELECT
        JSON_EXTRACT("each"."value", '$[1]')
      FROM JSON_EACH("grouped"."begin") AS "each"
      ORDER BY
        JSON_EXTRACT("each"."value", '$[0]') ASC
      LIMIT 1
    ) AS "begin",
    "sundays"
  FROM "grouped"
)
/* convert timeformat="%Y-%m-%d %H:%M" ctime(begin) AS since */
SELECT
  "TargetUserName",
  "IpAddress",
  "sundays",
  STRFTIME('%Y-%m-%d %H:%M', FLOOR("begin"), 'unixepoch') AS "since"
FROM "finished";
