WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count from datamodel=Endpoint.Processes where Processes.process="*shadow*" by Processes.dest Processes.user Processes.process_name Processes.process */
  SELECT
    "dest" AS "Processes.dest",
    "user" AS "Processes.user",
    "process_name" AS "Processes.process_name",
    "process" AS "Processes.process",
    COUNT(*) AS "count"
  FROM "process_events"
  WHERE
    "process" ILIKE '%shadow%'
  GROUP BY
    "dest",
    "user",
    "process_name",
    "process"
), "finished" AS (
  /* eval text=lower(process) */
  SELECT
    "Processes.dest" AS "dest",
    "Processes.user" AS "user",
    "Processes.process_name" AS "process_name",
    "Processes.process" AS "process",
    "count",
    LOWER("Processes.process") AS "text"
  FROM "grouped"
)
/* where like(text, "%delete%shadow%") AND match(process_name, "(?i)^(vssadmin|wmic|diskshadow)\.exe$") OR text LIKE "%resize shadowstorage%maxsize=401_b%" */
SELECT
  "dest",
  "user",
  "process_name",
  "process",
  "count"
FROM "finished"
WHERE
  (
    "text" LIKE '%delete%shadow%'
    AND REGEXP_MATCHES("process_name", '(?i)^(?:vssadmin|wmic|diskshadow)\.exe\n?\z')
    OR "text" LIKE '%resize shadowstorage%maxsize=401_b%'
  );
