"""How events of a conversion are completed."""

from __future__ import annotations

import pytest

from transpile import parse
from transpile.ir.pred import TRUE
from transpile.verify.witness import Maker, maker_for, scenes


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


@pytest.mark.parametrize(
    ("asked", "whole"),
    [
        pytest.param("Web.status=200", True, id="a-number"),
        pytest.param("Web.status=4*", True, id="numbers-by-their-first-digit"),
        pytest.param('Web.status IN ("unknown", "200")', False, id="a-word-beside-a-number"),
        pytest.param("Web.status!=unknown", False, id="a-word-that-is-excluded"),
        pytest.param("Web.http_method=unknown", True, id="a-word-in-another-field"),
    ],
)
def test_a_field_that_a_rule_compares_with_words_holds_not_only_numbers(
    asked: str, whole: bool
) -> None:
    search = f"| tstats count from datamodel=Web where {asked} by Web.url"
    assert maker_for(parse(search)).whole("status") is whole


@pytest.mark.parametrize(
    ("name", "single"),
    [
        pytest.param("status", True, id="a-field-of-the-model"),
        pytest.param("tag", False, id="an-event-has-several-tags"),
        pytest.param("eventtype", False, id="an-event-is-of-several-types"),
        pytest.param("a{}.b", False, id="members-of-an-array"),
    ],
)
def test_a_field_has_several_values_as_its_name_tells(name: str, single: bool) -> None:
    search = "| tstats count from datamodel=Web where Web.status=200 by Web.url"
    assert maker_for(parse(search)).single(name) is single


def test_a_field_of_one_value_is_given_one() -> None:
    pipeline = parse('sourcetype="linux:audit" proctitle=x* proctitle=*y NOT proctitle=x*y')
    maker = maker_for(pipeline)
    assert maker.single("proctitle")
    events = [event for scene in scenes(pipeline, maker) for group in scene for event in group]
    assert not [event for event in events if isinstance(event.get("proctitle"), list)]
