WITH "filtered" AS (
  /* `sysmon` EventCode=3 DestinationPort IN (139, 445) DestinationIp=* NOT `private_network(DestinationIp)` Initiated=true */
  /* bin _time span=1h */
  SELECT
    FLOOR(CAST("_time" AS REAL) / 3600) * 3600 AS "_time",
    "Computer",
    "DestinationIp"
  FROM "sysmon_events"
  WHERE
    "EventCode" = 3
    AND LOWER("DestinationPort") IN ('139', '445')
    AND "DestinationIp" IS NOT NULL
    AND NOT (
      CASE
        WHEN "DestinationIp" REGEXP '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\Z'
        THEN (
          CAST(SUBSTR("DestinationIp" || '.', 1, INSTR("DestinationIp" || '.', '.') - 1) AS INTEGER) * 16777216 + CAST(SUBSTR(
            SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
            1,
            INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') - 1
          ) AS INTEGER) * 65536 + CAST(SUBSTR(
            SUBSTR(
              SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
              INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
            ),
            1,
            INSTR(
              SUBSTR(
                SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
              ),
              '.'
            ) - 1
          ) AS INTEGER) * 256 + CAST(SUBSTR(
            SUBSTR(
              SUBSTR(
                SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
              ),
              INSTR(
                SUBSTR(
                  SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                  INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                ),
                '.'
              ) + 1
            ),
            1,
            INSTR(
              SUBSTR(
                SUBSTR(
                  SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                  INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                ),
                INSTR(
                  SUBSTR(
                    SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                    INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                  ),
                  '.'
                ) + 1
              ),
              '.'
            ) - 1
          ) AS INTEGER)
        ) BETWEEN 167772160 AND 184549375
        ELSE FALSE
      END
      OR CASE
        WHEN "DestinationIp" REGEXP '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\Z'
        THEN (
          CAST(SUBSTR("DestinationIp" || '.', 1, INSTR("DestinationIp" || '.', '.') - 1) AS INTEGER) * 16777216 + CAST(SUBSTR(
            SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
            1,
            INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') - 1
          ) AS INTEGER) * 65536 + CAST(SUBSTR(
            SUBSTR(
              SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
              INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
            ),
            1,
            INSTR(
              SUBSTR(
                SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
              ),
              '.'
            ) - 1
          ) AS INTEGER) * 256 + CAST(SUBSTR(
            SUBSTR(
              SUBSTR(
                SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
              ),
              INSTR(
                SUBSTR(
                  SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                  INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                ),
                '.'
              ) + 1
            ),
            1,
            INSTR(
              SUBSTR(
                SUBSTR(
                  SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                  INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                ),
                INSTR(
                  SUBSTR(
                    SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                    INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                  ),
                  '.'
                ) + 1
              ),
              '.'
            ) - 1
          ) AS INTEGER)
        ) BETWEEN 2886729728 AND 2887778303
        ELSE FALSE
      END
      OR CASE
        WHEN "DestinationIp" REGEXP '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\Z'
        THEN (
          CAST(SUBSTR("DestinationIp" || '.', 1, INSTR("DestinationIp" || '.', '.') - 1) AS INTEGER) * 16777216 + CAST(SUBSTR(
            SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
            1,
            INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') - 1
          ) AS INTEGER) * 65536 + CAST(SUBSTR(
            SUBSTR(
              SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
              INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
            ),
            1,
            INSTR(
              SUBSTR(
                SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
              ),
              '.'
            ) - 1
          ) AS INTEGER) * 256 + CAST(SUBSTR(
            SUBSTR(
              SUBSTR(
                SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
              ),
              INSTR(
                SUBSTR(
                  SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                  INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                ),
                '.'
              ) + 1
            ),
            1,
            INSTR(
              SUBSTR(
                SUBSTR(
                  SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                  INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                ),
                INSTR(
                  SUBSTR(
                    SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                    INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                  ),
                  '.'
                ) + 1
              ),
              '.'
            ) - 1
          ) AS INTEGER)
        ) BETWEEN 3232235520 AND 3232301055
        ELSE FALSE
      END
      OR CASE
        WHEN "DestinationIp" REGEXP '^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\Z'
        THEN (
          CAST(SUBSTR("DestinationIp" || '.', 1, INSTR("DestinationIp" || '.', '.') - 1) AS INTEGER) * 16777216 + CAST(SUBSTR(
            SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
            1,
            INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') - 1
          ) AS INTEGER) * 65536 + CAST(SUBSTR(
            SUBSTR(
              SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
              INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
            ),
            1,
            INSTR(
              SUBSTR(
                SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
              ),
              '.'
            ) - 1
          ) AS INTEGER) * 256 + CAST(SUBSTR(
            SUBSTR(
              SUBSTR(
                SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
              ),
              INSTR(
                SUBSTR(
                  SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                  INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                ),
                '.'
              ) + 1
            ),
            1,
            INSTR(
              SUBSTR(
                SUBSTR(
                  SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                  INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                ),
                INSTR(
                  SUBSTR(
                    SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1),
                    INSTR(SUBSTR("DestinationIp" || '.', INSTR("DestinationIp" || '.', '.') + 1), '.') + 1
                  ),
                  '.'
                ) + 1
              ),
              '.'
            ) - 1
          ) AS INTEGER)
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
    JSON_GROUP_ARRAY(DISTINCT "DestinationIp") FILTER(WHERE
      "DestinationIp" IS NOT NULL) AS "DestinationIp"
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
  NULLIF(
    (
      SELECT
        JSON_GROUP_ARRAY("each"."value")
      FROM (
        SELECT
          "each"."value"
        FROM JSON_EACH("grouped"."DestinationIp") AS "each"
        ORDER BY
          "each"."value"
      ) AS "each"
    ),
    '[]'
  ) AS "DestinationIp"
FROM "grouped"
WHERE
  "targets" > 1;
