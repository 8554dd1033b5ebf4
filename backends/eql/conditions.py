"""A filter as an EQL condition: tests grouped into lists, parentheses placed, lines broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from transpile.backends.eql.atoms import Atom, Vocabulary
from transpile.backends.eql.layout import Piece, Strength, joined, negated

from transpile.ir.expr import Field
from transpile.ir.pred import And, Const, Exists, Not, Or, Pred, Test
from transpile.ir.walk import fields_of
from transpile.records import dataclass, replace


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
            return joined(Strength.AND, parts(args, words))
        case Or(args):
            return joined(Strength.OR, list(_alternatives(args, words)))
        case _:
            raise TypeError(f"{type(pred).__name__} was to be shaped by Vocabulary.bounds")


def parts(args: tuple[Pred, ...], words: Vocabulary) -> list[Piece]:
    """Return the parts of an `and`; negated tests of one kind on one subject share a list."""
    excluded = _Lists()
    for arg in args:
        match arg:
            case Not(Test() as inner):
                excluded.add(words.atom(inner), negated)
            case _:
                excluded.order.append(condition(arg, words))
    return list(excluded)


def _alternatives(args: tuple[Pred, ...], words: Vocabulary) -> Iterator[Piece]:
    """Yield the branches of an `or`; tests of one kind on one subject share a list."""
    found = _Lists()
    for arg in args:
        if isinstance(arg, Test | Exists):
            found.add(words.atom(arg), _as_it_is)
        else:
            found.order.append(condition(arg, words))
    return iter(found)


def _as_it_is(piece: Piece) -> Piece:
    return piece


class _Lists:
    """Tests in order, those of one kind on one subject put together at the first one's place."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], dict[str, None]] = {}
        self.order: list[Piece | tuple[tuple[str, str], Callable[[Piece], Piece]]] = []

    def add(self, atom: Atom, shown: Callable[[Piece], Piece]) -> None:
        """Add a test that is printed by `shown`, which all tests that may share a list have."""
        key = (atom.op, atom.subject)
        if not atom.joins:
            self.order.append(shown(test(atom)))
            return
        if key not in self.values:
            self.values[key] = {}
            self.order.append((key, shown))
        self.values[key].update(dict.fromkeys(atom.values))

    def __iter__(self) -> Iterator[Piece]:
        for item in self.order:
            if isinstance(item, Piece):
                yield item
            else:
                key, shown = item
                yield shown(test(Atom(*key, tuple(self.values[key]))))


def test(atom: Atom) -> Piece:
    """Return a test, with its values if they stand in a list that can be broken."""
    written = str(atom)
    return Piece(written, items=atom.values if written.endswith(")") else ())


@dataclass(frozen=True, slots=True)
class Uses:
    """The fields of a predicate by the sign of the places where they stand."""

    positive: frozenset[str]
    negative: frozenset[str]


def uses(pred: Pred) -> Uses:
    """Return the fields that a predicate reads outside and inside negations.

    `not (f exists)` counts as no negation: `f == null` is right for an unmapped field too.
    """
    positive, negative = set[str](), set[str]()
    waiting = [(pred, positive, negative)]
    while waiting:
        part, names, others = waiting.pop()
        match part:
            case Not(Exists(Field(name))):
                positive.add(name)
            case Not(arg):
                waiting.append((arg, others, names))
            case And(args) | Or(args):
                waiting += [(arg, names, others) for arg in args]
            case Test(Field(name)) | Exists(Field(name)):
                names.add(name)
            case _:
                names |= fields_of(part)
    return Uses(frozenset(positive), frozenset(negative))
