WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count min(_time) as firstTime max(_time) as lastTime FROM datamodel=Endpoint.Registry WHERE Registry.registry_path IN ("*\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\*", "*\\CurrentVersion\\RunOnce*") Registry.action!=deleted NOT (Registry.registry_value_data IN ("*\\Program Files\\*", "*\\Program Files (x86)\\*")) BY Registry.dest Registry.user Registry.registry_path Registry.registry_value_name Registry.registry_value_data */
  SELECT
    "dest" AS "Registry.dest",
    "user" AS "Registry.user",
    "registry_path" AS "Registry.registry_path",
    "registry_value_name" AS "Registry.registry_value_name",
    "registry_value_data" AS "Registry.registry_value_data",
    COUNT(*) AS "count",
    MIN("_time") AS "firstTime",
    MAX("_time") AS "lastTime"
  FROM "registry_events"
  WHERE
    (
      "registry_path" LIKE '%\software\microsoft\windows\currentversion\run\%' ESCAPE '!'
      OR "registry_path" LIKE '%\currentversion\runonce%' ESCAPE '!'
    )
    AND LOWER("action") <> 'deleted'
    AND NOT (
      "registry_value_data" LIKE '%\program files\%' ESCAPE '!'
      OR "registry_value_data" LIKE '%\program files (x86)\%' ESCAPE '!'
    )
  GROUP BY
    "dest",
    "user",
    "registry_path",
    "registry_value_name",
    "registry_value_data"
)
/* `security_content_ctime(firstTime)` */
/* `security_content_ctime(lastTime)` */
SELECT
  "Registry.dest" AS "dest",
  "Registry.user" AS "user",
  "Registry.registry_path" AS "registry_path",
  "Registry.registry_value_name" AS "registry_value_name",
  "Registry.registry_value_data" AS "registry_value_data",
  "count",
  STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("firstTime"), 'unixepoch') AS "firstTime",
  STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("lastTime"), 'unixepoch') AS "lastTime"
FROM "grouped";
