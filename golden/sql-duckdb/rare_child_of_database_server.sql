WITH "filtered" AS (
  /* `sysmon` EventCode=1 ParentImage IN ("*\\sqlservr.exe", "*\\mysqld.exe") */
  /* eval child=mvindex(split(Image, "\\"), -1) */
  SELECT
    LIST_EXTRACT(STRING_SPLIT("Image", '\'), -1) AS "child",
    "CommandLine",
    "Computer",
    "_time"
  FROM "sysmon_events"
  WHERE
    "EventCode" = 1
    AND (
      "ParentImage" ILIKE '%\sqlservr.exe' ESCAPE '!'
      OR "ParentImage" ILIKE '%\mysqld.exe' ESCAPE '!'
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
    FLOOR((
      EPOCH(NOW()) - 86400
    ) / 86400) * 86400
  );
