WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count dc(Filesystem.file_name) as files values(Filesystem.action) as action from datamodel=Endpoint.Filesystem where Filesystem.action IN (modified, created, renamed) NOT Filesystem.file_path IN ("*\\Windows\\*") by _time span=10m Filesystem.dest Filesystem.user */
  SELECT
    FLOOR("_time" / 600) * 600 AS "_time",
    "dest" AS "Filesystem.dest",
    "user" AS "Filesystem.user",
    COUNT(*) AS "count",
    COUNT(DISTINCT "file_name") AS "files",
    LIST_SORT(LIST(DISTINCT "action") FILTER(WHERE
      "action" IS NOT NULL)) AS "action"
  FROM "file_events"
  WHERE
    LOWER("action") IN ('modified', 'created', 'renamed')
    AND NOT "file_path" ILIKE '%\windows\%' ESCAPE '!'
    AND (
      FLOOR("_time" / 600) * 600
    ) IS NOT NULL
  GROUP BY
    FLOOR("_time" / 600) * 600,
    "dest",
    "user"
)
/* where files > 3 */
SELECT
  "_time",
  "Filesystem.dest" AS "dest",
  "Filesystem.user" AS "user",
  "count",
  "files",
  "action"
FROM "grouped"
WHERE
  "files" > 3;
