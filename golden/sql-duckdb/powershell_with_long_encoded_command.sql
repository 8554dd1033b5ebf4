WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count from datamodel=Endpoint.Processes where `process_powershell` Processes.process IN ("* -e *", "* -en*", "* /e *") by Processes.dest Processes.user Processes.process */
  SELECT
    "dest" AS "Processes.dest",
    "user" AS "Processes.user",
    "process" AS "Processes.process",
    COUNT(*) AS "count"
  FROM "process_events"
  WHERE
    (
      LOWER("process_name") IN ('powershell.exe', 'pwsh.exe', 'powershell_ise.exe')
      OR LOWER("original_file_name") IN ('powershell.exe', 'pwsh.dll', 'powershell_ise.exe')
    )
    AND (
      "process" ILIKE '% -e %' OR "process" ILIKE '% -en%' OR "process" ILIKE '% /e %'
    )
  GROUP BY
    "dest",
    "user",
    "process"
), "finished" AS (
  SELECT
    "Processes.dest" AS "dest",
    "Processes.user" AS "user",
    "count",
    STRING_SPLIT("Processes.process", ' ') AS "words"
  FROM "grouped"
), "selected" AS (
  SELECT
    "dest",
    "user",
    "count",
    LENGTH(LIST_EXTRACT("words", -1)) AS "size"
  FROM "finished"
), "computed" AS (
  /* eval words=split(process, " "), size=len(mvindex(words, -1)), verdict=case(size>60, "long", size>=40, "medium", true(), "short") */
  SELECT
    "dest",
    "user",
    "count",
    "size",
    CASE WHEN "size" > 60 THEN 'long' WHEN "size" >= 40 THEN 'medium' ELSE 'short' END AS "verdict"
  FROM "selected"
)
/* search verdict IN (long, MED*) */
SELECT
  "dest",
  "user",
  "size",
  "verdict",
  "count"
FROM "computed"
WHERE
  (
    LOWER("verdict") = 'long' OR "verdict" ILIKE 'med%'
  );
