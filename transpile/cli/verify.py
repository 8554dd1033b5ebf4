"""`transpile verify PATH... -t TARGET`: rule and conversion on the same events, and a verdict."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from transpile.cli.batch import processes_for
from transpile.cli.inputs import add_content_option, collect, content_for, settings_for
from transpile.cli.targets import add_target_option, targets_for
from transpile.cli.terminal import Terminal, one_line, printable, table
from transpile.errors import BugError, TranspileError
from transpile.events import read_events
from transpile.findings import FORMATS
from transpile.output import check_file, write_text
from transpile.verify import Report, Verdict
from transpile.verify.many import Job, verify_all
from transpile.verify.prove import Relation
from transpile.verify.render import cases, page, verdict_text

MOST = 200
"""Verdicts that are listed one by one; of more there are only the counts and what is wrong."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="rule, folder, glob, or -")
    add_target_option(parser)
    parser.add_argument("--events", metavar="FILE", help="events to try besides the others")
    parser.add_argument(
        "--no-witness", action="store_true", help="try no events that are made from the rule"
    )
    parser.add_argument(
        "--details", action="store_true", help="say of every verdict what it rests on"
    )
    parser.add_argument("--format", choices=("text", *FORMATS, "html"), default="text")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the report here")
    parser.add_argument(
        "-j", "--jobs", type=int, metavar="N",
        help="processes (default: one; all cores for more than a hundred rules)",
    )  # fmt: skip
    add_content_option(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Verify; print one line a rule and target, differences below it."""
    settings = settings_for(options.paths)
    if options.output:
        check_file(Path(options.output))
    content = content_for(options.content, options.paths, settings)
    rules, unread = collect(options.paths)
    for error in unread:
        terminal.error(error)
    job = Job(
        tuple(info.name for info in targets_for(options.target, settings)),
        tuple(read_events(options.events)) if options.events else (),
        witness=not options.no_witness,
        custom_commands=frozenset(settings.custom_commands),
        debug=options.debug,
    )
    reports: list[Report] = []
    code = 1 if unread else 0
    found = verify_all(rules, job, content, processes_for(options.jobs, len(rules)))
    for verified in terminal.progress(found, len(rules), "verifying"):
        reports += verified.reports
        for failure in verified.errors:
            terminal.error(failure)
            code = max(code, _code(failure))
    _show(reports, options, terminal)
    return max(code, int(any(report.verdict.bad or report.refuted for report in reports)))


def _code(error: TranspileError) -> int:
    return 3 if isinstance(error, BugError) else 1


def _show(reports: Sequence[Report], options: argparse.Namespace, terminal: Terminal) -> None:
    if options.format != "text":
        text = _written(options.format, reports)
        if options.output:
            write_text(Path(options.output), text)
        elif text:
            terminal.result(text.rstrip("\n"))
    elif options.output:
        write_text(Path(options.output), "\n\n".join(map(verdict_text, reports)) + "\n")
    elif reports:
        print_reports(reports, terminal, details=options.details)


def _written(name: str, reports: Sequence[Report]) -> str:
    if name == "html":
        return page(reports)
    return FORMATS[name](cases(reports))


def print_reports(
    reports: Sequence[Report], terminal: Terminal, *, details: bool = False
) -> None:
    """Print a table of verdicts, then what is wrong or asked for, then the counts per target."""
    if len(reports) <= MOST:
        terminal.result(table(_HEADER, list(map(_row, reports))) + "\n")
    for report in reports:
        if details or report.verdict.bad or report.refuted:
            terminal.result(printable(verdict_text(report)) + "\n")
        elif report.verdict in (Verdict.NOT_RUN, Verdict.UNSUPPORTED):
            name, reason = one_line(report.rule), one_line(report.reason)
            terminal.say(f"{name}: {report.target}: {report.verdict}: {reason}")
    terminal.result(_counts(reports))


_HEADER = ("rule", "target", "fidelity", "verdict", "found", "tried", "shows", "proof", "engine")


def _row(report: Report) -> tuple[str, ...]:
    ran = bool(report.engine)
    return (
        one_line(report.rule)[:60],
        report.target,
        str(report.fidelity),
        str(report.verdict),
        str(report.found) if ran else "-",
        str(report.tried) if ran else "-",
        _shows(report),
        _proved(report),
        report.engine or "-",
    )


def _shows(report: Report) -> str:
    """Return how many of the rule's mutants the events show."""
    found = report.adequacy
    return f"{found.killed}/{found.mutants}" if found is not None and found.mutants else "-"


def _proved(report: Report) -> str:
    relation = None if report.proof is None else report.proof.relation
    if relation is None or relation is Relation.UNDECIDED:
        return "-"
    return "equal" if relation is Relation.EQUAL else str(relation)


def _counts(reports: Sequence[Report]) -> str:
    counts: dict[str, Counter[str]] = {}
    for report in reports:
        found = counts.setdefault(report.target, Counter())
        found[str(report.verdict)] += 1
        found["proved"] += _proved(report) == "equal"
    columns = [*(str(verdict) for verdict in Verdict), "proved"]
    rows = [(t, *(str(found[c]) for c in columns)) for t, found in counts.items()]
    return table(("target", *columns), rows)
