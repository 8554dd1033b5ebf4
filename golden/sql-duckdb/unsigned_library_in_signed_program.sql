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
  AND NOT COALESCE(LOWER("Signed") = 'true', FALSE)
  AND "ImageLoaded" ILIKE '%.dll'
  AND (
    "Image" ILIKE '%\onedrive.exe' ESCAPE '!'
    OR "Image" ILIKE '%\teams.exe' ESCAPE '!'
    OR "Image" ILIKE '%\winword.exe' ESCAPE '!'
  )
  AND "ImageLoaded" IS NOT NULL
  AND NOT COALESCE(REGEXP_MATCHES("ImageLoaded", '(?i)^[A-Z]:\\Windows\\'), FALSE);
