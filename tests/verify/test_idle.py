"""Changes of a rule that are known to show in no row, and near-by ones that do show."""

from __future__ import annotations

import pytest

from transpile import Content, parse
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.interpret import compile_expr, compile_pred
from transpile.ir.expr import Call, Field, Lit
from transpile.ir.functions import FUNCTIONS, TOTAL
from transpile.ir.pred import TRUE, Exists
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
        pytest.param("fillnull value=c b | search b=c", False, id="it-is-filled"),
        pytest.param("fillnull value=c | search b=c", False, id="all-that-others-have-are-filled"),
        pytest.param("filldown b | search b=c", False, id="filled-with-that-of-the-row-before"),
    ],
)  # fmt: skip
def test_a_row_need_not_have_a_field_that_is_asked_for_later(then: str, same: bool) -> None:
    search = f"x=1 | stats count values(b) as b by a | where isnotnull(b) AND count>0 | {then}"
    trial = trial_of(compile_rule(read_rule(search), CONTENT), content=CONTENT)
    place = next(n for n, x in enumerate(trial.pipeline.stages) if n > 1 and isinstance(x, Filter))
    dropped = [m for m in trial.mutants(rows=True)
               if m.stage == place and m.what == "condition dropped"]  # fmt: skip
    assert [trial.idle(mutant) for mutant in dropped].count(True) == same


@pytest.mark.parametrize(
    ("then", "same"),
    [
        pytest.param('eval d=replace(b, "a", "z") | where d!=e', True, id="made-of-it"),
        pytest.param('eval d=coalesce(b, "z") | where d!=e', False, id="or-of-another"),
        pytest.param("rename b as d | where d!=e", True, id="renamed"),
        pytest.param("rename f as b | where b!=e", False, id="another-in-its-place"),
        pytest.param("rename f.* as * | where b!=e", False, id="perhaps-another-in-its-place"),
        pytest.param("eval e=d, d=b | where e!=d", True, id="of-what-was-there-before"),
        pytest.param('bin b span=5 | rex field=t "(?<b>x+)" | where b!=e', False,
                     id="perhaps-taken-out-of-a-text"),
        pytest.param("spath input=j | where b!=e", False, id="perhaps-out-of-json"),
        pytest.param("fields - b | where isnull(b)", False, id="asked-for-none"),
        pytest.param("eventstats count as n | where b!=e AND n>1", False, id="counted-before"),
        pytest.param("sort 5 a | where b!=e", False, id="a-place-of-a-few-taken"),
        pytest.param("stats count by b", True, id="in-no-group"),
        pytest.param("stats count by a", False, id="in-a-group-of-others"),
    ],
)  # fmt: skip
def test_an_event_need_not_have_a_field_that_is_asked_for_later(then: str, same: bool) -> None:
    rule = compile_rule(read_rule(f"x=1 b!=c | {then} | stats count"), CONTENT)
    trial = trial_of(rule, content=CONTENT)
    answers = [trial.same(m, TRUE) for m in trial.mutants(rows=True)
               if m.stage == 1 and m.what == "condition dropped"]  # fmt: skip
    assert [answer is not None and answer.holds for answer in answers].count(True) == same


BASELINE = (
    "x=1 y=2 [search x=1 | stats count as c by k | inputlookup base append=t "
    "| stats values(*) as * by k | eval limit=n+1 | eval hit=if(c>limit, 1, 0) | where hit=1 "
    "| table k] | stats count by k, z"
)


@pytest.mark.parametrize(
    ("search", "rows", "dead"),
    [
        pytest.param(BASELINE, [], True, id="sums-of-what-no-row-has"),
        pytest.param(BASELINE, [{"k": "a", "n": "0"}], False, id="the-table-has-rows"),
        pytest.param(BASELINE.replace("c>limit, 1, 0", "c>limit, 1, 1"), [], False,
                     id="the-other-branch-will-do"),
        pytest.param(BASELINE.replace("n+1", "coalesce(n, 0)"), [], False, id="a-default"),
        pytest.param(BASELINE.replace("eval limit=n+1", "eval limit=limit+1"), [], True,
                     id="made-of-itself"),
        pytest.param(BASELINE.replace("by k | inputlookup", "by k, n | inputlookup"), [], False,
                     id="the-events-have-it"),
    ],
)  # fmt: skip
def test_a_search_that_finds_nothing_lets_no_row_pass(
    search: str, rows: list[dict[str, str]], dead: bool
) -> None:
    content = CONTENT.with_lookups({"base": rows})
    trial = trial_of(compile_rule(read_rule(search), content), content=content)
    changed = next(m for m in trial.mutants(rows=True) if m.stage == 1 and m.pred is not None
                   and m.what == "literal one character short")  # fmt: skip
    found = trial.same(changed, TRUE)
    assert found is not None
    assert bool(found.holds) is dead
    grouped = next(m for m in trial.mutants(rows=True) if "grouping" in m.what)
    assert trial.idle(grouped) is dead


STRICT = [name for name, function in FUNCTIONS.items() if not function.null and function.least]


@pytest.mark.parametrize("name", STRICT)
def test_a_strict_function_has_no_result_without_one_of_its_arguments(name: str) -> None:
    function = FUNCTIONS[name]
    for count in range(function.least, (function.most or function.least) + 1):
        for gone in range(count):
            args = tuple(Lit(None) if at == gone else Lit(1) for at in range(count))
            assert compile_expr(Call(name, args))({}) is None


@pytest.mark.parametrize("name", sorted((*TOTAL, "replace")))
def test_a_total_function_has_a_result_if_its_arguments_have_values(name: str) -> None:
    count = 3 if name == "replace" else FUNCTIONS[name].least
    for value in ("", "x", " ", "1", 2.5, ["a", ""]):
        expr = Call(name, (Field("f"), *[Lit("")] * (count - 1)))
        assert compile_pred(Exists(expr))({"f": value})
