WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count from datamodel=Endpoint.Registry where Registry.registry_path="*\\Policies\\Microsoft\\Windows Defender\\*" Registry.registry_value_name=Disable* Registry.registry_value_data=0x00000001 by Registry.dest Registry.user Registry.registry_value_name */
  SELECT
    "dest" AS "Registry.dest",
    "user" AS "Registry.user",
    "registry_value_name" AS "Registry.registry_value_name",
    COUNT(*) AS "count"
  FROM "registry_events"
  WHERE
    "registry_path" LIKE '%\policies\microsoft\windows defender\%' ESCAPE '!'
    AND "registry_value_name" LIKE 'disable%'
    AND LOWER("registry_value_data") = '0x00000001'
  GROUP BY
    "dest",
    "user",
    "registry_value_name"
)
SELECT
  "Registry.dest" AS "dest",
  "Registry.user" AS "user",
  "Registry.registry_value_name" AS "registry_value_name",
  "count"
FROM "grouped";
