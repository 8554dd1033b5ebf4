WITH "grouped" AS (
  /* tstats count min(_time) as firstTime from datamodel=Endpoint.Filesystem where `office_programs` Filesystem.file_name IN ("*.zip", "*.7z", "*.rar") by Filesystem.dest Filesystem.process_name Filesystem.file_path */
  SELECT
    "dest" AS "Filesystem.dest",
    "process_name" AS "Filesystem.process_name",
    "file_path" AS "Filesystem.file_path",
    COUNT(*) AS "count",
    MIN("_time") AS "firstTime"
  FROM "file_events"
  WHERE
    LOWER("process_name") IN ('winword.exe', 'excel.exe', 'powerpnt.exe')
    AND (
      "file_name" ILIKE '%.zip' OR "file_name" ILIKE '%.7z' OR "file_name" ILIKE '%.rar'
    )
  GROUP BY
    "dest",
    "process_name",
    "file_path"
)
SELECT
  "Filesystem.dest" AS "dest",
  "Filesystem.process_name" AS "process_name",
  "Filesystem.file_path" AS "file_path",
  "count",
  "firstTime"
FROM "grouped";
