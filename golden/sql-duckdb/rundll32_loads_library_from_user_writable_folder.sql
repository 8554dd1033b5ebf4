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
    LIST_SORT(
      LIST(DISTINCT CAST("process_id" AS TEXT)) FILTER(WHERE
        CAST("process_id" AS TEXT) IS NOT NULL)
    ) AS "process_id"
  FROM "process_events"
  WHERE
    (
      LOWER("process_name") = 'rundll32.exe'
      OR LOWER("original_file_name") = 'rundll32.exe'
    )
    AND (
      "process" ILIKE '%\appdata\local\temp\%' ESCAPE '!'
      OR "process" ILIKE '%:\users\public\%' ESCAPE '!'
      OR "process" ILIKE '%\programdata\%.dll%' ESCAPE '!'
    )
    AND NOT (
      LOWER("parent_process_name") = 'msiexec.exe'
      OR "parent_process_name" ILIKE 'setup%.exe'
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
  STRFTIME(MAKE_TIMESTAMP(CAST("firstTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "firstTime",
  STRFTIME(MAKE_TIMESTAMP(CAST("lastTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "lastTime",
  "process_id"
FROM "grouped";
