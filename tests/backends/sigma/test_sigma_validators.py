"""Emitted rules pass pySigma's own validators (those that need no network)."""

from __future__ import annotations

import pytest
from sigma_cases import INFO, PROCESSES, SECURITY, SYSMON, like, regex, rule
from transpile.backends.base import Request
from transpile.backends.sigma import backend

from transpile.ir.expr import Field
from transpile.ir.pred import Order, Test, all_of, any_of, negate
from transpile.ir.stages import Agg, Aggregate, Filter, Key, Pipeline

ONLINE = ("attacktag", "d3_fendtag")  # they download their vocabulary


@pytest.mark.parametrize(
    "pipeline",
    [
        pytest.param(
            rule(
                all_of(
                    (
                        any_of(
                            (
                                like("Processes.process_name", "a.exe"),
                                like("Processes.original_file_name", "a.exe"),
                            )
                        ),
                        like("Processes.process", "*-x*"),
                        like("Processes.process", "*-y*"),
                        negate(like("Processes.user", "*$")),
                    )
                ),
                PROCESSES,
            ),
            id="data-model",
        ),
        pytest.param(
            rule(all_of((like("EventCode", "4624"), like("Logon_Type", "3"))), SECURITY),
            id="channel",
        ),
        pytest.param(
            rule(
                all_of(
                    (
                        any_of((like("EventCode", "23"), like("EventCode", "26"))),
                        like("TargetFilename", "*\\a\\*"),
                    )
                ),
                SYSMON,
            ),
            id="several-event-ids-of-one-category",
        ),
        pytest.param(
            rule(
                all_of(
                    (
                        like("EventCode", "1"),
                        regex("CommandLine", "a+"),
                        regex("CommandLine", "b+"),
                    )
                ),
                SYSMON,
            ),
            id="two-expressions-on-one-field",
        ),
        pytest.param(
            rule(
                like("EventCode", "4625"),
                SECURITY,
                Aggregate(
                    (Agg("dc", Field("TargetUserName"), "n"),),
                    (Key("IpAddress", Field("IpAddress")),),
                ),
                Filter(Test(Field("n"), Order(">", 9))),
            ),
            id="correlation",
        ),
    ],
)
def test_validators_find_nothing(pipeline: Pipeline) -> None:
    from dataclasses import replace

    from sigma.collection import SigmaCollection
    from sigma.validation import SigmaValidator
    from sigma.validators.core import validators

    draft = backend.emit(Request(pipeline, replace(INFO, window=600)))
    chosen = {kind for name, kind in validators.items() if name not in ONLINE}
    assert len(chosen) > 20
    rules = SigmaCollection.from_yaml(draft.text).rules
    assert [str(issue) for issue in SigmaValidator(chosen).validate_rules(iter(rules))] == []
