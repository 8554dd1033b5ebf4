/* `wineventlog_security` EventCode=4688 */
SELECT
  "_time",
  "Computer",
  "SubjectUserName",
  "TargetUserName",
  "NewProcessName",
  "CommandLine"
FROM "windows_security_events"
WHERE
  "EventCode" = 4688
  AND (
    "NewProcessName" IS NOT NULL
    AND NOT REGEXP_MATCHES("NewProcessName", '(?i)\\Windows\\(?:System32|SysWOW64)\\')
    AND "SubjectUserName" IS NOT NULL
    AND "TargetUserName" IS NOT NULL
    AND NOT COALESCE(
      TRY_CAST(CASE
        WHEN REGEXP_MATCHES("SubjectUserName", '^[0-9eE.+-]+$')
        THEN "SubjectUserName"
      END AS DOUBLE) = TRY_CAST(CASE
        WHEN REGEXP_MATCHES("TargetUserName", '^[0-9eE.+-]+$')
        THEN "TargetUserName"
      END AS DOUBLE),
      "SubjectUserName" = "TargetUserName"
    )
    OR "CommandLine" LIKE '%sekurlsa::%'
  );
