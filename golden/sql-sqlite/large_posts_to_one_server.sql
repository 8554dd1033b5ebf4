WITH "grouped" AS (
  /* sourcetype="stream:http" http_method=POST bytes_in>900 */
  /* stats count sum(bytes_in) as total avg(bytes_in) as mean stdev(bytes_in) as spread max(bytes_in) as largest by src_ip site */
  SELECT
    "src_ip",
    "site",
    COUNT(*) AS "count",
    SUM(
      CASE
        WHEN "bytes_in" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
        THEN CAST("bytes_in" AS REAL)
      END
    ) AS "total",
    AVG(
      CASE
        WHEN "bytes_in" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
        THEN CAST("bytes_in" AS REAL)
      END
    ) AS "mean",
    COALESCE(
      SQRT(
        CAST((
          MAX(
            SUM(
              CASE
                WHEN "bytes_in" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
                THEN CAST("bytes_in" AS REAL)
              END * CASE
                WHEN "bytes_in" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
                THEN CAST("bytes_in" AS REAL)
              END
            ) - (
              CAST((
                SUM(
                  CASE
                    WHEN "bytes_in" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
                    THEN CAST("bytes_in" AS REAL)
                  END
                ) * SUM(
                  CASE
                    WHEN "bytes_in" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
                    THEN CAST("bytes_in" AS REAL)
                  END
                )
              ) AS REAL) / COUNT(
                CASE
                  WHEN "bytes_in" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
                  THEN CAST("bytes_in" AS REAL)
                END
              )
            ),
            0
          ) * 1.0
        ) AS REAL) / NULLIF(
          COUNT(
            CASE
              WHEN "bytes_in" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
              THEN CAST("bytes_in" AS REAL)
            END
          ) - 1,
          0
        )
      ),
      CASE
        WHEN COUNT(
          CASE
            WHEN "bytes_in" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
            THEN CAST("bytes_in" AS REAL)
          END
        ) > 0
        THEN 0.0
      END
    ) AS "spread",
    JSON_GROUP_ARRAY("bytes_in") FILTER(WHERE
      "bytes_in" IS NOT NULL) AS "largest"
  FROM "http_events"
  WHERE
    LOWER("http_method") = 'post'
    AND COALESCE(
      CASE
        WHEN "bytes_in" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
        THEN CAST("bytes_in" AS REAL)
      END > 900,
      "bytes_in" > '900'
    )
    AND "src_ip" IS NOT NULL
    AND "site" IS NOT NULL
  GROUP BY
    "src_ip",
    "site"
)
/* where total>=3000 */
SELECT
  "src_ip",
  "site",
  "count",
  "total",
  "mean",
  "spread",
  (
    SELECT
      "each"."value"
    FROM JSON_EACH("grouped"."largest") AS "each"
    ORDER BY
      CASE
        WHEN "each"."value" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
        THEN CAST("each"."value" AS REAL)
      END DESC NULLS FIRST,
      "each"."value" DESC NULLS FIRST
    LIMIT 1
  ) AS "largest"
FROM "grouped"
WHERE
  "total" >= 3000;
