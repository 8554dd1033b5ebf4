"""Options that would change a result and are not computed here: they are refused, never dropped.

Options that only tune the server (limits, timeouts, summaries) or the display are in no table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from transpile.lower.common import CannotLower, where_is
from transpile.spl import ast

NO = frozenset({"f", "false", "0", "no", "n"})
_NEVER: frozenset[str] = frozenset()
_WHOLE_SERIES = {"allnum": NO}
_BINS = dict.fromkeys(("bins", "minspan", "start", "end", "aligntime"), _NEVER)
_SERIES = {**_BINS, "sep": _NEVER, "format": _NEVER, "agg": _NEVER, "partial": ast.TRUE_WORDS}

HARMLESS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "stats": _WHOLE_SERIES,
    "sistats": _WHOLE_SERIES,
    "eventstats": {**_WHOLE_SERIES, "dedup_splitvals": NO},
    "streamstats": _WHOLE_SERIES,
    "chart": {**_WHOLE_SERIES, **_SERIES, "dedup_splitvals": NO},
    "sichart": {**_WHOLE_SERIES, **_SERIES, "dedup_splitvals": NO},
    "timechart": {**_WHOLE_SERIES, **_SERIES, "dedup_splitvals": NO},
    "sitimechart": {**_WHOLE_SERIES, **_SERIES, "dedup_splitvals": NO},
    "join": {"usetime": NO},
    "transaction": {"unifyends": NO, "mvraw": NO},
    "transpose": {"include_empty": ast.TRUE_WORDS},
}
"""Command -> option -> the values that change nothing; any other value is refused."""


def check_options(command: ast.Command) -> None:
    """Raise `CannotLower` for an option of a command that would change its result."""
    _check(command.name, command.options, command)
    if isinstance(command, ast.Chart) and command.over is not None:
        _check("chart", command.over.options, command)
    if isinstance(command, (ast.Chart, ast.Timechart)) and command.by is not None:
        _check("chart", command.by.options, command)


def _check(name: str, options: Iterable[ast.Option], command: ast.Command) -> None:
    harmless = HARMLESS.get(name, {})
    for option in options:
        if option.name in harmless and option.value.lower() not in harmless[option.name]:
            reason = f"{command.name} with {option.name}={option.value}"
            raise CannotLower(reason, where_is(option) or where_is(command))
