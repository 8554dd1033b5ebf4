"""Rows that no stage brings together, and mutants that are run on some of them only."""

from __future__ import annotations

from itertools import product

import pytest

from transpile import Content, parse
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.interpret import Context, NotComputable
from transpile.interpret.engine import Run
from transpile.ir import stages as s
from transpile.verify import trial_of
from transpile.verify.bits import indices
from transpile.verify.parts import parts

CONTENT = Content.builtin()
ROWS = [{"a": "x", "b": "1"}, {"a": "y", "b": "1"}, {"a": "x", "b": "2"}, {"b": "2"}]


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        pytest.param("eval c=a", [[0], [1], [2], [3]], id="row-by-row"),
        pytest.param("stats count by a", [[0, 2], [1], [3]], id="one-key"),
        pytest.param("stats count by a, b", [[0], [1], [2], [3]], id="two-keys"),
        pytest.param("stats count by a, b | stats sum(count) by b", [[0, 1], [2, 3]],
                     id="keys-of-both-groupings"),
        pytest.param("stats count by a | rename a as c | eventstats avg(count) by c",
                     [[0, 2], [1], [3]], id="renamed-key"),
        pytest.param("stats count by a | eval a=1 | eventstats avg(count) by a", None,
                     id="key-made-anew"),
        pytest.param("stats count by a | eventstats avg(count)", None, id="all-in-one"),
        pytest.param("stats count by a | sort 1 a", None, id="limit"),
        pytest.param("streamstats window=2 count by a", None, id="rows-before"),
        pytest.param("fillnull value=x", None, id="fields-of-other-rows"),
        pytest.param("fillnull value=x a | stats count by a", [[0, 2, 3], [1]], id="filled-key"),
    ],
)  # fmt: skip
def test_rows_are_in_parts_by_the_keys_of_all_groupings(
    search: str, wanted: list[list[int]] | None
) -> None:
    _, *stages = parse(f"* | {search}").stages
    behind = [stage for stage in stages if type(stage).__name__ != "Filter"]
    found = parts(behind, ROWS, Run(s.Pipeline((s.Events(), *behind)), (), Context(), track=True))
    assert (None if found is None else sorted(map(indices, found))) == wanted


EVENTS = [
    {"_time": 1_767_225_600 - at, "a": "xxy"[at % 3], "b": "yz"[at % 2], "c": "kl"[at // 2 % 2],
     "d": ("k", "l", ["k", "l"])[at % 3], "g": ["1", "2"][: at % 3]}
    for at in range(24)
]  # fmt: skip


@pytest.mark.parametrize(
    "search",
    [
        pytest.param("a=x* OR b=y | stats count as n by c | where n>2", id="threshold"),
        pytest.param("a=x | stats dc(b) as n by c, d | rename c as e | where n>=1 AND e!=\"z\"",
                     id="renamed"),
        pytest.param("a=x NOT b=y | eval k=lower(b) | search k=z* | table k c", id="row-by-row"),
        pytest.param("a=x | stats count as n by c, d | eventstats max(n) as m by c | where n=m",
                     id="two-groupings"),
        pytest.param("a=x | stats count as n by c | eventstats avg(n) as m | where n>m",
                     id="all-together"),
        pytest.param('a=x | rex field=b "(?<k>\\w+)" | stats values(k) as k by c | search k=v',
                     id="extracted"),
        pytest.param("a=x | stats count as n by c | where n>1 | search c!=z* OR n>5 | fields c",
                     id="filters-behind-a-grouping"),
        pytest.param("a=x | eval c=mvappend(b, d) | stats count as n by c"
                     " | where n>1 AND c!=\"z\"",
                     id="events-in-several-groups"),
        pytest.param("a=x | stats count as n by c | join c [search b=y | stats count as m by c]"
                     " | where n>=m | table c n m", id="joined"),
        pytest.param("a=x | append [search b=y] | stats dc(a) as n by c | where n>1",
                     id="appended"),
        pytest.param("a=x NOT [search b=y | head 1 | fields c] | stats count as n by c | where n>1",
                     id="inner-search-in-a-leading-filter"),
        pytest.param("a=x | stats count as n by c | search [search b=y | head 1 | fields c] n>1",
                     id="inner-search-in-a-late-filter"),
        pytest.param("a=x | stats count as n by c | appendpipe [stats sum(n) as n | eval c=1]"
                     " | where n>1", id="rows-of-rows"),
        pytest.param("a=x | eval k=mvcount('g{}') | where k>1 | stats count by k", id="arrays"),
        pytest.param("a=x | eval k=random()%2 | where k=0 | stats count as n by c | where n>1",
                     id="by-chance"),
    ],
)  # fmt: skip
def test_a_mutant_finds_in_its_parts_what_it_finds_in_all(search: str) -> None:
    compiled = compile_rule(read_rule(search), CONTENT)
    trial = trial_of(compiled, EVENTS, content=CONTENT, now=1_767_225_600.0)
    runs, mutants = trial.runs, trial.mutants(rows=True)
    assert mutants
    halves = (sum(1 << at for at in range(at, len(trial.events), 2)) for at in (0, 1))
    for tried, mutant in product((*halves, runs.all), (None, *mutants)):
        try:
            whole = runs._whole(tried, mutant)
        except NotComputable:
            continue
        found = runs.result(tried, mutant)
        assert (found.multiset, found.matched) == (whole.multiset, whole.matched), mutant
