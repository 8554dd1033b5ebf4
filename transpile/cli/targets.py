"""`transpile targets`: what rules can be converted to, from the backends' declarations."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from transpile.cli.terminal import Terminal, table
from transpile.config import Settings
from transpile.errors import UsageError
from transpile.targets import all_targets, find

if TYPE_CHECKING:
    from transpile.backends.base import TargetInfo


def add_target_option(parser: argparse.ArgumentParser) -> None:
    """Add `-t/--target`, which may be given several times."""
    parser.add_argument(
        "-t", "--target", action="append", default=[], metavar="TARGET",
        help="sigma, eql, sql:duckdb ... (repeatable; see `transpile targets`)",
    )  # fmt: skip


def targets_for(asked: Sequence[str], settings: Settings) -> tuple[TargetInfo, ...]:
    """Return the targets: as asked, else those of the settings. Raises `UsageError` OUT502."""
    names = asked or settings.targets
    if not names:
        hint = "add -t sigma, -t eql or -t sql:duckdb; `transpile targets` lists all"
        raise UsageError("no target given", code="OUT502", hint=hint)
    found = {info.name: info for info in (find(name)[1] for name in names)}
    return tuple(found.values())


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Print the table."""
    infos = all_targets()
    shown = _json(infos) if options.format == "json" else _text(infos)
    terminal.result(shown)
    return 0


def _json(infos: Sequence[TargetInfo]) -> str:
    data = [
        {
            "name": info.name,
            "title": info.title,
            "observables": list(map(str, info.observables)),
            "formats": list(info.formats),
            "schemas": list(info.schemas),
            "engine": info.engine or None,
            "native": sorted(info.native),
            "lowered": sorted(info.lowered),
        }
        for info in infos
    ]
    return json.dumps(data, indent=1)


def _text(infos: Sequence[TargetInfo]) -> str:
    rows = [
        (
            info.name,
            info.title,
            ", ".join(map(str, info.observables)),
            ", ".join(info.formats) or "-",
            ", ".join(info.schemas),
            info.engine or "printed and parsed back",
        )
        for info in infos
    ]
    return table(("target", "title", "observables", "formats", "schemas", "engine"), rows)
