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
      TRY_CAST(CASE
        WHEN REGEXP_MATCHES("responseStatus.code", '^[0-9eE.+-]+$')
        THEN "responseStatus.code"
      END AS DOUBLE) < 400,
      "responseStatus.code" < '400'
    )
    AND NOT COALESCE("user.username" ILIKE 'system:%', FALSE)
), "grouped" AS (
  /* stats count values(verb) as verb by user.username userAgent objectRef.namespace sourceIPs{} */
  SELECT
    "user.username",
    "userAgent",
    "objectRef.namespace",
    "each"."value" AS "sourceIPs{}",
    COUNT(*) AS "count",
    LIST_SORT(LIST(DISTINCT "verb") FILTER(WHERE
      "verb" IS NOT NULL)) AS "verb"
  FROM "filtered"
  CROSS JOIN UNNEST("filtered"."sourceIPs{}") AS "each"("value")
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
  "verb"
FROM "grouped";
