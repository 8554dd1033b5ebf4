WITH "grouped" AS (
  /* tstats `security_content_summariesonly` sum(All_Traffic.bytes_out) as bytes_out count from datamodel=Network_Traffic.All_Traffic where All_Traffic.action=allowed NOT All_Traffic.bytes_out=0 NOT `private_network(All_Traffic.dest_ip)` by All_Traffic.src_ip All_Traffic.dest_ip All_Traffic.transport */
  SELECT
    COALESCE("src_ip", 'null') AS "All_Traffic.src_ip",
    COALESCE("dest_ip", 'null') AS "All_Traffic.dest_ip",
    "transport" AS "All_Traffic.transport",
    SUM("bytes_out") AS "bytes_out",
    COUNT(*) AS "count"
  FROM "network_events"
  WHERE
    LOWER("action") = 'allowed'
    AND "bytes_out" IS NOT NULL
    AND "bytes_out" <> 0
    AND NOT (
      CASE
        WHEN REGEXP_MATCHES(
          "dest_ip",
          '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$'
        )
        THEN (
          CAST(SPLIT_PART("dest_ip", '.', 1) AS BIGINT) * 16777216 + CAST(SPLIT_PART("dest_ip", '.', 2) AS BIGINT) * 65536 + CAST(SPLIT_PART("dest_ip", '.', 3) AS BIGINT) * 256 + CAST(SPLIT_PART("dest_ip", '.', 4) AS BIGINT)
        ) BETWEEN 167772160 AND 184549375
        ELSE FALSE
      END
      OR CASE
        WHEN REGEXP_MATCHES(
          "dest_ip",
          '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$'
        )
        THEN (
          CAST(SPLIT_PART("dest_ip", '.', 1) AS BIGINT) * 16777216 + CAST(SPLIT_PART("dest_ip", '.', 2) AS BIGINT) * 65536 + CAST(SPLIT_PART("dest_ip", '.', 3) AS BIGINT) * 256 + CAST(SPLIT_PART("dest_ip", '.', 4) AS BIGINT)
        ) BETWEEN 2886729728 AND 2887778303
        ELSE FALSE
      END
      OR CASE
        WHEN REGEXP_MATCHES(
          "dest_ip",
          '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$'
        )
        THEN (
          CAST(SPLIT_PART("dest_ip", '.', 1) AS BIGINT) * 16777216 + CAST(SPLIT_PART("dest_ip", '.', 2) AS BIGINT) * 65536 + CAST(SPLIT_PART("dest_ip", '.', 3) AS BIGINT) * 256 + CAST(SPLIT_PART("dest_ip", '.', 4) AS BIGINT)
        ) BETWEEN 3232235520 AND 3232301055
        ELSE FALSE
      END
      OR CASE
        WHEN REGEXP_MATCHES(
          "dest_ip",
          '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$'
        )
        THEN (
          CAST(SPLIT_PART("dest_ip", '.', 1) AS BIGINT) * 16777216 + CAST(SPLIT_PART("dest_ip", '.', 2) AS BIGINT) * 65536 + CAST(SPLIT_PART("dest_ip", '.', 3) AS BIGINT) * 256 + CAST(SPLIT_PART("dest_ip", '.', 4) AS BIGINT)
        ) BETWEEN 2130706432 AND 2147483647
        ELSE FALSE
      END
    )
  GROUP BY
    COALESCE("src_ip", 'null'),
    COALESCE("dest_ip", 'null'),
    "transport"
)
/* where bytes_out > 1000000 */
SELECT
  "All_Traffic.src_ip" AS "src_ip",
  "All_Traffic.dest_ip" AS "dest_ip",
  "All_Traffic.transport" AS "transport",
  "bytes_out",
  "count"
FROM "grouped"
WHERE
  "bytes_out" > 1000000;
