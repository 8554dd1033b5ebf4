"""`transpile golden check|update`: the golden files of a rule repository."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from transpile.cli.inputs import collect, content_for, settings_for
from transpile.cli.targets import add_target_option, targets_for
from transpile.cli.terminal import Terminal, printable
from transpile.findings import FORMATS, Case, Finding
from transpile.golden import TARGETS, Build, Change, build, check_folder, compare
from transpile.golden.build import MANIFEST, manifest_text, names_for
from transpile.golden.cases import golden_cases
from transpile.golden.changed import changed_files, concerned
from transpile.golden.compare import read_manifest
from transpile.output import write_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", choices=("check", "update"))
    parser.add_argument("--rules", metavar="DIR", help="default: as set, else rules")
    parser.add_argument("--golden", metavar="DIR", help="default: as set, else golden")
    parser.add_argument(
        "--changed-since", metavar="REF",
        help="only rules that a change since this commit concerns, macros and lookups included",
    )  # fmt: skip
    parser.add_argument("--format", choices=("text", *FORMATS), default="text")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the report here")
    add_target_option(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Check or update; return the exit code."""
    settings = settings_for([options.rules or "."])
    folder = Path(options.golden or settings.golden)
    check_folder(folder)
    wanted = [options.rules] if options.rules else list(settings.rules)
    targets = [
        info.name
        for info in targets_for(options.target or settings.targets or TARGETS, settings)
    ]
    content = content_for(None, wanted, settings)
    rules, unread = collect(wanted)
    for error in unread:
        terminal.error(error)
    names = names_for(rules)
    partial = options.changed_since is not None
    if partial:
        origin = [Path(settings.origin)] if settings.origin else []
        changed = changed_files(Path(wanted[0]), options.changed_since)
        rules = concerned(rules, content, changed, origin)
    built = build(rules, content, targets, schema=settings.schema, names=names)
    changes = compare(folder, built, content, partial=partial)
    update = options.action == "update"
    kept = {} if update else read_manifest(folder)
    told = () if update else changes
    cases = golden_cases(built, told, folder, kept, settings.min_fidelity)
    if update:
        _update(folder, built, changes, partial=partial)
    _report(options, terminal, cases, changes, folder, len(built.files))
    return int(bool(unread) or any(case.status == "failed" for case in cases))


def _update(folder: Path, built: Build, changes: Sequence[Change], *, partial: bool) -> None:
    """Write what differs; of an update of some rules the manifest keeps what it says of others."""
    kept = read_manifest(folder) if partial else {}
    for change in changes:
        if change.kind == "orphan":
            (folder / change.path).unlink()
        elif change.path != MANIFEST:
            write_text(folder / change.path, built.files[change.path])
    entries = {entry.name: entry.facts() for entry in built.entries}
    write_text(folder / MANIFEST, manifest_text({**kept, **entries}))


def _report(
    options: argparse.Namespace,
    terminal: Terminal,
    cases: Sequence[Case],
    changes: Sequence[Change],
    folder: Path,
    files: int,
) -> None:
    if options.format != "text":
        text = FORMATS[options.format](cases)
        if options.output:
            write_text(Path(options.output), text)
        elif text:
            terminal.result(text.rstrip("\n"))
    elif options.action == "check":
        for change in changes:
            head = f"{change.kind}: {folder / change.path}"
            terminal.error("\n  ".join((head, *change.reasons())))
            if change.diff and not change.path.endswith(".json"):
                terminal.result(printable(change.diff))
    if options.format == "text":
        for finding in (f for case in cases for f in case.findings if f.code in _OF_CONVERSIONS):
            terminal.error(_line(finding))
    terminal.say(f"{files} golden files, {_counted(changes)}")
    if changes and options.action == "check":
        terminal.say("  = help: look at the differences, then run `transpile golden update`")


_OF_CONVERSIONS = ("GLD705", "GLD706")


def _line(finding: Finding) -> str:
    place = ":".join(str(p) for p in (finding.path, finding.line, finding.column) if p is not None)
    return f"{place}: {finding.level}[{finding.code}]: {finding.message}"


def _counted(changes: Sequence[Change]) -> str:
    kinds = Counter(change.kind for change in changes)
    return ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())) or "none differs"
