"""Faults planted in conversions of the corpus: `verify` finds every one, and says where.

Each fault is planted, one conversion at a time, in up to `TRANSPILE_PLANTED` (6) conversions that
it changes, spread over the corpus, and in up to 40 until it is found; they are chosen by the text
that a fault needs. Some of these changes say the same in another way (a bound that no event meets),
so that not each of them can be found. `-s` prints a table: the fault, how many conversions it
changes, on how many of those tried it is found, where.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import pytest
from faults import FAULTS, Fault, planted, where

from transpile import Content
from transpile.compiled import Compiled, compile_rule
from transpile.content import load_rules
from transpile.convert import convert_compiled
from transpile.verify import Trial, check_trial, trial_of

CORPUS = os.environ.get("TRANSPILE_CORPUS")
PLANTED = int(os.environ.get("TRANSPILE_PLANTED", "6"))
NOW = 1_767_225_600.0
MOST = 40

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS, reason="TRANSPILE_CORPUS is not set"),
]


@lru_cache(maxsize=1)
def content() -> Content:
    """Return the corpus, read once."""
    return Content.load(Path(CORPUS or "", "splunk"))


@lru_cache(maxsize=1)
def compiled() -> tuple[Compiled, ...]:
    """Return its rules as IR."""
    rules, _ = load_rules(Path(CORPUS or "", "splunk", "detections"))
    return tuple(compile_rule(rule, content()) for rule in rules)


@lru_cache(maxsize=1)
def texts(target: str) -> tuple[str, ...]:
    """Return the emitted texts, "" where there is none."""
    made = (convert_compiled(each, target, content=content()) for each in compiled())
    return tuple("" if one.draft is None else one.text for one in made)


@lru_cache(maxsize=400)
def trial(at: int) -> Trial:
    """Return the trial of a rule of the corpus."""
    return trial_of(compiled()[at], content=content(), now=NOW)


def changed(fault: Fault) -> list[int]:
    """Return the rules whose conversions a fault changes."""
    found = enumerate(texts(fault.target))
    return [at for at, text in found if text and fault.plant(text) != text]


def spread(places: list[int]) -> list[int]:
    """Return places in an order whose beginnings are spread over all of them."""
    step = max(1, len(places) // PLANTED)
    return [at for start in range(step) for at in places[start::step]]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.target}-{fault.what}")
def test_the_fault_is_found_on_the_corpus(fault: Fault) -> None:
    places = changed(fault)
    shown: dict[str, str] = {}
    tried = 0
    for at in spread(places)[:MOST]:
        if tried >= PLANTED and shown:
            break
        tried += 1
        honest = convert_compiled(compiled()[at], fault.target, content=content())
        spoiled = planted(fault, honest)
        assert spoiled is not None
        report = check_trial(trial(at), spoiled, started=0.0)
        if report.verdict.bad or report.refuted:
            shown[compiled()[at].rule.name] = where(report)
    first = next(iter(shown.items()), ("", ""))
    row = (fault.target, fault.what, len(places), f"{len(shown)}/{tried}", *first)
    print("\t".join(str(cell)[:90] for cell in row))
    assert places, "no conversion has what the fault changes"
    assert shown, f"not found on {tried} of the {len(places)} conversions that it changes"
    assert all(shown.values()), shown
