"""A rule given as text is text however long it is, and never taken for a path."""

from __future__ import annotations

import pytest

from transpile import run


@pytest.mark.parametrize("length", [10, 300, 5000])
def test_a_long_search_on_one_line_is_no_path(length: int) -> None:
    letters = "b" * length
    assert run(f'* | eval x="{letters}" | table x', [{}]) == [{"x": letters}]


def test_a_search_with_a_null_character_is_no_path() -> None:
    assert run('* | eval x="\0" | table x', [{}]) == [{"x": "\0"}]
