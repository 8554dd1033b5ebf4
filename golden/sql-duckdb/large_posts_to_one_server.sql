WITH "grouped" AS (
  /* sourcetype="stream:http" http_method=POST bytes_in>900 */
  /* stats count sum(bytes_in) as total avg(bytes_in) as mean stdev(bytes_in) as spread max(bytes_in) as largest by src_ip site */
  SELECT
    "src_ip",
    "site",
    COUNT(*) AS "count",
    SUM(
      TRY_CAST(CASE WHEN REGEXP_MATCHES("bytes_in", '^[0-9eE.+-]+$') THEN "bytes_in" END AS DOUBLE)
    ) AS "total",
    AVG(
      TRY_CAST(CASE WHEN REGEXP_MATCHES("bytes_in", '^[0-9eE.+-]+$') THEN "bytes_in" END AS DOUBLE)
    ) AS "mean",
    COALESCE(
      STDDEV_SAMP(
        TRY_CAST(CASE WHEN REGEXP_MATCHES("bytes_in", '^[0-9eE.+-]+$') THEN "bytes_in" END AS DOUBLE)
      ),
      CASE
        WHEN COUNT(
          TRY_CAST(CASE WHEN REGEXP_MATCHES("bytes_in", '^[0-9eE.+-]+$') THEN "bytes_in" END AS DOUBLE)
        ) > 0
        THEN 0.0
      END
    ) AS "spread",
    COALESCE(
      MAX(
        CASE
          WHEN TRY_CAST(CASE WHEN REGEXP_MATCHES("bytes_in", '^[0-9eE.+-]+$') THEN "bytes_in" END AS DOUBLE) IS NULL
          THEN "bytes_in"
        END
      ),
      ARG_MAX(
        "bytes_in",
        TRY_CAST(CASE WHEN REGEXP_MATCHES("bytes_in", '^[0-9eE.+-]+$') THEN "bytes_in" END AS DOUBLE)
      )
    ) AS "largest"
  FROM "http_events"
  WHERE
    LOWER("http_method") = 'post'
    AND COALESCE(
      TRY_CAST(CASE WHEN REGEXP_MATCHES("bytes_in", '^[0-9eE.+-]+$') THEN "bytes_in" END AS DOUBLE) > 900,
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
  "largest"
FROM "grouped"
WHERE
  "total" >= 3000;
