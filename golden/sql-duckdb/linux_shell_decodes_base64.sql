/* `linux_auditd` type=EXECVE "base64 -d" OR "base64 --decode" bash NOT ansible* */
/* stats count by host */
SELECT
  "host",
  COUNT(*) AS "count"
FROM "auditd_events"
WHERE
  LOWER("type") = 'execve'
  AND (
    REGEXP_MATCHES("_raw", '(?i)(?:^|[^A-Za-z0-9])base64 -d(?:[^A-Za-z0-9]|\z)')
    OR REGEXP_MATCHES("_raw", '(?i)(?:^|[^A-Za-z0-9])base64 --decode(?:[^A-Za-z0-9]|\z)')
  )
  AND REGEXP_MATCHES("_raw", '(?i)(?:^|[^A-Za-z0-9])bash(?:[^A-Za-z0-9]|\z)')
  AND NOT COALESCE(
    REGEXP_MATCHES(
      "_raw",
      '(?i)(?:^|[^A-Za-z0-9])ansible[^ \t\r\n\[\]<>(){}\|!;,''"*\&?+]*(?:[^A-Za-z0-9]|\z)'
    ),
    FALSE
  )
  AND "host" IS NOT NULL
GROUP BY
  "host";
