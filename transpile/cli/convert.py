"""`transpile convert PATH... -t TARGET`: rules to other languages."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transpile.cache import Cache
from transpile.cli.batch import Job, Outcome, Result, outcomes_of
from transpile.cli.entries import report, summary_table
from transpile.cli.inputs import (
    STDIN,
    add_content_option,
    content_for,
    files_of,
    settings_for,
)
from transpile.cli.targets import add_target_option, targets_for
from transpile.cli.terminal import Terminal, one_line
from transpile.cli.watch import watch
from transpile.content import Content
from transpile.errors import BugError, ContentError, UsageError
from transpile.fidelity import Fidelity
from transpile.output import OutputFolder, check_file, write_text
from transpile.tables import table_read
from transpile.targets import check_choices, find, variant_of

RANK = {Fidelity.UNSUPPORTED: 0, Fidelity.SUPERSET: 1, Fidelity.EXACT: 2}

HEADINGS: Mapping[str, tuple[str, str]] = {
    ".yml": ("---\n", "# "),
    ".sql": ("\n", "-- "),
    ".eql": ("\n", "// "),
    ".esql": ("\n", "// "),
}
"""Suffix -> what stands between two results on stdout, and what begins a comment there."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="rule, folder, glob, or -")
    add_target_option(parser)
    parser.add_argument("-f", "--format", default="", help="format of the target")
    parser.add_argument("-o", "--output", metavar="DIR", help="write files here, not to stdout")
    parser.add_argument("--report", metavar="FILE", help="write a JSON report")
    parser.add_argument("--schema", default="", help="taxonomy of the output")
    parser.add_argument(
        "--min-fidelity", choices=("superset", "exact"), default="superset",
        help="exit 1 if a conversion is less faithful (default: superset)",
    )  # fmt: skip
    parser.add_argument(
        "-s", "--skip-unsupported", action="store_true",
        help="an unsupported conversion is no failure",
    )  # fmt: skip
    parser.add_argument("--strict", action="store_true", help="emit assumptions as checks")
    parser.add_argument("--keep-unmapped", action="store_true", help="pass unmapped fields through")
    parser.add_argument(
        "--time-bounds", action="store_true",
        help="search the window of the deployment's schedule; in SQL as parameters",
    )  # fmt: skip
    parser.add_argument(
        "--opaque-macros", action="store_true", help="unknown macros become opaque filters"
    )
    parser.add_argument(
        "-j", "--jobs", type=int, metavar="N",
        help="processes (default: one; all cores for more than a hundred rules)",
    )  # fmt: skip
    parser.add_argument(
        "--lookups-sql", action="store_true",
        help="with -o: write the lookup tables that SQL joins, as lookups.sql beside the queries",
    )  # fmt: skip
    parser.add_argument("--no-cache", action="store_true", help="make every result anew")
    parser.add_argument(
        "--watch", action="store_true", help="convert again when a rule, macro or lookup changes"
    )
    add_content_option(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Convert; return the exit code."""
    if options.lookups_sql and not options.output:
        raise UsageError(
            "--lookups-sql writes a file beside the queries", hint="name a folder with -o"
        )
    if not options.watch:
        return _convert(options, terminal)
    if STDIN in options.paths:
        raise UsageError("standard input cannot be watched", code="OUT507")

    def again() -> None:
        try:
            _convert(options, terminal)
        except (ContentError, UsageError) as error:  # the next change may mend it
            terminal.error(error)

    watch(lambda: _watched(options), again)
    return 0


def _watched(options: argparse.Namespace) -> list[Path]:
    settings = settings_for(options.paths)
    content = content_for(options.content, options.paths, settings)
    origin = [Path(settings.origin)] if settings.origin else []
    return [*files_of(options.paths), *content.definition_files, *origin]


def _convert(options: argparse.Namespace, terminal: Terminal) -> int:
    settings = settings_for(options.paths)
    infos = targets_for(options.target, settings)
    schema = options.schema or settings.schema
    for info in infos:
        check_choices(info, format=options.format, schema=schema)
    content = content_for(options.content, options.paths, settings)
    job = Job(
        tuple(info.name for info in infos),
        schema,
        options.format,
        options.strict,
        options.keep_unmapped,
        options.time_bounds,
        options.opaque_macros or settings.opaque_macros,
        frozenset(settings.custom_commands),
        options.debug,
    )
    cache = Cache.default() if settings.cache and not options.no_cache else None
    total, batches = outcomes_of(options.paths, job, content, options.jobs, cache)
    sink = _Sink(options, terminal, several=total * len(infos) > 1)
    for batch in terminal.progress(batches, total, "converting"):
        for outcome in batch:
            sink.take(outcome)
    if options.lookups_sql:
        sink.write_lookups(content)
    sink.finish()
    return sink.code


class _Sink:
    """Takes the outcomes one after the other: writes texts, says what fell short, keeps count."""

    def __init__(self, options: argparse.Namespace, terminal: Terminal, *, several: bool) -> None:
        self.terminal = terminal
        self.wanted = RANK[Fidelity(options.min_fidelity)]
        self.skip = bool(options.skip_unsupported)
        self.report = Path(options.report) if options.report else None
        if self.report is not None:
            check_file(self.report)
        self.folder = OutputFolder(Path(options.output)) if options.output else None
        self.several = several
        self.printed = False
        self.entries: list[dict[str, Any]] = []
        self.lookups: dict[str, dict[str, set[str]]] = {}
        self.code = 0

    def take(self, outcome: Outcome) -> None:
        """Deal with one rule."""
        for error in dict.fromkeys(r.error for r in outcome.results if r.error is not None):
            self.terminal.error(error)
            self.code = max(self.code, 3 if isinstance(error, BugError) else 1)
        for result in outcome.results:
            output = self._emit(outcome, result) if result.text else None
            self.entries.append({**result.entry, "output": output})
            for name, columns in result.lookups.items():
                tables = self.lookups.setdefault(result.target, {})
                tables.setdefault(name, set()).update(columns)
            if result.error is None:
                self._judge(outcome, result)

    def _emit(self, outcome: Outcome, result: Result) -> str:
        if self.folder is not None:
            return self.folder.write(
                f"{result.target.replace(':', '-')}/{result.filename}", result.text
            )
        between, comment = HEADINGS.get(Path(result.filename).suffix, ("\n", ""))
        head = between if self.printed else ""
        if self.several and comment:
            head += f"{comment}{result.target}: {one_line(outcome.name)}\n"
        self.terminal.result(head + result.text.rstrip("\n"))
        self.printed = True
        return "-"

    def write_lookups(self, content: Content) -> None:
        """Write, per target that can, the statements that make the lookup tables of its queries."""
        from transpile.backends.base import MakesTables

        assert self.folder is not None
        for target, read in self.lookups.items():
            backend, info = find(target)
            if isinstance(backend, MakesTables):
                tables = [table_read(name, read[name], content) for name in sorted(read)]
                text = backend.lookup_tables(variant_of(info), tables)
                self.folder.write(f"{target.replace(':', '-')}/lookups.sql", text)

    def _judge(self, outcome: Outcome, result: Result) -> None:
        enough = RANK[result.fidelity] >= self.wanted
        skipped = self.skip and result.fidelity is Fidelity.UNSUPPORTED
        if not enough and not skipped:
            self.code = max(self.code, 1)
        told = not (enough or skipped) if self.folder is not None else True
        if told and result.fidelity is not Fidelity.EXACT:
            self.terminal.say(self._describe(outcome, result))

    def _describe(self, outcome: Outcome, result: Result) -> str:
        color = "red" if result.fidelity is Fidelity.UNSUPPORTED else "yellow"
        head = f"{one_line(outcome.path or outcome.name)}: {result.target}: "
        fidelity = self.terminal.paint(str(result.fidelity), color)
        return "\n".join([head + fidelity, *(f"  - {line}" for line in result.losses)])

    def finish(self) -> None:
        """Write the report and say what came out."""
        if self.report is not None:
            data = report(self.entries)
            write_text(self.report, json.dumps(data, indent=1, ensure_ascii=False) + "\n")
        if len({(item["path"], item["id"]) for item in self.entries}) > 1:
            self.terminal.say(summary_table(self.entries))
