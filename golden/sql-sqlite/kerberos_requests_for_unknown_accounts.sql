WITH "ranked" AS (
  /* `wineventlog_security` EventCode=4768 Status=0x6 */
  /* dedup IpAddress TargetUserName */
  SELECT
    "IpAddress",
    "TargetUserName",
    "_time",
    "_time" AS "_time_2",
    ROW_NUMBER() OVER (
      PARTITION BY "IpAddress", "TargetUserName"
      ORDER BY "_time" ASC NULLS LAST, "_time" DESC
    ) AS "_rank"
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
    ROW_NUMBER() OVER (ORDER BY "_time" ASC NULLS LAST, "_time_2" DESC) AS "_row"
  FROM "ranked"
  WHERE
    "_rank" <= 1
), "grouped" AS (
  /* stats count first(TargetUserName) as begin last(TargetUserName) as end list(TargetUserName) as names by IpAddress */
  SELECT
    "IpAddress",
    COUNT(*) AS "count",
    JSON_GROUP_ARRAY(JSON_ARRAY("_row", "TargetUserName")) FILTER(WHERE
      "TargetUserName" IS NOT NULL AND "_row" IS NOT NULL) AS "begin",
    JSON_GROUP_ARRAY(JSON_ARRAY("_row", "TargetUserName")) FILTER(WHERE
      "TargetUserName" IS NOT NULL AND "_row" IS NOT NULL) AS "end",
    JSON_GROUP_ARRAY(JSON_ARRAY("_row", "TargetUserName")) FILTER(WHERE
      "TargetUserName" IS NOT NULL) AS "names"
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
  ) AS "end",
  NULLIF(
    (
      SELECT
        JSON_GROUP_ARRAY("each"."value")
      FROM (
        SELECT
          JSON_EXTRACT("each"."value", '$[1]') AS "value"
        FROM JSON_EACH("grouped"."names") AS "each"
        ORDER BY
          JSON_EXTRACT("each"."value", '$[0]')
        LIMIT 100
      ) AS "each"
    ),
    '[]'
  ) AS "names"
FROM "grouped"
WHERE
  "count" >= 3;
