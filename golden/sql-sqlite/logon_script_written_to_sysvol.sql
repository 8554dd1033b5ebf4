WITH "grouped" AS (
  /* `wineventlog_security` EventCode=5145 */
  /* stats count values(RelativeTargetName) as files by Computer SubjectUserName IpAddress */
  SELECT
    "Computer",
    "SubjectUserName",
    "IpAddress",
    COUNT(*) AS "count",
    JSON_GROUP_ARRAY(DISTINCT "RelativeTargetName") FILTER(WHERE
      "RelativeTargetName" IS NOT NULL) AS "files"
  FROM "windows_security_events"
  WHERE
    "EventCode" = 5145
    AND "ShareName" GLOB '*\SYSVOL'
    AND "RelativeTargetName" GLOB '*\Scripts\*'
    AND "AccessMask" GLOB '0x?'
    AND "AccessMask" <> '0x1'
    AND "Computer" IS NOT NULL
    AND "SubjectUserName" IS NOT NULL
    AND "IpAddress" IS NOT NULL
  GROUP BY
    "Computer",
    "SubjectUserName",
    "IpAddress"
)
SELECT
  "Computer",
  "SubjectUserName",
  "IpAddress",
  "count",
  NULLIF(
    (
      SELECT
        JSON_GROUP_ARRAY("each"."value")
      FROM (
        SELECT
          "each"."value"
        FROM JSON_EACH("grouped"."files") AS "each"
        ORDER BY
          "each"."value"
      ) AS "each"
    ),
    '[]'
  ) AS "files"
FROM "grouped";
