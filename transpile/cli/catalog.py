"""`transpile catalog PATH... -o site/`: pages about many rules and what they have in common."""

from __future__ import annotations

import argparse
import gc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from transpile.cache import default_folder, digest
from transpile.cli.inputs import settings_for
from transpile.cli.targets import add_target_option
from transpile.cli.terminal import Terminal, one_line
from transpile.output import make_folder

TARGETS = ("sigma", "eql", "sql:duckdb")
"""What rules are converted to without `-t`."""

_MOST = 5
"""Reasons why rules of other languages are not read that are listed."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="rule or folder of rules")
    add_target_option(parser)
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="folder of the site")
    parser.add_argument("--title", default="Detection catalogue", help="title of the site")
    parser.add_argument(
        "--cache", metavar="FILE", help="what was read before (default: in the user's cache)"
    )
    parser.add_argument(
        "--verdicts", metavar="FILE", help="report of `verify --format json`, shown on the pages"
    )
    parser.add_argument("--no-cache", action="store_true", help="read everything anew")
    parser.add_argument(
        "-j", "--jobs", type=int, metavar="N",
        help="processes (default: one; all cores for more than a hundred rules)",
    )  # fmt: skip


_ALLOCATIONS = 2_000_000
"""Objects after which the collector looks for cycles: rules are plain data, and have none."""


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Build the catalogue and write the site; 1 if a rule could not be read."""
    usual = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS)
    try:
        return _run(options, terminal)
    finally:
        gc.freeze()  # what there is now is old: no walk over all of it
        gc.unfreeze()
        gc.set_threshold(*usual)


def _run(options: argparse.Namespace, terminal: Terminal) -> int:
    from transpile.catalog import Catalog
    from transpile.catalog.site import write_site
    from transpile.catalog.verdicts import read_verdicts

    folder = Path(options.output)
    make_folder(folder)
    settings = settings_for(options.paths)
    catalog = Catalog.build(
        options.paths,
        targets=options.target or settings.targets or TARGETS,
        cache=_cache(options) if settings.cache and not options.no_cache else None,
        processes=options.jobs,
        progress=_progress(terminal, "reading"),
        verdicts=read_verdicts(Path(options.verdicts)) if options.verdicts else None,
    )
    gc.freeze()  # what was read stays: the collector need not walk over it
    if not catalog.rules:
        terminal.error(f"no rule found in {', '.join(options.paths)}")
        return 1
    written = write_site(
        catalog,
        folder,
        title=options.title,
        processes=options.jobs,
        progress=_progress(terminal, "writing pages"),
    )
    broken = [rule for rule in catalog.rules if rule.broken]
    for rule in broken:
        terminal.say(one_line(f"{rule.collection}/{rule.path}: {rule.name}: {rule.error}"))
    unread = Counter(rule.error for rule in catalog.rules if rule.error and not rule.broken)
    for error, number in unread.most_common(_MOST):
        terminal.say(one_line(f"{number} rules without their logic: {error}"))
    if len(unread) > _MOST:
        rest = sum(number for _, number in unread.most_common()[_MOST:])
        terminal.say(f"{rest} rules without their logic, for other reasons that their pages tell")
    terminal.say(
        f"{len(catalog.rules)} rules, {catalog.read} files read; {written.written} pages written, "
        f"{written.kept} kept, {written.removed} removed: {folder / 'index.html'}"
    )
    return int(bool(broken))


def _progress(terminal: Terminal, what: str) -> Callable[[Iterator[Any], int], Iterator[Any]]:
    return lambda items, total: terminal.progress(items, total, what)


def _cache(options: argparse.Namespace) -> Path:
    """Return the file of the cache: as asked, else one per set of paths among the user's."""
    if options.cache:
        return Path(options.cache)
    name = digest(*(str(Path(path).resolve()) for path in options.paths))
    return default_folder() / f"catalog-{name[:16]}.sqlite"
