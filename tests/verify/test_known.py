"""What is known of the fields that a rule computes."""

from __future__ import annotations

import pytest

from transpile import parse
from transpile.verify.known import Kind, known_before


@pytest.mark.parametrize(
    ("search", "field", "wanted"),
    [
        pytest.param("a=1 | stats count as n by b", "n", Kind(True, True, True), id="count"),
        pytest.param("a=1 | stats values(c) as n by b", "n", Kind(), id="values-are-many"),
        pytest.param("a=1 | eval n=mvjoin(c, \",\")", "n", Kind(single=True), id="joined"),
        pytest.param("a=1 | eval n=split(c, \",\")", "n", Kind(), id="split"),
        pytest.param("a=1 | eval n=lower(c)", "n", Kind(), id="each-value"),
        pytest.param("a=1 | stats count as n by b | rename n as m", "m", Kind(True, True, True),
                     id="renamed"),
        pytest.param("a=1 | eval n=if(b=1, 1, 0)", "n", Kind(True, False, True, ("1", "0")),
                     id="one-of-two"),
        pytest.param("a=1", "n", Kind(), id="of-the-source"),
    ],
)  # fmt: skip
def test_what_is_known_of_a_field(search: str, field: str, wanted: Kind) -> None:
    pipeline = parse(search)
    known = known_before(pipeline, lambda name: False, lambda name: False)
    assert known[-1].of(field) == wanted
