WITH "filtered" AS (
  /* `cloudtrail` eventSource=cloudtrail.amazonaws.com eventName IN (StopLogging, DeleteTrail) */
  SELECT
    "_time",
    "awsRegion",
    "eventName",
    "owner",
    "userIdentity.arn"
  FROM "cloudtrail_events"
  WHERE
    LOWER("eventSource") = 'cloudtrail.amazonaws.com'
    AND LOWER("eventName") IN ('stoplogging', 'deletetrail')
), "looked_up" AS (
  /* lookup cloud_principals arn AS userIdentity.arn OUTPUTNEW owner */
  SELECT
    "filtered"."_time",
    "filtered"."awsRegion",
    "filtered"."eventName",
    CASE
      WHEN "filtered"."owner" IS NULL
      THEN CASE
        WHEN "cloud_principals"."arn" IS NOT NULL
        THEN "cloud_principals"."owner"
        ELSE "filtered"."owner"
      END
      ELSE "filtered"."owner"
    END AS "owner",
    "filtered"."userIdentity.arn"
  FROM "filtered"
  LEFT JOIN "cloud_principals"
    ON LOWER("filtered"."userIdentity.arn") = LOWER("cloud_principals"."arn")
)
/* where isnull(owner) OR owner="" */
SELECT
  "_time",
  "userIdentity.arn",
  "eventName",
  "awsRegion"
FROM "looked_up"
WHERE
  (
    "owner" IS NULL OR "owner" = ''
  );
