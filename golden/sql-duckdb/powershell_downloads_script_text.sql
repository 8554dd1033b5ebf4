WITH "ranked" AS (
  /* `powershell` EventCode=4104 ScriptBlockText IN ("*Net.WebClient*DownloadString*", "*Invoke-RestMethod *http*", "*irm *:// *") */
  /* dedup Computer ScriptBlockId */
  SELECT
    "Computer",
    "ScriptBlockId",
    "ScriptBlockText",
    "_time",
    ROW_NUMBER() OVER (PARTITION BY "Computer", "ScriptBlockId" ORDER BY "_time" DESC) AS "_rank"
  FROM "powershell_events"
  WHERE
    "EventCode" = 4104
    AND (
      "ScriptBlockText" ILIKE '%net.webclient%downloadstring%'
      OR "ScriptBlockText" ILIKE '%invoke-restmethod %http%'
      OR "ScriptBlockText" ILIKE '%irm %://%'
    )
    AND "Computer" IS NOT NULL
    AND "ScriptBlockId" IS NOT NULL
)
SELECT
  "_time",
  "Computer",
  "ScriptBlockId",
  "ScriptBlockText"
FROM "ranked"
WHERE
  "_rank" <= 1;
