WITH "grouped" AS (
  /* `wineventlog_security` EventCode=4769 TicketEncryptionType IN (0x17, 0x18) ServiceName!="*$" NOT ServiceName=krbtgt */
  /* stats count dc(ServiceName) as services min(_time) as firstTime max(_time) as lastTime by IpAddress */
  SELECT
    "IpAddress",
    COUNT(DISTINCT "ServiceName") AS "services",
    MIN("_time") AS "firstTime",
    MAX("_time") AS "lastTime"
  FROM "windows_security_events"
  WHERE
    "EventCode" = 4769
    AND LOWER("TicketEncryptionType") IN ('0x17', '0x18')
    AND "ServiceName" IS NOT NULL
    AND NOT "ServiceName" ILIKE '%$'
    AND LOWER("ServiceName") <> 'krbtgt'
    AND "IpAddress" IS NOT NULL
  GROUP BY
    "IpAddress"
)
/* where services >= 2 */
/* eval seconds=lastTime-firstTime */
SELECT
  "IpAddress",
  "services",
  "lastTime" - "firstTime" AS "seconds"
FROM "grouped"
WHERE
  "services" >= 2;
