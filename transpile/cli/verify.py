"""`transpile verify PATH... -t TARGET`: rule and conversion on the same events."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence

from transpile.cli.inputs import add_content_option, collect, content_for, settings_for
from transpile.cli.targets import add_target_option, targets_for
from transpile.cli.terminal import Terminal, one_line, printable, table
from transpile.compiled import compile_rule
from transpile.errors import BugError, TranspileError
from transpile.events import read_events
from transpile.verify import Report, Verdict, verify_compiled

MOST = 200
"""Verdicts that are listed one by one; of more there are only the counts and what is wrong."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="rule, folder, glob, or -")
    add_target_option(parser)
    parser.add_argument("--events", metavar="FILE", help="events to try besides the fixtures")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_content_option(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Verify; print one line a rule and target, differences below it."""
    settings = settings_for(options.paths)
    targets = [info.name for info in targets_for(options.target, settings)]
    content = content_for(options.content, options.paths, settings)
    rules, unread = collect(options.paths)
    events = read_events(options.events) if options.events else []
    for error in unread:
        terminal.error(error)
    custom = frozenset(settings.custom_commands)
    reports: list[Report] = []
    code = 1 if unread else 0
    for rule in terminal.progress(rules, len(rules), "verifying"):
        try:
            compiled = compile_rule(rule, content, custom_commands=custom)
            reports += [verify_compiled(compiled, t, events, content=content) for t in targets]
        except TranspileError as error:
            terminal.error(error)
            code = max(code, 1)
        except Exception as error:  # a bug that one rule shows hides no verdict of another
            if options.debug:
                raise
            terminal.error(BugError.of(error).moved(path=rule.path))
            code = 3
    if options.format == "json":
        data = [report.to_json() for report in reports]
        terminal.result(json.dumps(data, ensure_ascii=False, indent=1, default=str))
    elif reports:
        print_reports(reports, terminal)
    return max(code, int(any(report.verdict.bad for report in reports)))


def print_reports(reports: Sequence[Report], terminal: Terminal) -> None:
    """Print a table of verdicts, then every difference, then the counts per target."""
    if len(reports) <= MOST:
        terminal.result(table(_HEADER, list(map(_row, reports))) + "\n")
    for report in reports:
        if report.verdict.bad:
            terminal.result(describe(report, terminal) + "\n")
        elif report.verdict in (Verdict.NOT_RUN, Verdict.UNSUPPORTED):
            name, reason = one_line(report.rule), one_line(report.reason)
            terminal.say(f"{name}: {report.target}: {report.verdict}: {reason}")
    terminal.result(_counts(reports))


_HEADER = ("rule", "target", "fidelity", "verdict", "engine", "found", "tried", "set aside")


def _row(report: Report) -> tuple[str, ...]:
    return (
        one_line(report.rule)[:60],
        report.target,
        str(report.fidelity),
        str(report.verdict),
        report.engine or "-",
        *(map(str, (report.found, report.tried, report.set_aside)) if report.engine else "---"),
    )


def _counts(reports: Sequence[Report]) -> str:
    counts: dict[str, Counter[str]] = {}
    for report in reports:
        counts.setdefault(report.target, Counter())[str(report.verdict)] += 1
    verdicts = [str(verdict) for verdict in Verdict]
    rows = [(t, *(str(found[v]) for v in verdicts)) for t, found in counts.items()]
    return table(("target", *verdicts), rows)


def describe(report: Report, terminal: Terminal) -> str:
    """Return the differences of a failed verification."""
    verdict = terminal.paint(str(report.verdict), "red", stream="stdout")
    lines = [f"{one_line(report.rule)}: {report.target}: {verdict} ({report.engine})"]
    for difference in report.differences:
        who = "only the rule finds" if difference.rule_finds else "only the target finds"
        item = json.dumps(dict(difference.item), ensure_ascii=False, default=str)
        lines.append(f"  {who}: {printable(item)}")
    return "\n".join(lines)
