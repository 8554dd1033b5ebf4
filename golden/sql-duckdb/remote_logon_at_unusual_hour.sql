WITH "filtered" AS (
  /* `wineventlog_security` EventCode=4624 LogonType=10 */
  /* eval hour=tonumber(strftime(_time, "%H")), day=strftime(_time, "%w") */
  SELECT
    TRY_CAST(CASE
      WHEN REGEXP_MATCHES(STRFTIME(MAKE_TIMESTAMP(CAST("_time" * 1000000 AS BIGINT)), '%H'), '^[0-9eE.+-]+$')
      THEN STRFTIME(MAKE_TIMESTAMP(CAST("_time" * 1000000 AS BIGINT)), '%H')
    END AS DOUBLE) AS "hour",
    STRFTIME(MAKE_TIMESTAMP(CAST("_time" * 1000000 AS BIGINT)), '%w') AS "day",
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
      OR TRY_CAST(CASE WHEN REGEXP_MATCHES("day", '^[0-9eE.+-]+$') THEN "day" END AS DOUBLE) = 0
    )
), "grouped" AS (
  /* stats earliest(_time) as begin sum(eval(if(day="0", 1, 0))) as sundays by TargetUserName IpAddress */
  SELECT
    "TargetUserName",
    "IpAddress",
    ARG_MIN("_time", "_time") AS "begin",
    SUM(
      CASE
        WHEN TRY_CAST(CASE WHEN REGEXP_MATCHES("day", '^[0-9eE.+-]+$') THEN "day" END AS DOUBLE) = 0
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
)
/* convert timeformat="%Y-%m-%d %H:%M" ctime(begin) AS since */
SELECT
  "TargetUserName",
  "IpAddress",
  "sundays",
  STRFTIME(MAKE_TIMESTAMP(CAST("begin" * 1000000 AS BIGINT)), '%Y-%m-%d %H:%M') AS "since"
FROM "grouped";
