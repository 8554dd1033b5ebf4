WITH "grouped" AS (
  /* tstats `security_content_summariesonly` count from datamodel=Web where Web.http_user_agent IN ("*sqlmap*", nikto*) by Web.src Web.dest */
  SELECT
    "src" AS "Web.src",
    "dest" AS "Web.dest",
    COUNT(*) AS "count"
  FROM "http_events"
  WHERE
    (
      "http_user_agent" LIKE '%sqlmap%' OR "http_user_agent" LIKE 'nikto%'
    )
  GROUP BY
    "src",
    "dest"
), "finished" AS (
  /* eval reason="agent" */
  SELECT
    "Web.src" AS "src",
    "Web.dest" AS "dest",
    "count",
    'agent' AS "reason"
  FROM "grouped"
), "grouped_2" AS (
  /* tstats `security_content_summariesonly` count from datamodel=Web where Web.url_length>60 by Web.src Web.dest */
  SELECT
    "src" AS "Web.src",
    "dest" AS "Web.dest",
    COUNT(*) AS "count"
  FROM "http_events"
  WHERE
    "url_length" > 60
  GROUP BY
    "src",
    "dest"
), "finished_2" AS (
  /* eval reason="length" */
  SELECT
    "Web.src" AS "src",
    "Web.dest" AS "dest",
    "count",
    'length' AS "reason"
  FROM "grouped_2"
), "appended" AS (
  SELECT
    "src",
    "dest",
    "count",
    "reason"
  FROM "finished"
  /* append [| tstats `security_content_summariesonly` count from datamodel=Web where Web.url_length>60 by Web.src Web.dest | `drop_dm_object_name(Web)` | eval reason="length"] */
  UNION ALL
  SELECT
    "src",
    "dest",
    "count",
    "reason"
  FROM "finished_2"
)
SELECT
  "src",
  "dest",
  "count",
  "reason"
FROM "appended";
