"""Faults planted in what the emitters write, one at a time: `verify` finds each, and says where.

A fault is a change of the emitted text that a mistake in the emitter would make: a condition or an
escape lost, the case rule changed, a guard against NULL missing, a threshold off by one. It is
planted in the conversions of rules/ that it changes; one of them must be caught.
"""

from __future__ import annotations

from functools import lru_cache

import pytest
from faults import FAULTS, Fault, planted, where

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import load_rules
from transpile.convert import Conversion, convert_compiled
from transpile.verify import Trial, check_trial, trial_of

NOW = 1_767_225_600.0
CONTENT = Content.load("rules")


@lru_cache(maxsize=1)
def trials() -> tuple[Trial, ...]:
    """Return the trials of our own rules, for all faults."""
    rules, errors = load_rules("rules/detections")
    assert not errors
    return tuple(
        trial_of(compile_rule(rule, CONTENT), content=CONTENT, now=NOW) for rule in rules
    )


@lru_cache(maxsize=4)
def conversions(target: str) -> tuple[Conversion, ...]:
    """Return the honest conversions to a target."""
    return tuple(convert_compiled(each.compiled, target, content=CONTENT) for each in trials())


def test_there_are_eighty() -> None:
    assert len({(fault.target, fault.what) for fault in FAULTS}) == len(FAULTS) >= 80


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.target}-{fault.what}")
def test_the_fault_is_found(fault: Fault) -> None:
    applied = 0
    for trial, honest in zip(trials(), conversions(fault.target), strict=True):
        spoiled = planted(fault, honest)
        if spoiled is None:
            continue
        applied += 1
        report = check_trial(trial, spoiled, started=0.0)
        if report.verdict.bad or report.refuted:
            assert where(report)
            return
    pytest.fail(f"not found on {applied} conversions that it changes")
