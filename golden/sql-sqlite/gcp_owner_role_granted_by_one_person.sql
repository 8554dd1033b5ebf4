/* `google_gcp_pubsub_message` data.protoPayload.methodName=SetIamPolicy members{}!="serviceAccount:*" roles{} IN (roles/owner, "roles/ *.admin") */
/* eval role=mvjoin(mvdedup('roles{}'), ";"), via='data.resource.type' */
SELECT
  "_time",
  "actor",
  (
    SELECT
      GROUP_CONCAT("each"."value", ';')
    FROM JSON_EACH(
      NULLIF(
        (
          SELECT
            JSON_GROUP_ARRAY("each"."value")
          FROM JSON_EACH("gcp_audit_events"."roles{}") AS "each"
          WHERE
            NOT EXISTS(
              SELECT
                1
              FROM JSON_EACH("gcp_audit_events"."roles{}") AS "before"
              WHERE
                "before"."key" < "each"."key" AND "before"."value" = "each"."value"
            )
        ),
        '[]'
      )
    ) AS "each"
  ) AS "role",
  "data.resource.type" AS "via"
FROM "gcp_audit_events"
WHERE
  LOWER("data.protoPayload.methodName") = 'setiampolicy'
  AND "members{}" IS NOT NULL
  AND NOT (
    "members{}" IS NOT NULL
    AND NOT EXISTS(
      SELECT
        1
      FROM JSON_EACH("gcp_audit_events"."members{}") AS "each"
      WHERE
        NOT "each"."value" LIKE 'serviceaccount:%'
    )
  )
  AND (
    EXISTS(
      SELECT
        1
      FROM JSON_EACH("gcp_audit_events"."roles{}") AS "each"
      WHERE
        LOWER("each"."value") = 'roles/owner'
    )
    OR EXISTS(
      SELECT
        1
      FROM JSON_EACH("gcp_audit_events"."roles{}") AS "each"
      WHERE
        "each"."value" LIKE 'roles/%.admin'
    )
  )
  AND JSON_ARRAY_LENGTH("approvers{}") < 2
  AND "actor" IS NOT NULL
  AND "actor" <> 'terraform'
  AND "actor" <> 'deploy';
