"""The command line: argument parsing and printing only.

Results go to stdout (or `-o`), messages and progress to stderr. Exit codes: 0 all good, 1 something
fell short, 2 wrong usage or configuration, 3 a bug in the program (traceback with `--debug`).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from transpile.cli.terminal import Terminal
from transpile.errors import TranspileError, UsageError

COMMANDS: Mapping[str, str] = {
    "convert": "convert rules to one or more targets",
    "explain": "show stages, predicates and indicators of a rule",
    "run": "run a rule over events with the reference interpreter",
    "verify": "run rule and conversion on the same events and compare",
    "golden": "check or update the golden files of a rule repository",
    "targets": "list what rules can be converted to",
    "schemas": "list the taxonomies, or show one",
}
"""Command -> one line of help; the module `transpile.cli.<command>` is loaded when it is used."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return the exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args[:1] == ["--version"]:
        from importlib.metadata import version

        print(f"transpile {version('transpile')}")
        return 0
    debug = "--debug" in args
    try:
        return _dispatch(args)
    except UsageError as error:
        print(error.render(), file=sys.stderr)
        return 2
    except TranspileError as error:
        print(error.render(), file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if debug:
            raise
        print(
            f"error: a bug in transpile: {type(error).__name__}: {error}\n"
            "  = help: run again with --debug for a traceback and report it",
            file=sys.stderr,
        )
        return 3


def _dispatch(args: list[str]) -> int:
    parser, chosen = _parser(args)
    options = parser.parse_args(args)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    terminal = Terminal(color=options.color, quiet=options.quiet)
    code: int = chosen.run(options, terminal)
    return code


def _parser(args: list[str]) -> tuple[argparse.ArgumentParser, type]:
    parser = argparse.ArgumentParser(
        prog="transpile",
        description="Moves Splunk detections to Sigma, Elastic EQL and SQL, and proves it.",
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    named = next((a for a in args if not a.startswith("-")), "")
    chosen = None
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary.capitalize() + ".")
        _common(command)
        if name == named:
            chosen = import_module(f"transpile.cli.{name}")
            chosen.configure(command)
    return parser, chosen  # type: ignore[return-value]


def _common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    group.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    group.add_argument("--debug", action="store_true", help="show the traceback of a bug")
