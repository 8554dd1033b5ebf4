"""Looks for events that refute what `verify` proves.

    TRANSPILE_CORPUS=... python tools/refute.py [TARGETS [STEP [FROM [SEED [ROUNDS]]]]]

Takes every STEP-th rule from FROM on of the corpus, else of our own rules/. Of each conversion:

- mutants that were proved to be the same rule find what the rule finds, on random events near the
  rule's own that the conversion speaks about (several at once, in random groups, where it groups);
- the conversion finds there what it claims to find;
- the texts of mutants that are no such, put in the place of the rule's, are not proved to say what
  the rule says if the engine finds something else (conversions of whole filters only).

Prints each difference and at last what was tried; the exit code is 1 if there is any.
"""

from __future__ import annotations

import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from transpile import Content, TranspileError
from transpile.compiled import compile_rule
from transpile.content import load_rules
from transpile.convert import Conversion, convert_compiled
from transpile.fidelity import Fidelity, Observable
from transpile.ir import pred as p
from transpile.ir.expr import Field, Lit
from transpile.ir.stages import Aggregate, Events, Fill
from transpile.ir.text import fold
from transpile.ir.walk import descend, fields_of
from transpile.records import replace
from transpile.targets import find, variant_of
from transpile.verify import Trial, trial_of
from transpile.verify.adequacy import Assumed, gap_of
from transpile.verify.admitted import twins
from transpile.verify.check import check_trial, round_of
from transpile.verify.fitting import assumed
from transpile.verify.mutate import Mutant
from transpile.verify.prove import Relation
from transpile.verify.reread import proof
from transpile.verify.samples import samples

Event = dict[str, Any]

NOW = 1_767_225_600.0
SINGLE = 250
GROUPS = 8
SPOILED = 12
"""Events of a round that are tried together, groups of events, and texts of mutants."""

TEXTS = ("", "*", "?", "%", "_", "0", "1", "5", "05", "5.0", "-5", "1e1", "true", "x", "\\", " ",
         "null", "unknown", "10.0.0.1", "SYSTEM", "-")  # fmt: skip
SIGNS = "xX1*?%_\\/. \n\"'"
PAUSES = (0, 0, 1, -1, 30, 60, 300, 3600, -60, -300, 86400)
WHOLE = re.compile(r"0|-?[1-9][0-9]*")


def main() -> int:
    """Try the rules; return 1 if something that was proved is refuted."""
    given = sys.argv[1:] + ["sigma,eql,esql,sql:duckdb", "1", "0", "1", "1"][len(sys.argv) - 1 :]
    targets, (step, offset, seed, rounds) = given[0].split(","), map(int, given[1:5])
    corpus = os.environ.get("TRANSPILE_CORPUS")
    root = Path(corpus, "splunk") if corpus else Path("rules")
    content = Content.load(root)
    rules, _ = load_rules(root / "detections")
    counts: Counter[str] = Counter()
    for rule in rules[offset::step]:
        compiled = compile_rule(rule, content)
        trial = trial_of(compiled, content=content, now=NOW)
        counts["rules"] += 1
        for target in targets if trial.events else ():
            conversion = convert_compiled(compiled, target, content=content)
            for number in range(rounds):
                dice = random.Random(f"{seed + number} {rule.name} {target}")
                try:
                    for found in refuted(trial, conversion, dice, counts):
                        counts["refuted"] += 1
                        print(f"{rule.name}: {target}: {found}", flush=True)
                except TranspileError as error:
                    counts[f"not run: {error.message[:40]}"] += 1
    print(dict(counts))
    return 1 if counts["refuted"] else 0


def refuted(
    trial: Trial, conversion: Conversion, dice: random.Random, counts: Counter[str]
) -> Iterator[str]:
    """Yield what was proved of a conversion and is not so on random events, with what shows it.

    counts: what was tried is added to it. Raises what interpreter and engine raise.
    """
    draft = conversion.draft
    backend, info = find(conversion.target)
    engine = backend.engine(variant_of(info))
    if draft is None or engine is None:
        return
    first = round_of(trial, draft, engine)
    if first is None:
        return
    same = proved_same(trial, conversion)
    near = Near(trial, dice, tuple(same))
    tried = near.trial()
    counts["conversions"] += 1
    counts["proved same"] += len(same)
    counts["events"] += len(tried.events)
    yield from refuted_mutants(tried, conversion, same)
    report = check_trial(tried, conversion, mutation=False)
    if report.verdict.bad:
        yield f"{report.fidelity} but {report.verdict}: {str(report.differences[:1])[:600]}"
    if draft.observable is Observable.EVENTS:
        yield from refuted_texts(trial, tried, conversion, dice, counts)


def proved_same(trial: Trial, conversion: Conversion) -> list[Mutant]:
    """Return the mutants that no event of the trial shows and that are proved to be the rule."""
    backend, info = find(conversion.target)
    engine = backend.engine(variant_of(info))
    draft = conversion.draft
    assert draft is not None
    assert engine is not None
    first = round_of(trial, draft, engine)
    given = Assumed(assumed(trial, draft), draft.alike, twins(draft))
    mutants = trial.mutants(rows=draft.observable is Observable.ROWS)
    left = first.unseen(mutants)[1] if first is not None else ()
    return [mutant for mutant in left if gap_of(trial, mutant, given) is None]


def refuted_mutants(
    tried: Trial, conversion: Conversion, mutants: Sequence[Mutant]
) -> Iterator[str]:
    """Yield the mutants that find something else than the rule on the events of a trial."""
    backend, info = find(conversion.target)
    engine = backend.engine(variant_of(info))
    assert conversion.draft is not None
    assert engine is not None
    fitting = round_of(tried, conversion.draft, engine)
    left = fitting.unseen(mutants)[1] if fitting is not None else mutants
    for mutant in mutants:
        if mutant not in left:
            part = tried.compiled.source_of(mutant.span) or ""
            yield f"not the same rule: {mutant.what} in {' '.join(part.split())[:200]}"


def refuted_texts(
    trial: Trial,
    tried: Trial,
    conversion: Conversion,
    dice: random.Random,
    counts: Counter[str],
) -> Iterator[str]:
    """Yield texts of mutants that are proved to say what the rule says and do not."""
    mutants = list(trial.mutants(rows=False))
    for mutant in dice.sample(mutants, min(SPOILED, len(mutants))):
        compiled = replace(trial.compiled, pipeline=mutant.pipeline)
        other = convert_compiled(compiled, conversion.target, content=trial.content)
        if other.draft is None or other.text == conversion.text or conversion.draft is None:
            continue
        draft = replace(conversion.draft, text=other.text)
        spoiled = replace(conversion, text=other.text, draft=draft)
        relation = proof(trial, spoiled).relation
        if relation not in (Relation.EQUAL, Relation.WIDER):
            continue
        counts[f"texts of mutants {relation}"] += 1
        claim = conversion.fidelity if relation is Relation.EQUAL else Fidelity.SUPERSET
        report = check_trial(tried, replace(spoiled, fidelity=claim), mutation=False)
        if report.verdict.bad:
            yield f"{relation} to the text of a mutant: {mutant.what}\n{other.text}"


class Near:
    """Makes events like those of a trial. mutants: whose literals are used, besides the rule's."""

    def __init__(self, trial: Trial, dice: random.Random, mutants: Sequence[Mutant]) -> None:
        self.base, self.dice = trial, dice
        self.own = [dict(event) for event in trial.events]
        found = trial.runs.result(trial.runs.all).matched
        self.found = [self.own[at] for at in sorted(found)] or self.own
        nodes = [*descend(trial.pipeline), *(n for m in mutants if m.pred for n in descend(m.pred))]
        self.words = sorted({word for node in nodes for word in _words(node)}) or list(TEXTS)
        conditions = [node.condition for node in nodes if isinstance(node, p.Test)]
        self.asked = {fold(each.text) for each in conditions if isinstance(each, p.TextEq)}
        scopes = (fields_of(node.scope) for node in nodes if isinstance(node, Events))
        kept = {"_time", "index", "source", "sourcetype", "eventtype", "Channel"}.union(*scopes)
        read = {node.name.rpartition(".")[2] for node in nodes if isinstance(node, Field)}
        names = dict.fromkeys(name for event in self.own for name in event if name not in kept)
        self.names = list(names) or ["other"]
        self.read = [n for n in self.names if n.rpartition(".")[2] in read] or self.names
        self.values = {n: [e[n] for e in self.own if n in e] or [""] for n in self.names}

    def trial(self) -> Trial:
        """Return a trial on many events at once, and on small groups where the rule groups.

        A rule that fills the fields of all events is tried on all at once.
        """
        events = [self.event() for _ in range(SINGLE)]
        bounds = [0, len(events)]
        stages = tuple(descend(self.base.pipeline))
        fills = any(isinstance(stage, Fill) and not stage.fields for stage in stages)
        if any(isinstance(stage, Aggregate) for stage in stages) and not fills:
            for _ in range(GROUPS):
                events += self.group()
                bounds.append(len(events))
        scenes = ((1 << end) - (1 << start) for start, end in pairwise(bounds))
        origins = ("given",) * len(events)
        return replace(
            self.base, events=tuple(events), origins=origins, scenes=tuple(scenes), groups=()
        )

    def event(self) -> Event:
        """Return an event like one of the trial, mostly one that is found."""
        dice = self.dice
        event = dict(dice.choice(self.found if dice.random() < 0.7 else self.own))
        for _ in range(dice.choice((0, 1, 1, 1, 2, 2, 3, 4))):
            self.change(event)
        return event

    def group(self) -> list[Event]:
        """Return events that share most of their values, at times near to each other."""
        dice = self.dice
        bases = [self.event() for _ in range(dice.choice((1, 1, 2, 3)))]
        events = [dict(dice.choice(bases)) for _ in range(dice.choice((1, 2, 3, 5, 8, 12, 25)))]
        for event in events:
            if dice.random() < 0.5:
                self.change(event)
            event["_time"] = event.get("_time", NOW) + dice.choice(PAUSES)
        return events

    def change(self, event: Event) -> None:
        """Give a field another value, or none."""
        dice = self.dice
        name = dice.choice(self.read if dice.random() < 0.85 else self.names)
        if dice.random() < 0.15:
            event.pop(name, None)
            return
        event[name] = self.value(name, event.get(name, ""))
        several = not self.base.maker.single(name)
        if several and dice.random() < 0.25:
            event[name] = [self.value(name, event[name]) for _ in range(dice.randint(2, 3))]
        if self.base.maker.whole(name) and not self._is_asked_or_whole(event[name]):
            event[name] = dice.choice(self.values[name])

    def _is_asked_or_whole(self, value: Any) -> bool:
        """Return whether a value is a whole number, or one that the rule asks for, in any case."""
        return bool(WHOLE.fullmatch(str(value))) or fold(str(value)) in self.asked

    def value(self, name: str, value: Any) -> Any:
        """Return a single value: near another one, of the rule, or of another field."""
        dice = self.dice
        makers = (
            lambda: self.text(str(value)),
            lambda: self.text(str(value)),
            lambda: dice.choice(self.values[name]),
            lambda: dice.choice(self.values[dice.choice(self.names)]),
            lambda: dice.choice(self.words),
            lambda: dice.choice((*TEXTS, 0, 1, 5, -5)),
        )
        found = dice.choice(makers)()
        return dice.choice(found) if isinstance(found, list) and found else found

    def text(self, text: str) -> str:
        """Return a text near another one: in another case, with a character more or less ..."""
        dice, at = self.dice, self.dice.randint(0, len(text))
        word = dice.choice(self.words)
        return dice.choice(
            (
                text.swapcase(),
                text.upper(),
                text[:at] + text[at + 1 :],
                text[:at] + dice.choice(SIGNS) + text[at:],
                text[:at] + dice.choice(SIGNS) + text[at + 1 :],
                text + word,
                word + text,
                "0" + text,
                text + ".0",
                word + dice.choice("/\\ :.@") + dice.choice(self.words),
            )
        )


def _words(node: object) -> Sequence[str]:
    match node:
        case p.Test(condition=condition):
            return samples(condition)
        case Lit(str() | int() | float() as value):
            return (str(value),)
        case _:
            return ()


if __name__ == "__main__":
    sys.exit(main())
