"""The command line: argument parsing and printing only.

Results go to stdout (or `-o`), messages and progress to stderr. Exit codes: 0 all good, 1 something
fell short, 2 wrong usage or configuration, 3 a bug in the program (traceback with `--debug`).
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from types import ModuleType

from transpile.cli.terminal import Terminal, abandon_stdout, flush, use_utf8
from transpile.errors import BugError, TranspileError, UsageError

COMMANDS: Mapping[str, str] = {
    "convert": "convert rules to one or more targets",
    "explain": "show stages, predicates and indicators of a rule",
    "run": "run a rule over events with the reference interpreter",
    "verify": "run rule and conversion on the same events and compare",
    "catalog": "write pages about many rules and what they have in common",
    "report": "say what of a repository converts, and what is left to do",
    "golden": "check or update the golden files of a rule repository",
    "targets": "list what rules can be converted to",
    "schemas": "list the taxonomies, or show one",
    "config": "show the settings and where each comes from",
    "complete": "print a script that completes commands and options in a shell",
}
"""Command -> one line of help; the module `transpile.cli.<command>` is loaded when it is used."""

_ALLOCATIONS = 50_000
"""Between two collections of garbage: trees of queries have cycles, looking for them costs time."""

GOOD, SHORT, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes; the last is what a shell reports for a program stopped by Ctrl-C."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return the exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    use_utf8()
    if argv is None:  # the process is ours
        gc.set_threshold(_ALLOCATIONS)
    terminal = Terminal()
    try:
        code = _dispatch(args)
        flush()
        return code
    except TranspileError as error:
        terminal.error(error)
        return USAGE if isinstance(error, UsageError) else SHORT
    except SystemExit as stop:  # argparse has said why
        return stop.code if isinstance(stop.code, int) else USAGE
    except BrokenPipeError:  # the reader has seen enough; nothing more goes to it, not at exit
        abandon_stdout()
        return GOOD
    except KeyboardInterrupt:
        terminal.error("interrupted")
        return INTERRUPTED
    except Exception as error:
        if "--debug" in args:
            raise
        terminal.error(BugError.of(error))
        return BUG


def _dispatch(args: list[str]) -> int:
    if args[:1] == ["--version"]:
        from importlib.metadata import version

        Terminal().result(f"transpile {version('transpile')}")
        return GOOD
    named = next((argument for argument in args if not argument.startswith("-")), "")
    if named and named not in COMMANDS:
        raise UsageError(f"no such command: {named}", code="OUT507", hint=_near(named, COMMANDS))
    parser, command = _parser(named)
    options, strange = parser.parse_known_args(args)
    if strange:
        raise _strange(strange, parser)
    if command is None:
        parser.print_help(sys.stderr)
        return USAGE
    code: int = command.run(options, Terminal(color=options.color, quiet=options.quiet))
    return code


def _near(name: str, known: Iterable[str]) -> str:
    """Return what may have been meant, else all there is."""
    from difflib import get_close_matches

    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"


def _strange(arguments: Sequence[str], parser: _Parser) -> UsageError:
    """Return the error for arguments that no option takes."""
    first = arguments[0]
    if not first.startswith("-"):
        return UsageError(f"one argument too many: {first}", code="OUT507")
    name = first.split("=", 1)[0]
    return UsageError(
        f"no such option: {name}", code="OUT507", hint=_near(name, parser.declared_options())
    )


class _Parser(argparse.ArgumentParser):
    """A parser that can tell the options of the command it was made for."""

    command: argparse.ArgumentParser | None = None

    def declared_options(self) -> list[str]:
        """Return the long options, sorted."""
        actions = (self.command or self)._actions
        return sorted(o for action in actions for o in action.option_strings if o[:2] == "--")


def whole_parser() -> argparse.ArgumentParser:
    """Return the parser with the options of all commands, as completion needs it."""
    return _parser(None)[0]


def _parser(named: str | None) -> tuple[_Parser, ModuleType | None]:
    """Return the parser and the module of the command; only that one's options are declared.

    named: the command, "" if there is none, None for all of them.
    """
    parser = _Parser(
        prog="transpile",
        description="Moves Splunk detections to Sigma, Elastic EQL and SQL, and proves it.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", parser_class=argparse.ArgumentParser
    )
    module = None
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, description=summary.capitalize() + ".", allow_abbrev=False
        )
        _common(command)
        if named is None or name == named:
            module = import_module(f"transpile.cli.{name}")
            module.configure(command)
            parser.command = command
    return parser, module


def _common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto",
        help="colours in messages (default: on a terminal, unless NO_COLOR is set)",
    )  # fmt: skip
    group.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    group.add_argument("--debug", action="store_true", help="show the traceback of a bug")
