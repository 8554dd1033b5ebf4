"""Verdicts on targets that find groups of events."""

from __future__ import annotations

from pathlib import Path

import pytest

from transpile import Content
from transpile.content import read_rule
from transpile.verify import verify_rule

CONTENT = Content.load(Path(__file__).parents[2] / "rules")  # its deployment has a window
RULE = read_rule(
    "name: Several sources\ntype: TTP\nsearch: '| tstats dc(source) as n from "
    "datamodel=Risk.All_Risk where All_Risk.tag=t "
    "by All_Risk.annotations.mitre_attack.mitre_tactic | where n >= 2'\n"
)


@pytest.mark.parametrize(
    ("tactics", "found"),
    [
        pytest.param(["t1", "t1"], 1, id="one-value-each"),
        pytest.param([["t1", "t2"], "t1"], 1, id="a-group-of-two-values-alerts"),
        pytest.param([["t1", "t2"], ["t2", "t1"]], 1, id="both-groups-alert"),
        pytest.param([["t1", "t2"], ["t3", "t4"]], 0, id="no-value-in-common"),
    ],
)
def test_an_event_with_several_values_of_a_key_is_in_several_groups(
    tactics: list[str | list[str]], found: int
) -> None:
    events = [
        {"_time": 1767222006 + at, "source": f"s{at}", "tag": "t",
         "annotations.mitre_attack.mitre_tactic": value}
        for at, value in enumerate(tactics)
    ]  # fmt: skip
    report = verify_rule(RULE, "sigma", events, content=CONTENT, witness=False)
    assert (report.verdict.value, report.found > 0) == ("equal", bool(found)), report
