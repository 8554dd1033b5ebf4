WITH "filtered" AS (
  /* `cloudtrail` eventName=ConsoleLogin "additionalEventData.MFAUsed"=No responseElements.ConsoleLogin=Success */
  SELECT
    COALESCE("userIdentity.arn", "arn") AS "arn",
    COALESCE("userIdentity.sourceIPAddress", "sourceIPAddress") AS "src",
    COALESCE("userIdentity.type", "type") AS "type",
    "_time"
  FROM "cloudtrail_events"
  WHERE
    LOWER("eventName") = 'consolelogin'
    AND LOWER("additionalEventData.MFAUsed") = 'no'
    AND LOWER("responseElements.ConsoleLogin") = 'success'
), "grouped" AS (
  /* stats count min(_time) as firstTime max(_time) as lastTime values(src) as src by arn type */
  SELECT
    "arn",
    "type",
    COUNT(*) AS "count",
    MIN("_time") AS "firstTime",
    MAX("_time") AS "lastTime",
    LIST_SORT(LIST(DISTINCT "src") FILTER(WHERE
      "src" IS NOT NULL)) AS "src"
  FROM "filtered"
  WHERE
    "arn" IS NOT NULL AND "type" IS NOT NULL
  GROUP BY
    "arn",
    "type"
)
/* `security_content_ctime(firstTime)` */
/* `security_content_ctime(lastTime)` */
SELECT
  "arn",
  "type",
  "count",
  STRFTIME(MAKE_TIMESTAMP(CAST("firstTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "firstTime",
  STRFTIME(MAKE_TIMESTAMP(CAST("lastTime" * 1000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S') AS "lastTime",
  "src"
FROM "grouped";
