"""Builders shared by the tests of the Sigma target."""

from __future__ import annotations

from transpile.backends.base import RuleInfo

from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Glob, Matches, Pred, Quant, Test, TextEq
from transpile.ir.regex import parse_regex
from transpile.ir.stages import DataModel, Events, Filter, Pipeline, Stage

PREFIX = "Processes."
PROCESSES = DataModel("Endpoint", "Processes", PREFIX)
SYSMON = Events(macros=("sysmon",))
SECURITY = Events(macros=("wineventlog_security",))

INFO = RuleInfo(
    id="4d9d5f6e-3c1a-4f6e-8a53-0d1f7a0c2b11",
    name="Odd Child of a Shell",
    stem="odd_child_of_a_shell",
    description="The following analytic detects an odd child.",
    status="production",
    author="A. Nother",
    date="2024-02-03",
    modified="2024-03-04",
    severity="high",
    references=("https://example.org/x", "https://attack.mitre.org/techniques/T1059/"),
    false_positives=("administrators at work",),
    techniques=("T1059.001",),
)


def like(name: str, value: str, quant: Quant = Quant.ANY, cased: bool = False) -> Pred:
    """Return `name` matches the SPL value, where `*` is a wildcard."""
    pattern = Pattern.from_spl(value)
    condition = TextEq(pattern.text, cased) if pattern.is_literal else Glob(pattern, cased)
    return Test(Field(name), condition, quant)


def regex(name: str, text: str) -> Pred:
    """Return `name` matches the expression."""
    return Test(Field(name), Matches(parse_regex(text)))


def rule(pred: Pred, source: Events | DataModel = SYSMON, *more: Stage) -> Pipeline:
    """Return the search for a predicate."""
    return Pipeline((source, Filter(pred), *more))
