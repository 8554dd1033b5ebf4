WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count min(_time) as firstTime max(_time) as lastTime FROM datamodel=Endpoint.Processes WHERE `process_powershell` (Processes.process="*Invoke-Command*" AND Processes.process="*-ComputerName*") BY Processes.action Processes.dest Processes.original_file_name Processes.parent_process Processes.parent_process_exec Processes.parent_process_guid Processes.parent_process_id Processes.parent_process_name Processes.parent_process_path Processes.process Processes.process_exec Processes.process_guid Processes.process_hash Processes.process_id Processes.process_integrity_level Processes.process_name Processes.process_path Processes.user Processes.user_id Processes.vendor_product */
  SELECT
    COALESCE("action", 'null') AS "Processes.action",
    "dest" AS "Processes.dest",
    "original_file_name" AS "Processes.original_file_name",
    "parent_process" AS "Processes.parent_process",
    COALESCE("parent_process_exec", 'null') AS "Processes.parent_process_exec",
    COALESCE("parent_process_guid", 'null') AS "Processes.parent_process_guid",
    COALESCE(CAST("parent_process_id" AS TEXT), 'null') AS "Processes.parent_process_id",
    "parent_process_name" AS "Processes.parent_process_name",
    COALESCE("parent_process_path", 'null') AS "Processes.parent_process_path",
    "process" AS "Processes.process",
    COALESCE("process_exec", 'null') AS "Processes.process_exec",
    COALESCE("process_guid", 'null') AS "Processes.process_guid",
    "each"."value" AS "Processes.process_hash",
    COALESCE(CAST("process_id" AS TEXT), 'null') AS "Processes.process_id",
    COALESCE("process_integrity_level", 'null') AS "Processes.process_integrity_level",
    "process_name" AS "Processes.process_name",
    COALESCE("process_path", 'null') AS "Processes.process_path",
    "user" AS "Processes.user",
    COALESCE("user_id", 'null') AS "Processes.user_id",
    "vendor_product" AS "Processes.vendor_product",
    COUNT(*) AS "count",
    MIN("_time") AS "firstTime",
    MAX("_time") AS "lastTime"
  FROM "process_events"
  CROSS JOIN JSON_EACH(COALESCE("process_hash", JSON_ARRAY('null'))) AS "each"
  WHERE
    (
      LOWER("process_name") IN ('powershell.exe', 'pwsh.exe', 'powershell_ise.exe')
      OR LOWER("original_file_name") IN ('powershell.exe', 'pwsh.dll', 'powershell_ise.exe')
    )
    AND "process" LIKE '%invoke-command%'
    AND "process" LIKE '%-computername%'
  GROUP BY
    COALESCE("action", 'null'),
    "dest",
    "original_file_name",
    "parent_process",
    COALESCE("parent_process_exec", 'null'),
    COALESCE("parent_process_guid", 'null'),
    COALESCE(CAST("parent_process_id" AS TEXT), 'null'),
    "parent_process_name",
    COALESCE("parent_process_path", 'null'),
    "process",
    COALESCE("process_exec", 'null'),
    COALESCE("process_guid", 'null'),
    "each"."value",
    COALESCE(CAST("process_id" AS TEXT), 'null'),
    COALESCE("process_integrity_level", 'null'),
    "process_name",
    COALESCE("process_path", 'null'),
    "user",
    COALESCE("user_id", 'null'),
    "vendor_product"
)
/* `security_content_ctime(firstTime)` */
/* `security_content_ctime(lastTime)` */
SELECT
  "Processes.action" AS "action",
  "Processes.dest" AS "dest",
  "Processes.original_file_name" AS "original_file_name",
  "Processes.parent_process" AS "parent_process",
  "Processes.parent_process_exec" AS "parent_process_exec",
  "Processes.parent_process_guid" AS "parent_process_guid",
  "Processes.parent_process_id" AS "parent_process_id",
  "Processes.parent_process_name" AS "parent_process_name",
  "Processes.parent_process_path" AS "parent_process_path",
  "Processes.process" AS "process",
  "Processes.process_exec" AS "process_exec",
  "Processes.process_guid" AS "process_guid",
  "Processes.process_hash" AS "process_hash",
  "Processes.process_id" AS "process_id",
  "Processes.process_integrity_level" AS "process_integrity_level",
  "Processes.process_name" AS "process_name",
  "Processes.process_path" AS "process_path",
  "Processes.user" AS "user",
  "Processes.user_id" AS "user_id",
  "Processes.vendor_product" AS "vendor_product",
  "count",
  STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("firstTime"), 'unixepoch') AS "firstTime",
  STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("lastTime"), 'unixepoch') AS "lastTime"
FROM "grouped";
