"""Conditions of SQL read back into predicates."""

from __future__ import annotations

import pytest
from transpile.backends.sql.read import source_filter

from transpile.errors import ReadingError
from transpile.ir.show import show_pred

QUERY = 'WITH "a" AS (SELECT * FROM "events" WHERE {}) SELECT "x" FROM "a" WHERE "x" > 5'


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        pytest.param("\"x\" = 'a'", 'x == "a"', id="equal"),
        pytest.param("LOWER(\"x\") = 'a'", 'x ~= "a"', id="without-case"),
        pytest.param("\"x\" ILIKE '%a%'", "x like *a*", id="ilike"),
        pytest.param("\"x\" LIKE 'a!%_' ESCAPE '!'", "x like cased a%?", id="escape"),
        pytest.param("NOT COALESCE(\"x\" = 'a', FALSE)", 'not x == "a"', id="guarded"),
        pytest.param("NOT \"x\" = 'a'", 'exists x and not x == "a"', id="unguarded-needs-a-value"),
        pytest.param("\"x\" IN ('a', 'b')", 'x == "a" or x == "b"', id="list"),
        pytest.param("\"x\" IS NOT NULL", "exists x", id="present"),
        pytest.param("\"x\" IS NULL OR \"y\" > 5", "not exists x or y > 5", id="missing"),
        pytest.param("REGEXP_MATCHES(LOWER(\"x\"), 'a|b\\.c')", "x like *a* or x like *b.c*",
                     id="alternatives-of-texts"),
        pytest.param("LEN(LIST_FILTER(\"x\", LAMBDA \"v\" : \"v\" = 'a')) > 0", 'x == "a"',
                     id="some-value-of-a-list"),
    ],
)  # fmt: skip
def test_a_condition_is_read(where: str, wanted: str) -> None:
    assert show_pred(source_filter(QUERY.format(where), ["events"], "duckdb")) == wanted


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("\"x\" = \"y\"", id="two-columns"),
        pytest.param("LOWER(\"x\") = 'A'", id="never-equal"),
        pytest.param("MD5(\"x\") = 'a'", id="function"),
    ],
)
def test_what_is_not_read_is_refused(where: str) -> None:
    with pytest.raises(ReadingError):
        source_filter(QUERY.format(where), ["events"], "duckdb")


def test_events_in_two_places_are_refused() -> None:
    with pytest.raises(ReadingError):
        source_filter('SELECT * FROM "a" UNION SELECT * FROM "a"', ["a"], "duckdb")
