"""`transpile config show`: the settings that hold, and where each comes from."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transpile.cli.terminal import Terminal, table
from transpile.config import origins


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", choices=("show",))
    parser.add_argument("path", nargs="?", default=".", help="for which rules (default: here)")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Print each setting with its value and its origin."""
    found = origins(Path(options.path))
    if options.format == "json":
        data = {name: {"value": value, "origin": origin} for name, value, origin in found}
        terminal.result(json.dumps(data, indent=1, ensure_ascii=False))
    else:
        rows = [(name, _shown(value), origin) for name, value, origin in found]
        terminal.result(table(("setting", "value", "origin"), rows))
    return 0


def _shown(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join(value) or "-"
        case Mapping():
            return ", ".join(f"{key}={item}" for key, item in value.items()) or "-"
        case _:
            return str(value) or "-"
