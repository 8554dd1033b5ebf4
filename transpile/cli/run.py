"""`transpile run RULE --events FILE`: the reference interpreter over events."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from transpile.cli.inputs import add_content_option, content_for, settings_for, single
from transpile.cli.terminal import Terminal, printable, table
from transpile.compiled import compile_rule
from transpile.events import read_events
from transpile.interpret import matched, run_pipeline
from transpile.names import shorten
from transpile.running import context_for

Row = dict[str, Any]

WIDEST = 200
"""Characters of a cell that a table shows; JSON has all of them."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("rule", metavar="RULE", help="rule file, -, or the text of a search")
    parser.add_argument(
        "--events", required=True, metavar="FILE", help="NDJSON, JSON, CSV or YAML"
    )
    parser.add_argument("--matched", action="store_true", help="print the events behind the rows")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument(
        "--now", type=float, metavar="SECONDS", help="start of the search, epoch (default: now)"
    )
    add_content_option(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Run the rule; print rows or events."""
    settings = settings_for([options.rule])
    content = content_for(options.content, [options.rule], settings)
    compiled = compile_rule(
        single(options.rule), content, custom_commands=frozenset(settings.custom_commands)
    )
    events = read_events(options.events)
    context = context_for(compiled.pipeline, content, now=options.now)
    if options.matched:
        found = matched(compiled.pipeline, events, context)
        rows: Sequence[Row] = [{"event": index, **events[index]} for index in found]
        said = f"{_count(len(rows), 'matching event')} of {len(events)}"
    else:
        rows = run_pipeline(compiled.pipeline, events, context)
        said = f"{_count(len(rows), 'row')} from {_count(len(events), 'event')}"
    if options.format == "json":
        terminal.result(json.dumps(rows, ensure_ascii=False, indent=1))
    elif rows:
        terminal.result(rows_table(rows))
    terminal.say(said)
    return 0


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def rows_table(rows: Sequence[Row]) -> str:
    """Return rows as a table, columns in the order they first appear."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(row.get(name)) for name in header] for row in rows]
    return table([_cell(name) for name in header], cells)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = " | ".join(map(str, value)) if isinstance(value, list) else str(value)
    return shorten(printable(text.replace("\n", "\\n").replace("\t", "\\t")), WIDEST)
