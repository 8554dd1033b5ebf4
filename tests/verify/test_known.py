"""What is known of the fields that a rule computes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from transpile import parse
from transpile.ir.text import fold
from transpile.tables import Table
from transpile.verify.known import ABSENT, Kind, known_before


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
        pytest.param("a=1 | stats count as n by b | rename n as m", "n", ABSENT,
                     id="the-name-before"),
        pytest.param("a=1 | stats count as n.x by b | rename n.* as *", "x", Kind(True, True, True),
                     id="renamed-by-a-wildcard"),
        pytest.param("a=1 | eval n.x=if(b=1, \"x\", null()) | rename n.* as *", "x", Kind(),
                     id="renamed-by-a-wildcard-or-there-before"),
        pytest.param("a=1 | eval n.x=\"x\" | rename n.* as *", "x",
                     Kind(True, False, True, ("x",)), id="always-renamed-by-a-wildcard"),
        pytest.param("a=1 | stats count as n.x by b | rename n.* as *", "n.x", ABSENT,
                     id="the-name-before-a-wildcard"),
        pytest.param("a=1 | stats count as n.x by b | rename n.* as *", "z", ABSENT,
                     id="no-field-comes-of-a-wildcard"),
        pytest.param('a=1 | eval n=if(b=1, "x", null())', "n", Kind(single=True, texts=("x",)),
                     id="one-text-or-none"),
        pytest.param('a=1 | stats count by b | where b="x" OR b="y"', "b",
                     Kind(True, False, True, ("x", "y")), id="limited-by-a-filter"),
        pytest.param("a=1 | stats count by b | search b=x1", "b",
                     Kind(True, False, True, forms=("[Xx][1]",)), id="limited-in-any-case"),
        pytest.param('a=1 | stats values(b) as n by c | where n="x"', "n", Kind(),
                     id="a-list-of-which-one-is-limited"),
        pytest.param("a=1 | stats count by c | lookup t c OUTPUT b | eval b=mvindex(b,0) "
                     "| where isnotnull(b)", "b", Kind(single=True, present=True),
                     id="present-behind-a-filter"),
        pytest.param("a=1 | eval n=1 | rename n as n", "n", Kind(True, False, True, ("1",)),
                     id="renamed-to-itself"),
        pytest.param("a=1 | eval n=if(b=1, 1, 0)", "n", Kind(True, False, True, ("1", "0")),
                     id="one-of-two"),
        pytest.param("a=1 | eval n=substr(c, 1, 2)", "n",
                     Kind(single=True, forms=(r"(?:.|\n){0,2}",)), id="of-a-length-at-most"),
        pytest.param("a=1 | eval n=substr(c, 2)", "n", Kind(single=True), id="of-any-length"),
        pytest.param("a=1 | stats count by c, d | eval n=lower(c)", "n",
                     Kind(single=True, present=True), id="made-of-what-is-there"),
        pytest.param("a=1 | stats values(c) as c by d | eval n=lower(c)", "n", Kind(),
                     id="made-of-what-may-be-missing"),
        pytest.param("a=1", "n", Kind(), id="of-the-source"),
    ],
)  # fmt: skip
def test_what_is_known_of_a_field(search: str, field: str, wanted: Kind) -> None:
    pipeline = parse(search)
    known = known_before(pipeline, lambda name: False, lambda name: False)
    assert known[-1].of(field) == wanted


def test_a_limit_in_any_case_holds_all_that_are_equal_in_any_case() -> None:
    known = known_before(parse("a=1 | stats count by b | search b=KS"), bool, bool)
    (form,) = known[-1].of("b").forms
    signs = "kKsS\N{KELVIN SIGN}\N{LATIN SMALL LETTER LONG S}"
    texts = [one + two for one in signs for two in signs]
    assert {x for x in texts if re.fullmatch(form, x)} == {x for x in texts if fold(x) == "ks"}


COLOURS = Table("colours", ({"code": "r", "name": "red"}, {"code": "g", "name": "green"}))


@pytest.mark.parametrize(
    ("search", "text", "excluded"),
    [
        pytest.param("eval n=coalesce(name, code)", "r", True, id="its-answer-comes-first"),
        pytest.param("eval n=coalesce(name, code)", "R", False, id="no-key-in-another-case"),
        pytest.param("eval n=coalesce(name, code)", "red", False, id="an-answer"),
        pytest.param("eval n=coalesce(name, other)", "r", False, id="looked-up-by-another-field"),
        pytest.param("eval code=lower(x), n=coalesce(name, code)", "r", False, id="key-changed"),
        pytest.param("rename x as code | eval n=coalesce(name, code)", "r", False, id="renamed"),
        pytest.param("eval n=name", "blue", True, id="no-answer-of-the-column"),
    ],
)  # fmt: skip
def test_a_value_behind_a_lookup_is_none_that_it_answers(
    search: str, text: str, excluded: bool
) -> None:
    before = "a=1 | stats count by code, other, x | lookup colours code OUTPUT name"
    pipeline = parse(f"{before} | {search}")
    known = known_before(pipeline, lambda name: False, lambda name: False, {"colours": COLOURS})
    assert known[-1].of("n").excludes(text) is excluded


ONE_EACH = Table("one_each", COLOURS.rows, max_matches=1)


@pytest.mark.parametrize(
    ("search", "table", "wanted"),
    [
        pytest.param("by code", ONE_EACH, Kind(True, texts=("red", "green")), id="one-row-a-key"),
        pytest.param("by code", COLOURS, Kind(texts=("red", "green")), id="perhaps-several"),
        pytest.param("values(code) as code by x", ONE_EACH, Kind(texts=("red", "green")),
                     id="perhaps-several-keys"),
        pytest.param("by code", Table("none", ()), ABSENT, id="no-rows"),
        pytest.param("by code, name", Table("none", ()), Kind(True, present=True),
                     id="what-was-there-before"),
        pytest.param("by code", Table("unknown", None), Kind(), id="unknown-rows"),
    ],
)  # fmt: skip
def test_what_is_known_of_the_answers_of_a_lookup(search: str, table: Table, wanted: Kind) -> None:
    pipeline = parse(f"a=1 | stats count {search} | lookup {table.name} code OUTPUT name")
    known = known_before(pipeline, lambda name: False, lambda name: False, {table.name: table})
    assert replace(known[-1].of("name"), answers=ABSENT.answers) == wanted


@pytest.mark.parametrize(
    ("then", "wanted"),
    [
        pytest.param("eval n=if(count>gone+1, 1, 0)", Kind(True, False, True, ("0",)),
                     id="a-sum-of-what-no-row-has"),
        pytest.param("eval n=if(count>coalesce(gone, 1), 1, 0)",
                     Kind(True, False, True, ("1", "0")), id="something-in-its-place"),
        pytest.param('eval n=mvdedup(mvfilter(gone!="x"))', ABSENT, id="a-list-of-none"),
        pytest.param("eval n=if(isnull(gone), 1, 0)", Kind(True, False, True, ("1",)),
                     id="that-it-is-not-there"),
    ],
)  # fmt: skip
def test_what_is_made_of_a_field_that_no_row_has(then: str, wanted: Kind) -> None:
    known = known_before(parse(f"a=1 | stats count by b | {then}"), bool, bool)
    assert known[-1].of("n") == wanted
