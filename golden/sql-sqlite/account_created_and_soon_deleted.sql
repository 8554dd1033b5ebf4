WITH "filtered" AS (
  /* `wineventlog_security` EventCode=4720 */
  SELECT
    "Computer",
    "TargetUserName",
    "_time",
    "deleted"
  FROM "windows_security_events"
  WHERE
    "EventCode" = 4720
), "grouped" AS (
  /* search `wineventlog_security` EventCode=4726 */
  /* stats max(_time) as deleted by TargetUserName */
  SELECT
    "TargetUserName",
    MAX("_time") AS "deleted"
  FROM "windows_security_events"
  WHERE
    "EventCode" = 4726 AND "TargetUserName" IS NOT NULL
  GROUP BY
    "TargetUserName"
), "joined" AS (
  /* join TargetUserName [ search `wineventlog_security` EventCode=4726 | stats max(_time) as deleted by TargetUserName ] */
  SELECT
    "filtered"."Computer",
    "filtered"."TargetUserName",
    "filtered"."_time",
    COALESCE(
      CASE
        WHEN "grouped"."deleted" = FLOOR("grouped"."deleted")
        AND ABS("grouped"."deleted") < 1000000000000000.0
        THEN CAST(CAST("grouped"."deleted" AS INTEGER) AS TEXT)
        ELSE CAST("grouped"."deleted" AS TEXT)
      END,
      "filtered"."deleted"
    ) AS "deleted"
  FROM "filtered"
  INNER JOIN "grouped"
    ON "filtered"."TargetUserName" = "grouped"."TargetUserName"
), "computed" AS (
  /* eval lifetime=deleted-_time */
  SELECT
    "Computer",
    "TargetUserName",
    CASE
      WHEN "deleted" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
      THEN CAST("deleted" AS REAL)
    END - "_time" AS "lifetime"
  FROM "joined"
)
/* where lifetime>=0 AND lifetime<=14400 */
SELECT
  "Computer",
  "TargetUserName",
  "lifetime"
FROM "computed"
WHERE
  "lifetime" >= 0 AND "lifetime" <= 14400;
