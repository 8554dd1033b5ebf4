"""LOOKUP JOIN: the text, its refusals, and the rows of the rule on the same tables."""

from __future__ import annotations

from typing import Any

import pytest

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.convert import Conversion, convert_compiled
from transpile.verify import Report, Verdict, check_conversion

MANY = [{"user": f"u{at}", "team": "none", "level": str(at)} for at in range(1001)]
CONTENT = Content.builtin().with_lookups(
    {
        "seen": [{"user": "eva", "firstseen": "1767222000", "enough": "1"},
                 {"user": "bob", "firstseen": "99", "enough": "1"}, *MANY],
        "teams": [{"user": "eva", "dest": "pc1", "team": "red", "level": "2"},
                  {"user": "eva", "dest": "pc2", "team": "blue", "level": "1"}, *(
                      {**row, "dest": "x"} for row in MANY)],
        "twice": [{"user": "eva", "team": "a"}, {"user": "eva", "team": "b"}, *MANY],
    }
)  # fmt: skip
PROCESSES = (
    "| tstats count from datamodel=Endpoint.Processes where Processes.process_name=a "
    "by Processes.user Processes.dest | rename Processes.* as *"
)
EVENTS: list[dict[str, Any]] = [
    {"user": user, "dest": dest, "process_name": "a", "_time": 1_767_222_000 + at,
     "tag": ["process", "report"]}
    for at, (user, dest) in enumerate(
        [("eva", "pc1"), ("eva", "pc2"), ("bob", "pc1"), ("EVA", "pc1"), ("u7", "x"), ("new", "x")]
    )
]  # fmt: skip


def converted(stages: str) -> Conversion:
    compiled = compile_rule(read_rule(f"{PROCESSES} | {stages}"), CONTENT)
    return convert_compiled(compiled, "esql", content=CONTENT)


def checked(stages: str) -> Report:
    compiled = compile_rule(read_rule(f"{PROCESSES} | {stages}"), CONTENT)
    found = convert_compiled(compiled, "esql", content=CONTENT)
    return check_conversion(compiled, found, EVENTS, content=CONTENT, now=1_767_225_600.0)


@pytest.mark.parametrize(
    ("stages", "found"),
    [
        pytest.param("lookup seen user OUTPUT enough | search enough=1", 3, id="one-key"),
        pytest.param("lookup seen user OUTPUT enough | where isnull(enough)", 3,
                     id="rows-without-an-entry"),
        pytest.param("rename user as who | lookup seen user as who OUTPUT enough | search enough=1",
                     3, id="a-key-of-another-name"),
        pytest.param("lookup teams user dest OUTPUT team | search team=red", 1, id="two-keys"),
        pytest.param("lookup teams user dest OUTPUT team as dest | search dest=red", 1,
                     id="an-output-takes-the-name-of-a-key"),
        pytest.param("lookup seen user OUTPUTNEW firstseen | where firstseen>1000", 2,
                     id="new-outputs"),
        pytest.param("lookup seen user OUTPUTNEW firstseen as user | search user=eva", 3,
                     id="an-output-that-all-rows-have-stays"),
        pytest.param("lookup seen user OUTPUT firstseen, enough | eventstats max(enough) as enough "
                     "| where enough=1000", 0, id="the-largest-beside-the-rows"),
        pytest.param("lookup seen user OUTPUT level | eventstats max(level) as most "
                     "| where most=7 | eval f=min(level) | where f=7", 1,
                     id="numbers-of-a-table"),
        pytest.param("lookup seen user OUTPUT level | eval dest=user, user=dest", 6,
                     id="columns-change-their-names"),
    ],
)  # fmt: skip
def test_rows_of_a_lookup(stages: str, found: int) -> None:
    report = checked(stages)
    assert (str(report.fidelity), report.verdict) == ("exact", Verdict.EQUAL), report.differences
    assert report.found == found


def test_the_join_takes_nothing_away() -> None:
    found = converted("lookup teams user dest OUTPUT team | search team=red")
    assert "| LOOKUP JOIN teams ON user, dest\n" in found.text
    assert any(text.startswith("the index teams, in lookup mode, holds the lookup table, one entry")
               for text in found.assumptions)


@pytest.mark.parametrize(
    "stages",
    [
        pytest.param("lookup twice user OUTPUT team | search team=b", id="several-entries"),
        pytest.param("lookup Unknown user OUTPUT team | search team=b", id="no-name-of-an-index"),
        pytest.param("eval team=if(dest=\"x\", \"t\", null()) | lookup seen user OUTPUTNEW team "
                     "| search team=none", id="some-rows-have-the-output"),
    ],
)  # fmt: skip
def test_lookups_that_no_join_says_are_a_loss(stages: str) -> None:
    found = converted(stages)
    assert str(found.fidelity) == "superset"
    assert "LOOKUP JOIN" not in found.text


@pytest.mark.parametrize(
    ("stages", "found"),
    [
        pytest.param("join user type=left "
                     "[| inputlookup seen | stats min(firstseen) as first by user]"
                     " | where first>1000", 2, id="a-group-of-a-table-for-each-row"),
        pytest.param("join user type=left "
                     "[| inputlookup seen | stats min(firstseen) as first by user]"
                     " | where isnull(first)", 3, id="rows-without-an-entry"),
        pytest.param("join user type=left [| inputlookup teams | rename team as t "
                     "| stats count by user t | fields user t] | where dest=\"pc1\"", 3,
                     id="columns-that-nobody-asks-for"),
    ],
)  # fmt: skip
def test_an_outer_join_with_a_table(stages: str, found: int) -> None:
    report = checked(stages)
    assert (str(report.fidelity), report.verdict) == ("exact", Verdict.EQUAL), report.differences
    assert report.found == found


@pytest.mark.parametrize(
    "stages",
    [
        pytest.param("join user [| inputlookup seen | stats count by user] | where dest=\"pc1\"",
                     id="an-inner-join-drops-rows"),
        pytest.param("join user type=left [| inputlookup seen | stats count as n by user] "
                     "| where n=1", id="a-count-of-entries"),
        pytest.param("join user type=left [| inputlookup seen] | where level=7", id="any-column"),
    ],
)
def test_joins_that_are_a_loss(stages: str) -> None:
    assert str(converted(stages).fidelity) == "superset"
