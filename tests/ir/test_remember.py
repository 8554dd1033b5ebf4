"""`remember`: one computation per tree and arguments, never an answer for an equal tree.

`by_event`: one per event as long as it holds the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from transpile.errors import Span
from transpile.ir.expr import Field
from transpile.ir.remember import by_event, remember


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


@pytest.mark.parametrize("change", [
    pytest.param({"a": "z"}, id="a-text"),
    pytest.param({"n": True}, id="a-truth-value-equal-to-the-number"),
    pytest.param({"c": "new"}, id="one-more-field"),
])
def test_an_event_that_its_owner_changes_is_asked_again(change: dict[str, Any]) -> None:
    asked = []

    @by_event
    def shown(event: Mapping[str, Any]) -> str:
        asked.append(event)
        return repr(dict(event))

    event: dict[str, Any] = {"a": "b", "n": 1, "more": ["x", "y"]}
    assert shown(event) == shown(event) == shown({**event})
    assert len(asked) == 1
    event.update(change)
    assert shown(event) == repr(event)
    event["more"].append("z")
    assert shown(event) == repr(event)


def test_an_event_with_a_value_of_another_kind_is_asked_each_time() -> None:
    asked = []

    @by_event
    def shown(event: Mapping[str, Any]) -> str:
        asked.append(event)
        return str(event["a"])

    assert shown({"a": Decimal(1)}) == shown({"a": Decimal(1)}) == "1"
    assert len(asked) == 2
