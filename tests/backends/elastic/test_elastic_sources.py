"""What selects a log source, and that nothing but a log source is no query."""

from __future__ import annotations

import pytest

from transpile import Content, convert
from transpile.fidelity import Fidelity

CONTENT = Content.builtin()
AWS_LOGINS = (
    "| tstats count from datamodel=Authentication where Authentication.signature=ConsoleLogin "
    "by Authentication.user"
)


@pytest.mark.parametrize("target", ["eql", "esql"])
@pytest.mark.parametrize(
    ("search", "data_set"),
    [
        pytest.param("sourcetype=aws:cloudtrail eventName=StopLogging", "aws.cloudtrail",
                     id="cloudtrail"),
        pytest.param(AWS_LOGINS, "aws.cloudtrail", id="a-variant-of-a-model"),
        pytest.param("sourcetype=aws:cloudwatchlogs:vpcflow action=blocked", "aws.vpcflow",
                     id="flow-logs"),
    ],
)  # fmt: skip
def test_logs_of_one_integration_are_asked_for(search: str, data_set: str, target: str) -> None:
    rule = f"name: x\nsearch: '{search}'\ndata_source: [AWS CloudTrail]\n"
    found = convert(rule, target, content=CONTENT)
    assert f'event.dataset == "{data_set}"' in found.text


@pytest.mark.parametrize("target", ["eql", "esql"])
@pytest.mark.parametrize(
    "search",
    [
        pytest.param("| tstats sum(Web.bytes_out) as n from datamodel=Web by Web.src "
                     "| apply model | where isOutlier=1", id="a-filter-that-is-lost"),
        pytest.param("| tstats count from datamodel=Web where Web.no_such_field=1 by Web.src",
                     id="a-field-without-counterpart"),
    ],
)  # fmt: skip
def test_a_log_source_alone_is_refused(search: str, target: str) -> None:
    found = convert(search, target, content=CONTENT)
    if found.fidelity is Fidelity.SUPERSET:
        assert "STATS" in found.text  # groups at least
        return
    assert found.fidelity is Fidelity.UNSUPPORTED
    assert found.losses[0].message.startswith("nothing of the filter remains")


def test_eql_refuses_a_lost_threshold_over_all_events() -> None:
    search = "| tstats sum(Web.bytes_out) as n from datamodel=Web by Web.src | where n > 1000"
    by_eql = convert(search, "eql", content=CONTENT)
    assert by_eql.fidelity is Fidelity.UNSUPPORTED
    assert "the threshold sum(bytes_out) > 1000 is left out" in by_eql.losses[0].message
    assert convert(search, "elastic", content=CONTENT).fidelity is Fidelity.EXACT


def test_a_rule_that_asks_for_its_log_source_only_is_exact() -> None:
    found = convert("| tstats count from datamodel=Web by Web.src", "eql", content=CONTENT)
    assert (found.fidelity, found.text) == (Fidelity.EXACT, "web where true\n")
