"""A verdict in words, for a reader who knows Splunk and the target but not this project."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from transpile.fidelity import Fidelity, Observable
from transpile.verify.blame import Part
from transpile.verify.prove import Relation
from transpile.verify.report import Difference, Report, Verdict

_CLAIMS: Mapping[Fidelity, str] = {
    Fidelity.EXACT: "exact: it finds the same {things} as the rule",
    Fidelity.SUPERSET: "a superset: it finds all {things} that the rule finds, and may find more",
}
_THINGS: Mapping[Observable, str] = {
    Observable.EVENTS: "events",
    Observable.GROUPS: "groups of events",
    Observable.ROWS: "result rows",
}
_OUTCOMES: Mapping[Verdict, str] = {
    Verdict.EQUAL: "the query finds the same",
    Verdict.CONTAINED: "the query finds all of these",
    Verdict.NARROWER: "the query MISSES some of these",
    Verdict.WIDER: "the query finds MORE than these",
    Verdict.DIFFERS: "the query finds OTHERS",
    Verdict.REJECTED: "the query is not run",
}
_PROOFS: Mapping[Relation, str] = {
    Relation.EQUAL: "for all events the query's filter, read back, says what the rule's says",
    Relation.WIDER: "the query's filter, read back, lets more events pass than the rule's",
    Relation.NARROWER: "the query's filter, read back, stops events that the rule's lets pass",
    Relation.INCOMPARABLE: "the query's filter, read back, passes other events than the rule's",
}
_ORIGINS: Mapping[str, str] = {
    "fixture": "of the rule's own fixtures",
    "given": "given",
    "witness": "made from the rule",
}
_MOST_GAPS = 3
_LONGEST = 80


def verdict_text(report: Report) -> str:
    """Return a verdict with its evidence, one fact a line."""
    lines = [f"{report.rule} -> {report.target}: {report.verdict}", *_facts(report)]
    return "\n  ".join(lines)


def things(report: Report) -> str:
    """Return what a conversion reproduces, in words."""
    return _THINGS[report.observable] if report.observable is not None else "events"


def _facts(report: Report) -> Iterator[str]:
    if report.fidelity in _CLAIMS:
        yield _line("claimed", _CLAIMS[report.fidelity].format(things=things(report)))
    if report.reason:
        yield _line("reason", report.reason)
    if report.engine and report.tried:
        yield from _run(report)
    yield from _mutants(report)
    yield from _proof(report)
    for loss in dict.fromkeys(loss.message for loss in report.losses):
        if report.verdict is not Verdict.UNSUPPORTED:
            yield _line("left out", loss)
    for assumption in report.assumptions:
        yield _line("assumed", assumption)
    for difference in report.differences:
        yield from _difference(difference)


def _line(head: str, text: str) -> str:
    return f"{head:<9} {text}"


def _run(report: Report) -> Iterator[str]:
    parts = ", ".join(f"{n} {_ORIGINS[origin]}" for origin, n in report.origins.items())
    aside = f"; {report.set_aside} others break an assumption" if report.set_aside else ""
    yield _line("tried on", f"{report.tried} events ({parts}){aside}")
    outcome = _OUTCOMES[report.verdict]
    found = f"of the {things(report)} the rule finds {report.found}, {outcome}"
    yield _line("result", f"{found} ({report.engine})")


def _mutants(report: Report) -> Iterator[str]:
    found = report.adequacy
    if found is None or not found.mutants:
        return
    yield _line(
        "strength",
        f"{found.killed} of {found.mutants} small changes of the rule (a condition lost, another "
        "case, a bound moved ...) would have shown on these events",
    )
    for gap in found.gaps[:_MOST_GAPS]:
        part = f" in {_short(gap.part)}" if gap.part else ""
        yield _line("", f"not shown: {gap.what}{part}{f' ({gap.reason})' if gap.reason else ''}")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _proof(report: Report) -> Iterator[str]:
    found = report.proof
    if found is None:
        return
    if found.relation is Relation.UNDECIDED:
        yield _line("proof", f"none: {found.reason}")
        return
    if found.relation is Relation.EQUAL and not found.proves_all:
        said = f"for all events the query's WHERE clause, read back, says what {found.about} say"
        yield _line("proof", said)
        return
    said = found.reason or _PROOFS[found.relation]
    but = found.relation is Relation.EQUAL and report.losses
    yield _line("proof", f"{said}, but for what is left out" if but else said)
    if report.refuted:
        for event, which in ((found.missed, "stops"), (found.extra, "passes")):
            if event is not None:
                yield _line("", f"the query {which} {shown(event)}")


def _difference(item: Difference) -> Iterator[str]:
    what = "event" if item.event is not None else "row"
    origin = f"  ({_ORIGINS[item.origin]})" if item.origin else ""
    yield _line(what, shown(item.item) + origin)
    rule, target = (None, None) if item.blame is None else (item.blame.rule, item.blame.target)
    yield _line("  rule", _says(item.rule_finds, rule))
    yield _line("  query", _says(item.target_finds, target))


def _says(finds: bool, part: Part | None) -> str:
    verb = "finds it" if finds else "does not find it"
    if part is None:
        return verb
    place = f"  (line {part.line}, column {part.column})" if part.line else ""
    return f"{verb}: {part.text}{place}"


def shown(item: Mapping[str, Any]) -> str:
    """Return an event or a row on one line."""
    return json.dumps(dict(item), ensure_ascii=False, default=str)
