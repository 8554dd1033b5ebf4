WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count values(All_Changes.object) as objects from datamodel=Change.All_Changes where nodename=All_Changes.Account_Management All_Changes.action IN (created, modified) All_Changes.result!=failure by All_Changes.user */
  SELECT
    "user" AS "All_Changes.user",
    COUNT(*) AS "count",
    LIST_SORT(LIST(DISTINCT "object") FILTER(WHERE
      "object" IS NOT NULL)) AS "objects"
  FROM "change_events"
  WHERE
    NOT (
      LOWER("object_category") = 'file'
      OR LOWER("object_category") = 'directory'
      OR LOWER("object_category") = 'registry'
    )
    AND LOWER("action") IN ('created', 'modified')
    AND LOWER("result") <> 'failure'
  GROUP BY
    "user"
), "first_rows" AS (
  /* sort - count, user */
  SELECT
    "All_Changes.user" AS "user",
    "count",
    "objects"
  FROM "grouped"
  ORDER BY
    "count" DESC,
    TRY_CAST(CASE
      WHEN REGEXP_MATCHES("All_Changes.user", '^[0-9eE.+-]+$')
      THEN "All_Changes.user"
    END AS DOUBLE) DESC,
    "All_Changes.user" DESC
  LIMIT 10000
)
/* head 2 */
SELECT
  "user",
  "count",
  "objects"
FROM "first_rows"
ORDER BY
  "count" DESC,
  TRY_CAST(CASE WHEN REGEXP_MATCHES("user", '^[0-9eE.+-]+$') THEN "user" END AS DOUBLE) DESC,
  "user" DESC
LIMIT 2;
