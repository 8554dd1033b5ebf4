WITH "filled" AS (
  /* `powershell` EventCode=4104 ScriptBlockText="*Invoke-Command*" ScriptBlockText="*-ComputerName*" */
  /* fillnull */
  SELECT
    CASE WHEN COUNT("EventID") OVER () > 0 THEN COALESCE("EventID", 0) END AS "EventID",
    CASE WHEN COUNT("Guid") OVER () > 0 THEN COALESCE("Guid", '0') END AS "Guid",
    CASE WHEN COUNT("Name") OVER () > 0 THEN COALESCE("Name", '0') END AS "Name",
    CASE WHEN COUNT("Opcode") OVER () > 0 THEN COALESCE("Opcode", '0') END AS "Opcode",
    CASE WHEN COUNT("Path") OVER () > 0 THEN COALESCE("Path", '0') END AS "Path",
    CASE WHEN COUNT("ProcessID") OVER () > 0 THEN COALESCE("ProcessID", '0') END AS "ProcessID",
    CASE
      WHEN COUNT("ScriptBlockId") OVER () > 0
      THEN COALESCE("ScriptBlockId", '0')
    END AS "ScriptBlockId",
    CASE WHEN COUNT("_time") OVER () > 0 THEN COALESCE("_time", 0) END AS "_time",
    CASE WHEN COUNT("dest") OVER () > 0 THEN COALESCE("dest", '0') END AS "dest",
    CASE WHEN COUNT("signature") OVER () > 0 THEN COALESCE("signature", '0') END AS "signature",
    CASE WHEN COUNT("signature_id") OVER () > 0 THEN COALESCE("signature_id", '0') END AS "signature_id",
    CASE WHEN COUNT("user_id") OVER () > 0 THEN COALESCE("user_id", '0') END AS "user_id",
    CASE
      WHEN COUNT("vendor_product") OVER () > 0
      THEN COALESCE("vendor_product", '0')
    END AS "vendor_product",
    "ScriptBlockText"
  FROM "powershell_events"
  WHERE
    "EventCode" = 4104
    AND "ScriptBlockText" ILIKE '%invoke-command%'
    AND "ScriptBlockText" ILIKE '%-computername%'
), "grouped" AS (
  /* stats count min(_time) as firstTime max(_time) as lastTime by dest signature signature_id user_id vendor_product EventID Guid Opcode Name Path ProcessID ScriptBlockId ScriptBlockText */
  SELECT
    "dest",
    "signature",
    "signature_id",
    "user_id",
    "vendor_product",
    "EventID",
    "Guid",
    "Opcode",
    "Name",
    "Path",
    "ProcessID",
    "ScriptBlockId",
    "ScriptBlockText",
    COUNT(*) AS "count",
    MIN("_time") AS "firstTime",
    MAX("_time") AS "lastTime"
  FROM "filled"
  WHERE
    "dest" IS NOT NULL
    AND "signature" IS NOT NULL
    AND "signature_id" IS NOT NULL
    AND "user_id" IS NOT NULL
    AND "vendor_product" IS NOT NULL
    AND "EventID" IS NOT NULL
    AND "Guid" IS NOT NULL
    AND "Opcode" IS NOT NULL
    AND "Name" IS NOT NULL
    AND "Path" IS NOT NULL
    AND "ProcessID" IS NOT NULL
    AND "ScriptBlockId" IS NOT NULL
  GROUP BY
    "dest",
    "signature",
    "signature_id",
    "user_id",
    "vendor_product",
    "EventID",
    "Guid",
    "Opcode",
    "Name",
    "Path",
    "ProcessID",
    "ScriptBlockId",
    "ScriptBlockText"
)
/* `security_content_ctime(firstTime)` */
/* `security_content_ctime(lastTime)` */
SELECT
  "dest",
  "signature",
  "signature_id",
  "user_id",
  "vendor_product",
  "EventID",
  "Guid",
  "Opcode",
  "Name",
  "Path",
  "ProcessID",
  "ScriptBlockId",
  "ScriptBlockText",
  "count",
  STRFTIME(MAKE_TIMESTAMP(CAST("firstTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "firstTime",
  STRFTIME(MAKE_TIMESTAMP(CAST("lastTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "lastTime"
FROM "grouped";
