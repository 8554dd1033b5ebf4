WITH "filtered" AS (
  /* `wineventlog_security` EventCode=4625 TargetUserName!=*$ */
  /* bucket span=5m _time */
  SELECT
    FLOOR(CAST("_time" AS REAL) / 300) * 300 AS "_time",
    "IpAddress",
    "Status",
    "TargetUserName",
    "_time" AS "_time_2"
  FROM "windows_security_events"
  WHERE
    "EventCode" = 4625
    AND "TargetUserName" IS NOT NULL
    AND NOT "TargetUserName" LIKE '%$'
), "numbered" AS (
  SELECT
    "_time",
    "IpAddress",
    "Status",
    "TargetUserName",
    "_time_2",
    ROW_NUMBER() OVER (ORDER BY "_time_2" DESC) AS "_row"
  FROM "filtered"
), "grouped" AS (
  /* stats count dc(TargetUserName) as users values(TargetUserName) as accounts list(Status) as codes by _time IpAddress */
  SELECT
    "_time",
    "IpAddress",
    COUNT(*) AS "count",
    COUNT(DISTINCT "TargetUserName") AS "users",
    JSON_GROUP_ARRAY(DISTINCT "TargetUserName") FILTER(WHERE
      "TargetUserName" IS NOT NULL) AS "accounts",
    JSON_GROUP_ARRAY(JSON_ARRAY("_row", "Status")) FILTER(WHERE
      "Status" IS NOT NULL) AS "codes"
  FROM "numbered"
  WHERE
    "_time" IS NOT NULL AND "IpAddress" IS NOT NULL
  GROUP BY
    "_time",
    "IpAddress"
)
/* where users >= 3 */
SELECT
  "_time",
  "IpAddress",
  "count",
  "users",
  NULLIF(
    (
      SELECT
        JSON_GROUP_ARRAY("each"."value")
      FROM (
        SELECT
          "each"."value"
        FROM JSON_EACH("grouped"."accounts") AS "each"
        ORDER BY
          "each"."value"
      ) AS "each"
    ),
    '[]'
  ) AS "accounts",
  NULLIF(
    (
      SELECT
        JSON_GROUP_ARRAY("each"."value")
      FROM (
        SELECT
          JSON_EXTRACT("each"."value", '$[1]') AS "value"
        FROM JSON_EACH("grouped"."codes") AS "each"
        ORDER BY
          JSON_EXTRACT("each"."value", '$[0]')
        LIMIT 100
      ) AS "each"
    ),
    '[]'
  ) AS "codes"
FROM "grouped"
WHERE
  "users" >= 3;
