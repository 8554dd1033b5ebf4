/* `google_gcp_pubsub_message` data.protoPayload.methodName=SetIamPolicy members{}!="serviceAccount:*" roles{} IN (roles/owner, "roles/ *.admin") */
/* eval role=mvjoin(mvdedup('roles{}'), ";"), via='data.resource.type' */
SELECT
  "_time",
  "actor",
  ARRAY_TO_STRING(LIST_FILTER("roles{}", LAMBDA "x", "i" : LIST_POSITION("roles{}", "x") = "i"), ';') AS "role",
  "data.resource.type" AS "via"
FROM "gcp_audit_events"
WHERE
  LOWER("data.protoPayload.methodName") = 'setiampolicy'
  AND "members{}" IS NOT NULL
  AND NOT (
    "members{}" IS NOT NULL
    AND NOT LEN(LIST_FILTER("members{}", LAMBDA "x" : NOT "x" ILIKE 'serviceaccount:%')) > 0
  )
  AND (
    LEN(LIST_FILTER("roles{}", LAMBDA "x" : LOWER("x") = 'roles/owner')) > 0
    OR LEN(LIST_FILTER("roles{}", LAMBDA "x" : "x" ILIKE 'roles/%.admin')) > 0
  )
  AND LEN("approvers{}") < 2
  AND "actor" IS NOT NULL
  AND "actor" <> 'terraform'
  AND "actor" <> 'deploy';
