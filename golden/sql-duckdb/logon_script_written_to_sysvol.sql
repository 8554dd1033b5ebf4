/* `wineventlog_security` EventCode=5145 */
/* stats count values(RelativeTargetName) as files by Computer SubjectUserName IpAddress */
SELECT
  "Computer",
  "SubjectUserName",
  "IpAddress",
  COUNT(*) AS "count",
  LIST_SORT(
    LIST(DISTINCT "RelativeTargetName") FILTER(WHERE
      "RelativeTargetName" IS NOT NULL)
  ) AS "files"
FROM "windows_security_events"
WHERE
  "EventCode" = 5145
  AND "ShareName" LIKE '%\SYSVOL' ESCAPE '!'
  AND "RelativeTargetName" LIKE '%\Scripts\%' ESCAPE '!'
  AND "AccessMask" LIKE '0x_'
  AND "AccessMask" <> '0x1'
  AND "Computer" IS NOT NULL
  AND "SubjectUserName" IS NOT NULL
  AND "IpAddress" IS NOT NULL
GROUP BY
  "Computer",
  "SubjectUserName",
  "IpAddress";
