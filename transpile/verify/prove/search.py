"""The search for an event that meets a formula: split the alternatives, ask the theory of values.

What is known of each subject is kept side by side (`_Known`): conditions that bind all its values,
and conditions of which each needs a value. Two that exclude each other end a branch at once; when
nothing is left to split, one value per need is solved for. A branch only adds conditions: whether
one is excluded by those before it is asked once (`Bounds`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.pred import Compare, Keyword, Pred
from transpile.records import dataclass, replace
from transpile.verify.prove.bounds import NONE, Bounds
from transpile.verify.prove.formulas import (
    FALSE,
    Atom,
    Both,
    Either,
    Every,
    Formula,
    Literal,
    Present,
    Single,
    Some,
)
from transpile.verify.prove.product import Undecided
from transpile.verify.prove.values import WHOLE, Signed, value_for
from transpile.verify.samples import filled

Event = dict[str, Any]

MOST_STEPS = 3000
"""Splits and conclusions of one search."""

MOST_PAIRS = 500_000
"""Conditions that are held against others in one search."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one subject. present: None while that is open."""

    present: bool | None = None
    every: Bounds = NONE
    some: Bounds = NONE


@dataclass(frozen=True, slots=True)
class _State:
    known: Mapping[Expr, _Known] = field(default_factory=dict)
    atoms: Mapping[Pred, bool] = field(default_factory=dict)

    def of(self, subject: Expr) -> _Known:
        return self.known.get(subject, _NOTHING)


_NOTHING = _Known()


class Exhausted(Exception):
    """The search was given up."""


@dataclass(slots=True)
class Search:
    """One search. single, whole: whether a subject has one value, whole numbers only.

    doubts: why branches were left that may hold an event.
    """

    single: Single
    whole: Single
    steps: int = 0
    pairs: int = 0
    doubts: dict[str, None] = field(default_factory=dict)

    def events(self, wanted: Formula) -> Iterator[Event]:
        """Yield events that should meet the formula; none, and no doubts: nothing meets it.

        Raises `Exhausted`.
        """
        yield from self._solve([wanted], _State())

    def _solve(self, todo: list[Formula], state: _State) -> Iterator[Event]:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Exhausted
        concluded = self._conclude(todo, state)
        if concluded is None:
            return
        state, splits = concluded
        if not splits:
            yield from self._realised(state)
            return
        splits.sort(key=lambda split: len(split.parts))
        first, *others = splits
        for at, part in enumerate(first.parts):
            refuted = [_negation(p) for p in first.parts[:at] if not isinstance(p, Both | Either)]
            yield from self._solve([part, *refuted, *others], state)

    def _conclude(
        self, todo: list[Formula], state: _State
    ) -> tuple[_State, list[Either]] | None:
        """Take in what must hold until only open alternatives are left; None: a contradiction."""
        splits: list[Either] = []
        waiting = list(reversed(todo))
        while True:
            while waiting:
                item = waiting.pop()
                match item:
                    case Both(parts):
                        waiting.extend(reversed(parts))
                    case Either():
                        splits.append(item)
                    case _:
                        taken = self._taken(item, state)
                        if taken is None:
                            return None
                        state = taken
            open_splits: list[Either] = []
            for split in splits:
                left = self._left(split, state)
                if left == FALSE:
                    return None
                if isinstance(left, Either):
                    open_splits.append(left)
                elif left is not None:
                    waiting.append(left)
            splits = open_splits
            if not waiting:
                return state, splits

    def _left(self, split: Either, state: _State) -> Formula | None:
        """Return what is open of alternatives, None if one of them holds already."""
        parts: list[Formula] = []
        for part in split.parts:
            truth = self._truth(part, state)
            if truth is True:
                return None
            if truth is None:
                parts.append(part)
        if len(parts) == 1:
            return parts[0]
        return split if len(parts) == len(split.parts) else Either(tuple(parts))

    # -- literals --------------------------------------------------------------------------------

    def _truth(self, part: Formula, state: _State) -> bool | None:
        """Return whether a formula follows from what is known, or is refuted by it, if seen."""
        match part:
            case Both(parts):
                truths = [self._truth(inner, state) for inner in parts]
                return False if False in truths else None if None in truths else True
            case Either(parts):
                truths = [self._truth(inner, state) for inner in parts]
                return True if True in truths else None if None in truths else False
            case Atom(pred, wanted):
                known = state.atoms.get(pred)
                return None if known is None else known == wanted
            case Present(subject, wanted):
                present = state.of(subject).present
                return None if present is None else present == wanted
            case Some(subject, signed):
                return self._some_holds(state.of(subject), signed)
            case Every(subject, signed):
                opposite = self._some_holds(state.of(subject), (signed[0], not signed[1]))
                return None if opposite is None else not opposite

    def _some_holds(self, known: _Known, signed: Signed) -> bool | None:
        self._pay(known)
        return _some_holds(known, signed)

    def _pay(self, known: _Known) -> None:
        """Count the comparisons with what is known of a subject. Raises `Exhausted`."""
        self.pairs += 1 + len(known.every.all)
        if self.pairs > MOST_PAIRS:
            raise Exhausted

    def _taken(self, item: Literal, state: _State) -> _State | None:
        """Return the state with a literal, None if it contradicts what is known."""
        match item:
            case Atom(pred, wanted):
                if state.atoms.get(pred, wanted) != wanted:
                    return None
                return replace(state, atoms={**state.atoms, pred: wanted})
            case Present(subject, wanted):
                known = state.of(subject)
                if known.present not in (None, wanted):
                    return None
                return self._with(state, subject, replace(known, present=wanted))
            case Some(subject, signed):
                known = state.of(subject)
                if known.present is False:
                    return None
                if self.single(subject):
                    return self._bound(state, subject, replace(known, present=True), signed)
                if known.every.exclude(signed):
                    return None
                some = known.some.and_(signed)
                return self._with(state, subject, replace(known, present=True, some=some))
            case Every(subject, signed):
                return self._bound(state, subject, state.of(subject), signed)

    def _bound(
        self, state: _State, subject: Expr, known: _Known, signed: Signed
    ) -> _State | None:
        """Return the state in which all values of a subject meet a condition."""
        if signed in known.every.all:
            return self._with(state, subject, known)
        self._pay(known)
        clash = known.some.exclude(signed) or (
            known.present is not False
            # two conditions to miss exclude each other hardly ever; the values are asked at the end
            and (known.every.exclude(signed) if signed[1] else known.every.meeting.exclude(signed))
        )
        bound = replace(known, every=known.every.and_(signed))
        if clash:
            if known.present or known.some.all:
                return None
            bound = replace(bound, present=False)
        return self._with(state, subject, bound)

    def _with(self, state: _State, subject: Expr, known: _Known) -> _State:
        if known == state.known.get(subject):
            return state
        return replace(state, known={**state.known, subject: known})

    # -- events ----------------------------------------------------------------------------------

    def _realised(self, state: _State) -> Iterator[Event]:
        event: Event = {}
        computed: list[tuple[Expr, Any]] = []
        for subject, known in state.known.items():
            try:
                values = self._values(subject, known)
            except Undecided as reason:
                self.doubts[str(reason)] = None
                return
            if values is None:
                return
            if isinstance(subject, Field):
                if values:
                    event[subject.name] = values[0] if len(values) == 1 else values
            else:
                computed.append((subject, values[0] if values else None))
        for subject, value in computed:
            if not _compute(event, subject, value):
                self.doubts["a computed value is not solved for"] = None
        words = [filled(atom.pattern, "") for atom, wanted in state.atoms.items()
                 if wanted and isinstance(atom, Keyword)]  # fmt: skip
        if words:
            event["_raw"] = " ".join(words)
        for pred, wanted in state.atoms.items():
            if not _agree(event, pred, wanted):
                self.doubts[f"{type(pred).__name__.lower()} is taken as a whole"] = None
        yield event

    def _values(self, subject: Expr, known: _Known) -> list[str] | None:
        """Return values of a subject, none for a missing one; None: there are no such values."""
        if known.present is not True:
            return []
        whole = self.whole(subject)
        every = known.every.all | {(WHOLE, True)} if whole else known.every.all
        if self.single(subject):
            text = value_for(every | known.some.all)
            return None if text is None else [text]
        found: dict[str, None] = {}
        needed = sorted(known.some.all, key=_by_text)
        for wanted in [every | {signed} for signed in needed] or [every]:
            text = value_for(wanted)
            if text is None:
                return None
            found[text] = None
        return list(found)


def _by_text(signed: Signed) -> tuple[str, bool]:
    return signed[0].order, signed[1]


def _some_holds(known: _Known, signed: Signed) -> bool | None:
    """Return whether some value is known to meet a condition, or none, or neither."""
    if known.present is False:
        return False
    opposite = (signed[0], not signed[1])
    if opposite in known.every.all or known.every.exclude(signed):
        return False
    if known.present and (
        signed in known.some.all
        or signed in known.every.all
        or known.some.exclude(opposite)
        or known.every.exclude(opposite)
    ):
        return True
    return None


def _negation(part: Formula) -> Formula:
    match part:
        case Present(subject, wanted):
            return Present(subject, not wanted)
        case Some(subject, (condition, sign)):
            return Every(subject, (condition, not sign))
        case Every(subject, (condition, sign)):
            return Some(subject, (condition, not sign))
        case Atom(pred, wanted):
            return Atom(pred, not wanted)
        case _:
            raise TypeError("a literal is expected")


# -- values of expressions -----------------------------------------------------------------------


def _compute(event: Event, subject: Expr, value: str | None) -> bool:
    """Give a field the value that makes an expression so, where that is easy to see."""
    match subject:
        case Call("len", (Field(name),)) if name not in event:
            if value is None:
                return True
            if not value.isdigit() or len(value) > 6:
                return False
            event[name] = "x" * int(value)
            return True
        case Call("coalesce", (Field(name), Lit(str() | int() | float()))):
            if name in event:
                return bool(event[name] == value)
            if value is not None:
                event[name] = value
            return True
        case _:
            return False


def _agree(event: Event, pred: Pred, wanted: bool) -> bool:
    """Give fields values that make a comparison so; whether they may be so is asked at the end."""
    match pred:
        case Compare("==", Field(left), Field(right)):
            known = event.get(left, event.get(right, "same"))
            event.setdefault(left, known)
            event.setdefault(right, known)
            if (event[left] == event[right]) != wanted:
                event[right] = known if wanted else f"not {known}"
            return True
        case _:
            return False
