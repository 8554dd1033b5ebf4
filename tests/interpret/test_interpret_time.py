"""Relative times, calendar bins, and times as text in both directions."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.interpret.strptime import strptime
from transpile.interpret.time import COMPOSED, FORMATS, calendar_floor, relative, strftime

NOW = 1_700_000_000  # Tuesday 2023-11-14 22:13:20 UTC
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo | None = None) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC).timestamp()


@pytest.mark.parametrize(
    ("modifier", "expected"),
    [
        ("now", "2023-11-14T22:13:20"),
        ("-1h", "2023-11-14T21:13:20"),
        ("+2d", "2023-11-16T22:13:20"),
        ("-h", "2023-11-14T21:13:20"),
        ("@d", "2023-11-14T00:00:00"),
        ("-1d@d", "2023-11-13T00:00:00"),
        ("@d-2h", "2023-11-13T22:00:00"),
        ("-70m@m", "2023-11-14T21:03:00"),
        ("-24h@h", "2023-11-13T22:00:00"),
        ("@s", "2023-11-14T22:13:20"),
        ("@w", "2023-11-12T00:00:00"),
        ("@w0", "2023-11-12T00:00:00"),
        ("@w1", "2023-11-13T00:00:00"),
        ("@w3", "2023-11-08T00:00:00"),
        ("@w7", "2023-11-12T00:00:00"),
        ("@mon", "2023-11-01T00:00:00"),
        ("@q", "2023-10-01T00:00:00"),
        ("@y", "2023-01-01T00:00:00"),
        ("-1mon", "2023-10-14T22:13:20"),
        ("-1q@q", "2023-07-01T00:00:00"),
        ("-1y", "2022-11-14T22:13:20"),
        ("-2weeks", "2023-10-31T22:13:20"),
        ("-1month@month", "2023-10-01T00:00:00"),
        ("-1d@d+8h+30m", "2023-11-13T08:30:00"),
    ],
)
def test_relative(modifier: str, expected: str) -> None:
    assert relative(NOW, modifier, UTC) == at(expected)


@pytest.mark.parametrize("modifier", ["soon", "-1x", "@w8", "@d7", "1d", "-1d@", "-1d d"])
def test_what_is_no_modifier(modifier: str) -> None:
    assert relative(NOW, modifier, UTC) is None


def test_the_last_day_of_a_month_stays_in_the_month() -> None:
    assert relative(at("2024-03-31T10:00:00"), "-1mon", UTC) == at("2024-02-29T10:00:00")


def test_days_are_calendar_days_and_hours_are_not() -> None:
    after_change = at("2023-10-29T12:00:00", BERLIN)  # the clock went back at three
    assert relative(after_change, "-1d", BERLIN) == at("2023-10-28T12:00:00", BERLIN)
    assert relative(after_change, "-24h", BERLIN) == at("2023-10-28T13:00:00", BERLIN)
    assert relative(after_change, "@d", BERLIN) == at("2023-10-29T00:00:00", BERLIN)


@pytest.mark.parametrize(
    ("count", "unit", "expected"),
    [
        (1, "day", "2023-11-14"),
        (7, "day", "2023-11-09"),
        (1, "week", "2023-11-12"),
        (1, "month", "2023-11-01"),
        (2, "month", "2023-11-01"),
        (1, "quarter", "2023-10-01"),
        (1, "year", "2023-01-01"),
    ],
)
def test_calendar_bins(count: int, unit: str, expected: str) -> None:
    assert calendar_floor(NOW, count, unit, UTC) == at(expected)


def test_calendar_bins_of_nonsense_are_missing() -> None:
    assert calendar_floor(NOW, 1, "eon", UTC) is None
    assert calendar_floor(1e30, 1, "day", UTC) is None


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("%Y-%m-%dT%H:%M:%S", "2023-11-14T22:13:20"),
        ("%y %b %B %e %j", "23 Nov November 14 318"),
        ("%k|%I|%p", "22|10|PM"),
        ("%a %A %w %u", "Tue Tuesday 2 2"),
        ("%U %W %V %G", "46 46 46 2023"),
        ("%Z %z %:z %::z", "UTC +0000 +00:00 +00:00:00"),
        ("%F %T", "2023-11-14 22:13:20"),
        ("%m/%d/%y %x %X", "11/14/23 11/14/2023 22:13:20"),
        ("%c", "Tue Nov 14 22:13:20 2023"),
        ("%+", "Tue Nov 14 22:13:20 UTC 2023"),
        ("%f %N %3N %6N %9N %Q %3Q %6Q %9Q", "250000 250000000 250 250000 250000000 250 250 250000 "
                                             "250000000"),
        ("%s %% %?", "1700000000 % %?"),
    ],
)  # fmt: skip
def test_strftime(form: str, expected: str) -> None:
    assert strftime(NOW + 0.25, form, UTC) == expected


def test_every_directive_of_the_list_is_known() -> None:
    listed = [
        "Y",
        "y",
        "m",
        "b",
        "B",
        "d",
        "e",
        "j",
        "H",
        "k",
        "I",
        "M",
        "S",
        "p",
        "Z",
        "z",
        ":z",
        "::z",
        "s",
        "a",
        "A",
        "w",
        "U",
        "V",
        "F",
        "T",
        "x",
        "X",
        "c",
        "+",
        "%",
        "f",
        "N",
        "Q",
    ]
    assert not [name for name in listed if name not in FORMATS and name not in COMPOSED]


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("2023-11-14 22:13:20", "%Y-%m-%d %H:%M:%S", NOW),
        ("2023-11-14T22:13:20.250Z", "%Y-%m-%dT%H:%M:%S.%3N%z", NOW + 0.25),
        ("2023-11-14 23:13:20 +01:00", "%F %T %:z", NOW),
        ("11/14/23 10:13:20 PM", "%m/%d/%y %I:%M:%S %p", NOW),
        ("14 nov 2023 22:13:20 GMT", "%d %b %Y %H:%M:%S %Z", NOW),
        ("Tue Nov 14 22:13:20 2023", "%c", NOW),
        ("1700000000", "%s", NOW),
        ("22:13:20", "%H:%M:%S", NOW),
        ("2023-11-14 and more", "%Y-%m-%d", 1_699_920_000),
        ("2023 318", "%Y %j", 1_699_920_000),
        ("2023-02-30", "%Y-%m-%d", None),
        ("not a time", "%Y-%m-%d", None),
        ("12:00 pm", "%I:%M %p", 1_699_963_200),
        ("13:00 pm", "%I:%M %p", None),
        ("x", "%?", None),
    ],
)
def test_strptime(text: str, form: str, expected: float | None) -> None:
    assert strptime(text, form, UTC, NOW) == expected


def test_strptime_reads_the_clock_of_the_users_zone() -> None:
    assert strptime("2023-11-14 23:13:20", "%F %T", BERLIN, NOW) == NOW
    assert strptime("2023-11-14 22:13:20 UTC", "%F %T %Z", BERLIN, NOW) == NOW
    assert strptime("2023-11-14 22:13:20 Nowhere/Town", "%F %T %Z", BERLIN, NOW) is None


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.integers(0, 4_000_000_000), st.sampled_from(["%F %T %z", "%c %z", "%s", "%m/%d/%Y %T %:z"])
)
def test_what_strftime_writes_strptime_reads(time: int, form: str) -> None:
    written = strftime(time, form, BERLIN)
    assert written is not None
    assert strptime(written, form, UTC, NOW) == time
