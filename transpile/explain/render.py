"""Laying out an explanation: templates lay out, they never decide."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from jinja2 import Environment

    from transpile.explain import Explanation

_TEMPLATES = {"text": "explain.txt.j2", "markdown": "explain.md.j2"}


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
    environment.filters |= {"cell": cell, "code": code, "fence": fence, "plain": plain}
    return environment


def plain(text: str) -> str:
    """Return text in which Markdown sees no markup."""
    marked = "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!" else c for c in text)
    return " ".join(marked.split())


def cell(text: str) -> str:
    """Return text for a cell of a table."""
    return plain(text)


def code(text: str) -> str:
    """Return text as inline code, whatever backticks it holds."""
    ticks = "`" * (_longest(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    escaped = text.replace("|", "\\|").replace("\n", " ")
    return f"{ticks}{space}{escaped}{space}{ticks}"


def fence(text: str) -> str:
    """Return text as a code block, whatever backticks it holds."""
    ticks = "`" * max(3, _longest(text) + 1)
    return f"{ticks}spl\n{text}\n{ticks}"


def _longest(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest
