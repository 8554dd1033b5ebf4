"""What a sequence takes for granted of the keys of its groups: stated, and held to by verify."""

from __future__ import annotations

from typing import Any

import pytest

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.convert import convert_compiled
from transpile.verify import Verdict, check_conversion

CONTENT = Content.load("rules")
HEAD = {"eventtype": "sysmon", "source": "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"}


def loaded(signed: str, sourcetype: str, name: str) -> dict[str, Any]:
    return {**HEAD, "EventCode": "7", "Signed": signed, "sourcetype": sourcetype,
            "ImageLoaded": name}


@pytest.mark.parametrize("target", ["eql", "elastic"])
@pytest.mark.parametrize(
    ("key", "said", "good", "bad"),
    [
        pytest.param("sourcetype", "sourcetype is the same in all events of a group",
                     [loaded("true", name, name) for name in "aabb"],
                     [loaded("true", "b", "a"), loaded("true", "a", "b")],
                     id="what-the-log-source-fixes"),
        pytest.param("Signed", "Signed is spelled true or false, in small letters",
                     [loaded(text, "a", "a") for text in ("true", "false", "true", "false")],
                     [loaded(text, "a", "a") for text in ("TRUE", "False")],
                     id="a-boolean-has-one-spelling"),
    ],
)  # fmt: skip
def test_events_that_break_an_assumption_are_set_aside(
    key: str, said: str, good: list[dict[str, Any]], bad: list[dict[str, Any]], target: str
) -> None:
    search = ("`sysmon` EventCode=7 | bin _time span=5m "
              f"| stats count by _time {key} ImageLoaded | where count > 1")
    compiled = compile_rule(read_rule(search), CONTENT)
    conversion = convert_compiled(compiled, target, content=CONTENT)
    assert str(conversion.fidelity) == "exact", conversion.losses
    assert said in conversion.assumptions
    timed = [{**one, "_time": 1_767_222_000 + at} for at, one in enumerate([*good, *bad])]
    report = check_conversion(compiled, conversion, timed, content=CONTENT)
    assert report.verdict is Verdict.EQUAL, report.differences
    assert (report.tried, report.set_aside, report.found) == (len(good), len(bad), 2)
