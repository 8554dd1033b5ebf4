"""What events must hold for a rule to have a result, as far as that was found out.

Wishes are about one kind of event of a group; a group can need several (`Wishes.others`), as where
a rule puts the old and the new state of a thing, told by two events, side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from itertools import takewhile
from operator import eq
from typing import Any

from transpile.ir.events import EventRule
from transpile.ir.expr import Expr, Field
from transpile.ir.pred import Exists, Not
from transpile.ir.walk import conjuncts
from transpile.records import dataclass
from transpile.verify.known import NOTHING, Kind, Known

Event = dict[str, Any]


@dataclass(slots=True)
class Wishes:
    """What one event must hold, and how many such events there must be.

    values: by field.  places: values of a list by their place in it, negative from the end.
    present: fields that must have some value.  distinct: fields that differ from event to event.
    size: number of events.  unusual: whether a value must stand out from others; outstanding: what
    such a value is to be.  others: the further kinds of events of the same group.  texts: whether a
    field's text has all the parts that are taken out of it.  absent: fields that are to have no
    value.  known: what is known of the rows that the wishes are about.
    """

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, dict[int, Any]] = field(default_factory=dict)
    present: dict[str, None] = field(default_factory=dict)
    distinct: dict[str, None] = field(default_factory=dict)
    size: int = 1
    unusual: bool = False
    outstanding: int | None = None
    others: list[Wishes] = field(default_factory=list)
    texts: dict[str, list[Callable[[str], bool]]] = field(default_factory=dict)
    absent: dict[str, None] = field(default_factory=dict)
    known: Known | None = None

    def kind_of(self, expr: Expr) -> Kind:
        """Return what is known of the value of an expression."""
        return NOTHING if self.known is None else self.known.of_expr(expr)

    def is_single(self, name: str) -> bool:
        """Return whether a field has one value at most; a field of the source is taken to."""
        kind = None if self.known is None else self.known.fields.get(name)
        return kind is None or kind.single

    def is_known_single(self, name: str) -> bool:
        """Return whether it is known that a field has one value at most."""
        return self.known is not None and self.known.of(name).single

    def give(self, name: str, value: Any) -> None:
        """Wish a value for a field that has none yet."""
        self.values.setdefault(name, value)

    def place(self, name: str, at: int, value: Any) -> None:
        """Wish a value at a place of a list that has none there yet."""
        self.places.setdefault(name, {}).setdefault(at, value)

    def take(self, name: str) -> Any:
        """Return the value that is wished for a field and forget it; None: no wish."""
        places = self.places.pop(name, None)
        value = self.values.pop(name, None)
        return value if places is None else listed(name, places, value)

    def of(self, name: str) -> Any:
        """Return the value that is wished for a field, None: no wish."""
        places = self.places.get(name)
        return self.values.get(name) if places is None else listed(
            name, places, self.values.get(name)
        )

    def settle(self, rule: EventRule) -> None:
        """Wish for the field that events have where the rule could mean one of two."""
        absent = {
            node.arg.subject
            for node in conjuncts(rule.required)
            if isinstance(node, Not) and isinstance(node.arg, Exists)
        }
        for one, other in rule.choices:
            for gone, had in ((one, other), (other, one)):
                if Field(gone) in absent:
                    self._move(gone, had)

    def _move(self, gone: str, had: str) -> None:
        for kept in (self.values, self.present, self.distinct):
            if gone in kept:
                value = kept.pop(gone)
                kept.setdefault(had, value)

    def likeness(self, row: Mapping[str, Any]) -> int:
        """Return how many characters a row's values begin with that are wished already."""
        pairs = ((str(self.of(name)).lower(), str(value).lower()) for name, value in row.items())
        return sum(sum(takewhile(bool, map(eq, one, two))) for one, two in pairs)

    def want(self, row: Mapping[str, Any]) -> None:
        """Wish that fields hold these values, None for none, whatever was wished before."""
        for name, value in row.items():
            if value is not None and self.of(name) == value:
                continue
            self.values.pop(name, None)
            self.places.pop(name, None)
            self.present.pop(name, None)
            if value is not None:
                self.values[name] = value
            elif not self.kind_of(Field(name)).present:
                self.absent[name] = None

    def renamed(self, old: str, new: str) -> None:
        """Wish for another field what was wished for one."""
        all_kept: tuple[dict[str, Any], ...] = (
            self.values, self.places, self.present, self.distinct, self.absent
        )  # fmt: skip
        for kept in all_kept:
            if old in kept:
                kept[new] = kept.pop(old)

    def agrees_with(self, other: Wishes) -> bool:
        """Return whether one event can hold what both wish."""
        same = all(
            other.values[name] == value
            for name, value in self.values.items()
            if name in other.values
        )
        return same and all(
            other.places[name].get(at, value) == value
            for name, places in self.places.items()
            if name in other.places
            for at, value in places.items()
        )

    def join(self, other: Wishes) -> None:
        """Wish what another one wishes, too."""
        for name, value in other.values.items():
            self.give(name, value)
        for name, places in other.places.items():
            for at, value in places.items():
                self.place(name, at, value)
        self.present |= other.present
        self.distinct |= other.distinct
        self.absent |= other.absent
        self.size = max(self.size, other.size)
        self.unusual |= other.unusual

    def copy(self) -> Wishes:
        """Return the same wishes, to be changed by themselves."""
        found = Wishes(
            size=self.size,
            unusual=self.unusual,
            outstanding=self.outstanding,
            known=self.known,
        )
        found.join(self)
        found.texts = {name: list(checks) for name, checks in self.texts.items()}
        return found

    def finish(self) -> None:
        """Make lists of what is wished by place."""
        for name in list(self.places):
            self.values[name] = self.take(name)


def listed(name: str, places: Mapping[int, Any], also: Any = None) -> list[Any]:
    """Return a list with values at places; also: what it has anywhere."""
    filler = name.rpartition(".")[2]  # it may be a list of names
    front = max((at for at in places if at >= 0), default=-1) + 1
    back = -min((at for at in places if at < 0), default=0)
    more = also if isinstance(also, list) else [] if also is None else [also]
    more = [value for value in more if value not in places.values()]
    found: list[Any] = []
    for at in range(front):
        value = places.get(at)
        if value is None:
            value = more.pop(0) if more else f"{filler}{at}"
        found.append(value)
    found += more
    found += [places.get(at - back, f"{filler}{at}") for at in range(back)]
    return found
