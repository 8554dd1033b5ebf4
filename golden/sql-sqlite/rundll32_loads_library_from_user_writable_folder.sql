WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count min(_time) as firstTime max(_time) as lastTime values(Processes.process_id) as process_id from datamodel=Endpoint.Processes where `process_rundll32` Processes.process IN ("*\\AppData\\Local\\Temp\\*", "*:\\Users\\Public\\*", "*\\ProgramData\\*.dll*") NOT Processes.parent_process_name IN ("msiexec.exe", setup*.exe) by Processes.dest Processes.user Processes.parent_process_name Processes.process */
  SELECT
    "dest" AS "Processes.dest",
    "user" AS "Processes.user",
    "parent_process_name" AS "Processes.parent_process_name",
    "process" AS "Processes.process",
    COUNT(*) AS "count",
    MIN("_time") AS "firstTime",
    MAX("_time") AS "lastTime",
    JSON_GROUP_ARRAY(DISTINCT CAST("process_id" AS TEXT)) FILTER(WHERE
      CAST("process_id" AS TEXT) IS NOT NULL) AS "process_id"
  FROM "process_events"
  WHERE
    (
      LOWER("process_name") = 'rundll32.exe'
      OR LOWER("original_file_name") = 'rundll32.exe'
    )
    AND (
      "process" LIKE '%\appdata\local\temp\%' ESCAPE '!'
      OR "process" LIKE '%:\users\public\%' ESCAPE '!'
      OR "process" LIKE '%\programdata\%.dll%' ESCAPE '!'
    )
    AND NOT (
      LOWER("parent_process_name") = 'msiexec.exe'
      OR "parent_process_name" LIKE 'setup%.exe'
    )
  GROUP BY
    "dest",
    "user",
    "parent_process_name",
    "process"
)
/* `security_content_ctime(firstTime)` */
/* `security_content_ctime(lastTime)` */
SELECT
  "Processes.dest" AS "dest",
  "Processes.user" AS "user",
  "Processes.parent_process_name" AS "parent_process_name",
  "Processes.process" AS "process",
  "count",
  STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("firstTime"), 'unixepoch') AS "firstTime",
  STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("lastTime"), 'unixepoch') AS "lastTime",
  NULLIF(
    (
      SELECT
        JSON_GROUP_ARRAY("each"."value")
      FROM (
        SELECT
          "each"."value"
        FROM JSON_EACH("grouped"."process_id") AS "each"
        ORDER BY
          "each"."value"
      ) AS "each"
    ),
    '[]'
  ) AS "process_id"
FROM "grouped";
