"""Near misses: events that a rule finds, with one field changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from transpile.ir import pred as p
from transpile.ir.expr import Field
from transpile.ir.pred import Pred
from transpile.ir.walk import descend, fields_of
from transpile.verify.samples import near_text, samples
from transpile.verify.witness.maker import Event, Maker

METADATA = frozenset(("index", "source", "sourcetype", "eventtype", "tag"))
"""Fields that say which events are meant: they are set, never varied."""

_PLAIN_NUMBER = re.compile(r"0|-?[1-9]\d*")


def near(solutions: Sequence[Event], pred: Pred, maker: Maker) -> Iterator[Event]:
    """Yield the solutions with one field changed: to other texts, none at all, or several."""
    values = _values(pred, maker)
    sides = _sides(pred)
    tested = fields_of(pred)
    for base in solutions:
        for name, texts in values.items():
            for text in texts:
                yield from _moved(base, name, text, tested)
        for one, other in sides:
            if isinstance(text := base.get(other), str):
                yield changed(base, one, text)
                yield changed(base, one, text.swapcase())


def _moved(base: Event, name: str, text: Any, tested: frozenset[str]) -> Iterator[Event]:
    """Yield an event with another value of a field, and of the paths that end in it.

    Where the paths are tested too, the event with nothing else changed comes first.
    """
    before = base.get(name)
    paths: Event = {}
    if isinstance(before, str) and before and isinstance(text, str) and text:
        ends = "\\" + before, "/" + before
        paths = {
            other: path[: -len(before)] + text
            for other, path in base.items()
            if isinstance(path, str) and path.endswith(ends)
        }
    if not paths or paths.keys() & tested:
        yield changed(base, name, text)
    if paths:
        yield changed(base | paths, name, text)


def _sides(pred: Pred) -> list[tuple[str, str]]:
    """Return the pairs of fields that are held against each other, in both orders."""
    found: dict[tuple[str, str], None] = {}
    for node in descend(pred):
        if isinstance(node, p.Compare):
            for one, other in product(sorted(fields_of(node.left)), sorted(fields_of(node.right))):
                found |= {(one, other): None, (other, one): None}
    return list(found)


def edges(bases: Sequence[Event], others: Iterable[Event]) -> Iterator[Event]:
    """Yield other solutions, and each with the texts changed a little that it alone has.

    What a base holds and another solution does not, the other one gets too.
    """
    common: Event = {name: value for base in bases for name, value in base.items()}
    for other in others:
        event = {**{n: v for n, v in common.items() if n in METADATA}, **other}
        yield event
        for name, value in other.items():
            if isinstance(value, str) and common.get(name) != value and name not in METADATA:
                yield from (changed(event, name, text) for text in near_text(value))


def inside(bases: Sequence[Event], pred: Pred) -> Iterator[Event]:
    """Yield events in which one of the parts is changed that a field's text must have.

    None where the prover knows all that is asked of them: it finds such texts by itself.
    """
    if not any(isinstance(node, p.Compare | p.Unknown) for node in descend(pred)):
        return
    for node in descend(pred):
        match node:
            case p.Test(Field(name), p.Glob(pattern)):
                parts = [part for part in pattern.parts if isinstance(part, str)]
            case p.Test(Field(name), p.TextEq(text)):
                parts = [text]
            case _:
                continue
        for base, part in product(bases, parts):
            whole = base.get(name)
            if isinstance(whole, str) and part and part in whole:
                for other in near_text(part):
                    yield changed(base, name, whole.replace(part, other))


def changed(event: Event, name: str, value: Any) -> Event:
    """Return the event with another value of a field; None takes the field away."""
    rest = {key: item for key, item in event.items() if key != name}
    return rest if value is None else {**rest, name: value}


def _values(pred: Pred, maker: Maker) -> Mapping[str, tuple[Any, ...]]:
    """Return the values to try, by field: at the edge of each of its conditions, and others."""
    found: dict[str, dict[Any, None]] = {}
    for node in descend(pred):
        match node:
            case p.Test(Field(name), condition):
                found.setdefault(name, {}).update(dict.fromkeys(samples(condition)))
            case Field(name):
                found.setdefault(name, {})
            case _:
                pass
    values: dict[str, tuple[Any, ...]] = {}
    for name, texts in found.items():
        several: list[Any] = []
        if maker.multivalued(name) and len(texts) > 1:
            first, *_, last = texts
            several = [[first, last], [first, "other"]]
        plain = [text for text in texts if _PLAIN_NUMBER.fullmatch(text)]
        others = (*texts, "", "other", None, *several)
        values[name] = (*plain, None) if maker.whole(name) else others
    return {name: tried for name, tried in values.items() if name not in METADATA}
