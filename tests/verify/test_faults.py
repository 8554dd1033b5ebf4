"""Faults planted in what the emitters write, one at a time: `verify` finds each, and says where.

A fault is a change of the emitted text that a mistake in the emitter would make: a condition or an
escape lost, the case rule changed, a guard against NULL missing, a threshold off by one. It is
planted in the conversions of rules/ that it changes; one of them must be caught.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import pytest

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import load_rules
from transpile.convert import Conversion, convert_compiled
from transpile.verify import Report, Trial, check_trial, trial_of

NOW = 1_767_225_600.0
CONTENT = Content.load("rules")


@dataclass(frozen=True, slots=True)
class Fault:
    """A change of emitted texts: what would be wrong, in which target, and how it is planted."""

    what: str
    target: str
    pattern: str
    by: str | Callable[[re.Match[str]], str]
    everywhere: bool = False

    def plant(self, text: str) -> str:
        """Return a text with the fault, itself if the fault does not apply."""
        count = 0 if self.everywhere else 1
        return re.sub(self.pattern, self.by, text, count=count, flags=re.MULTILINE)


def one_more(found: re.Match[str]) -> str:
    """Return the match with its number one higher."""
    return re.sub(r"\d+", lambda digits: str(int(digits[0]) + 1), found[0])


def swapped(found: re.Match[str]) -> str:
    """Return the match with its letters in the other case."""
    return found[0].swapcase()


SIGMA = [
    Fault("contains became equality", "sigma", r"\|contains:", ":"),
    Fault("contains became a prefix", "sigma", r"\|contains:", "|startswith:"),
    Fault("endswith became contains", "sigma", r"\|endswith:", "|contains:"),
    Fault("endswith became startswith", "sigma", r"\|endswith:", "|startswith:"),
    Fault("endswith became equality", "sigma", r"\|endswith:", ":"),
    Fault("startswith became contains", "sigma", r"\|startswith:", "|contains:"),
    Fault("all lost", "sigma", r"\|all:", ":"),
    Fault("cased lost", "sigma", r"\|cased:", ":"),
    Fault("cased added", "sigma", r"\|contains:", "|contains|cased:"),
    Fault("regular expression with case", "sigma", r"\|re\|i:", "|re:"),
    Fault("exists turned round", "sigma", r"(\|exists: )(true|false)",
          lambda m: m[1] + {"true": "false", "false": "true"}[m[2]]),
    Fault("filter lost", "sigma", r"(condition: .*?) and not 1 of filter_main_\*", r"\1"),
    Fault("negation lost", "sigma", r"and not 1 of", "and 1 of"),
    Fault("one filter became all", "sigma", r"not 1 of filter_main_\*", "not all of filter_main_*"),
    Fault("all selections became one", "sigma", r"all of selection_\*", "1 of selection_*"),
    Fault("literal lost a character", "sigma", r"(\|endswith: .*)(exe)(')", r"\1ex\3"),
    Fault("event id off by one", "sigma", r"EventID: \d+", one_more),
    Fault("network twice as large", "sigma", r"(\|cidr:.*\n?.*?/)(24)", r"\g<1>23"),
    Fault("another field", "sigma", r"\bCommandLine\b", "ParentCommandLine"),
    Fault("another log source", "sigma", r"category: process_creation", "category: image_load"),
    Fault("threshold off by one", "sigma", r"gte: \d+", one_more),
    Fault("window too short", "sigma", r"timespan: \d+[mh]", "timespan: 1s"),
]  # fmt: skip

EQL = [
    Fault("equality with case", "eql", r' : "', ' == "', everywhere=True),
    Fault("and became or", "eql", r" and\n", " or\n"),
    Fault("or became and", "eql", r" or ", " and "),
    Fault("negation lost", "eql", r"\bnot ", ""),
    Fault("condition lost", "eql", r" and\n +[?\w.]+ : \"[^\"]*\"$", ""),
    Fault("wildcard lost at the start", "eql", r'"\*', '"'),
    Fault("wildcard lost at the end", "eql", r'\*"', '"'),
    Fault("wildcard added", "eql", r'(process\.name : ")', r"\1*"),
    Fault("first of a list lost", "eql", r'\("[^"]*", ', "("),
    Fault("existence turned round", "eql", r"!= null", "== null"),
    Fault("absence turned round", "eql", r"== null", "!= null"),
    Fault("another field", "eql", r"\bprocess\.name\b", "process.executable"),
    Fault("another category", "eql", r"^process where", "file where"),
    Fault("another event type", "eql", r'event\.type == "start"', 'event.type == "end"'),
    Fault("literal lost a character", "eql", r"\.exe\"", '.ex"'),
    Fault("network twice as large", "eql", r"/24\"", '/23"'),
    Fault("a group key lost", "eql", r"sequence by [\w.]+ with", "sequence with"),
    Fault("one event more for a group", "eql", r"runs=\d+", one_more),
    Fault("code off by one", "eql", r'(event\.code (?::|==) "\d+")', one_more),
    Fault("parentheses lost", "eql", r"\(([^()]* or [^()]*)\)", r"\1"),
]  # fmt: skip

SQL = [
    Fault("case respected", "sql:duckdb", r"\bILIKE\b", "LIKE", everywhere=True),
    Fault("lower lost", "sql:duckdb", r"LOWER\((\"\w+\")\) (=|IN)", r"\1 \2", everywhere=True),
    Fault("literal in the other case", "sql:duckdb", r"(?<=\) = )'[a-z.]+'", swapped),
    Fault("and became or", "sql:duckdb", r"\n  AND (?!NOT)", "\n  OR "),
    Fault("or became and", "sql:duckdb", r"\bOR\b", "AND"),
    Fault("negation lost", "sql:duckdb", r"\bAND NOT\b", "AND"),
    Fault("guard of a negation lost", "sql:duckdb",
          r"NOT COALESCE\((.*), (?:FALSE|CAST\('f' AS BOOLEAN\))\)", r"NOT \1", everywhere=True),
    Fault("wildcard lost at the start", "sql:duckdb", r"LIKE '%", "LIKE '"),
    Fault("wildcard lost at the end", "sql:duckdb", r"(LIKE '.*?)%'", r"\1'"),
    Fault("wildcard added", "sql:duckdb", r"LIKE '(?!%)", "LIKE '%"),
    Fault("number off by one", "sql:duckdb", r"\"EventCode\" = \d+", one_more),
    Fault("threshold off by one", "sql:duckdb", r"(>|>=) \d+\b", one_more),
    Fault("greater or equal", "sql:duckdb", r" > (?=\d)", " >= "),
    Fault("smaller", "sql:duckdb", r" > (?=\d)", " < "),
    Fault("rows without a key kept", "sql:duckdb", r"\"\w+\" IS NOT NULL", "TRUE", everywhere=True),
    Fault("duplicates counted", "sql:duckdb", r"COUNT\(DISTINCT ", "COUNT("),
    Fault("min for max", "sql:duckdb", r"\bMAX\(", "MIN("),
    Fault("max for min", "sql:duckdb", r"\bMIN\(", "MAX("),
    Fault("first of a list lost", "sql:duckdb", r"IN \('[^']*', ", "IN ("),
    Fault("order reversed", "sql:duckdb", r"\bDESC\b", "ASC"),
    Fault("partition lost", "sql:duckdb", r"PARTITION BY\s+[^\n)]*?(?=\s+ORDER|\))", ""),
    Fault("outer join became inner", "sql:duckdb", r"LEFT JOIN", "INNER JOIN"),
    Fault("another column", "sql:duckdb", r"\"process\" (?=I?LIKE)", '"dest" '),
]  # fmt: skip

FAULTS = [*SIGMA, *EQL, *SQL]


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


def spoiled(fault: Fault) -> Iterator[Report]:
    """Yield the verdicts on the conversions that a fault changes."""
    for trial, honest in zip(trials(), conversions(fault.target), strict=True):
        text = fault.plant(honest.text)
        if honest.draft is not None and text != honest.text:
            draft = replace(honest.draft, text=text)
            yield check_trial(trial, replace(honest, text=text, draft=draft), started=0.0)


def says_where(report: Report) -> bool:
    """Return whether a report shows an event, a row or a group, or a reason."""
    shown = any(item.item for item in report.differences)
    proof = report.proof
    return shown or (
        proof is not None and bool(proof.missed or proof.extra or proof.reason)
    )


def test_there_are_sixty() -> None:
    assert len({(fault.target, fault.what) for fault in FAULTS}) == len(FAULTS) >= 60


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.target}-{fault.what}")
def test_the_fault_is_found(fault: Fault) -> None:
    applied = 0
    for report in spoiled(fault):
        applied += 1
        if report.verdict.bad or report.refuted:
            assert says_where(report)
            return
    pytest.fail(f"not found on {applied} conversions that it changes")
