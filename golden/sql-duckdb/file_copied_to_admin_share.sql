WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count min(_time) as firstTime max(_time) as lastTime from datamodel=Endpoint.Processes where Processes.process_name IN (cmd.exe, "robocopy.exe", xcopy.exe) Processes.process="*\\\\*\\ADMIN$\\*" by Processes.dest Processes.user Processes.process_name Processes.process */
  SELECT
    "dest" AS "Processes.dest",
    "user" AS "Processes.user",
    "process_name" AS "Processes.process_name",
    "process" AS "Processes.process",
    COUNT(*) AS "count",
    MIN("_time") AS "firstTime",
    MAX("_time") AS "lastTime"
  FROM "process_events"
  WHERE
    LOWER("process_name") IN ('cmd.exe', 'robocopy.exe', 'xcopy.exe')
    AND "process" ILIKE '%\\%\admin$\%' ESCAPE '!'
  GROUP BY
    "dest",
    "user",
    "process_name",
    "process"
)
/* `security_content_ctime(firstTime)` */
/* `security_content_ctime(lastTime)` */
SELECT
  "Processes.dest" AS "dest",
  "Processes.user" AS "user",
  "Processes.process_name" AS "process_name",
  "Processes.process" AS "process",
  "count",
  STRFTIME(MAKE_TIMESTAMP(CAST("firstTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "firstTime",
  STRFTIME(MAKE_TIMESTAMP(CAST("lastTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "lastTime"
FROM "grouped";
