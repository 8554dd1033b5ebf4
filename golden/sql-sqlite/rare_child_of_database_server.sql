WITH "filtered" AS (
  /* `sysmon` EventCode=1 ParentImage IN ("*\\sqlservr.exe", "*\\mysqld.exe") */
  /* eval child=mvindex(split(Image, "\\"), -1) */
  SELECT
    (
      SELECT
        "each"."value"
      FROM JSON_EACH(
        CASE
          WHEN "sysmon_events"."Image" IS NOT NULL
          THEN '[' || REPLACE(JSON_QUOTE("sysmon_events"."Image"), '\\', '","') || ']'
        END
      ) AS "each"
      WHERE
        "each"."key" = CASE
          WHEN (
            -1
          ) < 0
          THEN (
            -1
          ) + JSON_ARRAY_LENGTH(
            CASE
              WHEN "sysmon_events"."Image" IS NOT NULL
              THEN '[' || REPLACE(JSON_QUOTE("sysmon_events"."Image"), '\\', '","') || ']'
            END
          )
          ELSE -1
        END
    ) AS "child",
    "CommandLine",
    "Computer",
    "_time"
  FROM "sysmon_events"
  WHERE
    "EventCode" = 1
    AND (
      "ParentImage" LIKE '%\sqlservr.exe' ESCAPE '!'
      OR "ParentImage" LIKE '%\mysqld.exe' ESCAPE '!'
    )
), "grouped" AS (
  /* eventstats count as seen max(_time) as newest by child */
  SELECT
    "child",
    COUNT(*) AS "seen",
    MAX("_time") AS "newest"
  FROM "filtered"
  WHERE
    "child" IS NOT NULL
  GROUP BY
    "child"
)
/* where seen=1 AND newest>=relative_time(now(), "-1d@d") */
SELECT
  "filtered"."_time",
  "filtered"."Computer",
  "filtered"."child",
  "filtered"."CommandLine",
  "grouped"."seen"
FROM "filtered"
LEFT JOIN "grouped"
  ON "filtered"."child" = "grouped"."child"
WHERE
  "grouped"."seen" = 1
  AND "grouped"."newest" >= (
    FLOOR(CAST((
      UNIXEPOCH() - 86400
    ) AS REAL) / 86400) * 86400
  );
