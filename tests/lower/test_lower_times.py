"""Spans, durations and time bounds as the lowering reads them (spl-semantics 5.9, 7.1, 7.4)."""

from __future__ import annotations

import pytest

from transpile.ir.expr import Call, Expr, Lit
from transpile.ir.stages import Events
from transpile.lower import lower
from transpile.lower.common import CannotLower, duration, duration_with_days, span_of, time_bound
from transpile.spl import parse

NOW = Call("now")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        pytest.param("5m", (300.0, ""), id="minutes"),
        pytest.param("5min", (300.0, ""), id="long-unit"),
        pytest.param("2 hours", (7200.0, ""), id="blank-between"),
        pytest.param("H", (3600.0, ""), id="upper-case-without-number"),
        pytest.param("1mon", (1.0, "month"), id="mon-is-no-minute"),
        pytest.param("1d", (1.0, "day"), id="day-is-a-calendar-unit"),
        pytest.param("2w", (2.0, "week"), id="weeks"),
        pytest.param("1q", (1.0, "quarter"), id="quarter"),
        pytest.param("100ms", (0.1, ""), id="subseconds"),
        pytest.param("10", (10.0, ""), id="no-unit"),
        pytest.param("0.5", (0.5, ""), id="fraction"),
    ],
)
def test_span(text: str, span: tuple[float, str]) -> None:
    assert span_of(text) == pytest.approx(span) if span[1] == "" else span_of(text) == span


@pytest.mark.parametrize("text", ["", "5x", "2log3", "m5", "-5m", "1h30m"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(CannotLower, match="span"):
        span_of(text)


def test_a_duration_of_days_has_24_hours() -> None:
    assert duration_with_days("2d") == 2 * 86400
    assert duration_with_days("1w") == 7 * 86400
    assert duration("90s") == 90


def test_a_duration_of_months_has_no_length() -> None:
    with pytest.raises(CannotLower, match="no fixed length"):
        duration_with_days("1mon")


@pytest.mark.parametrize(
    ("text", "begin", "bound"),
    [
        pytest.param("-70m@m", True, Call("relative_time", (NOW, Lit("-70m@m"))), id="modifier"),
        pytest.param("+1d", False, Call("relative_time", (NOW, Lit("+1d"))), id="plus"),
        pytest.param("@d", True, Call("relative_time", (NOW, Lit("@d"))), id="snap-only"),
        pytest.param("now", False, NOW, id="now"),
        pytest.param("now()", False, NOW, id="now-as-a-call"),
        pytest.param("1700000000", True, Lit(1700000000), id="epoch"),
        pytest.param(
            "10/5/2016:20:00:00",
            False,
            Call("strptime", (Lit("10/5/2016:20:00:00"), Lit("%m/%d/%Y:%H:%M:%S"))),
            id="absolute",
        ),
        pytest.param("0", True, None, id="zero-begins-with-all-of-time"),
        pytest.param("1", True, None, id="one-too"),
        pytest.param("0", False, Lit(0), id="zero-as-an-end-is-a-time"),
        pytest.param("", False, None, id="empty"),
    ],
)
def test_time_bound(text: str, begin: bool, bound: Expr | None) -> None:
    assert time_bound(text, begin=begin) == bound


def test_the_last_bound_of_a_conjunction_wins() -> None:
    source = lower(parse("a=1 (earliest=5 b=2) earliest=7 latest=9")).stages[0]
    assert source == Events(earliest=Lit(7), latest=Lit(9))


@pytest.mark.parametrize(
    "spl",
    ["earliest=5 OR a=1", "NOT earliest=5", "* | search earliest=5", "_index_earliest=5"],
)
def test_a_bound_that_is_no_range_of_the_search_becomes_a_condition(spl: str) -> None:
    source, condition = lower(parse(spl)).stages
    assert source == Events()
    assert "time" in repr(condition)
    assert "Lit(value=5)" in repr(condition)
