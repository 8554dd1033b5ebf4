"""Lists that ingest makes objects of: tests, places and groups of members, against the rule."""

from __future__ import annotations

from typing import Any

import pytest

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.convert import convert_compiled
from transpile.verify import Verdict, check_conversion

CONTENT = Content.builtin()
SOURCE = "sourcetype=azure:monitor:aad"
HEAD = {"sourcetype": "azure:monitor:aad", "operationName": "x", "user": "eva"}
NAMES = "properties.targetResources{}.modifiedProperties{}.displayName"
VALUES = "properties.targetResources{}.modifiedProperties{}.newValue"
OWNERS = "targetResources{}.userPrincipalName"
APPS = "targetResources{}.displayName"


def event(**fields: Any) -> dict[str, Any]:
    long = {"names": NAMES, "values": VALUES, "owners": OWNERS, "apps": APPS}
    return {**HEAD, **{long.get(name, name): value for name, value in fields.items()}}


EVENTS = [
    event(names=["Scope", "Consent"], values=["all", "yes"], owners=["eva", "bob"], apps=["a"]),
    event(names=["Consent", "Scope"], values=["yes", "SOME"], owners=["bob"], apps=["a", "b", "a"]),
    event(names="Consent", values="yes", owners="eva", apps=["c", "d"]),
    event(names=["a", "b", "c", "d", "Scope"], values=["1", "2", "3", "4", "all"], apps="A"),
    event(names=["Other"], values=["Scope: all, none"], owners=["EVA", "eva"]),
    event(owners=["eva", "eva"], user="bob"),
    event(),
]


@pytest.mark.parametrize(
    ("stages", "found"),
    [
        pytest.param(f'| search "{VALUES}"=yes', 3, id="some-member-equals"),
        pytest.param(f'| search NOT "{VALUES}"=yes', 4, id="no-member-equals"),
        pytest.param(f'| search "{VALUES}"!=yes', 4, id="some-member-differs"),
        pytest.param(f"| where isnull('{OWNERS}')", 2, id="no-member"),
        pytest.param(f"| eval v=mvindex('{VALUES}', 1) | where v=\"yes\"", 1,
                     id="the-second-member"),
        pytest.param(f"| eval v=mvindex('{VALUES}', -1) | search v=all", 1, id="the-last-member"),
        pytest.param(
            f"| eval at=mvfind('{NAMES}', \"Scope\") | eval v=mvindex('{VALUES}', at) "
            "| search v=all OR v=some", 3, id="the-member-where-another-list-has-a-name"),
        pytest.param(
            f"| eval at=if(mvfind('{NAMES}', \"Scope\") >= 0, mvfind('{NAMES}', \"Scope\"), -1) "
            f"| search at>=0 | eval v=mvindex('{VALUES}', at) | search v=all "
            "| stats count by user v",
            1, id="a-place-that-may-be-none"),
        pytest.param(
            f"| eval v=mvindex('{VALUES}', 0) | rex field=v \"Scope: (?<scope>[^,]+)\" "
            "| search scope=all | stats count by user scope", 1, id="a-part-of-a-member"),
        pytest.param(f"| where user!='{OWNERS}'", 4, id="some-member-differs-from-a-field"),
        pytest.param(f"| stats count by {APPS}", 5, id="a-group-for-each-member"),
        pytest.param(f"| stats dc({APPS}) as n by user | where n=5", 1, id="different-members"),
        pytest.param(f"| stats count({APPS}) as n by user | where n=7", 1, id="a-count-of-members"),
        pytest.param(f"| eval n=mvcount('{APPS}') | where n>1", 2, id="how-many-members"),
        pytest.param(f"| stats values({APPS}) as v by user", 2, id="values-of-members"),
    ],
)  # fmt: skip
def test_members_are_what_the_rule_takes_for_a_list(stages: str, found: int) -> None:
    compiled = compile_rule(read_rule(f"{SOURCE} operationName=x {stages}"), CONTENT)
    conversion = convert_compiled(compiled, "esql", content=CONTENT)
    assert str(conversion.fidelity) == "exact", conversion.losses
    timed = [{**one, "_time": 1_767_222_000 + at} for at, one in enumerate(EVENTS)]
    report = check_conversion(compiled, conversion, timed, content=CONTENT)
    assert report.verdict is Verdict.EQUAL, (conversion.text, report.differences)
    assert (report.tried, report.found) == (len(EVENTS), found)
    assert any("has at most 5 members" in text or "behind the others" in text
               for text in conversion.assumptions)


@pytest.mark.parametrize(
    ("stages", "reason"),
    [
        pytest.param(f"| eval v=mvindex('{VALUES}', -2) | where v=\"yes\"", "from the first",
                     id="a-place-counted-from-the-end"),
    ],
)  # fmt: skip
def test_what_members_do_not_tell_is_a_loss(stages: str, reason: str) -> None:
    compiled = compile_rule(read_rule(f"{SOURCE} operationName=x {stages}"), CONTENT)
    conversion = convert_compiled(compiled, "esql", content=CONTENT)
    assert str(conversion.fidelity) == "superset"
    assert any(reason in loss.message for loss in conversion.losses), conversion.losses
