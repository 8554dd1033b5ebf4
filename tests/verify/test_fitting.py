"""Which events a conversion speaks about: how often its engine is asked."""

from __future__ import annotations

from typing import Any

import pytest
from transpile.backends.base import Draft, Seen

from transpile.fidelity import Fidelity, Observable
from transpile.verify.fitting import accepting

DRAFT = Draft("text", Fidelity.EXACT, Observable.EVENTS, ".txt")
NOW = 1_767_225_600


class Asked:
    """An engine that accepts events with a user, and keeps those that it was asked of."""

    name = "asked"

    def __init__(self) -> None:
        self.events: list[Any] = []

    def accepts(self, event: Any, draft: Draft) -> bool:
        self.events.append(event)
        return "user" in event

    def run(self, draft: Draft, events: Any, *, lookups: Any, now: float) -> Seen:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("one", "other", "asked"),
    [
        pytest.param({"_time": NOW}, {"_time": NOW + 60}, 1, id="another-second"),
        pytest.param({"_time": NOW}, {"_time": float(NOW)}, 2, id="a-time-of-another-type"),
        pytest.param({"_time": NOW + 0.5}, {"_time": NOW + 0.25}, 2, id="parts-of-a-second"),
        pytest.param({"_time": NOW}, {"_time": 60}, 2, id="a-time-of-few-digits"),
        pytest.param({"_time": NOW}, {"_time": str(NOW)}, 2, id="a-time-as-text"),
        pytest.param({"_time": NOW, "user": "a"}, {"_time": NOW + 60}, 2, id="another-field"),
        pytest.param({"_time": NOW, "user": 1}, {"_time": NOW, "user": True}, 2, id="types"),
    ],
)
def test_an_engine_is_asked_once_of_events_that_differ_in_their_second_only(
    one: dict[str, Any], other: dict[str, Any], asked: int
) -> None:
    engine = Asked()
    accepts = accepting(DRAFT, engine)
    events = (one, other, one)
    assert [accepts(event) for event in events] == ["user" in event for event in events]
    assert len(engine.events) == asked
