WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count values(All_Changes.object) as objects from datamodel=Change.All_Changes where nodename=All_Changes.Account_Management All_Changes.action IN (created, modified) All_Changes.result!=failure by All_Changes.user */
  SELECT
    "user" AS "All_Changes.user",
    COUNT(*) AS "count",
    JSON_GROUP_ARRAY(DISTINCT "object") FILTER(WHERE
      "object" IS NOT NULL) AS "objects"
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
    NULLIF(
      (
        SELECT
          JSON_GROUP_ARRAY("each"."value")
        FROM (
          SELECT
            "each"."value"
          FROM JSON_EACH("grouped"."objects") AS "each"
          ORDER BY
            "each"."value"
        ) AS "each"
      ),
      '[]'
    ) AS "objects"
  FROM "grouped"
  ORDER BY
    "count" DESC,
    CASE
      WHEN "All_Changes.user" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
      THEN CAST("All_Changes.user" AS REAL)
    END DESC,
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
  CASE
    WHEN "user" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
    THEN CAST("user" AS REAL)
  END DESC,
  "user" DESC
LIMIT 2;
