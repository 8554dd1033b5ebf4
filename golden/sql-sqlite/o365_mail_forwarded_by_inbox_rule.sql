WITH "filtered" AS (
  /* `o365_management_activity` Operation IN (New-InboxRule, Set-InboxRule) "Parameters{}.Name" IN (ForwardTo, RedirectTo) NOT "Parameters{}.Name"=StopProcessing */
  SELECT
    (
      SELECT
        MIN("each"."key")
      FROM JSON_EACH("o365_events"."Parameters{}.Name") AS "each"
      WHERE
        "each"."value" REGEXP '^(?:ForwardTo|RedirectTo)$'
    ) AS "at",
    "Parameters{}.Value",
    "UserId"
  FROM "o365_events"
  WHERE
    LOWER("Operation") IN ('new-inboxrule', 'set-inboxrule')
    AND EXISTS(
      SELECT
        1
      FROM JSON_EACH("o365_events"."Parameters{}.Name") AS "each"
      WHERE
        LOWER("each"."value") IN ('forwardto', 'redirectto')
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM JSON_EACH("o365_events"."Parameters{}.Name") AS "each"
      WHERE
        LOWER("each"."value") = 'stopprocessing'
    )
), "computed" AS (
  /* eval at=mvfind('Parameters{}.Name', "^(ForwardTo|RedirectTo)$"), target=mvindex('Parameters{}.Value', at) */
  SELECT
    "UserId",
    (
      SELECT
        "each"."value"
      FROM JSON_EACH("filtered"."Parameters{}.Value") AS "each"
      WHERE
        "each"."key" = CASE
          WHEN "filtered"."at" < 0
          THEN "filtered"."at" + JSON_ARRAY_LENGTH("filtered"."Parameters{}.Value")
          ELSE "filtered"."at"
        END
    ) AS "target"
  FROM "filtered"
)
/* where NOT match(target, "@corp\.test$") */
/* stats count by UserId target */
SELECT
  "UserId",
  "target",
  COUNT(*) AS "count"
FROM "computed"
WHERE
  "target" IS NOT NULL
  AND NOT "target" REGEXP '@corp\.test$'
  AND "UserId" IS NOT NULL
GROUP BY
  "UserId",
  "target";
