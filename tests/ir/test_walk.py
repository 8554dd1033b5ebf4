"""Going through trees: no field that can hold a node is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest

from transpile.ir import expr, pred, stages
from transpile.ir.expr import Field, Lit, Node
from transpile.ir.pred import Exists, Test, TextEq
from transpile.ir.walk import NODE_FIELDS, children

NAMES: dict[str, Any] = {**vars(expr), **vars(pred), **vars(stages)}
KINDS = [
    kind
    for kind in NAMES.values()
    if isinstance(kind, type) and issubclass(kind, Node) and kind is not Node
]


def _parts(hint: Any) -> Iterator[Any]:
    yield hint
    for part in get_args(hint):
        yield from _parts(part)


def _is_node(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, Node)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_field_whose_type_has_nodes_is_visited(kind: type[Node]) -> None:
    hints = get_type_hints(kind, localns=NAMES)
    parts = {field.name: _parts(hints[field.name]) for field in fields(kind)}
    holding = {name for name, found in parts.items() if any(map(_is_node, found))}
    assert holding <= set(NODE_FIELDS[kind])


@pytest.mark.parametrize(
    ("kind", "visited"),
    [
        pytest.param(Test, ("subject",), id="a test is visited in its subject only"),
        pytest.param(expr.RegexLit, (), id="a regular expression is a leaf"),
        pytest.param(expr.Case, ("branches", "default"), id="tuples of pairs are visited"),
        pytest.param(Lit, (), id="a constant is a leaf"),
    ],
)
def test_fields_without_nodes_are_not_visited(kind: type[Node], visited: tuple[str, ...]) -> None:
    assert NODE_FIELDS[kind] == visited


def test_children_come_in_the_order_of_the_fields() -> None:
    there = Exists(Field("a"))
    case = expr.Case(((there, Lit(1)), (Test(Field("b"), TextEq("x")), Lit(2))), Lit(3))
    assert children(case) == [there, Lit(1), Test(Field("b"), TextEq("x")), Lit(2), Lit(3)]
