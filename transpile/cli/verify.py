"""`transpile verify PATH... -t TARGET`: rule and conversion on the same events."""

from __future__ import annotations

import argparse
import json
from collections import Counter

from transpile.cli.inputs import add_content_option, collect, content_for, settings_for
from transpile.cli.terminal import Terminal, printable, table
from transpile.compiled import compile_rule
from transpile.errors import TranspileError, UsageError
from transpile.events import read_events
from transpile.targets import find
from transpile.verify import Report, Verdict, verify_compiled


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="rule, folder, glob, or -")
    parser.add_argument("-t", "--target", action="append", default=[], metavar="TARGET")
    parser.add_argument("--events", metavar="FILE", help="events to try besides the fixtures")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_content_option(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Verify; print one line a rule and target, differences below it."""
    settings = settings_for(options.paths)
    targets = options.target or list(settings.targets)
    if not targets:
        raise UsageError("no target given", hint="add -t sigma, -t eql or -t sql:duckdb")
    names = [find(target)[1].name for target in targets]
    content = content_for(options.content, options.paths, settings)
    rules, failed = collect(options.paths)
    events = read_events(options.events) if options.events else []
    for error in failed:
        terminal.error(printable(error.render()))
    reports: list[Report] = []
    broken = bool(failed)
    for rule in terminal.progress(rules, "verifying"):
        try:
            compiled = compile_rule(
                rule, content, custom_commands=frozenset(settings.custom_commands)
            )
        except TranspileError as error:
            terminal.error(printable(error.render()))
            broken = True
            continue
        reports += [verify_compiled(compiled, t, events, content=content) for t in names]
    if options.format == "json":
        print(json.dumps([r.to_json() for r in reports], ensure_ascii=False, indent=1, default=str))
    else:
        print_reports(reports, terminal)
    return 1 if broken or any(report.verdict.bad for report in reports) else 0



def print_reports(reports: list[Report], terminal: Terminal) -> None:
    """Print a table of verdicts, then every difference, then the counts per target."""
    rows = [
        (
            printable(r.rule)[:60],
            r.target,
            str(r.fidelity),
            str(r.verdict),
            r.engine or "-",
            f"{r.found}/{r.tried}",
        )
        for r in reports
    ]
    if len(reports) <= 200:
        print(table(("rule", "target", "fidelity", "verdict", "engine", "found/tried"), rows))
    for report in reports:
        if report.verdict.bad:
            print(describe(report, terminal))
        elif report.verdict is Verdict.NOT_RUN:
            terminal.say(f"{report.rule}: {report.target}: not run: {printable(report.reason)}")
    counts: dict[str, Counter[str]] = {}
    for report in reports:
        counts.setdefault(report.target, Counter())[str(report.verdict)] += 1
    verdicts = [str(v) for v in Verdict]
    lines = [(t, *(str(found[v]) for v in verdicts)) for t, found in counts.items()]
    print(table(("target", *verdicts), lines))


def describe(report: Report, terminal: Terminal) -> str:
    """Return the differences of a failed verification."""
    verdict = terminal.paint(str(report.verdict), "red", stream="stdout")
    lines = [f"{printable(report.rule)}: {report.target}: {verdict} ({report.engine})"]
    for d in report.differences:
        who = "only the rule finds" if d.rule_finds else "only the target finds"
        lines.append(f"  {who}: {printable(json.dumps(dict(d.item), ensure_ascii=False, default=str))}")
    return "\n".join(lines)
