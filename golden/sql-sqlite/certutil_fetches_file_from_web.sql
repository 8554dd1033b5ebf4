WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count min(_time) as firstTime max(_time) as lastTime from datamodel=Endpoint.Processes where Processes.process_name=certutil.exe Processes.process="*urlcache*" OR Processes.process="*verifyctl*" Processes.process="*http*" by Processes.dest Processes.user Processes.process */
  SELECT
    "dest" AS "Processes.dest",
    "user" AS "Processes.user",
    "process" AS "Processes.process",
    COUNT(*) AS "count",
    MIN("_time") AS "firstTime",
    MAX("_time") AS "lastTime"
  FROM "process_events"
  WHERE
    LOWER("process_name") = 'certutil.exe'
    AND (
      "process" LIKE '%urlcache%' OR "process" LIKE '%verifyctl%'
    )
    AND "process" LIKE '%http%'
  GROUP BY
    "dest",
    "user",
    "process"
)
/* `security_content_ctime(firstTime)` */
/* `security_content_ctime(lastTime)` */
SELECT
  "Processes.dest" AS "dest",
  "Processes.user" AS "user",
  "Processes.process" AS "process",
  "count",
  STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("firstTime"), 'unixepoch') AS "firstTime",
  STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("lastTime"), 'unixepoch') AS "lastTime"
FROM "grouped";
