/* `wineventlog_security` EventCode=1102 OR EventCode=517 */
SELECT
  "Computer",
  "SubjectUserName",
  "EventCode",
  "_time"
FROM "windows_security_events"
WHERE
  (
    "EventCode" = 1102 OR "EventCode" = 517
  );
