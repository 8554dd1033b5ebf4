WITH "numbered" AS (
  /* `wineventlog_security` EventCode IN (4698, 4699) */
  SELECT
    "EventCode",
    "TaskName",
    "_time",
    ROW_NUMBER() OVER (ORDER BY "_time" DESC) AS "_row"
  FROM "windows_security_events"
  WHERE
    (
      "EventCode" = 4698 OR "EventCode" = 4699
    ) AND "TaskName" IS NOT NULL
), "marked" AS (
  SELECT
    "EventCode",
    "TaskName",
    "_time",
    CASE WHEN "EventCode" = 4699 THEN 1 ELSE 0 END AS "_opens",
    "_row",
    CASE WHEN "EventCode" = 4698 THEN 1 ELSE 0 END AS "_closes"
  FROM "numbered"
), "in_sessions" AS (
  SELECT
    "EventCode",
    "TaskName",
    "_time",
    "_opens",
    "_row",
    "_closes",
    SUM("_opens") OVER (
      PARTITION BY "TaskName"
      ORDER BY "_row" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "_session"
  FROM "marked"
), "placed" AS (
  SELECT
    "EventCode",
    "TaskName",
    "_time",
    "_closes",
    "_session",
    ROW_NUMBER() OVER (PARTITION BY "TaskName", "_session" ORDER BY "_row" ASC) AS "_place",
    SUM("_closes") OVER (
      PARTITION BY "TaskName", "_session"
      ORDER BY "_row" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS "_over",
    MAX("_time") OVER (PARTITION BY "TaskName", "_session") - "_time" AS "_age"
  FROM "in_sessions"
), "grouped" AS (
  /* transaction TaskName startswith=(EventCode=4698) endswith=(EventCode=4699) maxspan=10m */
  SELECT
    "TaskName",
    "_session",
    MIN("_time") AS "_time",
    MAX("_time") - MIN("_time") AS "duration",
    COUNT(*) AS "eventcount",
    MAX("_closes") AS "_closes"
  FROM "placed"
  WHERE
    "_session" > 0 AND COALESCE("_over", 0) = 0 AND "_place" <= 1000 AND "_age" <= 600
  GROUP BY
    "TaskName",
    "_session"
)
/* where duration < 60 */
SELECT
  "_time",
  "TaskName",
  "duration",
  "eventcount"
FROM "grouped"
WHERE
  "_closes" = 1 AND "duration" < 60;
