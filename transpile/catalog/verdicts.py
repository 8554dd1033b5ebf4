"""Verdicts of `transpile verify --format json`, for the pages of the rules that were verified."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transpile.catalog.entry import Entry
from transpile.errors import UsageError

Verdicts = Mapping[tuple[str, str], str]
"""(Name of a rule, target) -> verdict, with the proof if there is one."""


def read_verdicts(path: Path) -> Verdicts:
    """Return the verdicts in a report. Raises UsageError OUT505 for what is none."""
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
        return {(case["rule"], case["target"]): _verdict(case) for case in cases}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "no report of verify",
            code="OUT505",
            path=str(path),
            hint=f"write one with `transpile verify --format json -o FILE` ({error!r})",
        ) from None


def _verdict(case: Mapping[str, Any]) -> str:
    proof = (case.get("proof") or {}).get("verdict") or ""
    told = case["verdict"]
    return f"{told}, {proof}" if proof.startswith("proved") else str(told)


def add_verdicts(rules: Sequence[Entry], verdicts: Verdicts) -> None:
    """Set the verdicts of the rules' conversions."""
    for rule in rules:
        for target, outcome in rule.outcomes.items():
            found = verdicts.get((rule.name, target))
            if found is not None:
                rule.outcomes[target] = outcome._replace(verdict=found)
