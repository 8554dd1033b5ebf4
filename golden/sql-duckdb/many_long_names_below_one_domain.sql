WITH "filtered" AS (
  /* `sysmon` EventCode=22 QueryName=* */
  SELECT
    STRING_SPLIT(LOWER("QueryName"), '.') AS "labels",
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
    LIST_EXTRACT("labels", -2) || '.' || LIST_EXTRACT("labels", -1) AS "parent",
    LIST_EXTRACT("labels", 1) AS "first"
  FROM "filtered"
), "grouped" AS (
  /* where mvcount(labels) > 2 AND len(first) >= 12 */
  /* stats count dc(QueryName) as names values(first) as samples by Computer parent */
  SELECT
    "Computer",
    "parent",
    COUNT(*) AS "count",
    COUNT(DISTINCT "QueryName") AS "names",
    LIST_SORT(LIST(DISTINCT "first") FILTER(WHERE
      "first" IS NOT NULL)) AS "samples"
  FROM "computed"
  WHERE
    LEN("labels") > 2
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
  "samples"
FROM "grouped"
WHERE
  "names" >= 3;
