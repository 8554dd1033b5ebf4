/* `sysmon` EventCode=7 Signed!=true ImageLoaded="*.dll" Image IN ("*\\OneDrive.exe", "*\\Teams.exe", "*\\winword.exe") */
SELECT
  "_time",
  "Computer",
  "Image",
  "ImageLoaded",
  "Signed"
FROM "sysmon_events"
WHERE
  "EventCode" = 7
  AND "Signed" IS NOT NULL
  AND LOWER("Signed") <> 'true'
  AND "ImageLoaded" LIKE '%.dll'
  AND (
    "Image" LIKE '%\onedrive.exe' ESCAPE '!'
    OR "Image" LIKE '%\teams.exe' ESCAPE '!'
    OR "Image" LIKE '%\winword.exe' ESCAPE '!'
  )
  AND NOT "ImageLoaded" REGEXP '(?i)^[A-Z]:\\Windows\\';
