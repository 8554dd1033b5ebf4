"""Laying out an explanation: templates lay out, they never decide.

A rule's texts are hostile until quoted: each passes one of the filters below, so that no text of a
rule begins a heading, ends a code block or leaves its cell.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from jinja2 import Environment

    from transpile.explain import Explanation

_TEMPLATES = {"text": "explain.txt.j2", "markdown": "explain.md.j2"}
_MARKUP = frozenset("\\`*_[]<>#|!&~$@")
_MARKUP_AT_START = frozenset("+-=")
_WIDTH = 100
_TICKS = re.compile("`+")


def render(explanation: Explanation, format: Literal["text", "markdown"]) -> str:
    """Return the explanation as text or Markdown."""
    return _environment().get_template(_TEMPLATES[format]).render(x=explanation)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("transpile.explain"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"], default=False, default_for_string=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= FILTERS
    return environment


def line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())


def wrapped(text: str, indent: int) -> str:
    """Return a text in lines of at most 100 characters, the second and later ones indented."""
    lines = textwrap.wrap(text, _WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    return ("\n" + " " * indent).join(lines)


def was(names: Sequence[str]) -> str:
    """Return the old ids of techniques in brackets, "" without any."""
    return f" (was {', '.join(names)})" if names else ""


def plain(text: str) -> str:
    """Return text in which Markdown sees no markup."""
    marked = "".join(f"\\{c}" if c in _MARKUP else c for c in line(text))
    if marked[:1] in _MARKUP_AT_START:
        return f"\\{marked}"
    number = len(marked) - len(marked.lstrip("0123456789"))
    if number and marked[number : number + 1] in (".", ")"):  # "1. x" would begin a list
        return f"{marked[:number]}\\{marked[number:]}"
    return marked


def code(text: str) -> str:
    """Return text as inline code, whatever backticks it holds."""
    ticks = "`" * (_longest_run(text) + 1)
    return f"{ticks} {line(text)} {ticks}" if "`" in text else f"{ticks}{line(text)}{ticks}"


def cell_code(text: str) -> str:
    """Return text as inline code for a cell of a table, which no backtick keeps a `|` in."""
    return f"<code>{plain(text)}</code>" if "|" in text else code(text)


def fence(text: str, language: str = "spl") -> str:
    """Return text as a code block, whatever backticks it holds."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


FILTERS: Mapping[str, Callable[..., str]] = {
    "cell_code": cell_code,
    "code": code,
    "fence": fence,
    "line": line,
    "plain": plain,
    "was": was,
    "wrapped": wrapped,
}
