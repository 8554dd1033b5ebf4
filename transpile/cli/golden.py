"""`transpile golden check|update`: the golden files of a rule repository."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from transpile.cli.inputs import collect, content_for, settings_for
from transpile.cli.output import write_text
from transpile.cli.targets import add_target_option, targets_for
from transpile.cli.terminal import Terminal, printable
from transpile.golden import TARGETS, Change, build, check_folder, compare


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", choices=("check", "update"))
    parser.add_argument("--rules", default="rules", metavar="DIR", help="default: rules")
    parser.add_argument("--golden", default="golden", metavar="DIR", help="default: golden")
    add_target_option(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Check or update; return the exit code."""
    folder = Path(options.golden)
    check_folder(folder)
    settings = settings_for([options.rules])
    asked = options.target or settings.targets or TARGETS
    targets = [info.name for info in targets_for(asked, settings)]
    content = content_for(None, [options.rules], settings)
    rules, unread = collect([options.rules])
    for error in unread:
        terminal.error(error)
    files, reports = build(rules, content, targets)
    bad = [report for report in reports if report.verdict.bad]
    for report in bad:
        terminal.error(f"{report.rule}: {report.target}: {report.verdict}")
    changes = compare(folder, files)
    broken = bool(unread or bad)
    if options.action == "update":
        _update(folder, files, changes)
        terminal.say(f"{len(files)} golden files, {_counted(changes)}")
        return int(broken)
    for change in changes:
        terminal.error(f"{change.kind}: {folder / change.path}")
        if change.diff:
            terminal.result(printable(change.diff))
    terminal.say(f"{len(files)} golden files, {_counted(changes)}")
    if changes:
        terminal.say("  = help: look at the differences, then run `transpile golden update`")
    return int(broken or bool(changes))


def _update(folder: Path, files: Mapping[str, str], changes: Sequence[Change]) -> None:
    for change in changes:
        if change.kind == "orphan":
            (folder / change.path).unlink()
        else:
            write_text(folder / change.path, files[change.path])


def _counted(changes: Sequence[Change]) -> str:
    kinds = Counter(change.kind for change in changes)
    return ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())) or "none differs"
