WITH "extracted" AS (
  /* `wineventlog_system` EventCode=7045 ImagePath IN ("*\\cmd.exe *", "*powershell*", "*\\Temp\\*") */
  /* rex field=ImagePath "\\\(?<program>[^\\\]+\.exe)" */
  /* rex field=AccountName "^(?<domain>[^\\\]+)\\\(?<account>.+)$" */
  SELECT
    COALESCE(
      NULLIF(REGEXP_EXTRACT("ImagePath", '\\(?P<program>[^\\]+\.exe)', 1), ''),
      "program"
    ) AS "program",
    COALESCE(
      NULLIF(
        REGEXP_EXTRACT("AccountName", '^(?P<domain>[^\\]+)\\(?P<account>[^\n]+)\n?\z', 1),
        ''
      ),
      "domain"
    ) AS "domain",
    "Computer",
    "ServiceName"
  FROM "windows_system_events"
  WHERE
    "EventCode" = 7045
    AND (
      "ImagePath" ILIKE '%\cmd.exe %' ESCAPE '!'
      OR "ImagePath" ILIKE '%powershell%'
      OR "ImagePath" ILIKE '%\temp\%' ESCAPE '!'
    )
), "selected" AS (
  /* fillnull value=local domain */
  SELECT
    "program",
    COALESCE("domain", 'local') AS "domain",
    "Computer",
    "ServiceName"
  FROM "extracted"
)
/* stats count values(ServiceName) as ServiceName by Computer program domain */
SELECT
  "Computer",
  "program",
  "domain",
  COUNT(*) AS "count",
  LIST_SORT(LIST(DISTINCT "ServiceName") FILTER(WHERE
    "ServiceName" IS NOT NULL)) AS "ServiceName"
FROM "selected"
WHERE
  "Computer" IS NOT NULL AND "program" IS NOT NULL
GROUP BY
  "Computer",
  "program",
  "domain";
