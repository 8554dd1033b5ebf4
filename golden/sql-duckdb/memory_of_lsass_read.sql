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
    AND "TargetImage" ILIKE '%\lsass.exe' ESCAPE '!'
    AND (
      LOWER("GrantedAccess") IN ('0x1010', '0x1410') OR "GrantedAccess" ILIKE '0x1f%'
    )
    AND NOT COALESCE(
      "SourceImage" ILIKE 'c:\windows\system32\%' ESCAPE '!'
      OR "SourceImage" ILIKE '%\msmpeng.exe' ESCAPE '!',
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
  STRFTIME(MAKE_TIMESTAMP(CAST("firstTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "firstTime",
  STRFTIME(MAKE_TIMESTAMP(CAST("lastTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "lastTime"
FROM "grouped";
