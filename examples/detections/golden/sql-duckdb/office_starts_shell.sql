WITH "grouped" AS (
  /* tstats count from datamodel=Endpoint.Processes where Processes.parent_process_name IN ("winword.exe", "excel.exe", "powerpnt.exe") AND Processes.process_name IN (`shells`) by Processes.dest Processes.user Processes.parent_process_name Processes.process_name */
  SELECT
    "dest" AS "Processes.dest",
    "user" AS "Processes.user",
    "parent_process_name" AS "Processes.parent_process_name",
    "process_name" AS "Processes.process_name",
    COUNT(*) AS "count"
  FROM "process_events"
  WHERE
    LOWER("parent_process_name") IN ('winword.exe', 'excel.exe', 'powerpnt.exe')
    AND LOWER("process_name") IN ('cmd.exe', 'powershell.exe', 'pwsh.exe')
  GROUP BY
    "dest",
    "user",
    "parent_process_name",
    "process_name"
)
SELECT
  "Processes.dest" AS "dest",
  "Processes.user" AS "user",
  "Processes.parent_process_name" AS "parent_process_name",
  "Processes.process_name" AS "process_name",
  "count"
FROM "grouped";
