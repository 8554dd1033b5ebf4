/* `sysmon` EventCode=13 */
/* stats count values(Details) as Details by Computer Image */
SELECT
  "Computer",
  "Image",
  COUNT(*) AS "count",
  LIST_SORT(LIST(DISTINCT "Details") FILTER(WHERE
    "Details" IS NOT NULL)) AS "Details"
FROM "sysmon_events"
WHERE
  "EventCode" = 13
  AND REGEXP_MATCHES("Details", '(?i)mshta[\t-\r ]|javascript:|\\Temp\\[^\\]+\.hta')
  AND NOT COALESCE(REGEXP_MATCHES("TargetObject", '\\Uninstall\\'), FALSE)
  AND "Computer" IS NOT NULL
  AND "Image" IS NOT NULL
GROUP BY
  "Computer",
  "Image";
