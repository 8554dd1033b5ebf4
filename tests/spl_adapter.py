"""Adapter for `shared/tools/spl_cases.py`: a search with nothing but the built-ins."""

from __future__ import annotations

from typing import Any

from transpile import Content
from transpile import SplSyntaxError as _SplSyntaxError
from transpile import parse as _parse
from transpile import run as _run
from transpile.interpret import NotComputable

Unsupported = NotComputable
SyntaxErrors = (_SplSyntaxError,)


def run(
    spl: str, events: list[dict[str, Any]], lookups: dict[str, list[dict[str, Any]]] | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a search over events."""
    return _run(spl, events, content=Content.builtin().with_lookups(lookups or {}))


def parse(spl: str) -> object:
    """Return the IR of a search; raises one of `SyntaxErrors` for bad input."""
    return _parse(spl)
