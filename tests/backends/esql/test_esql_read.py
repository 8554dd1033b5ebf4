"""ES|QL read into the IR: what the filters mean, held to the engine; what is left opaque."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transpile.backends.esql.engine.evaluate import Row, Rows, Run, evaluate
from transpile.backends.esql.engine.parser import parse_esql
from transpile.backends.esql.read import read_esql

from transpile.errors import ReadingError
from transpile.interpret import compile_pred, event_row
from transpile.ir import stages as s
from transpile.ir.pred import all_of
from transpile.ir.show import show, show_pred

TYPES = {"s": "keyword", "t": "keyword", "n": "long", "b": "boolean", "ip": "ip"}


def filters(query):
    return [st_ for st_ in read_esql(query).pipeline.stages if isinstance(st_, s.Filter)]


def left(query):
    return [x for x in read_esql(query).pipeline.stages if isinstance(x, s.Opaque)]


@pytest.mark.parametrize(
    ("commands", "shown"),
    [
        pytest.param('where a == "x" // why\n and b != "y"',
                     'a == "x" and exists b and not b == "y"', id="unequal-asks-for-the-field"),
        pytest.param('WHERE a.b::string LIKE "x*" /* | */', "a.b like cased x*", id="cast"),
        pytest.param('EVAL l = TO_LOWER(a) | WHERE l LIKE "*x|y*"', "a like *x|y*",
                     id="computed-in-small-letters"),
        pytest.param('WHERE TO_UPPER(a) == "X"', 'a ~= "X"', id="capital-letters"),
        pytest.param('WHERE not a in ("x", "y")', 'exists a and not a == "x" and not a == "y"',
                     id="not-in"),
        pytest.param('WHERE NOT KQL("""a: x* and b: y""")', 'not (a like cased x* and b == "y")',
                     id="kql-is-two-valued"),
        pytest.param("WHERE LENGTH(a) > 5 | WHERE b IS NULL", "len(a) > 5 and not exists b",
                     id="two-commands"),
        pytest.param('WHERE a == "x" | GROK c "%{WORD:a}" | KEEP a | SORT a', 'a == "x"',
                     id="commands-that-keep-all-rows"),
        pytest.param('WHERE message : "a|b"', "message like *a* or message like *b*",
                     id="any-word-of-a-text"),
        pytest.param('WHERE STARTS_WITH(a, "x") AND ENDS_WITH(TO_LOWER(b), "y*")',
                     r"a like cased x* and b like *y\*", id="ends"),
        pytest.param('WHERE a RLIKE """x.*"""', r"a =~ /(?s)\A(?:x(?:.*))\z/", id="expression"),
    ],
)  # fmt: skip
def test_what_is_read(commands, shown):
    query = f"FROM logs-*, x METADATA _id | {commands}"
    (found,) = filters(query)
    assert show_pred(found.pred) == shown
    assert left(query) == []
    assert dict.fromkeys(read_esql(query).pipeline.stages[0].origin) == dict.fromkeys(
        (("taxonomy", "ecs"), ("index", "logs-*"), ("index", "x"))
    )


@pytest.mark.parametrize(
    ("commands", "commands_left", "changes"),
    [
        pytest.param("STATS c = COUNT(*) BY a | WHERE c > 5 | SORT c", "ES|QL's STATS, WHERE, SORT",
                     True, id="groups"),
        pytest.param("EVAL x = CASE(a == 1, 1, 0) | WHERE x == 1", "a condition", False,
                     id="computed"),
        pytest.param('GROK a "%{WORD:w}" | WHERE w IS NOT NULL', "a condition", False, id="grok"),
        pytest.param('WHERE MATCH(a, "words")', "a condition", False, id="search-of-words"),
        pytest.param('WHERE TO_LOWER(a) == "X"', "a condition", False, id="never"),
        pytest.param("LIMIT 5", "limit", False, id="limit"),
    ],
)  # fmt: skip
def test_what_is_left(commands, commands_left, changes):
    query = f'FROM x | WHERE a == "x" AND b == "y" | {commands}'
    assert [show_pred(found.pred) for found in filters(query)] == ['a == "x" and b == "y"']
    (found,) = left(query)
    assert (found.command, found.filters, found.changes) == (commands_left, True, changes)


@pytest.mark.parametrize("query", ["", "ROW a = 1", "SHOW INFO"])
def test_a_query_without_events_is_refused(query):
    with pytest.raises(ReadingError) as caught:
        read_esql(query)
    assert caught.value.code == "CNT410"


TESTS = st.sampled_from([
    's == "x"', 's != "x"', '"x" == s', "s == t", "s != t", "n > 4", "5 >= n", "n == 5", "n != 5",
    's LIKE "x*"', 's NOT LIKE "?"', 's IN ("x", "y")', 's NOT IN ("x", "Y")', 's RLIKE "x|Y."',
    "s IS NULL", "s IS NOT NULL", 'TO_LOWER(s) == "x"', 'TO_LOWER(s) LIKE "x*"',
    'TO_UPPER(t) IN ("X", "Y")',
    "LENGTH(s) > 1", "b", "b == true", 'CIDR_MATCH(ip, "10.0.0.0/8", "::1/128")',
    'KQL("s: \\"x\\"")', "true",
])  # fmt: skip
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: inner.map(lambda x: f"NOT ({x})")
    | st.tuples(inner, st.sampled_from(["AND", "or"]), inner).map(
        lambda x: f"({x[0]}) {x[1]} {x[2]}"
    ),
    max_leaves=5,
)
TEXTS = st.sampled_from(["x", "X", "xy", "Xy", "Y", "", "x*"])
ROWS = st.fixed_dictionaries({}, optional={
    "s": TEXTS, "t": TEXTS, "n": st.integers(3, 6), "b": st.booleans(),
    "ip": st.sampled_from(["10.1.2.3", "1.1.1.1", "::1"]),
})  # fmt: skip


@given(CONDITIONS, st.lists(ROWS, min_size=1, max_size=6))
def test_the_filters_keep_the_rows_that_the_engine_keeps(condition, drawn):
    rows = [Row({**dict.fromkeys(TYPES), **row}, frozenset((at,))) for at, row in enumerate(drawn)]
    query = f"FROM x | WHERE {condition}"
    kept = evaluate(parse_esql(query), Rows(TYPES, rows), Run(0.0, {})).rows
    wanted = frozenset[int]().union(*(row.events for row in kept))
    finds = compile_pred(all_of(found.pred for found in filters(query)))
    found = {at for at, row in enumerate(drawn) if finds(event_row(_shown(row)))}
    assert found == wanted if not left(query) else found >= wanted, show(read_esql(query).pipeline)


def _shown(row):
    return {name: str(v).lower() if isinstance(v, bool) else v for name, v in row.items()}
