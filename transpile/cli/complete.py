"""`transpile complete SHELL`: a script that completes commands and options in a shell."""

from __future__ import annotations

import argparse

from transpile.cli.terminal import Terminal
from transpile.errors import UsageError

SHELLS = ("bash", "zsh", "fish", "tcsh")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("shell", choices=SHELLS)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Print the script; `source` it, or put it where the shell looks for such."""
    from transpile.cli import whole_parser

    try:
        import shtab
    except ImportError:
        raise UsageError(
            "the package shtab is not installed",
            code="OUT504",
            hint="pip install 'transpile[completion]'",
        ) from None
    script: str = shtab.complete(whole_parser(), options.shell)
    terminal.result(script.rstrip("\n"))
    return 0
