"""`transpile convert PATH... -t TARGET`: rules to other languages."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from transpile.cli.inputs import add_content_option, collect, content_for, settings_for
from transpile.cli.output import OutputFolder, write_text
from transpile.cli.terminal import Terminal, printable, table
from transpile.compiled import Compiled, compile_rule
from transpile.content import Content, Rule
from transpile.convert import Conversion, convert_compiled
from transpile.errors import TranspileError, UsageError
from transpile.fidelity import Fidelity
from transpile.targets import find

REPORT_VERSION = 1
RANK = {Fidelity.UNSUPPORTED: 0, Fidelity.SUPERSET: 1, Fidelity.EXACT: 2}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="rule, folder, glob, or -")
    parser.add_argument(
        "-t", "--target", action="append", default=[], metavar="TARGET",
        help="sigma, eql, sql:duckdb ... (repeatable; see `transpile targets`)",
    )  # fmt: skip
    parser.add_argument("-f", "--format", default="", help="format of the target")
    parser.add_argument("-o", "--output", metavar="DIR", help="write files here, not to stdout")
    parser.add_argument("--report", metavar="FILE", help="write a JSON report")
    parser.add_argument("--schema", default=None, help="taxonomy of the output")
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
        "--opaque-macros", action="store_true", help="unknown macros become opaque filters"
    )
    add_content_option(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Convert; return the exit code."""
    settings = settings_for(options.paths)
    targets = options.target or list(settings.targets)
    if not targets:
        raise UsageError("no target given", hint="add -t sigma, -t eql or -t sql:duckdb")
    names = [find(target)[1].name for target in targets]
    content = content_for(options.content, options.paths, settings)
    rules, failed = collect(options.paths)
    job = _Job(options, terminal, content, frozenset(settings.custom_commands), names)
    job.schema = options.schema or settings.schema or None
    job.opaque_macros = options.opaque_macros or settings.opaque_macros
    for error in failed:
        job.file_failed(error)
    for rule in terminal.progress(rules, "converting"):
        job.convert(rule)
    job.finish()
    return job.code


class _Job:
    """One run of the command: its settings, its output, what it has seen."""

    def __init__(
        self,
        options: argparse.Namespace,
        terminal: Terminal,
        content: Content,
        custom_commands: frozenset[str],
        targets: list[str],
    ) -> None:
        self.options = options
        self.terminal = terminal
        self.content = content
        self.custom_commands = custom_commands
        self.targets = targets
        self.schema: str | None = None
        self.opaque_macros = False
        self.folder = OutputFolder(Path(options.output)) if options.output else None
        self.entries: list[dict[str, Any]] = []
        self.code = 0

    def file_failed(self, error: TranspileError) -> None:
        """Report a file that gave no rule."""
        self.terminal.error(printable(error.render()))
        self.code = 1
        for target in self.targets:
            self.entries.append(failure_entry(error, target))

    def convert(self, rule: Rule) -> None:
        """Convert one rule to every target; an error in it stops nothing else."""
        started = time.perf_counter()
        try:
            compiled = compile_rule(
                rule,
                self.content,
                opaque_macros=self.opaque_macros,
                custom_commands=self.custom_commands,
            )
        except TranspileError as error:
            self.terminal.error(printable(error.render()))
            self.code = 1
            self.entries += [failure_entry(error, target, rule) for target in self.targets]
            return
        parsing = time.perf_counter() - started
        for target in self.targets:
            started = time.perf_counter()
            conversion = convert_compiled(
                compiled,
                target,
                content=self.content,
                schema=self.schema,
                strict=self.options.strict,
                keep_unmapped=self.options.keep_unmapped,
                format=self.options.format,
            )
            seconds = parsing + time.perf_counter() - started
            parsing = 0.0
            output = self._emit(compiled, conversion)
            self.entries.append(entry(compiled, conversion, output, seconds))
            self._judge(compiled, conversion)

    def _emit(self, compiled: Compiled, conversion: Conversion) -> str | None:
        if not conversion.supported:
            return None
        if self.folder is not None:
            name = conversion.target.replace(":", "-")
            return self.folder.write(f"{name}/{conversion.filename}", conversion.text)
        if len(self.entries) or len(self.targets) > 1:
            self.terminal.say(self.terminal.paint(f"# {conversion.target}: {compiled.rule.name}", "dim"))
        print(conversion.text.rstrip("\n"))
        return "-"

    def _judge(self, compiled: Compiled, conversion: Conversion) -> None:
        wanted = Fidelity(self.options.min_fidelity)
        enough = RANK[conversion.fidelity] >= RANK[wanted]
        skipped = not conversion.supported and self.options.skip_unsupported
        if not enough and not skipped:
            self.code = 1
        if conversion.fidelity is not Fidelity.EXACT and (not enough or self.folder is None):
            self.terminal.say(describe(compiled, conversion, self.terminal))

    def finish(self) -> None:
        """Write the report and say what came out."""
        if self.options.report:
            report = {
                "version": REPORT_VERSION,
                "rules": self.entries,
                "summary": summary(self.entries),
            }
            text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
            write_text(Path(self.options.report), text)
        if len(self.entries) > len(self.targets):
            self.terminal.say(summary_table(self.entries))


def describe(compiled: Compiled, conversion: Conversion, terminal: Terminal) -> str:
    """Return a message: the fidelity, then each loss with its place in the rule."""
    color = "yellow" if conversion.supported else "red"
    head = f"{compiled.rule.path or compiled.rule.name}: {conversion.target}: "
    lines = [printable(head) + terminal.paint(str(conversion.fidelity), color)]
    for loss in conversion.losses:
        place = compiled.place_of(loss.span)
        where = f"{place[0]}:{place[1]}: " if place else ""
        lines.append(f"  - {where}[{loss.code}] {printable(loss.message)}")
    return "\n".join(lines)


def entry(
    compiled: Compiled, conversion: Conversion, output: str | None, seconds: float
) -> dict[str, Any]:
    """Return the report's object for one conversion (design, section 5)."""
    rule = compiled.rule
    return {
        "path": None if rule.path is None else str(rule.path),
        "id": rule.id,
        "name": rule.name,
        "target": conversion.target,
        "fidelity": str(conversion.fidelity),
        "observable": None if conversion.observable is None else str(conversion.observable),
        "losses": [
            {"code": x.code, "message": x.message, "span": _span(compiled, x.span)}
            for x in conversion.losses
        ],
        "assumptions": list(conversion.assumptions),
        "output": output,
        "error": None,
        "seconds": round(seconds, 6),
    }


def _span(compiled: Compiled, span: Any) -> dict[str, Any] | None:
    if span is None:
        return None
    line, column = compiled.place_of(span) or (None, None)
    return {
        "start": span.start,
        "end": span.end,
        "line": line,
        "column": column,
        "text": compiled.source_of(span),
    }


def failure_entry(error: TranspileError, target: str, rule: Rule | None = None) -> dict[str, Any]:
    """Return the report's object for a rule that could not be read."""
    return {
        "path": str(rule.path) if rule is not None and rule.path else error.path,
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


def summary(entries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return counts of fidelities and errors per target."""
    counts: dict[str, Counter[str]] = {}
    for item in entries:
        kind = "error" if item["error"] else item["fidelity"]
        counts.setdefault(item["target"], Counter())[kind] += 1
    return {target: dict(sorted(found.items())) for target, found in counts.items()}


def summary_table(entries: Iterable[dict[str, Any]]) -> str:
    """Return the summary as a table for a person."""
    kinds = ("exact", "superset", "unsupported", "error")
    rows = [
        (target, *(str(found.get(kind, 0)) for kind in kinds))
        for target, found in summary(entries).items()
    ]
    return table(("target", *kinds), rows)
