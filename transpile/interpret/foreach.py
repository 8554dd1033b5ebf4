"""Assignments made once per matching field: `foreach` (spl-semantics 5.21)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from transpile.interpret.context import Scope
from transpile.interpret.expressions import Evaluate, compile_expr
from transpile.interpret.values import Row, assign, field_names
from transpile.ir import stages as s
from transpile.ir.expr import Expr, Field, Lit, Node
from transpile.ir.names import name_matcher
from transpile.ir.pred import Test, TextEq
from transpile.ir.walk import rebuild
from transpile.records import replace

Transform = Callable[[Iterator[Row]], Iterator[Row]]
_Assignments = tuple[tuple[str, Evaluate], ...]


def foreach(stage: s.ForEach, scope: Scope) -> Transform:
    """Assign once per field of the row that matches a pattern, in name order (U16).

    The names are fixed before the first assignment; later assignments see earlier ones.
    """
    compiled: dict[tuple[str, str], _Assignments] = {}

    def assignments(name: str, pattern: str) -> _Assignments:
        known = compiled.get((name, pattern))
        if known is None:
            texts = placeholders(name, pattern)
            known = tuple(
                (filled(target, texts), compile_expr(instance(expr, texts), scope))
                for target, expr in stage.template
            )
            compiled[name, pattern] = known
        return known

    def change(row: Row) -> Row:
        changed = dict(row)
        for name, pattern in matching(row, stage.patterns):
            for target, value_of in assignments(name, pattern):
                assign(changed, target, value_of(changed))
        return changed

    return lambda rows: map(change, rows)


def matching(row: Row, patterns: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return each matching name of the row with the first pattern that it matches, by name."""
    found: dict[str, str] = {}
    for pattern in patterns:
        matcher = name_matcher(pattern)
        for name in field_names(row):
            if matcher(name):
                found.setdefault(name, pattern)
    return sorted(found.items())


def placeholders(name: str, pattern: str) -> dict[str, str]:
    """Return what each placeholder of a template stands for."""
    found = name_matcher(pattern)(name)
    parts = [] if found is None else list(found.groups())
    segments = {f"<<MATCHSEG{at}>>": part for at, part in enumerate(parts[:3], start=1)}
    return {"<<FIELD>>": name, "<<MATCHSTR>>": "".join(parts), **segments}


def filled(text: str, texts: dict[str, str]) -> str:
    """Return a text with its placeholders replaced."""
    for placeholder, value in texts.items():
        text = text.replace(placeholder, value)
    return text


def instance(expr: Expr, texts: dict[str, str]) -> Expr:
    """Return the template with its placeholders replaced in field names and text literals."""

    def change(node: Node) -> Node:
        match node:
            case Field(name):
                return replace(node, name=filled(name, texts))
            case Lit(str() as value):
                return replace(node, value=filled(value, texts))
            case Test(condition=TextEq(value, cased)):
                made = replace(node, condition=TextEq(filled(value, texts), cased))
                return rebuild(made, change)
            case _:
                return rebuild(node, change)

    found: Expr = change(expr)  # type: ignore[assignment]  # an expression stays an expression
    return found
