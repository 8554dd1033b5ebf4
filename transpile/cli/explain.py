"""`transpile explain RULE`: stages, predicates, indicators, coverage."""

from __future__ import annotations

import argparse
import json

from transpile.cli.inputs import add_content_option, content_for, settings_for, single
from transpile.cli.terminal import Terminal, printable
from transpile.compiled import compile_rule
from transpile.explain import explain_compiled


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("rule", metavar="RULE", help="rule file, -, or the text of a search")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    add_content_option(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Print the explanation."""
    settings = settings_for([options.rule])
    content = content_for(options.content, [options.rule], settings)
    compiled = compile_rule(
        single(options.rule),
        content,
        opaque_macros=settings.opaque_macros,
        custom_commands=frozenset(settings.custom_commands),
    )
    found = explain_compiled(compiled)
    match options.format:
        case "json":
            shown = json.dumps(found.to_json(), ensure_ascii=False, indent=1)
        case "markdown":
            shown = printable(found.to_markdown())
        case _:
            shown = printable(found.to_text())
    terminal.result(shown.rstrip("\n"))
    return 0
