WITH "filtered" AS (
  /* `o365_management_activity` Operation IN (New-InboxRule, Set-InboxRule) "Parameters{}.Name" IN (ForwardTo, RedirectTo) NOT "Parameters{}.Name"=StopProcessing */
  SELECT
    NULLIF(
      LIST_POSITION(
        LIST_TRANSFORM(
          "Parameters{}.Name",
          LAMBDA "x" : REGEXP_MATCHES("x", '^(?:ForwardTo|RedirectTo)\n?\z')
        ),
        TRUE
      ),
      0
    ) - 1 AS "at",
    "Parameters{}.Value",
    "UserId"
  FROM "o365_events"
  WHERE
    LOWER("Operation") IN ('new-inboxrule', 'set-inboxrule')
    AND LEN(
      LIST_FILTER("Parameters{}.Name", LAMBDA "x" : LOWER("x") IN ('forwardto', 'redirectto'))
    ) > 0
    AND NOT LEN(LIST_FILTER("Parameters{}.Name", LAMBDA "x" : LOWER("x") = 'stopprocessing')) > 0
), "computed" AS (
  /* eval at=mvfind('Parameters{}.Name', "^(ForwardTo|RedirectTo)$"), target=mvindex('Parameters{}.Value', at) */
  SELECT
    "UserId",
    LIST_EXTRACT("Parameters{}.Value", CASE WHEN "at" >= 0 THEN "at" + 1 ELSE "at" END) AS "target"
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
  AND NOT REGEXP_MATCHES("target", '@corp\.test\n?\z')
  AND "UserId" IS NOT NULL
GROUP BY
  "UserId",
  "target";
