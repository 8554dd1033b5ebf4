"""`remember`: one computation per tree and arguments, never an answer for an equal tree."""

from __future__ import annotations

import pytest

from transpile.errors import Span
from transpile.ir.expr import Field
from transpile.ir.remember import remember


def test_asks_once_per_tree_and_arguments() -> None:
    asked: list[tuple[str, bool]] = []

    @remember
    def name(node: Field, *, loud: bool = False) -> str:
        asked.append((node.name, loud))
        return node.name.upper() if loud else node.name

    user = Field("user")
    assert [name(user), name(user), name(user, loud=True)] == ["user", "user", "USER"]
    assert asked == [("user", False), ("user", True)]


def test_equal_trees_of_two_rules_keep_their_own_spans() -> None:
    place = remember(lambda node: node.span)
    here, there = Field("user", span=Span(0, 4)), Field("user", span=Span(9, 13))
    assert here == there
    assert (place(here), place(there)) == (Span(0, 4), Span(9, 13))


def test_exceptions_are_raised_again() -> None:
    @remember
    def refuse(node: Field) -> str:
        raise ValueError(node.name)

    for _ in range(2):
        with pytest.raises(ValueError, match="user"):
            refuse(Field("user"))
