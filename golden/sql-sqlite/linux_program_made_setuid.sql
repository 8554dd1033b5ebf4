WITH "filtered" AS (
  /* `linux_auditd` type=PROCTITLE proctitle=*chmod* */
  /* makemv delim=" " proctitle */
  SELECT
    NULLIF(
      (
        SELECT
          JSON_GROUP_ARRAY("each"."value")
        FROM JSON_EACH(
          NULLIF(
            (
              SELECT
                JSON_GROUP_ARRAY("inner"."value")
              FROM JSON_EACH(JSON_ARRAY("auditd_events"."proctitle")) AS "each"
              CROSS JOIN JSON_EACH(
                CASE
                  WHEN "each"."value" IS NOT NULL
                  THEN '[' || REPLACE(JSON_QUOTE("each"."value"), ' ', '","') || ']'
                END
              ) AS "inner"
            ),
            '[]'
          )
        ) AS "each"
        WHERE
          "each"."value" <> ''
      ),
      '[]'
    ) AS "proctitle",
    "_time",
    "host"
  FROM "auditd_events"
  WHERE
    LOWER("type") = 'proctitle' AND "proctitle" LIKE '%chmod%'
), "computed" AS (
  /* eval mode=mvindex(proctitle, 1), command=mvjoin(proctitle, " ") */
  SELECT
    "_time",
    "host",
    JSON_EXTRACT("proctitle", '$[1]') AS "mode",
    (
      SELECT
        GROUP_CONCAT("each"."value", ' ')
      FROM JSON_EACH("filtered"."proctitle") AS "each"
    ) AS "command"
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
    CASE
      WHEN "mode" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
      THEN CAST("mode" AS REAL)
    END = 4755
    OR CASE
      WHEN "mode" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
      THEN CAST("mode" AS REAL)
    END = 6755
    OR "mode" REGEXP '^[ugo]*\+[rwx]*s'
    AND "command" IS NOT NULL
    AND NOT "command" GLOB '*/opt/build/*'
  );
