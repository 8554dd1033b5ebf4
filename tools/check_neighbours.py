"""Confirms a sample of the catalogue's claims about neighbours on events made for both rules.

    python tools/check_neighbours.py PATH... [--sample N] [--seed N] [--cache FILE]

PATH: folders of rules, as for `transpile catalog`. A claim says that every event which one rule
finds is found (or read) by another. It is tried on events that verify's witness maker makes from
both rules; the reference interpreter decides, over the rules as they were read, not over what the
catalogue keeps of them. Claims are drawn from every relation and pair of languages in turn.
Printed: the claims by relation and pair of languages, how many were tried by some event (the others
are vacuous on these events), and each that is wrong. Returns 1 if one is wrong or could not be
judged.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, product, zip_longest
from pathlib import Path
from typing import Any

from transpile.catalog import Catalog, Entry
from transpile.catalog.common import common_name
from transpile.catalog.describing import shared_events
from transpile.catalog.proving import single
from transpile.compiled import compile_rule
from transpile.content import Content, Rule, load_rules
from transpile.errors import Unsupported
from transpile.interpret import NotComputable, compile_pred, event_row
from transpile.ir.events import event_rule
from transpile.ir.expr import Call
from transpile.ir.pred import Pred, Test, all_of
from transpile.ir.walk import conjuncts, descend, rename_fields
from transpile.schema.resolve import resolve
from transpile.tables import tables_for
from transpile.verify.witness.maker import Maker
from transpile.verify.witness.near import near
from transpile.verify.witness.solve import solutions

Event = dict[str, Any]

SOLUTIONS, NEAR = 8, 160
PATHS = {
    "process.executable": "process.name",
    "process.parent.executable": "process.parent.name",
    "dll.path": "dll.name",
}


class Judge:
    """A rule as the interpreter sees it over field names that all languages share."""

    def __init__(self, rule: Rule, content: Content) -> None:
        pipeline = shared_events(compile_rule(rule, content))
        part = event_rule(pipeline, tables=tables_for(pipeline, content))
        resolution = resolve(part.source, part.pred, rule.data_sources)
        pred = rename_fields(part.pred, lambda field: common_name(field, resolution))
        self.finds: Callable[[Event], bool] = compile_pred(pred)
        # what ES|QL computes from events it asks for after it has read them
        computed = _is_computed if rule.language == "esql" else lambda part: False
        read = all_of(part for part in conjuncts(pred) if not computed(part))
        self.reads: Callable[[Event], bool] = compile_pred(read)
        found = list(islice(solutions(pred), SOLUTIONS))
        maker = Maker(multivalued=lambda name: not single(name))
        self.events = [*found, *islice(near(found, pred, maker), NEAR)]


def _is_computed(pred: Pred) -> bool:
    tests = [node for node in descend(pred) if isinstance(node, Test)]
    return bool(tests) and all(isinstance(test.subject, Call) for test in tests)


def whole(event: Event) -> Iterator[Event]:
    """Yield events in which a program's name is the end of its path, as near to one as can be."""
    choices = [
        [(path, name, each) for each in _agreeing(event.get(path), event.get(name))]
        for path, name in PATHS.items()
        if path in event or name in event
    ]
    for chosen in product(*choices):
        made = dict(event)
        for path, name, (given, called) in chosen:
            made |= {path: given, name: called}
        yield made


def _agreeing(given: Any, called: Any) -> Iterator[tuple[str, str]]:
    """Yield paths with the names that they end with."""
    if isinstance(given, str):
        head, sign, last = _END.fullmatch(given).groups()  # type: ignore[union-attr]
        if last:
            yield given, last
        if isinstance(called, str) and called != last and not set(called) & set("\\/"):
            yield f"{head}{sign}{called}", called
            yield f"{given}{sign or SEPARATOR}{called}", called
    elif isinstance(called, str) and called and not set(called) & set("\\/"):
        yield f"C:\\x\\{called}", called


SEPARATOR = "\\"
_END = re.compile(r"(?s)(.*?)([\\/]?)([^\\/]*)")


@dataclass(frozen=True, slots=True)
class Claim:
    """That one rule finds nothing but what another finds, or reads."""

    relation: str
    narrow: Entry
    wide: Entry

    @property
    def kind(self) -> tuple[str, str, str]:
        """What it is drawn by."""
        return self.relation, self.narrow.language, self.wide.language


def claims(catalog: Catalog, number: int, seed: int) -> list[Claim]:
    """Return a sample of the claims, of every kind in turn."""
    kinds: dict[tuple[str, str, str], list[Claim]] = defaultdict(list)
    for narrow, around in zip(catalog.rules, catalog.related, strict=True):
        for relation in ("same", "broader", "reading"):
            for other in getattr(around, relation):
                claim = Claim(relation, narrow, catalog.rules[other.index])
                kinds[claim.kind].append(claim)
    drawn = random.Random(seed)
    for found in kinds.values():
        drawn.shuffle(found)
    in_turn = (claim for row in zip_longest(*kinds.values()) for claim in row if claim is not None)
    return list(islice(in_turn, number))


class Judges:
    """Finds the rule of an entry again, and makes its judge."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.tops = {path.resolve().name: path for path in paths}
        self.judge = lru_cache(maxsize=None)(self._judge)
        self.content = lru_cache(maxsize=None)(Content.load)

    def _judge(self, key: str, collection: str, path: str, name: str) -> Judge | None:
        top = self.tops[collection]
        rules, _ = load_rules(top / path)
        language, _, _ = key.partition("/")
        content = self.content(top) if language == "splunk" else Content.builtin()
        rule = next(rule for rule in rules if (rule.name or Path(path).stem) == name)
        try:
            return Judge(rule, content)
        except (Unsupported, NotComputable):
            return None

    def of(self, entry: Entry) -> Judge | None:
        """Return the judge of a rule, None if the interpreter cannot decide it."""
        return self.judge(entry.key, entry.collection, entry.path, entry.name)


def tried(claim: Claim, judges: Judges) -> tuple[str, Event | None]:
    """Return `confirmed`, `vacuous`, `wrong` (with an event that shows it) or `not judged`."""
    left, right = judges.of(claim.narrow), judges.of(claim.wide)
    if left is None or right is None:
        return "not judged", None
    hits = 0
    found = right.reads if claim.relation == "reading" else right.finds
    for made in chain.from_iterable(map(whole, (*left.events, *right.events))):
        event = event_row(made)
        if left.finds(event):
            hits += 1
            if not found(event):
                return "wrong", made
    return ("confirmed" if hits else "vacuous"), None


def check(
    catalog: Catalog, paths: Sequence[Path], number: int, seed: int
) -> Iterator[tuple[Claim, str, Event | None]]:
    """Yield claims with what became of them."""
    judges = Judges(paths)
    for claim in claims(catalog, number, seed):
        yield claim, *tried(claim, judges)


def main() -> int:
    """Print the table; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--cache", type=Path)
    asked = parser.parse_args()
    catalog = Catalog.build(asked.paths, cache=asked.cache)
    table: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for claim, outcome, event in check(catalog, asked.paths, asked.sample, asked.seed):
        table[claim.kind][outcome] += 1
        if outcome in ("wrong", "not judged"):
            print(f"{outcome}: {claim.narrow.key} -> {claim.relation} {claim.wide.key}: {event}")
    for kind, outcomes in sorted(table.items()):
        told = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common())
        print(f"{kind[0]:8} {kind[1]:8} -> {kind[2]:8} {told}")
    total = sum(table.values(), Counter())
    print(", ".join(f"{number} {outcome}" for outcome, number in total.most_common()))
    return int(bool(total["wrong"] or total["not judged"]))


if __name__ == "__main__":
    raise SystemExit(main())
