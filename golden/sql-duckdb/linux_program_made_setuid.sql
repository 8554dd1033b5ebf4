WITH "filtered" AS (
  /* `linux_auditd` type=PROCTITLE proctitle=*chmod* */
  /* makemv delim=" " proctitle */
  SELECT
    NULLIF(
      LIST_FILTER(
        NULLIF(
          FLATTEN(LIST_TRANSFORM(LIST_VALUE("proctitle"), LAMBDA "x" : STRING_SPLIT("x", ' '))),
          LIST_VALUE()
        ),
        LAMBDA "x" : "x" <> ''
      ),
      LIST_VALUE()
    ) AS "proctitle",
    "_time",
    "host"
  FROM "auditd_events"
  WHERE
    LOWER("type") = 'proctitle' AND "proctitle" ILIKE '%chmod%'
), "computed" AS (
  /* eval mode=mvindex(proctitle, 1), command=mvjoin(proctitle, " ") */
  SELECT
    "_time",
    "host",
    LIST_EXTRACT("proctitle", 2) AS "mode",
    ARRAY_TO_STRING("proctitle", ' ') AS "command"
  FROM "filtered"
)
/* where in(mode, "4755", "04755", "6755") OR match(mode, "^[ugo]*\+[rwx]*s") AND NOT like(command, "%/opt/build/%") */
SELECT
  "_time",
  "host",
  "mode",
  "command"
FROM "computed"
WHERE
  (
    TRY_CAST(CASE WHEN REGEXP_MATCHES("mode", '^[0-9eE.+-]+$') THEN "mode" END AS DOUBLE) = 4755
    OR TRY_CAST(CASE WHEN REGEXP_MATCHES("mode", '^[0-9eE.+-]+$') THEN "mode" END AS DOUBLE) = 6755
    OR REGEXP_MATCHES("mode", '^[ugo]*\+[rwx]*s')
    AND "command" IS NOT NULL
    AND NOT "command" LIKE '%/opt/build/%'
  );
