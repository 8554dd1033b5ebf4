"""Changes of a rule that are known to show in no row, and near-by ones that do show."""

from __future__ import annotations

import pytest

from transpile import Content, parse
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.ir.stages import Compute, Filter, Pipeline
from transpile.verify import trial_of, verify_rule
from transpile.verify.idle import finds_nothing

CONTENT = Content.builtin()
PROCESSES = (
    "| tstats count min(_time) as first from datamodel=Endpoint.Processes "
    "where Processes.user=a* by Processes.dest | rename Processes.* as * "
)
JOINED = "| join {} [search y=1 | stats count by {}]"


@pytest.mark.parametrize(
    ("then", "idle"),
    [
        pytest.param('| eval last=strftime(last, "%F")', True, id="of-a-field-that-no-row-has"),
        pytest.param('| eval first=strftime(first, "%F")', False, id="of-one-that-rows-have"),
        pytest.param("| eval last=coalesce(last, dest)", False, id="of-another-besides"),
        pytest.param("| eval last=if(isnull(last), 1, 2)", False, id="that-asks-whether-it-is"),
        pytest.param("| eval last=now()", False, id="of-no-field"),
        pytest.param('| eval last=strftime(_time, "%F")', False, id="of-an-internal-field"),
        pytest.param('| lookup some_hosts dest | eval last=lower(last)', False,
                     id="behind-unknown-columns"),
        pytest.param('| eval last="x" | eval last=upper(last)', False, id="computed-before"),
        pytest.param('| rename first as last | eval last=strftime(last, "%F")', False,
                     id="renamed-before"),
    ],
)  # fmt: skip
def test_what_is_computed_from_fields_that_no_row_has_changes_nothing(
    then: str, idle: bool
) -> None:
    trial = trial_of(compile_rule(read_rule(PROCESSES + then), CONTENT), content=CONTENT)
    last = len(trial.pipeline.stages) - 1
    assert isinstance(trial.pipeline.stages[last], Compute)
    (dropped,) = [m for m in trial.mutants(rows=True) if m.stage == last]
    assert trial.idle(dropped) is idle


@pytest.mark.parametrize(
    ("search", "nothing"),
    [
        pytest.param("x=1 | stats count by a " + JOINED.format("b", "b"), True,
                     id="joined-by-a-field-that-the-rows-lack"),
        pytest.param("x=1 | stats count by b " + JOINED.format("b", "c"), True,
                     id="by-one-that-the-other-search-lacks"),
        pytest.param("x=1 | stats count by b " + JOINED.format("type=left b", "c"), False,
                     id="left"),
        pytest.param("x=1 | stats count by b " + JOINED.format("b", "b"), False, id="by-both"),
        pytest.param("x=1 | stats count by a | where isnotnull(b)", True, id="filtered"),
        pytest.param("x=1 | stats count by a | where isnull(b)", False, id="filtered-for-none"),
        pytest.param('x=1 | stats count by a | where b="c" OR a="c"', False, id="or-another"),
        pytest.param("x=1 | stats count by a | dedup b", True, id="one-of-each"),
        pytest.param("x=1 | stats count by a | dedup b keepempty=true", False, id="kept-empty"),
        pytest.param("x=1 | stats count by a | stats max(count) by b", True, id="grouped"),
        pytest.param("x=1 | stats count by a | dedup b | stats count", False,
                     id="a-count-of-no-rows"),
        pytest.param("x=1 | stats values(*) as * by a | where isnotnull(b)", False,
                     id="behind-any-fields"),
        pytest.param("x=1 | stats count by a | dedup b | append [search y=1]", False,
                     id="rows-of-another-search"),
    ],
)  # fmt: skip
def test_a_rule_is_known_to_find_nothing(search: str, nothing: bool) -> None:
    pipeline = parse(search, content=CONTENT)
    assert isinstance(pipeline, Pipeline)
    assert finds_nothing(pipeline) is nothing


def test_mutants_of_a_rule_that_finds_nothing_are_the_same_if_they_find_nothing() -> None:
    found = "x=1 y=2 | stats count by a, b "
    dead = verify_rule(read_rule(found + "| dedup c"), "sql:duckdb", content=CONTENT)
    assert dead.adequacy is not None
    assert not dead.adequacy.gaps
    assert dead.adequacy.same > 5
    assert dead.adequacy.killed > 0  # without the dedup it finds something
    alive = verify_rule(read_rule(found + "| dedup b"), "sql:duckdb", content=CONTENT)
    assert alive.adequacy is not None
    assert alive.adequacy.killed > 5


@pytest.mark.parametrize(
    ("then", "same"),
    [
        pytest.param("eval d=1 | search b=c", True, id="a-later-filter-asks-for-it"),
        pytest.param("dedup b", True, id="of-each-value-one-row"),
        pytest.param("dedup b consecutive=true", False, id="neighbours-are-told-apart-by-it"),
        pytest.param('rex field=b "(?<c>x+)" | eval d=lower(c) | search d=x', True,
                     id="for-what-is-taken-out-of-it"),
        pytest.param('rex field=b "(?<c>x+)" | eval e="y", d=coalesce(c, f) | stats count by d',
                     True, id="groups-are-by-what-is-made-of-it"),
        pytest.param("search NOT b=c", False, id="a-later-filter-asks-for-none"),
        pytest.param('eval b=coalesce(b, "c") | search b=c', False, id="something-in-its-place"),
        pytest.param('rex field=b "(?<c>x+)" | eval d=coalesce(c, a) | stats count by d', False,
                     id="groups-are-by-another-besides"),
        pytest.param("eventstats count as m | search b=c m>5", False, id="counted-before"),
    ],
)  # fmt: skip
def test_a_row_need_not_have_a_field_that_is_asked_for_later(then: str, same: bool) -> None:
    search = f"x=1 | stats count values(b) as b by a | where isnotnull(b) AND count>0 | {then}"
    trial = trial_of(compile_rule(read_rule(search), CONTENT), content=CONTENT)
    place = next(n for n, x in enumerate(trial.pipeline.stages) if n > 1 and isinstance(x, Filter))
    dropped = [m for m in trial.mutants(rows=True)
               if m.stage == place and m.what == "condition dropped"]  # fmt: skip
    assert [trial.idle(mutant) for mutant in dropped].count(True) == same
