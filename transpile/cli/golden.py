"""`transpile golden check|update`: the golden files of a rule repository."""

from __future__ import annotations

import argparse
from pathlib import Path

from transpile.cli.inputs import collect, content_for, settings_for
from transpile.cli.output import write_text
from transpile.cli.terminal import Terminal, printable
from transpile.golden import TARGETS, build, compare


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", choices=("check", "update"))
    parser.add_argument("--rules", default="rules", metavar="DIR", help="default: rules")
    parser.add_argument("--golden", default="golden", metavar="DIR", help="default: golden")
    parser.add_argument(
        "-t", "--target", action="append", default=[], metavar="TARGET",
        help="targets kept (default: " + ", ".join(TARGETS) + ")",
    )  # fmt: skip


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Check or update; return the exit code."""
    settings = settings_for([options.rules])
    content = content_for(None, [options.rules], settings)
    rules, failed = collect([options.rules])
    for error in failed:
        terminal.error(printable(error.render()))
    targets = options.target or list(settings.targets) or list(TARGETS)
    files, reports = build(rules, content, targets)
    bad = [report for report in reports if report.verdict.bad]
    for report in bad:
        terminal.error(f"{report.rule}: {report.target}: {report.verdict}")
    folder = Path(options.golden)
    changes = compare(folder, files)
    if options.action == "update":
        for path, text in files.items():
            write_text(folder / path, text)
        for change in changes:
            if change.kind == "stale":
                (folder / change.path).unlink()
        terminal.say(f"{len(files)} files, {len(changes)} of them changed")
        return 1 if bad or failed else 0
    for change in changes:
        terminal.error(f"{change.kind}: {folder / change.path}")
        if change.diff:
            print(printable(change.diff))
    if not changes:
        terminal.say(f"{len(files)} golden files are as they should be")
    return 1 if changes or bad or failed else 0
