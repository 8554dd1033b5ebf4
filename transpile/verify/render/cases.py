"""Verdicts as findings for CI systems: JSON, JUnit, SARIF, GitHub annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from transpile.findings import Case, Finding, Level
from transpile.verify.blame import Part
from transpile.verify.render.text import shown, things, verdict_text
from transpile.verify.report import Difference, Report, Verdict
from transpile.verify.reread import Proof

_CODES: Mapping[Verdict, str] = {
    Verdict.NARROWER: "VER801",
    Verdict.WIDER: "VER802",
    Verdict.DIFFERS: "VER803",
    Verdict.REJECTED: "VER806",
}
_SAYS: Mapping[Verdict, str] = {
    Verdict.NARROWER: "misses {things} that the rule finds",
    Verdict.WIDER: "finds more {things} than the rule",
    Verdict.DIFFERS: "finds other {things} than the rule",
}


def cases(reports: Sequence[Report]) -> list[Case]:
    """Return a case for each rule and target."""
    return [_case(report) for report in reports]


def _case(report: Report) -> Case:
    skipped = report.verdict in (Verdict.NOT_RUN, Verdict.UNSUPPORTED)
    return Case(
        report.rule,
        report.target,
        tuple(_findings(report)),
        f"{report.verdict}: {report.reason}" if skipped else "",
        report.seconds,
        {**report.to_json(), "text": verdict_text(report)},
    )


def _findings(report: Report) -> Iterator[Finding]:
    if report.verdict is Verdict.REJECTED:
        text = f"{report.engine} does not run the conversion to {report.target}: {report.reason}"
        yield _finding(report, _CODES[report.verdict], text, "error")
    elif report.verdict.bad:
        what = _SAYS[report.verdict].format(things=things(report))
        head = f"the conversion to {report.target} {what}"
        for difference in report.differences:
            yield _finding(report, _CODES[report.verdict], f"{head}: {_told(difference)}", "error",
                           difference.blame.rule if difference.blame else None)  # fmt: skip
    if report.refuted and report.proof is not None:
        yield _finding(report, "VER804", _refuted(report.target, report.proof), "error")
    if report.adequacy is not None and report.adequacy.gaps and not report.verdict.bad:
        proved = report.proof is not None and report.proof.proves_all
        if not proved:
            first = report.adequacy.gaps[0].what
            number = len(report.adequacy.gaps)
            text = f"the events tried would not show {number} possible faults, such as: {first}"
            yield _finding(report, "VER805", text, "note")


def _refuted(target: str, proof: Proof) -> str:
    head = f"read back, the conversion to {target} is {proof.relation}"
    for event, verb in ((proof.missed, "stops"), (proof.extra, "passes")):
        if event is not None:
            return f"{head}: it {verb} {shown(event)}"
    return f"{head}: {proof.reason}"


def _told(item: Difference) -> str:
    who = "only the rule finds" if item.rule_finds else "only the query finds"
    target = item.blame.target if item.blame else None
    part = f"; the query's condition is {target.text}" if target else ""
    return f"{who} {shown(item.item)}{part}"


def _finding(
    report: Report, code: str, message: str, level: Level, part: Part | None = None
) -> Finding:
    line, column = report.place or (None, None)
    if part is not None and part.line is not None:
        line, column = part.line, part.column
    return Finding(code, message, level, report.path, line, column)
