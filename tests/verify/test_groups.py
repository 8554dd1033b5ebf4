"""Verdicts on targets that find groups of events."""

from __future__ import annotations

from pathlib import Path

import pytest

from transpile import Content
from transpile.content import read_rule
from transpile.fidelity import Observable
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


@pytest.mark.parametrize(
    ("search", "target"),
    [
        pytest.param(
            "| tstats values(All_Traffic.action) as a count from datamodel=Network_Traffic "
            "where All_Traffic.dest_port IN (22, 23) All_Traffic.bytes>7 by All_Traffic.src_ip",
            "esql", id="a-key-that-is-filled"),
        pytest.param(
            'sourcetype="aws:cloudtrail:lake" api.operation IN (CreateGroup, DeleteGroup) '
            "| fillnull value=none | stats min(_time) as first by api.operation, cloud.region",
            "esql", id="all-fields-filled"),
    ],
)  # fmt: skip
def test_groups_are_told_apart_by_their_keys(search: str, target: str) -> None:
    report = verify_rule(read_rule(search), target, content=CONTENT)
    assert report.verdict.good, report
    assert report.observable is Observable.GROUPS
    assert report.adequacy is not None
    assert report.adequacy.killed > 8
    assert not report.adequacy.gaps
