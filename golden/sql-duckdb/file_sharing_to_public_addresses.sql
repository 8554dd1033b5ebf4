WITH "filtered" AS (
  /* `sysmon` EventCode=3 DestinationPort IN (139, 445) DestinationIp=* NOT `private_network(DestinationIp)` Initiated=true */
  /* bin _time span=1h */
  SELECT
    FLOOR("_time" / 3600) * 3600 AS "_time",
    "Computer",
    "DestinationIp"
  FROM "sysmon_events"
  WHERE
    "EventCode" = 3
    AND LOWER("DestinationPort") IN ('139', '445')
    AND "DestinationIp" IS NOT NULL
    AND NOT (
      CASE
        WHEN REGEXP_MATCHES(
          "DestinationIp",
          '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$'
        )
        THEN (
          CAST(SPLIT_PART("DestinationIp", '.', 1) AS BIGINT) * 16777216 + CAST(SPLIT_PART("DestinationIp", '.', 2) AS BIGINT) * 65536 + CAST(SPLIT_PART("DestinationIp", '.', 3) AS BIGINT) * 256 + CAST(SPLIT_PART("DestinationIp", '.', 4) AS BIGINT)
        ) BETWEEN 167772160 AND 184549375
        ELSE FALSE
      END
      OR CASE
        WHEN REGEXP_MATCHES(
          "DestinationIp",
          '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$'
        )
        THEN (
          CAST(SPLIT_PART("DestinationIp", '.', 1) AS BIGINT) * 16777216 + CAST(SPLIT_PART("DestinationIp", '.', 2) AS BIGINT) * 65536 + CAST(SPLIT_PART("DestinationIp", '.', 3) AS BIGINT) * 256 + CAST(SPLIT_PART("DestinationIp", '.', 4) AS BIGINT)
        ) BETWEEN 2886729728 AND 2887778303
        ELSE FALSE
      END
      OR CASE
        WHEN REGEXP_MATCHES(
          "DestinationIp",
          '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$'
        )
        THEN (
          CAST(SPLIT_PART("DestinationIp", '.', 1) AS BIGINT) * 16777216 + CAST(SPLIT_PART("DestinationIp", '.', 2) AS BIGINT) * 65536 + CAST(SPLIT_PART("DestinationIp", '.', 3) AS BIGINT) * 256 + CAST(SPLIT_PART("DestinationIp", '.', 4) AS BIGINT)
        ) BETWEEN 3232235520 AND 3232301055
        ELSE FALSE
      END
      OR CASE
        WHEN REGEXP_MATCHES(
          "DestinationIp",
          '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$'
        )
        THEN (
          CAST(SPLIT_PART("DestinationIp", '.', 1) AS BIGINT) * 16777216 + CAST(SPLIT_PART("DestinationIp", '.', 2) AS BIGINT) * 65536 + CAST(SPLIT_PART("DestinationIp", '.', 3) AS BIGINT) * 256 + CAST(SPLIT_PART("DestinationIp", '.', 4) AS BIGINT)
        ) BETWEEN 2130706432 AND 2147483647
        ELSE FALSE
      END
    )
    AND LOWER("Initiated") = 'true'
), "grouped" AS (
  /* stats count dc(DestinationIp) as targets values(DestinationIp) as DestinationIp by Computer _time */
  SELECT
    "Computer",
    "_time",
    COUNT(*) AS "count",
    COUNT(DISTINCT "DestinationIp") AS "targets",
    LIST_SORT(LIST(DISTINCT "DestinationIp") FILTER(WHERE
      "DestinationIp" IS NOT NULL)) AS "DestinationIp"
  FROM "filtered"
  WHERE
    "Computer" IS NOT NULL AND "_time" IS NOT NULL
  GROUP BY
    "Computer",
    "_time"
)
/* where targets > 1 */
SELECT
  "Computer",
  "_time",
  "count",
  "targets",
  "DestinationIp"
FROM "grouped"
WHERE
  "targets" > 1;
