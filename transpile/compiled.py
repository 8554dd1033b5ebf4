"""From a rule to its IR: macros expanded, search parsed, lowered and simplified.

Errors point into the rule's file: through YAML folding and macro expansion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from transpile.errors import Span, SplSyntaxError
from transpile.ir.simplify import simplify
from transpile.ir.stages import Pipeline
from transpile.lower import lower
from transpile.spl import ast
from transpile.spl import parse as parse_text
from transpile.spl.source import OPAQUE_COMMAND, SourceText

if TYPE_CHECKING:
    from transpile.content import Content, Rule


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule with its expanded search text, its syntax tree and its IR."""

    rule: Rule
    text: SourceText
    tree: ast.Search
    pipeline: Pipeline

    def source_of(self, span: Span | None) -> str:
        """Return the author's text of a span, "" without one."""
        return "" if span is None else self.text.original[span.start : span.end]

    def place_of(self, span: Span | None) -> tuple[int, int] | None:
        """Return line and column in the rule's file (or text) where a span begins."""
        return None if span is None else self.rule.position(span.start)


def compile_rule(
    rule: Rule,
    content: Content,
    *,
    opaque_macros: bool = False,
    custom_commands: frozenset[str] = frozenset(),
) -> Compiled:
    """Return the IR of a rule.

    Raises `SplSyntaxError` or `MacroError`, placed in the rule's file, or in the text without one.
    """
    from transpile.content import expand

    unknown: Literal["opaque", "error"] = "opaque" if opaque_macros else "error"
    if opaque_macros:
        custom_commands |= {OPAQUE_COMMAND}
    try:
        text = expand(rule.search, content, rule_name=rule.name, unknown=unknown)
    except SplSyntaxError as error:
        raise _placed(error, rule) from None
    try:
        tree = parse_text(text, custom_commands=custom_commands)
    except SplSyntaxError as error:
        raise _placed(_in_macro(error, text), rule) from None
    return Compiled(rule, text, tree, simplify(lower(tree)))


def _placed(error: SplSyntaxError, rule: Rule) -> SplSyntaxError:
    if rule.path is None or error.span is None:
        return error
    line, column = rule.position(error.span.start)
    return error.moved(path=str(rule.path), line=line, column=column, snippet=rule.line(line))


def _in_macro(error: SplSyntaxError, text: SourceText) -> SplSyntaxError:
    """Return the error with a hint at the macro whose definition is wrong, if one is."""
    call = next((call for call in text.calls if call.span == error.span), None)
    if call is None:
        return error
    where = f"look into the definition of the macro '{call.name}'"
    return error.moved(hint=f"{error.hint}; {where}" if error.hint else where)
