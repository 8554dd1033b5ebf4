"""What the parser knows of one command: its grammar, its options, and how its node is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

import pyparsing as pp

from transpile.records import dataclass
from transpile.spl import ast
from transpile.spl.arguments import Args


@dataclass(frozen=True, slots=True)
class Spec:
    """One command.

    grammar: reads the text behind the command's name.  build: makes the node.  options: the options
    the command has and the kind of their values; None: any.  raw_brackets: `[...]` is text, not a
    subsearch.
    """

    grammar: pp.ParserElement
    build: Callable[[Args], ast.Command]
    options: Mapping[str, str] | None = field(default_factory=dict)
    raw_brackets: bool = False


Table = Mapping[str, Spec]


def flags(*names: str) -> dict[str, str]:
    """Return options that are true or false."""
    return dict.fromkeys(names, "flag")


def ints(*names: str) -> dict[str, str]:
    """Return options that are whole numbers."""
    return dict.fromkeys(names, "int")


def texts(*names: str) -> dict[str, str]:
    """Return options with any value."""
    return dict.fromkeys(names, "text")
