WITH "extracted" AS (
  /* `cloudtrail` eventName IN (CreatePolicy, CreatePolicyVersion, PutUserPolicy) NOT errorCode=* */
  /* spath input=requestParameters.policyDocument output=statement path=Statement{} */
  SELECT
    COALESCE(
      NULLIF(
        LIST_TRANSFORM(
          TRY(JSON_EXTRACT("requestParameters.policyDocument", '$."Statement"[*]')),
          LAMBDA "x" : CASE WHEN JSON_TYPE("x") = 'NULL' THEN 'null' ELSE JSON_EXTRACT_STRING("x", '$') END
        ),
        LIST_VALUE()
      ),
      CASE WHEN "statement" IS NOT NULL THEN LIST_VALUE("statement") END
    ) AS "statement",
    "action",
    "effect",
    "eventName",
    "resource",
    "userIdentity.arn"
  FROM "cloudtrail_events"
  WHERE
    LOWER("eventName") IN ('createpolicy', 'createpolicyversion', 'putuserpolicy')
    AND "errorCode" IS NULL
), "expanded" AS (
  /* mvexpand statement */
  SELECT
    "each"."value" AS "statement",
    "action",
    "effect",
    "eventName",
    "resource",
    "userIdentity.arn"
  FROM "extracted"
  LEFT JOIN UNNEST("extracted"."statement") AS "each"("value")
    ON TRUE
), "extracted_2" AS (
  /* spath input=statement output=effect path=Effect */
  /* spath input=statement output=action path=Action */
  /* spath input=statement output=resource path=Resource */
  SELECT
    COALESCE(
      CASE
        WHEN JSON_TYPE(TRY(JSON_EXTRACT("statement", '$."Action"'))) = 'NULL'
        THEN 'null'
        ELSE JSON_EXTRACT_STRING(TRY(JSON_EXTRACT("statement", '$."Action"')), '$')
      END,
      "action"
    ) AS "action",
    COALESCE(
      CASE
        WHEN JSON_TYPE(TRY(JSON_EXTRACT("statement", '$."Effect"'))) = 'NULL'
        THEN 'null'
        ELSE JSON_EXTRACT_STRING(TRY(JSON_EXTRACT("statement", '$."Effect"')), '$')
      END,
      "effect"
    ) AS "effect",
    "eventName",
    COALESCE(
      CASE
        WHEN JSON_TYPE(TRY(JSON_EXTRACT("statement", '$."Resource"'))) = 'NULL'
        THEN 'null'
        ELSE JSON_EXTRACT_STRING(TRY(JSON_EXTRACT("statement", '$."Resource"')), '$')
      END,
      "resource"
    ) AS "resource",
    "userIdentity.arn"
  FROM "expanded"
)
/* where effect="Allow" AND action="*" AND resource="*" */
/* stats count by userIdentity.arn eventName */
SELECT
  "userIdentity.arn",
  "eventName",
  COUNT(*) AS "count"
FROM "extracted_2"
WHERE
  "effect" = 'Allow'
  AND "action" = '*'
  AND "resource" = '*'
  AND "userIdentity.arn" IS NOT NULL
GROUP BY
  "userIdentity.arn",
  "eventName";
