WITH "grouped" AS (
  /* tstats count from datamodel=Endpoint.Processes where Processes.process_name IN (`shells`) AND Processes.process IN ("*\\id_rsa*", "*.kdbx*", "*\\unattend.xml*") AND NOT Processes.user="svc_backup" by Processes.dest Processes.user Processes.process_name Processes.process */
  SELECT
    "dest" AS "Processes.dest",
    "user" AS "Processes.user",
    "process_name" AS "Processes.process_name",
    "process" AS "Processes.process",
    COUNT(*) AS "count"
  FROM "process_events"
  WHERE
    LOWER("process_name") IN ('cmd.exe', 'powershell.exe', 'pwsh.exe')
    AND (
      "process" ILIKE '%\id!_rsa%' ESCAPE '!'
      OR "process" ILIKE '%.kdbx%'
      OR "process" ILIKE '%\unattend.xml%' ESCAPE '!'
    )
    AND LOWER("user") <> 'svc_backup'
  GROUP BY
    "dest",
    "user",
    "process_name",
    "process"
)
SELECT
  "Processes.dest" AS "dest",
  "Processes.user" AS "user",
  "Processes.process_name" AS "process_name",
  "Processes.process" AS "process",
  "count"
FROM "grouped";
