WITH "grouped" AS (
  /* `sysmon` EventCode=13 */
  /* stats count values(Details) as Details by Computer Image */
  SELECT
    "Computer",
    "Image",
    COUNT(*) AS "count",
    JSON_GROUP_ARRAY(DISTINCT "Details") FILTER(WHERE
      "Details" IS NOT NULL) AS "Details"
  FROM "sysmon_events"
  WHERE
    "EventCode" = 13
    AND "Details" REGEXP '(?i)mshta[\t-\r ]|javascript:|\\Temp\\[^\\]+\.hta'
    AND NOT COALESCE("TargetObject" REGEXP '\\Uninstall\\', FALSE)
    AND "Computer" IS NOT NULL
    AND "Image" IS NOT NULL
  GROUP BY
    "Computer",
    "Image"
)
SELECT
  "Computer",
  "Image",
  "count",
  NULLIF(
    (
      SELECT
        JSON_GROUP_ARRAY("each"."value")
      FROM (
        SELECT
          "each"."value"
        FROM JSON_EACH("grouped"."Details") AS "each"
        ORDER BY
          "each"."value"
      ) AS "each"
    ),
    '[]'
  ) AS "Details"
FROM "grouped";
