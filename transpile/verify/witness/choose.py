"""Which events are worth trying: each tells a mutant of the filter from the filter.

The pool holds events near the solutions. For a mutant that no event of the pool tells apart the
prover is asked: it gives an event, or proves that there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from functools import cached_property
from itertools import chain, islice, permutations

from transpile.interpret import NotComputable, compile_pred
from transpile.ir.pred import TRUE, Pred, Test
from transpile.ir.remember import Kept
from transpile.ir.walk import descend, fields_of
from transpile.records import dataclass
from transpile.verify.bits import Truths, indices
from transpile.verify.mutate import of_pred
from transpile.verify.prove import Facts, implies
from transpile.verify.witness.maker import Event, Maker
from transpile.verify.witness.near import METADATA
from transpile.verify.witness.told import Told

MOST_MUTANTS = 300

MOST_ASKED = 8000
"""Tests in all the predicates that the prover is asked about for one rule."""

MOST_VAIN = 24
"""Mutants in a row for which the prover finds no event until it is asked no more."""

MOST_REPAIRED = 2
"""Events of the pool that are made like a base for a mutant."""

MOST_BASES = 2

MOST_ODD = 4
"""Fields at odds of which one is tried as the folder of another."""

MOST_LIKELY = 6
"""Events much like one that are completed in its place."""

MOST_TRIED = 8
"""Events of the pool that are tried for a mutant until one fits all taxonomies."""


def telling(
    pred: Pred,
    pool: Sequence[Event],
    maker: Maker,
    solved: Solved,
    common: Event,
    bases: Sequence[Event] = (),
) -> Iterator[Event]:
    """Yield events, completed, so that each mutant of a predicate is told apart by one of them.

    Where there is one, an event that fits every taxonomy is among those that tell it apart; an
    event that fits none is made more like one of the bases.
    solved: what the prover knows of the predicate.  common: fields that the predicate does not test
    and all events get.
    """
    pool = [common | event for event in pool]
    try:
        if solved.facts.given != TRUE:
            possible = compile_pred(solved.facts.given)
            pool = [event for event in pool if possible(dict(event))]
        truths = Truths(list(pool))
        original = truths.of(pred, keep=True)
        changes = [
            (other, original ^ truths.of(other))
            for other, what, span in islice(of_pred(pred), MOST_MUTANTS)
            if maker.shows(what, span)
        ]
    except NotComputable:
        yield from map(maker.completed, pool)
        return
    chosen = _Chosen(pool, maker)
    repair = _Repair(pred, maker, bases[:MOST_BASES])
    left, vain = MOST_ASKED // leaves(pred), 0
    for other, differing in sorted(changes, key=lambda change: change[1].bit_count()):
        if differing & chosen.fitting:
            continue
        found = list(chosen.one_of(differing)) if differing else []
        yield from found
        if differing & chosen.fitting:
            continue
        near = (pool[at] for at in islice(indices(differing), MOST_REPAIRED))
        left -= 1
        asked = left >= 0 and vain < MOST_VAIN and (maker.taxonomies or not differing)
        given = solved.apart(other) if asked else ()
        repaired = list(repair.like_a_base(other, chain(near, (common | e for e in given))))
        first = [] if repaired else list(islice(given, 1))
        if asked:
            vain = 0 if repaired or first else vain + 1
        yield from repaired
        if not differing:
            yield from (maker.completed(common | event) for event in first)


def leaves(pred: Pred) -> int:
    """Return how many tests a predicate has, 1 at least."""
    return max(1, sum(1 for node in descend(pred) if isinstance(node, Test)))


class _Chosen:
    """The events of a pool that were taken; fitting: the bits of those that fit everywhere."""

    def __init__(self, pool: Sequence[Event], maker: Maker) -> None:
        self.pool = pool
        self.maker = maker
        self.taken = 0
        self.fitting = 0
        self.unfit = 0

    def one_of(self, places: int) -> Iterator[Event]:
        """Yield an event of some places that fits every taxonomy, else any one of them."""
        for at in islice(indices(places & ~self.unfit), MOST_TRIED):
            event = self.maker.completed(self.pool[at])
            if self.maker.consistent(event):
                self.fitting |= 1 << at
                self.taken |= 1 << at
                yield event
                return
            self.unfit |= 1 << at
        if not places & self.taken:
            at = indices(places)[0]
            self.taken |= 1 << at
            yield self.maker.completed(self.pool[at])


@dataclass(frozen=True, slots=True)
class Solved:
    """What the prover finds of a predicate and its mutants: makers of events share it.

    facts: what is known of the fields.  likely: what is so in most events, besides, asked of first.
    known: the events that only one of the predicate and another one finds, by that.
    """

    pred: Pred
    facts: Facts
    likely: Facts | None = None
    known: dict[Pred, Kept[Event]] = field(default_factory=dict)

    def apart(self, other: Pred) -> Iterable[Event]:
        """Return events that only one of two predicates finds, as far as some are known."""
        found = self.known.get(other)
        if found is None:
            found = self.known[other] = Kept(self._asked(other))
        return found

    def _asked(self, other: Pred) -> Iterator[Event]:
        for facts in filter(None, (self.likely, self.facts)):
            for one, second in ((self.pred, other), (other, self.pred)):
                event = implies(one, second, facts).event
                if event is not None:
                    yield event


@dataclass(frozen=True)
class _Repair:
    """Makes events more like a base that fits the taxonomies, as far as they still tell."""

    pred: Pred
    maker: Maker
    bases: Sequence[Event]
    told: Told = field(default_factory=Told)

    @cached_property
    def _hopeful(self) -> bool:
        """Whether a base fits; else what is at odds in each is so in most that is like one."""
        return not self.bases or any(map(self.maker.consistent, self.bases))

    def like_a_base(self, other: Pred, events: Iterable[Event]) -> Iterator[Event]:
        """Yield an event that tells two predicates apart and fits all taxonomies, if one is found.

        Else one for each taxonomy that one is found for.
        """
        tells = self.told.between(self.pred, other)
        open_ones = list(self.maker.taxonomies)
        for event in events:
            for base in self.bases or ({},):
                for near in self._near(base, event, tells):
                    odd = [x for x in self.maker.taxonomies if self.maker.at_odds(near, (x,))]
                    if not odd and tells(dict(near)) and self.maker.consistent(near):
                        yield near
                        return
                    if tells(dict(near)) and any(x not in odd for x in open_ones):
                        open_ones = [x for x in open_ones if x in odd]
                        yield near

    def _near(
        self, base: Event, event: Event, tells: Callable[[Event], bool]
    ) -> Iterator[Event]:
        """Yield an event that is like a base, then some that are so in the tested fields alone."""
        near = _toward(base, event, tells)
        yield self.maker.completed(near)
        if not self._hopeful:
            return
        tested = fields_of(self.pred) | METADATA
        alone = {name: value for name, value in near.items() if name in tested}
        yield self.maker.completed(reconciled(alone, self.maker, tells) or alone)
        if (found := fitted(alone, self.maker, tells)) is not None:
            yield found


def _toward(base: Event, event: Event, tells: Callable[[Event], bool]) -> Event:
    """Return an event with as many values of the base as it can have and still tell."""
    for name in sorted(base.keys() | event.keys()):
        if base.get(name) == event.get(name):
            continue
        changed = {key: value for key, value in event.items() if key != name}
        if name in base:
            changed[name] = base[name]
        if tells(dict(changed)):
            event = changed
    return event


_PAIRED = (("Value", "Name"), ("NewValue", "Name"), ("Name", "NewValue"), ("Name", "Value"))
"""The ends of names of lists of which the second goes with the first, place by place."""


def paired(event: Event, maker: Maker) -> Event:
    """Return the event with lists of names and values in pairs if it fits only so."""
    if maker.consistent(event):
        return event
    return next(filter(maker.consistent, _with_pairs(event)), event)


def _with_pairs(event: Event) -> Iterator[Event]:
    """Yield an event with as many values in its lists of names as in those that go with them."""
    for one, other in _PAIRED:
        found = dict(event)
        for name, value in event.items():
            head, dot, last = name.rpartition("{}.")
            if dot and last == one:
                count = len(value) if isinstance(value, list) else 1
                known = event.get(f"{head}{dot}{other}", [])
                values = known if isinstance(known, list) else [known]
                member = head.rpartition(".")[2]
                more = [f"{member}{at}" for at in range(len(values), count)]
                found[f"{head}{dot}{other}"] = values + more if more else known
        if found != event:
            yield found


_HEADS = ("C:\\x\\", "/x/", "C:\\x\\y", "/x/y")
"""What stands before a name in a path, or before the end of one."""


_TAILS = ("x", "x\\x", "x/x")
"""What stands behind a folder."""


def reconciled(
    event: Event, maker: Maker, decide: Callable[[Event], bool]
) -> Event | None:
    """Return the event with names that are paths, and paths that end in their names.

    None if its fields stay at odds.
    """
    if maker.consistent(event):
        return event
    variants = _variants(event, maker)
    return next((e for e in variants if decide(dict(e)) and maker.consistent(e)), None)


def fitted(event: Event, maker: Maker, decide: Callable[[Event], bool]) -> Event | None:
    """Return the event, or one much like it, completed so that it fits; None if none was found."""
    variants = _variants(event, maker)
    likely = (e for e in variants if decide(dict(e)) and not maker.at_odds(e) & e.keys())
    for other in chain((event,), islice(likely, MOST_LIKELY)):
        if maker.consistent(full := maker.completed(other)):
            return full
    return None


def _variants(event: Event, maker: Maker) -> Iterator[Event]:
    """Yield the event with lists in pairs, texts that are paths, and paths that end in names.

    Last come those in which a third field at odds is the folder of the path.
    """
    yield from _with_pairs(event)
    texts = {name: value for name, value in event.items() if isinstance(value, str)}
    for name, text in texts.items():
        yield from ({**event, name: head + text} for head in _HEADS)
        if text.endswith(("\\", "/")):
            yield from ({**event, name: text + tail} for tail in _TAILS)
    for name, other_name in permutations(texts, 2):
        for sign in "\\/":
            joined = texts[name].rstrip(sign) + sign + texts[other_name].lstrip(sign)
            yield {**event, name: joined}
            folder, found, last = texts[name].rpartition(sign)
            if found and last != texts[other_name]:
                yield {**event, name: folder + sign + texts[other_name]}
    odd = [name for name in sorted(maker.at_odds(event)) if name in texts]
    for name, other_name, folder in permutations(odd, 3) if len(odd) <= MOST_ODD else ():
        for sign in "\\/":
            head = texts[name].rstrip(sign)
            yield {**event, name: head + sign + texts[other_name], folder: head}
