"""Predicates in negation normal form, over literals that speak of some or every value of a subject.

A subject has any number of values. `Some` asks for a value (that meets a condition, or misses it),
`Every` binds all values, of which there may be none; both quantifiers of the IR and their
negations are these two with `Present`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import assert_never

from transpile.ir import pred as p
from transpile.ir.expr import Expr, Field
from transpile.ir.pred import Pred, Quant
from transpile.records import dataclass
from transpile.verify.prove.values import Asked, Signed, asked


@dataclass(frozen=True, slots=True)
class Present:
    """The subject has a value, or none."""

    subject: Expr
    wanted: bool


@dataclass(frozen=True, slots=True)
class Some:
    """Some value of the subject meets the signed condition."""

    subject: Expr
    signed: Signed


@dataclass(frozen=True, slots=True)
class Every:
    """Every value that the subject has meets the signed condition."""

    subject: Expr
    signed: Signed


@dataclass(frozen=True, slots=True)
class Atom:
    """A predicate that is taken as a whole, true or false."""

    pred: Pred
    wanted: bool


@dataclass(frozen=True, slots=True)
class Both:
    """All parts hold; without parts true."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Some part holds; without parts false."""

    parts: tuple[Formula, ...]


Literal = Present | Some | Every | Atom
Formula = Literal | Both | Either

TRUE = Both(())
FALSE = Either(())

Single = Callable[[Expr], bool]


def formula(pred: Pred, wanted: bool, single: Single) -> Formula:
    """Return a predicate, or its negation, as a formula.

    single: whether a subject has one value at most; the quantifiers do not differ then.
    """
    match pred:
        case p.Const(value):
            return TRUE if value == wanted else FALSE
        case p.Not(arg):
            return formula(arg, not wanted, single)
        case p.And(args):
            return (both if wanted else either)(formula(a, wanted, single) for a in args)
        case p.Or(args):
            return (either if wanted else both)(formula(a, wanted, single) for a in args)
        case p.Exists(subject):
            return Present(subject, wanted)
        case p.Test(subject, condition, quant):
            return _test(subject, asked(condition), quant, wanted, single(subject))
        case p.Unknown(decided=known) if known is not None:
            return formula(known, wanted, single)
        case p.Compare() | p.Keyword() | p.InRows() | p.Unknown():
            return Atom(pred, wanted)
        case _:
            assert_never(pred)


def _test(
    subject: Expr, condition: Asked, quant: Quant, wanted: bool, single: bool
) -> Formula:
    present = Present(subject, wanted)
    signed = (condition, wanted)
    if single:
        every = Every(subject, signed)
        return Both((present, every)) if wanted else Either((present, Some(subject, signed)))
    match quant, wanted:
        case Quant.ANY, True:
            return Some(subject, signed)
        case Quant.ANY, False:
            return Every(subject, signed)
        case Quant.ALL, True:
            return Both((present, Every(subject, signed)))
        case _:
            return Either((present, Some(subject, signed)))


def both(parts: Iterable[Formula]) -> Formula:
    """Return the conjunction, flattened."""
    found: dict[Formula, None] = {}
    for part in parts:
        if part == FALSE:
            return FALSE
        found.update(dict.fromkeys(part.parts if isinstance(part, Both) else (part,)))
    return next(iter(found)) if len(found) == 1 else Both(tuple(found))


def either(parts: Iterable[Formula]) -> Formula:
    """Return the disjunction, flattened."""
    found: dict[Formula, None] = {}
    for part in parts:
        if part == TRUE:
            return TRUE
        found.update(dict.fromkeys(part.parts if isinstance(part, Either) else (part,)))
    return next(iter(found)) if len(found) == 1 else Either(tuple(found))


def name_of(subject: Expr) -> str:
    """Return the field that a subject is, "" for a computed one."""
    return subject.name if isinstance(subject, Field) else ""
