"""What a check of golden files has to tell a CI system, with the place in the rule's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from transpile.fidelity import Fidelity
from transpile.findings import Case, Finding
from transpile.golden.build import Build, Entry, Made
from transpile.golden.compare import Change
from transpile.verify import Verdict

_CODES: Mapping[str, str] = {
    "changed": "GLD701",
    "stale": "GLD702",
    "missing": "GLD703",
    "orphan": "GLD704",
}
_BAD = frozenset(str(verdict) for verdict in Verdict if verdict.bad)
_RANK: Mapping[str, int] = {
    Fidelity.UNSUPPORTED: 0, Fidelity.SUPERSET: 1, Fidelity.EXACT: 2,
}  # fmt: skip


def golden_cases(
    built: Build,
    changes: Sequence[Change],
    folder: Path,
    kept: Mapping[str, Mapping[str, Any]],
    accepted: Mapping[str, str],
) -> tuple[Case, ...]:
    """Return a case for each rule and target, and for each other golden file that differs.

    kept: what the manifest says by rule; a conversion must be as faithful as it was.  accepted: by
    target, the fidelity that conversions must have at least.
    """
    by_made = {id(change.made): change for change in changes if change.made is not None}
    cases = []
    for entry in built.entries:
        was = kept.get(entry.name, {})
        for made in entry.made:
            lesser = _lesser(made, was, accepted)
            found = _of_conversion(entry, made, by_made.get(id(made)), folder, lesser)
            cases.append(Case(entry.rule.name, made.target, tuple(found)))
    cases += [_unread(entry) for entry in built.entries if entry.error is not None]
    others = [change for change in changes if change.made is None]
    return (*cases, *(_of_file(change, folder) for change in others))


def _of_conversion(
    entry: Entry, made: Made, change: Change | None, folder: Path, lesser: str
) -> Iterator[Finding]:
    place = _first_line(entry)
    if change is not None:
        yield _differs(change, folder, entry, place)
    if lesser:
        yield from _less_faithful(entry, made, lesser, place)
    if made.verdict in _BAD:
        text = f"run on events, the conversion is {made.verdict} although it claims {made.fidelity}"
        yield Finding("GLD706", text, "error", entry.rule.path, *place)


def _lesser(made: Made, was: Mapping[str, Any], accepted: Mapping[str, str]) -> str:
    """Return why a conversion is not faithful enough, "" if it is."""
    now = _RANK[made.fidelity]
    wanted = Fidelity(accepted.get(made.target, Fidelity.UNSUPPORTED))
    before = was.get("targets", {}).get(made.target, {}).get("fidelity", Fidelity.UNSUPPORTED)
    if now < _RANK[wanted]:
        return f"the settings ask for {wanted}"
    return f"it was {before}" if now < _RANK.get(before, 0) else ""


def _less_faithful(
    entry: Entry, made: Made, why: str, place: tuple[int, int]
) -> Iterator[Finding]:
    """Yield a finding per loss, at the part of the search that is lost."""
    head = f"the conversion to {made.target} is {made.fidelity}, {why}"
    for loss in made.losses:
        line, column = loss.place or place
        yield Finding("GLD705", f"{head}: {loss.text}", "error", entry.rule.path, line, column)
    if not made.losses:
        yield Finding("GLD705", head, "error", entry.rule.path, *place)


def _differs(change: Change, folder: Path, entry: Entry, place: tuple[int, int]) -> Finding:
    text = "; ".join((f"{folder / change.path} is {change.kind}", *change.reasons()))
    return Finding(_CODES[change.kind], text, "error", entry.rule.path, *place)


def _of_file(change: Change, folder: Path) -> Case:
    entry = change.entry
    if entry is not None:
        found = _differs(change, folder, entry, _first_line(entry))
    else:
        text = f"{folder / change.path} is {change.kind}"
        found = Finding(_CODES[change.kind], text, "error", str(folder / change.path))
    return Case(entry.rule.name if entry else change.path, "golden", (found,))


def _unread(entry: Entry) -> Case:
    error = entry.error
    assert error is not None
    place = (error.path, error.line, error.column)
    return Case(entry.rule.name, "golden", (Finding(error.code, error.message, "note", *place),))


def _first_line(entry: Entry) -> tuple[int, int]:
    return entry.rule.position(0)
