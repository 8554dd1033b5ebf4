WITH "grouped" AS (
  /* `sysmon` EventCode=10 TargetImage="*\\lsass.exe" GrantedAccess IN (0x1010, 0x1410, "0x1F*") NOT SourceImage IN ("C:\\Windows\\System32\\*", "*\\MsMpEng.exe") */
  /* stats count min(_time) as firstTime max(_time) as lastTime by Computer GrantedAccess */
  SELECT
    "Computer",
    "GrantedAccess",
    COUNT(*) AS "count",
    MIN("_time") AS "firstTime",
    MAX("_time") AS "lastTime"
  FROM "sysmon_events"
  WHERE
    "EventCode" = 10
    AND "TargetImage" LIKE '%\lsass.exe' ESCAPE '!'
    AND (
      LOWER("GrantedAccess") IN ('0x1010', '0x1410') OR "GrantedAccess" LIKE '0x1f%'
    )
    AND NOT COALESCE(
      "SourceImage" LIKE 'c:\windows\system32\%' ESCAPE '!'
      OR "SourceImage" LIKE '%\msmpeng.exe' ESCAPE '!',
      FALSE
    )
    AND "Computer" IS NOT NULL
  GROUP BY
    "Computer",
    "GrantedAccess"
)
/* `security_content_ctime(firstTime)` */
/* `security_content_ctime(lastTime)` */
SELECT
  "Computer",
  "GrantedAccess",
  "count",
  STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("firstTime"), 'unixepoch') AS "firstTime",
  STRFTIME('%Y-%m-%dT%H:%M:%S', FLOOR("lastTime"), 'unixepoch') AS "lastTime"
FROM "grouped";
