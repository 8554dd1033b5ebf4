WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count from datamodel=Endpoint.Filesystem where Filesystem.action=created by Filesystem.dest Filesystem.file_name */
  SELECT
    "dest" AS "Filesystem.dest",
    "file_name" AS "Filesystem.file_name",
    COUNT(*) AS "count"
  FROM "file_events"
  WHERE
    LOWER("action") = 'created'
  GROUP BY
    "dest",
    "file_name"
), "numbered" AS (
  SELECT
    "Filesystem.dest" AS "dest",
    "Filesystem.file_name" AS "file_name",
    "count",
    ROW_NUMBER() OVER (
      ORDER BY TRY_CAST(CASE
        WHEN REGEXP_MATCHES("Filesystem.dest", '^[0-9eE.+-]+$')
        THEN "Filesystem.dest"
      END AS DOUBLE) ASC, "Filesystem.dest" ASC, TRY_CAST(CASE
        WHEN REGEXP_MATCHES("Filesystem.file_name", '^[0-9eE.+-]+$')
        THEN "Filesystem.file_name"
      END AS DOUBLE) ASC, "Filesystem.file_name" ASC
    ) AS "_row"
  FROM "grouped"
), "matches" AS (
  SELECT
    "numbered"."_row",
    "risky_extensions"."category",
    ROW_NUMBER() OVER (PARTITION BY "numbered"."_row" ORDER BY "risky_extensions"."_line" ASC) AS "_match",
    0 AS "_place"
  FROM "numbered"
  INNER JOIN "risky_extensions"
    ON LOWER("numbered"."file_name") LIKE REPLACE(
      REPLACE(
        REPLACE(REPLACE(LOWER("risky_extensions"."file_name"), '!', '!!'), '%', '!%'),
        '_',
        '!_'
      ),
      '*',
      '%'
    ) ESCAPE '!'
), "first_match" AS (
  SELECT
    "_row",
    "category"
  FROM "matches"
  WHERE
    "_match" <= 1
), "looked_up" AS (
  /* lookup risky_extensions file_name OUTPUT category */
  SELECT
    "numbered"."dest",
    "numbered"."file_name",
    "numbered"."count",
    CASE
      WHEN "first_match"."_row" IS NOT NULL
      THEN "first_match"."category"
      ELSE 'false'
    END AS "category"
  FROM "numbered"
  LEFT JOIN "first_match"
    ON "numbered"."_row" = "first_match"."_row"
), "extracted" AS (
  /* search category!=false */
  /* rex field=file_name "\.(?<shown>[a-z]{3,4})\.\w+$" */
  SELECT
    "dest",
    "file_name",
    "count",
    "category",
    NULLIF(REGEXP_EXTRACT("file_name", '\.(?P<shown>[a-z]{3,4})\.\w+\n?\z', 1), '') AS "shown"
  FROM "looked_up"
  WHERE
    "category" IS NOT NULL AND LOWER("category") <> 'false'
)
/* where isnotnull(shown) AND in(shown, "pdf", "docx", "xlsx", "jpg") */
SELECT
  "dest",
  "file_name",
  "count",
  "category",
  "shown"
FROM "extracted"
WHERE
  "shown" IN ('pdf', 'docx', 'xlsx', 'jpg');
