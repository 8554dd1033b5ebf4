"""The report of `convert`: one JSON object, its parts, and its summary (design, section 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from transpile.cli.terminal import one_line, table
from transpile.compiled import Compiled
from transpile.content import Rule
from transpile.convert import Conversion
from transpile.errors import Span, TranspileError
from transpile.fidelity import Fidelity

VERSION = 1
"""Of the report's layout; it only grows."""

_KINDS = ("exact", "superset", "unsupported", "error")


def conversion_entry(compiled: Compiled, conversion: Conversion, seconds: float) -> dict[str, Any]:
    """Return the report's object for one conversion; `output` is set by who writes it."""
    rule = compiled.rule
    return {
        "path": rule.path,
        "id": rule.id,
        "name": rule.name,
        "target": conversion.target,
        "fidelity": str(conversion.fidelity),
        "observable": None if conversion.observable is None else str(conversion.observable),
        "losses": [
            {"code": loss.code, "message": loss.message, "span": _span(compiled, loss.span)}
            for loss in conversion.losses
        ],
        "assumptions": list(conversion.assumptions),
        "output": None,
        "error": None,
        "seconds": round(seconds, 6),
    }


def failure_entry(
    error: TranspileError, target: str, rule: Rule | None = None
) -> dict[str, Any]:
    """Return the report's object for a rule that could not be read."""
    return {
        "path": rule.path if rule is not None else error.path,
        "id": rule.id if rule is not None else None,
        "name": rule.name if rule is not None else None,
        "target": target,
        "fidelity": str(Fidelity.UNSUPPORTED),
        "observable": None,
        "losses": [],
        "assumptions": [],
        "output": None,
        "error": {
            "code": error.code,
            "message": error.message,
            "line": error.line,
            "column": error.column,
        },
        "seconds": 0.0,
    }


def loss_lines(compiled: Compiled, conversion: Conversion) -> tuple[str, ...]:
    """Return each loss on one line, with its place in the rule."""
    lines = []
    for loss in conversion.losses:
        place = compiled.place_of(loss.span)
        where = f"{place[0]}:{place[1]}: " if place else ""
        lines.append(f"{where}[{loss.code}] {one_line(loss.message)}")
    return tuple(lines)


def _span(compiled: Compiled, span: Span | None) -> dict[str, Any] | None:
    place = compiled.place_of(span)
    if span is None or place is None:
        return None
    return {
        "start": span.start,
        "end": span.end,
        "line": place[0],
        "column": place[1],
        "text": compiled.source_of(span),
    }


def report(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole report."""
    return {"version": VERSION, "rules": entries, "summary": summary(entries)}


def summary(entries: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Return per target how many conversions there are of each fidelity, and how many errors."""
    counts: dict[str, Counter[str]] = {}
    for item in entries:
        kind = "error" if item["error"] else item["fidelity"]
        counts.setdefault(item["target"], Counter())[kind] += 1
    return {target: {kind: found[kind] for kind in _KINDS} for target, found in counts.items()}


def summary_table(entries: Iterable[dict[str, Any]]) -> str:
    """Return the summary as a table for a person."""
    rows = [
        (target, *(str(found[kind]) for kind in _KINDS))
        for target, found in summary(entries).items()
    ]
    return table(("target", *_KINDS), rows)
