"""Turns SigmaHQ's Windows rules to SPL by pySigma, and back to Sigma by us; prints what changed.

    TRANSPILE_CORPUS=... python tools/roundtrip.py [--step N] [--from N] [--python PYTHON]

PYTHON (.venv1/bin/python): an interpreter with pySigma's Splunk backend and its Sysmon and Windows
pipelines. The rule and what comes back are both read as Sigma and run on SigmaHQ's own regression
events and on events made from both, unless the two are proved to be the same. Printed: each rule
that differs with the reason, and the sums.
Returns 1 if a regression event is found by one only, or less than 97 % of the rules are equal on
made events.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transpile.backends.sigma.read import SigmaReader

from transpile import Content, convert
from transpile.content import Rule, load_rules
from transpile.errors import TranspileError
from transpile.interpret import compile_pred
from transpile.ir.expr import Field
from transpile.ir.pred import Glob, Pred, Test
from transpile.ir.simplify import simplify
from transpile.ir.stages import Filter, Pipeline
from transpile.ir.walk import descend, fields_of
from transpile.verify.prove import Relation, compare
from transpile.verify.witness import witnesses

GOAL = 0.97
# Channel and event id, which every event has and pySigma asks for where Sigma's log source does.
_HEADER = re.compile(r'\b(Channel)="([^"]+)"')
_SOURCE = re.compile(r"\bsource(=| IN )|\bChannel(=| IN )")
_CODE = re.compile(r"\bEventCode(?:=| IN \()(\d+)")
TO_SPL = """
import json, sys
from sigma.backends.splunk import SplunkBackend
from sigma.collection import SigmaCollection
from sigma.pipelines.splunk import splunk_windows_pipeline
from sigma.pipelines.sysmon import sysmon_pipeline
from sigma.pipelines.windows import windows_logsource_pipeline

plain = SplunkBackend(sysmon_pipeline() + splunk_windows_pipeline())
channels = SplunkBackend(windows_logsource_pipeline() + splunk_windows_pipeline())
for line in sys.stdin:
    try:
        made = plain.convert(SigmaCollection.from_yaml(json.loads(line)))
        if not made[0].startswith("source="):
            made = channels.convert(SigmaCollection.from_yaml(json.loads(line)))
        print(json.dumps({"spl": made[0]} if len(made) == 1 else {"error": "several queries"}))
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
"""


@dataclass(frozen=True)
class Outcome:
    """What became of a rule. verdict: `equal`, `differs`, `not converted`, `not read`."""

    path: str
    verdict: str
    why: str = ""
    spl: str = ""
    regression: str = "none"


def main() -> int:
    """Measure; see the module for the return value."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="start")
    parser.add_argument("--python", default=".venv1/bin/python")
    options = parser.parse_args()
    corpus = Path(os.environ["TRANSPILE_CORPUS"])
    rules = windows_rules(corpus)[options.start :: options.step]
    found = []
    for each in outcomes(corpus, rules, options.python):
        found.append(each)
        if each.verdict != "equal" or each.regression == "differs":
            print(f"{each.verdict}\t{each.regression}\t{each.path}\t{each.why}", flush=True)
    sums = Counter(each.verdict for each in found)
    both = sums["equal"] + sums["differs"]
    tried = Counter(each.regression for each in found)
    proved = sum(each.why == "proved" for each in found)
    print(f"rules {len(found)}: {dict(sums)}")
    print(f"equal on made events {sums['equal']} of {both}, for {proved} proved for all events")
    print(f"regression events: {dict(tried)}")
    return 1 if tried["differs"] or sums["equal"] < GOAL * both else 0


def windows_rules(corpus: Path) -> list[Rule]:
    """Return SigmaHQ's rules about Windows."""
    rules, _ = load_rules(corpus / "sigma")
    return [rule for rule in rules if rule.raw.get("logsource", {}).get("product") == "windows"]


def outcomes(corpus: Path, rules: Sequence[Rule], python: str) -> Iterator[Outcome]:
    """Yield what becomes of each rule."""
    events = regression_events(corpus)
    for rule, made in zip(rules, to_spl(rules, python), strict=True):
        path = str(Path(rule.path or "").relative_to(corpus))
        if "error" in made:
            yield Outcome(path, "not converted", f"pySigma: {made['error'].splitlines()[0][:90]}")
            continue
        if not _SOURCE.search(made["spl"]):
            why = "pySigma leaves out the log source"
            yield Outcome(path, "not converted", why, made["spl"])
            continue
        yield compared(rule, path, made["spl"], events.get(rule.id, ()))


def to_spl(rules: Sequence[Rule], python: str) -> list[Mapping[str, str]]:
    """Return pySigma's SPL (or error) of each rule, made by another interpreter."""
    given = "".join(json.dumps(rule.search) + "\n" for rule in rules)
    done = subprocess.run(
        [python, "-c", TO_SPL], input=given, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def compared(rule: Rule, path: str, spl: str, events: Sequence[Mapping[str, Any]]) -> Outcome:
    """Return how a rule and what came back stand to each other."""
    try:
        wanted = read(rule.search)
    except TranspileError as error:
        return Outcome(path, "not read", error.message, spl)
    try:
        result = convert(spl, "sigma", content=Content.builtin())
    except TranspileError as error:
        if "| search OR " in spl:
            return Outcome(path, "not converted", "pySigma writes an OR without a left side", spl)
        return Outcome(path, "differs", f"SPL: {error.message}", spl)
    if not result.text:
        return Outcome(path, "differs", f"unsupported: {result.losses[0].message}", spl)
    back = read(result.text)
    one, two = map(compile_pred, (filter_of(wanted), filter_of(back)))
    if any(node == Field("_raw") for node in descend(filter_of(wanted))):
        why = "pySigma writes a keyword as a term, which SPL finds as a whole word only"
        return Outcome(path, "differs", why, spl)
    told = [one(event) == two(event) for event in events]
    regression = "none" if not told else "same" if all(told) else "differs"
    proved = compare(filter_of(wanted), filter_of(back)).relation is Relation.EQUAL
    made = () if proved else (*witnesses(wanted), *witnesses(back))
    header = dict(_HEADER.findall(spl))
    if code := _CODE.search(spl):
        header["EventID"] = code[1]
    implied = {name: header[name] for name in header.keys() - fields_of(filter_of(wanted))}
    events_made = ({**header, **event, **implied} for event in made)
    apart = next((event for event in events_made if one(event) != two(event)), None)
    if wanted.stages[0] != back.stages[0] and not _untold(wanted, back, spl):
        names = [dict(p.stages[0].origin) for p in (wanted, back)]  # type: ignore[union-attr]
        return Outcome(path, "differs", f"log source: {names}", spl, regression)
    if apart is None:
        return Outcome(path, "equal", "proved" if proved else "tried", spl, regression)
    why = "; ".join(loss.message for loss in result.losses) or known(wanted, spl)
    return Outcome(path, "differs", f"{why}: {apart}", spl, regression)


def _untold(wanted: Pipeline, back: Pipeline, spl: str) -> bool:
    """Return whether pySigma's SPL names both log sources alike.

    Added and deleted registry keys are event 12 of Sysmon for it, whatever the event's own type.
    """
    told = [dict(p.stages[0].origin).get("category") for p in (wanted, back)]  # type: ignore[union-attr]
    return told[0] in _EVENT_12 and told[1] == "registry_event" and "EventCode=12 " in spl


_EVENT_12 = frozenset({"registry_add", "registry_delete"})


def read(text: str) -> Pipeline:
    """Return a Sigma rule in its own names."""
    return simplify(SigmaReader().read(text).pipeline)


def filter_of(pipeline: Pipeline) -> Pred:
    """Return the filter of a rule."""
    stage = pipeline.stages[1]
    assert isinstance(stage, Filter)
    return stage.pred


def known(wanted: Pipeline, spl: str) -> str:
    """Return what pySigma's Splunk backend is known to change, "?" for anything else."""
    patterns = [
        node.condition.pattern
        for node in descend(wanted)
        if isinstance(node, Test) and isinstance(node.condition, Glob)
    ]
    if any("?" in str(pattern).replace("\\?", "") for pattern in patterns):
        return "pySigma writes ? as *"
    if r"\*" in spl.replace("\\\\", ""):
        return r"pySigma writes \*, which SPL reads as a backslash and a wildcard"
    return next((why for sign, why in _KNOWN if sign.search(spl)), "?")


_KNOWN = (
    (re.compile(r"\bNOT \(.*\n\| regex ", re.DOTALL),
     "pySigma takes an expression out of the NOT it stands in"),
    (re.compile(r'\bNOT \w+="[^"]*" OR '), "pySigma negates the first of several dashes only"),
    (re.compile(r"\bName IN "), "Splunk has the provider as Name, pySigma the event's own field"),
    (re.compile(r'"WinEventLog:(\w+)".* Channel IN \('),
     "Splunk has the event's channel as Channel, pySigma the channel that the event is about"),
)  # fmt: skip
"""Signs in the SPL of what pySigma does to a rule besides."""


def regression_events(corpus: Path) -> Mapping[str, list[Mapping[str, Any]]]:
    """Return SigmaHQ's regression events by the id of their rule, as Sigma shows them."""
    import yaml

    found: dict[str, list[Mapping[str, Any]]] = {}
    for info in (corpus / "sigma" / "regression_data").rglob("info.yml"):
        about = yaml.safe_load(info.read_text(encoding="utf-8"))
        files = sorted(info.parent.glob("*.json"))
        events = [flat(raw) for file in files for raw in _objects(file.read_text("utf-8-sig"))]
        for rule in about["rule_metadata"]:
            found.setdefault(rule["id"], []).extend(events)
    return found


def _objects(text: str) -> Iterator[Any]:
    """Yield the JSON objects of a text one after the other."""
    rest = text.lstrip()
    while rest:
        found, end = json.JSONDecoder().raw_decode(rest)
        yield from found if isinstance(found, list) else (found,)
        rest = rest[end:].lstrip()


def flat(raw: Any) -> Mapping[str, Any]:
    """Return a raw Windows event as Sigma names its fields."""
    system = raw["Event"]["System"]
    user = raw["Event"].get("UserData") or {}
    body = raw["Event"].get("EventData") or next(iter(user.values()), {})
    code = system["EventID"]
    header = {
        "EventID": str(code["#text"] if isinstance(code, dict) else code),
        "Channel": system["Channel"],
        "Computer": system.get("Computer"),
        "Provider_Name": system["Provider"]["#attributes"].get("Name"),
    }
    fields = {key: _text(value) for key, value in (body or {}).items() if key != "#attributes"}
    return {key: value for key, value in {**header, **fields}.items() if value is not None}


def _text(value: Any) -> Any:
    if isinstance(value, dict):
        value = value.get("#text")
    return value if isinstance(value, (list, str, type(None))) else str(value)


if __name__ == "__main__":
    sys.exit(main())
