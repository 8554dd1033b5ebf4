WITH "filtered" AS (
  /* `sysmon` EventCode=22 QueryName=* */
  SELECT
    CASE
      WHEN LOWER("QueryName") IS NOT NULL
      THEN '[' || REPLACE(JSON_QUOTE(LOWER("QueryName")), '.', '","') || ']'
    END AS "labels",
    "Computer",
    "QueryName"
  FROM "sysmon_events"
  WHERE
    "EventCode" = 22 AND "QueryName" IS NOT NULL
), "computed" AS (
  /* eval labels=split(lower(QueryName), "."), parent=mvindex(labels, -2) . "." . mvindex(labels, -1), first=mvindex(labels, 0) */
  SELECT
    "labels",
    "Computer",
    "QueryName",
    (
      SELECT
        "each"."value"
      FROM JSON_EACH("filtered"."labels") AS "each"
      WHERE
        "each"."key" = CASE
          WHEN (
            -2
          ) < 0
          THEN (
            -2
          ) + JSON_ARRAY_LENGTH("filtered"."labels")
          ELSE -2
        END
    ) || '.' || (
      (
        SELECT
          "each"."value"
        FROM JSON_EACH("filtered"."labels") AS "each"
        WHERE
          "each"."key" = CASE
            WHEN (
              -1
            ) < 0
            THEN (
              -1
            ) + JSON_ARRAY_LENGTH("filtered"."labels")
            ELSE -1
          END
      )
    ) AS "parent",
    JSON_EXTRACT("labels", '$[0]') AS "first"
  FROM "filtered"
), "grouped" AS (
  /* where mvcount(labels) > 2 AND len(first) >= 12 */
  /* stats count dc(QueryName) as names values(first) as samples by Computer parent */
  SELECT
    "Computer",
    "parent",
    COUNT(*) AS "count",
    COUNT(DISTINCT "QueryName") AS "names",
    JSON_GROUP_ARRAY(DISTINCT "first") FILTER(WHERE
      "first" IS NOT NULL) AS "samples"
  FROM "computed"
  WHERE
    JSON_ARRAY_LENGTH("labels") > 2
    AND LENGTH("first") >= 12
    AND "Computer" IS NOT NULL
    AND "parent" IS NOT NULL
  GROUP BY
    "Computer",
    "parent"
)
/* where names >= 3 */
SELECT
  "Computer",
  "parent",
  "count",
  "names",
  NULLIF(
    (
      SELECT
        JSON_GROUP_ARRAY("each"."value")
      FROM (
        SELECT
          "each"."value"
        FROM JSON_EACH("grouped"."samples") AS "each"
        ORDER BY
          "each"."value"
      ) AS "each"
    ),
    '[]'
  ) AS "samples"
FROM "grouped"
WHERE
  "names" >= 3;
