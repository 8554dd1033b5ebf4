"""`transpile targets`: what rules can be converted to, from the backends' declarations."""

from __future__ import annotations

import argparse
import json

from transpile.cli.terminal import Terminal, table
from transpile.targets import all_targets


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Print the table."""
    infos = all_targets()
    if options.format == "json":
        data = [
            {
                "name": info.name,
                "title": info.title,
                "observables": [str(o) for o in info.observables],
                "formats": list(info.formats),
                "schemas": list(info.schemas),
                "engine": info.engine or None,
                "native": sorted(info.native),
                "lowered": sorted(info.lowered),
            }
            for info in infos
        ]
        print(json.dumps(data, indent=1))
        return 0
    rows = [
        (
            info.name,
            info.title,
            ", ".join(str(o) for o in info.observables),
            ", ".join(info.formats),
            ", ".join(info.schemas),
            info.engine or "printed only",
        )
        for info in infos
    ]
    print(table(("target", "title", "observables", "formats", "schemas", "engine"), rows))
    return 0
