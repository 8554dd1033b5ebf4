"""How events of a conversion are completed."""

from __future__ import annotations

import pytest

from transpile.ir.pred import TRUE
from transpile.verify.witness import Maker


@pytest.mark.parametrize(
    ("event", "grouped", "fits"),
    [
        pytest.param({"hour": "1"}, ("user",), True, id="has-what-its-time-tells"),
        pytest.param({"host": "a"}, ("user", "hour"), True, id="is-given-what-its-time-tells"),
        pytest.param({"host": "a"}, ("user",), False, id="lacks-it-and-is-not-completed"),
    ],
)
def test_an_event_has_what_its_time_tells_or_fits_not(
    event: dict[str, str], grouped: tuple[str, ...], fits: bool
) -> None:
    def at_odds(event: dict[str, object], taxonomies: object = ()) -> frozenset[str]:
        return frozenset({"hour"} - event.keys())

    maker = Maker(grouped, at_odds=at_odds).fitting(
        lambda event: "user" in event, frozenset({"hour"}), frozenset(), TRUE, "ecs", {}, TRUE
    )
    full = maker.completed(event)
    assert maker.consistent(full) is fits
    assert (full == event) is not fits
