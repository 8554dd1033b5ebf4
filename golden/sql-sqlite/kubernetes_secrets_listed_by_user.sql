WITH "filtered" AS (
  /* `kube_audit` objectRef.resource=secrets verb IN (list, get) responseStatus.code<400 NOT user.username="system:*" */
  /* fillnull value="unknown agent" userAgent */
  /* fillnull value=cluster objectRef.namespace */
  SELECT
    COALESCE("userAgent", 'unknown agent') AS "userAgent",
    COALESCE("objectRef.namespace", 'cluster') AS "objectRef.namespace",
    "sourceIPs{}",
    "user.username",
    "verb"
  FROM "k8s_audit_events"
  WHERE
    LOWER("objectRef.resource") = 'secrets'
    AND LOWER("verb") IN ('list', 'get')
    AND COALESCE(
      CASE
        WHEN "responseStatus.code" REGEXP '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z'
        THEN CAST("responseStatus.code" AS REAL)
      END < 400,
      "responseStatus.code" < '400'
    )
    AND NOT COALESCE("user.username" LIKE 'system:%', FALSE)
), "grouped" AS (
  /* stats count values(verb) as verb by user.username userAgent objectRef.namespace sourceIPs{} */
  SELECT
    "user.username",
    "userAgent",
    "objectRef.namespace",
    "each"."value" AS "sourceIPs{}",
    COUNT(*) AS "count",
    JSON_GROUP_ARRAY(DISTINCT "verb") FILTER(WHERE
      "verb" IS NOT NULL) AS "verb"
  FROM "filtered"
  CROSS JOIN JSON_EACH("filtered"."sourceIPs{}") AS "each"
  WHERE
    "user.username" IS NOT NULL
  GROUP BY
    "user.username",
    "userAgent",
    "objectRef.namespace",
    "each"."value"
)
SELECT
  "user.username" AS "user",
  "userAgent",
  "objectRef.namespace" AS "name space",
  "sourceIPs{}" AS "src",
  "count",
  NULLIF(
    (
      SELECT
        JSON_GROUP_ARRAY("each"."value")
      FROM (
        SELECT
          "each"."value"
        FROM JSON_EACH("grouped"."verb") AS "each"
        ORDER BY
          "each"."value"
      ) AS "each"
    ),
    '[]'
  ) AS "verb"
FROM "grouped";
