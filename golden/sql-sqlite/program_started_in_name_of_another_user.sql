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
    AND NOT "NewProcessName" REGEXP '(?i)\\Windows\\(?:System32|SysWOW64)\\'
    AND "SubjectUserName" IS NOT NULL
    AND "TargetUserName" IS NOT NULL
    AND NOT COALESCE(
      CASE
        WHEN "SubjectUserName" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
        THEN CAST("SubjectUserName" AS REAL)
      END = CASE
        WHEN "TargetUserName" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
        THEN CAST("TargetUserName" AS REAL)
      END,
      "SubjectUserName" = "TargetUserName"
    )
    OR "CommandLine" GLOB '*sekurlsa::*'
  );
