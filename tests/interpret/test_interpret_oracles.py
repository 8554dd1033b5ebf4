"""Stages held against SQLite: random rows, an SPL search, and SQL written for the test by hand.

The values leave no room for two readings: keys are short texts, amounts are integers, and an empty
text does not occur. What is missing for SPL is NULL for SQL.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile import Content, run

Row = dict[str, Any]
Rows = list[Row]

COLUMNS = ("id", "k", "g", "n", "v")
CONTENT = Content.builtin()

keys = st.sampled_from(["ka", "kb", "KA", None])
rows = st.lists(
    st.fixed_dictionaries(
        {
            "k": keys,
            "g": keys,
            "n": st.none() | st.integers(-20, 120),
            "v": st.sampled_from(["x", "y", "z", "Y", None]),
        }
    ),
    max_size=14,
).map(lambda items: [{"id": number, **item} for number, item in enumerate(items)])


def held(row: Mapping[str, Any]) -> Row:
    """Return a row without what is missing, as an event has it."""
    return {name: value for name, value in row.items() if value is not None}


def searched(search: str, events: Rows) -> Rows:
    return [dict(row) for row in run(search, [held(e) for e in events], content=CONTENT)]


def queried(query: str, events: Rows, lists: Sequence[str] = ()) -> Rows:
    """Return what SQLite yields over the rows; `lists` are columns that hold JSON arrays."""
    with sqlite3.connect(":memory:") as database:
        database.row_factory = sqlite3.Row
        database.execute("CREATE TABLE t (id INTEGER, k TEXT, g TEXT, n INTEGER, v TEXT)")
        marks = ", ".join(f":{column}" for column in COLUMNS)
        database.executemany(f"INSERT INTO t VALUES ({marks})", events)
        found = [held(dict(row)) for row in database.execute(query)]
    database.close()
    for row in found:
        for name in lists:
            items = json.loads(row.pop(name))
            if items:
                row[name] = items[0] if len(items) == 1 else items
    return found


def unordered(found: Rows) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in found)


def numbers(found: Rows, *names: str) -> Rows:
    """Return the rows with these columns as floats, so that 2 and 2.0 are the same average."""
    return [{n: float(v) if n in names else v for n, v in row.items()} for row in found]


fast = settings(max_examples=40, deadline=None, derandomize=True)


# -- grouping ------------------------------------------------------------------------------------

AGGREGATES = "count count(n) as c dc(v) as d sum(n) as s min(n) as lo max(n) as hi values(v) as all"
SQL_AGGREGATES = """
    COUNT(*) AS count, COUNT(n) AS c, COUNT(DISTINCT v) AS d, SUM(n) AS s,
    MIN(n) AS lo, MAX(n) AS hi"""


@fast
@given(rows)
def test_stats_by_two_keys_is_group_by_where_both_are_there(events: Rows) -> None:
    query = f"""
        SELECT k, g, {SQL_AGGREGATES},
               (SELECT json_group_array(v) FROM (
                    SELECT DISTINCT u.v FROM t u
                    WHERE u.k = t.k AND u.g = t.g AND u.v IS NOT NULL ORDER BY u.v)) AS "all"
        FROM t WHERE k IS NOT NULL AND g IS NOT NULL GROUP BY k, g"""
    found = searched(f"* | stats {AGGREGATES} by k g", events)
    assert unordered(found) == unordered(queried(query, events, lists=["all"]))


@fast
@given(rows)
def test_stats_without_keys_is_one_row_whatever_there_is(events: Rows) -> None:
    query = f"""
        SELECT {SQL_AGGREGATES}, AVG(n) AS a,
               (SELECT json_group_array(v) FROM (
                    SELECT DISTINCT v FROM t WHERE v IS NOT NULL ORDER BY v)) AS "all"
        FROM t"""
    found = searched(f"* | stats {AGGREGATES} avg(n) as a", events)
    assert numbers(found, "a") == queried(query, events, lists=["all"])


@fast
@given(rows)
def test_count_of_a_condition_counts_rows_where_it_is_true(events: Rows) -> None:
    query = """
        SELECT k, COUNT(*) FILTER (WHERE n > 9) AS big, COUNT(*) FILTER (WHERE NOT n > 9) AS small
        FROM t WHERE k IS NOT NULL GROUP BY k"""
    search = "* | stats count(eval(n>9)) as big count(eval(NOT n>9)) as small by k"
    assert unordered(searched(search, events)) == unordered(queried(query, events))


@fast
@given(rows)
def test_eventstats_is_an_aggregate_over_a_partition(events: Rows) -> None:
    query = """
        SELECT *, CASE WHEN k IS NOT NULL THEN COUNT(*) OVER w END AS c,
               CASE WHEN k IS NOT NULL THEN SUM(n) OVER w END AS s,
               CASE WHEN k IS NOT NULL THEN MAX(n) OVER w END AS hi
        FROM t WINDOW w AS (PARTITION BY k) ORDER BY id"""
    search = "* | eventstats count as c sum(n) as s max(n) as hi by k"
    assert searched(search, events) == queried(query, events)


@fast
@given(rows)
def test_streamstats_is_an_aggregate_over_the_rows_so_far(events: Rows) -> None:
    query = """
        SELECT *, CASE WHEN k IS NOT NULL THEN COUNT(*) OVER w END AS c,
               CASE WHEN k IS NOT NULL THEN SUM(n) OVER w END AS s
        FROM t WINDOW w AS (PARTITION BY k ORDER BY id ROWS UNBOUNDED PRECEDING) ORDER BY id"""
    search = "* | streamstats count as c sum(n) as s by k"
    assert searched(search, events) == queried(query, events)


# -- order ---------------------------------------------------------------------------------------


@fast
@given(rows)
def test_sort_orders_numbers_and_puts_the_missing_last_both_ways(events: Rows) -> None:
    up = "SELECT * FROM t ORDER BY n IS NULL, n, id"
    down = "SELECT * FROM t ORDER BY n IS NULL, n DESC, id"
    assert searched("* | sort 0 n", events) == queried(up, events)
    assert searched("* | sort 0 -n", events) == queried(down, events)


@fast
@given(rows, st.integers(1, 5))
def test_sort_with_a_limit_by_text_then_number(events: Rows, limit: int) -> None:
    query = f"""
        SELECT * FROM t ORDER BY v IS NULL, v DESC, n IS NULL, n, id LIMIT {limit}"""
    assert searched(f"* | sort {limit} -v +n", events) == queried(query, events)


@fast
@given(rows, st.integers(1, 3))
def test_dedup_keeps_the_first_rows_of_each_combination(events: Rows, most: int) -> None:
    query = f"""
        SELECT id, k, g, n, v FROM (
            SELECT *, ROW_NUMBER() OVER (PARTITION BY k, v ORDER BY id) AS place
            FROM t WHERE k IS NOT NULL AND v IS NOT NULL)
        WHERE place <= {most} ORDER BY id"""
    assert searched(f"* | dedup {most} k v", events) == queried(query, events)


@fast
@given(rows)
def test_dedup_that_keeps_rows_without_the_key(events: Rows) -> None:
    query = """
        SELECT id, k, g, n, v FROM (
            SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY id) AS place FROM t)
        WHERE k IS NULL OR place = 1 ORDER BY id"""
    assert searched("* | dedup k keepempty=true", events) == queried(query, events)


# -- filters -------------------------------------------------------------------------------------

FILTERS = [
    pytest.param('where k="ka"', "k = 'ka'", id="equal"),
    pytest.param('where k!="ka"', "k <> 'ka'", id="different"),
    pytest.param('where NOT (k="ka" AND n>5)', "NOT (k = 'ka' AND n > 5)", id="not-and"),
    pytest.param('where NOT (k="ka" OR n>5)', "NOT (k = 'ka' OR n > 5)", id="not-or"),
    pytest.param('where k="ka" OR n<=5', "k = 'ka' OR n <= 5", id="or"),
    pytest.param("where k=g", "k = g", id="two-fields"),
    pytest.param("where NOT k=g", "NOT k = g", id="two-fields-differ"),
    pytest.param('where k IN ("ka", "kb")', "k IN ('ka', 'kb')", id="in"),
    pytest.param('where NOT k IN ("ka", "kb")', "k NOT IN ('ka', 'kb')", id="not-in"),
    pytest.param("where isnull(k) OR n%2=0", "k IS NULL OR n % 2 = 0", id="missing-or-even"),
    pytest.param('where if(n>5, k, g)="ka"', "CASE WHEN n > 5 THEN k ELSE g END = 'ka'", id="if"),
    pytest.param('where coalesce(k, g)="ka"', "COALESCE(k, g) = 'ka'", id="coalesce"),
    pytest.param("where NOT n*2>10 XOR k=g", "(NOT n * 2 > 10) <> (k = g)", id="xor"),
    pytest.param("search k=ka", "k = 'ka' COLLATE NOCASE", id="search-ignores-case"),
    pytest.param("search NOT k=ka", "(k = 'ka' COLLATE NOCASE) IS NOT TRUE", id="search-not"),
    pytest.param("search k!=ka", "k <> 'ka' COLLATE NOCASE", id="search-different"),
    pytest.param("search n>9 NOT v=x*", "n > 9 AND (v LIKE 'x%') IS NOT TRUE", id="search-order"),
]


@pytest.mark.parametrize(("command", "condition"), FILTERS)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(events=rows)
def test_filters_follow_three_valued_logic(command: str, condition: str, events: Rows) -> None:
    query = f"SELECT * FROM t WHERE {condition} ORDER BY id"
    assert searched(f"* | {command}", events) == queried(query, events)


# -- two sets of rows ----------------------------------------------------------------------------
# One set of events is split by `id`: the even ones are the left side, the odd ones the right side.

SIDES = """
    WITH l AS (SELECT * FROM t WHERE id % 2 = 0),
         r AS (SELECT k, id AS other, v AS found,
                      ROW_NUMBER() OVER (PARTITION BY k ORDER BY id) AS place
               FROM t WHERE id % 2 = 1 AND k IS NOT NULL)"""
JOIN = (
    "* | where id%2=0 | join {options} k "
    "[search * | where id%2=1 | rename id as other, v as found | fields k, other, found]"
)


@pytest.mark.parametrize(
    ("options", "join", "most"),
    [
        pytest.param("", "JOIN", "r.place = 1", id="inner-first-match"),
        pytest.param("type=left", "LEFT JOIN", "r.place = 1", id="left-first-match"),
        pytest.param("max=0", "JOIN", "TRUE", id="inner-all-matches"),
        pytest.param("type=outer max=2", "LEFT JOIN", "r.place <= 2", id="left-two-matches"),
    ],
)
@fast
@given(events=rows)
def test_join(options: str, join: str, most: str, events: Rows) -> None:
    query = f"""{SIDES}
        SELECT l.*, r.other, r.found FROM l {join} r ON l.k = r.k AND {most}
        ORDER BY l.id, r.other"""
    assert searched(JOIN.format(options=options), events) == queried(query, events)


@fast
@given(rows)
def test_a_search_in_brackets_is_a_semijoin_without_case(events: Rows) -> None:
    query = """
        SELECT * FROM t WHERE id % 2 = 0 AND EXISTS (
            SELECT 1 FROM t r WHERE r.id % 2 = 1 AND r.k = t.k COLLATE NOCASE) ORDER BY id"""
    search = "* | where id%2=0 | search [search * | where id%2=1 | dedup k | fields k]"
    assert searched(search, events) == queried(query, events)


@fast
@given(rows)
def test_append_is_union_all(events: Rows) -> None:
    query = """
        SELECT k, id AS one, NULL AS two FROM t WHERE id % 2 = 0
        UNION ALL SELECT k, NULL, id FROM t WHERE id % 2 = 1"""
    search = (
        "* | where id%2=0 | rename id as one | fields k, one "
        "| append [search * | where id%2=1 | rename id as two | fields k, two]"
    )
    assert unordered(searched(search, events)) == unordered(queried(query, events))


@fast
@given(rows, st.integers(1, 3))
def test_top_is_count_in_descending_order(events: Rows, most: int) -> None:
    query = f"""
        SELECT COUNT(*) AS count FROM t WHERE k IS NOT NULL
        GROUP BY k ORDER BY count DESC LIMIT {most}"""
    assert searched(f"* | top limit={most} k | fields count", events) == queried(query, events)
