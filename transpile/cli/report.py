"""`transpile report PATH... -t TARGET`: what of a repository can move, and what is left to do."""

from __future__ import annotations

import argparse
from pathlib import Path

from transpile.cache import Cache
from transpile.cli.batch import Job, outcomes_of
from transpile.cli.inputs import add_content_option, content_for, settings_for
from transpile.cli.targets import add_target_option, targets_for
from transpile.cli.terminal import Terminal, table
from transpile.migration import EFFORTS, Migration, migration
from transpile.migration.render import FORMATS
from transpile.output import check_file, write_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="rule, folder, glob, or -")
    add_target_option(parser)
    parser.add_argument("-f", "--format", choices=_WRITERS, help="default: by -o, else text")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the report here")
    parser.add_argument("--schema", default="", help="taxonomy of the output")
    parser.add_argument(
        "-j", "--jobs", type=int, metavar="N",
        help="processes (default: one; all cores for more than a hundred rules)",
    )  # fmt: skip
    parser.add_argument("--no-cache", action="store_true", help="make every result anew")
    add_content_option(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Convert without writing, tell what became of it; 1 if a rule cannot be read."""
    if options.output:
        check_file(Path(options.output))
    settings = settings_for(options.paths)
    content = content_for(options.content, options.paths, settings)
    job = Job(
        tuple(info.name for info in targets_for(options.target, settings)),
        schema=options.schema or settings.schema,
        opaque_macros=settings.opaque_macros,
        custom_commands=frozenset(settings.custom_commands),
        debug=options.debug,
    )
    cache = Cache.default() if settings.cache and not options.no_cache else None
    total, batches = outcomes_of(options.paths, job, content, options.jobs, cache)
    entries = []
    broken = False
    for batch in terminal.progress(batches, total, "converting"):
        for outcome in batch:
            for error in dict.fromkeys(r.error for r in outcome.results if r.error is not None):
                terminal.error(error)
                broken = True
            entries += [result.entry for result in outcome.results]
    text = _WRITERS[_format(options)](migration(entries))
    if options.output:
        write_text(Path(options.output), text)
    else:
        terminal.result(text.rstrip("\n"))
    return int(broken)


def _text(report: Migration) -> str:
    """Return the sums of each target with the most frequent reasons."""
    header = ("target", "rules", "full", "partial", "none", *EFFORTS)
    rows = [
        (t.name, *map(str, (t.rules, t.full, t.partial, t.none, *t.efforts.values())))
        for t in report.targets
    ]
    lines = [table(tuple(map(str, header)), rows)]
    for target in report.targets:
        if target.reasons:
            lines += ["", f"{target.name}: why not full"]
            lines += [f"  {n:5} {code} {title}" for code, title, n in target.reasons]
    lines += ["", *(f"{effort}: {words}" for effort, words in EFFORTS.items())]
    return "\n".join(lines)


def _format(options: argparse.Namespace) -> str:
    """Return the format: as asked, else by the suffix of the output, else text."""
    suffix = Path(options.output or "").suffix.removeprefix(".")
    return options.format or (suffix if suffix in _WRITERS else "text")


_WRITERS = {"text": _text, **FORMATS}
