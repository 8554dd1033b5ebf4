WITH "subsearch" AS (
  /* inputlookup dynamic_dns_domains where provider!="home*" */
  SELECT
    "domain" AS "DNS.query"
  FROM "dynamic_dns_domains"
  WHERE
    "provider" IS NOT NULL AND NOT "provider" LIKE 'home%'
), "grouped" AS (
  /* tstats `security_content_summariesonly` count from datamodel=Network_Resolution.DNS where DNS.message_type=QUERY [| inputlookup dynamic_dns_domains where provider!="home*" | rename domain as DNS.query | fields DNS.query] by DNS.src DNS.query */
  SELECT
    COALESCE("src", 'null') AS "DNS.src",
    "each"."value" AS "DNS.query",
    COUNT(*) AS "count"
  FROM "dns_events"
  CROSS JOIN JSON_EACH("dns_events"."query") AS "each"
  WHERE
    LOWER("message_type") = 'query'
    AND EXISTS(
      SELECT
        1
      FROM "subsearch" AS "inner_rows"
      WHERE
        (
          "inner_rows"."DNS.query" IS NULL
          OR EXISTS(
            SELECT
              1
            FROM JSON_EACH("dns_events"."query") AS "each"
            WHERE
              LOWER("each"."value") LIKE REPLACE(
                REPLACE(REPLACE(REPLACE(LOWER("inner_rows"."DNS.query"), '!', '!!'), '%', '!%'), '_', '!_'),
                '*',
                '%'
              ) ESCAPE '!'
          )
        )
    )
  GROUP BY
    COALESCE("src", 'null'),
    "each"."value"
)
SELECT
  "DNS.src" AS "src",
  "DNS.query" AS "query",
  "count"
FROM "grouped";
