"""A filter as an EQL condition: tests grouped into lists, parentheses placed, lines broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from transpile.backends.eql.atoms import Atom, Vocabulary
from transpile.backends.eql.layout import Piece, Strength, joined, negated

from transpile.ir.expr import Field
from transpile.ir.pred import And, Const, Exists, Not, Or, Pred, Test
from transpile.ir.walk import fields_of


def condition(pred: Pred, words: Vocabulary) -> Piece:
    """Return a predicate, whose leaves `Vocabulary.bounds` has shaped, as an EQL condition."""
    match pred:
        case Const(value):
            return Piece("true" if value else "false")
        case Exists() | Test():
            return test(words.atom(pred))
        case Not(Exists() as exists):
            return Piece(str(replace(words.atom(exists), op="missing")))
        case Not(arg):
            return negated(condition(arg, words))
        case And(args):
            return joined(Strength.AND, [condition(arg, words) for arg in args])
        case Or(args):
            return joined(Strength.OR, list(_alternatives(args, words)))
        case _:
            raise TypeError(f"{type(pred).__name__} was to be shaped by Vocabulary.bounds")


def _alternatives(args: tuple[Pred, ...], words: Vocabulary) -> Iterator[Piece]:
    """Yield the branches of an `or`; tests of one kind on one subject share a list."""
    lists: dict[tuple[str, str], Atom] = {}
    order: list[tuple[str, str] | Piece] = []
    for arg in args:
        atom = words.atom(arg) if isinstance(arg, (Test, Exists)) else None
        if atom is None or not atom.joins:
            order.append(condition(arg, words))
            continue
        key = (atom.op, atom.subject)
        if key in lists:
            values = dict.fromkeys((*lists[key].values, *atom.values))
            lists[key] = replace(lists[key], values=tuple(values))
        else:
            lists[key] = atom
            order.append(key)
    for item in order:
        yield item if isinstance(item, Piece) else test(lists[item])


def test(atom: Atom) -> Piece:
    """Return a test, with its values if they stand in a list that can be broken."""
    written = str(atom)
    return Piece(written, items=atom.values if written.endswith(")") else ())


@dataclass(frozen=True, slots=True)
class Uses:
    """The fields of a predicate by the sign of the places where they stand."""

    positive: frozenset[str]
    negative: frozenset[str]


def uses(pred: Pred, *, positive: bool = True) -> Uses:
    """Return the fields that a predicate reads outside and inside negations.

    `not (f exists)` counts as no negation: `f == null` is right for an unmapped field too.
    """
    match pred:
        case Not(Exists(Field(name))):
            return Uses(frozenset((name,)), frozenset())
        case Not(arg):
            return uses(arg, positive=not positive)
        case And(args) | Or(args):
            parts = [uses(arg, positive=positive) for arg in args]
            return Uses(
                frozenset().union(*(part.positive for part in parts)),
                frozenset().union(*(part.negative for part in parts)),
            )
        case _:
            names, none = fields_of(pred), frozenset[str]()
            return Uses(names, none) if positive else Uses(none, names)
