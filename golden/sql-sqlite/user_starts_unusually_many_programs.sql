WITH "grouped" AS (
  /* tstats `security_content_summariesonly` dc(Processes.process_name) as programs count from datamodel=Endpoint.Processes where Processes.user!=*$ by Processes.user */
  SELECT
    "user" AS "Processes.user",
    COUNT(DISTINCT "process_name") AS "programs",
    COUNT(*) AS "count"
  FROM "process_events"
  WHERE
    NOT "user" LIKE '%$'
  GROUP BY
    "user"
), "grouped_2" AS (
  /* `above_usual(programs, 2)` */
  SELECT
    AVG("programs") AS "usual",
    COALESCE(
      SQRT(
        CAST((
          MAX(
            SUM("programs" * "programs") - (
              CAST((
                SUM("programs") * SUM("programs")
              ) AS REAL) / COUNT("programs")
            ),
            0
          ) * 1.0
        ) AS REAL) / NULLIF(COUNT("programs") - 1, 0)
      ),
      CASE WHEN COUNT("programs") > 0 THEN 0.0 END
    ) AS "spread"
  FROM "grouped"
), "with_totals" AS (
  /* `above_usual(programs, 2)` */
  SELECT
    "grouped"."Processes.user" AS "user",
    "grouped"."programs",
    "grouped"."count",
    "grouped_2"."usual" + (
      2 * "grouped_2"."spread"
    ) AS "limit"
  FROM "grouped"
  LEFT JOIN "grouped_2"
    ON TRUE
)
/* `above_usual(programs, 2)` */
SELECT
  "user",
  "programs",
  "count"
FROM "with_totals"
WHERE
  "programs" > "limit";
