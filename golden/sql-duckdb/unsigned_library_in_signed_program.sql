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
  AND "ImageLoaded" ILIKE '%.dll'
  AND (
    "Image" ILIKE '%\onedrive.exe' ESCAPE '!'
    OR "Image" ILIKE '%\teams.exe' ESCAPE '!'
    OR "Image" ILIKE '%\winword.exe' ESCAPE '!'
  )
  AND NOT REGEXP_MATCHES("ImageLoaded", '(?i)^[A-Z]:\\Windows\\');
