"""Predicates of the IR, which are two-valued, in ES|QL's three-valued logic.

What is said of a predicate is true if and only if the predicate is, and false or null otherwise:
WHERE and CASE take null for false. AND and OR keep that. A negation is said of the leaves, each of
which passes a row explicitly where a column is missing (spec/eql-semantics.md 14.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import assert_never

from transpile.backends.esql import tree as q
from transpile.backends.esql.conditions import (
    has_words,
    meets,
    meets_any,
    merged,
    searched,
)
from transpile.backends.esql.functions import PLAIN_NUMBERS
from transpile.backends.esql.members import is_list, members
from transpile.backends.esql.scope import Scope
from transpile.backends.esql.values import (
    NUMBERS,
    CannotSay,
    Kind,
    Value,
    as_number,
    as_text,
    constant,
    needed,
    one,
)

from transpile.ir.expr import Expr, Field, Lit
from transpile.ir.pred import (
    And,
    Compare,
    CompareOp,
    Const,
    Exists,
    Glob,
    InRows,
    Keyword,
    Not,
    Or,
    Pred,
    Quant,
    Test,
    Unknown,
)
from transpile.ir.text import number as number_of
from transpile.records import dataclass

Known = frozenset[str]
_RAW = "event.original"
_NOTHING_KNOWN: Known = frozenset()


@dataclass(frozen=True, slots=True)
class Said:
    """A condition, and the columns without which it is null; None: it can be null otherwise."""

    node: q.Expr
    needs: frozenset[str] | None


def condition(pred: Pred, scope: Scope, known: Known = _NOTHING_KNOWN) -> q.Expr:
    """Return an expression that is true exactly if the predicate is. Raises `CannotSay`.

    known: columns that have a value where the condition is asked.
    """
    match pred:
        case Const(value):
            return q.TRUE if value else q.FALSE
        case And(args):
            given = known | _present(args, scope)
            return conjunction(condition(arg, scope, given) for arg in args)
        case Or(args):
            return merged([condition(arg, scope, known) for arg in args])
        case Not(arg):
            return refusal(arg, scope, known)
        case _:
            return leaf(pred, scope).node


def refusal(pred: Pred, scope: Scope, known: Known) -> q.Expr:
    """Return an expression that is true exactly if the predicate is false."""
    match pred:
        case Const(value):
            return q.FALSE if value else q.TRUE
        case And(args):
            return merged([refusal(arg, scope, known) for arg in args])
        case Or(args):
            return conjunction(_refused_leaves(args, scope, known))
        case Not(arg):
            return condition(arg, scope, known)
        case Exists(Field() as subject) if is_list(subject):
            first, *_ = members(subject.name, scope)
            return q.IsNull(first.node)
        case Exists(subject):
            found = scope.subject(subject)
            if found.kind is Kind.MEMBERS:
                return q.Not(searched(found, None, scope))
            return q.IsNull(found.node)
        case _:
            return _negated(leaf(pred, scope), known)


def _refused_leaves(args: Iterable[Pred], scope: Scope, known: Known) -> Iterable[q.Expr]:
    """Yield the refusals of alternatives; tests of one subject stay in one list."""
    rest: dict[frozenset[str] | None, list[q.Expr]] = {}
    for arg in args:
        if isinstance(arg, (Test, Compare)):
            said = leaf(arg, scope)
            rest.setdefault(said.needs, []).append(said.node)
        else:
            yield refusal(arg, scope, known)
    for needs, nodes in rest.items():
        joined = merged(nodes)
        alternatives = joined.args if isinstance(joined, q.Or) else (joined,)
        for node in alternatives:
            yield _negated(Said(node, needs), known)


def _negated(said: Said, known: Known) -> q.Expr:
    if isinstance(said.node, q.Constant):
        return q.FALSE if said.node == q.TRUE else q.TRUE
    if said.needs is None:
        return q.Not(q.Call("COALESCE", (said.node, q.FALSE)))
    missing = [q.IsNull(q.Column(name)) for name in sorted(said.needs - known)]
    return q.Or((*missing, q.Not(said.node))) if missing else q.Not(said.node)


def conjunction(args: Iterable[q.Expr]) -> q.Expr:
    """Return what is true if all arguments are."""
    flat = [part for arg in args for part in (arg.args if isinstance(arg, q.And) else (arg,))]
    kept = _refusals_merged([arg for arg in dict.fromkeys(flat) if arg != q.TRUE])
    if not kept:
        return q.TRUE
    return kept[0] if len(kept) == 1 else q.And(tuple(kept))


def _refusals_merged(args: list[q.Expr]) -> list[q.Expr]:
    """Return conjuncts with the refusals of one subject in one list: `f NOT IN (a, b)`."""
    found: dict[object, q.Expr] = {}
    for arg in args:
        key: object = arg
        if isinstance(arg, q.Not) and isinstance(arg.arg, (q.Binary, q.In, q.Like)):
            tested = arg.arg
            subject = tested.left if isinstance(tested, q.Binary) else tested.subject
            key = ("not", isinstance(tested, q.Like), subject)
            if key in found:
                before = found[key]
                assert isinstance(before, q.Not)
                joined = merged([before.arg, tested])
                if not isinstance(joined, q.Or):
                    found[key] = q.Not(joined)
                    continue
                key = arg
        found[key] = arg
    return list(found.values())


def _present(args: Iterable[Pred], scope: Scope) -> Known:
    """Return the columns that have a value where all of these hold."""
    found: Known = frozenset()
    for arg in args:
        if isinstance(arg, (Exists, Test)) and isinstance(arg.subject, Field):
            if is_list(arg.subject):
                continue
            found |= scope.column(arg.subject.name, search=True).needs or frozenset()
    return found


# -- leaves --------------------------------------------------------------------------------------


def leaf(pred: Pred, scope: Scope) -> Said:
    """Return a test. Raises `CannotSay`."""
    match pred:
        case Exists(Field(name) as subject) if is_list(subject):
            first, *_ = members(name, scope)
            return Said(q.IsNull(first.node, negated=True), frozenset())
        case Exists(subject):
            value = scope.subject(subject)
            if value.kind is Kind.MEMBERS:
                return Said(searched(value, None, scope), frozenset())
            if value.needs == frozenset():
                return Said(q.TRUE, frozenset())
            return Said(q.IsNull(value.node, negated=True), frozenset())
        case Test():
            return _test(pred, scope)
        case Compare(op, left, right, all_values):
            return _compare(op, left, right, all_values, scope)
        case Keyword(pattern, cased):
            raw = scope.column(_RAW)
            scope.assume(f"{_RAW} holds the text of each event")
            return Said(has_words(raw, pattern, cased, scope), raw.needs)
        case InRows():
            raise CannotSay("ES|QL has no subsearch")
        case Unknown(reason, code):
            raise CannotSay(reason, code)
        case Const() | And() | Or() | Not():
            raise TypeError("a leaf is expected")
        case _:
            assert_never(pred)


def _test(pred: Test, scope: Scope) -> Said:
    if isinstance(pred.subject, Field) and is_list(pred.subject):
        return _of_members(
            pred.subject.name, scope, pred.quant is Quant.ALL,
            lambda value: meets(value, pred.condition, scope),
        )  # fmt: skip
    value = scope.subject(pred.subject)
    if isinstance(pred.condition, Glob) and pred.condition.pattern.matches_all:
        return leaf(Exists(pred.subject), scope)
    if value.many:
        node = meets_any(value, pred.condition, pred.quant, scope)
    else:
        node = meets(value, pred.condition, scope)
    return Said(node, _needs_of(node, value, pred))


def _of_members(
    name: str, scope: Scope, every: bool, test: Callable[[Value], q.Expr]
) -> Said:
    """Return a test of some member of a list, or of every member of one that has any."""
    each = members(name, scope)
    if not every:
        return Said(merged([test(one) for one in each]), None)
    first, *others = each
    further = (q.Or((q.IsNull(other.node), test(other))) for other in others)
    return Said(conjunction((test(first), *further)), None)


def _one_of_members(name: str, value: Value, every: bool, scope: Scope) -> Said:
    """Return whether a value is that of some member, or of every member, of a list."""
    return _of_members(name, scope, every, lambda each: _compared("==", each, value, scope).node)


def _needs_of(node: q.Expr, value: Value, pred: Test) -> frozenset[str] | None:
    converted = any(isinstance(part, q.Call) and part.name in _FALLIBLE for part in parts(node))
    return None if converted else value.needs


_FALLIBLE = frozenset({"TO_DOUBLE", "TO_IP", "CASE", "URL_DECODE", "MV_SLICE"})


def parts(node: q.Expr) -> Iterable[q.Expr]:
    """Yield an expression and all below it."""
    yield node
    match node:
        case q.Call(_, args) | q.And(args) | q.Or(args):
            below: tuple[q.Expr, ...] = args
        case q.Binary(_, left, right):
            below = (left, right)
        case q.In(subject, options):
            below = (subject, *options)
        case q.Like(subject) | q.RLike(subject) | q.IsNull(subject) | q.Not(subject):
            below = (subject,)
        case q.Column() | q.Star() | q.Constant() | q.Span():
            below = ()
        case _:
            assert_never(node)
    for item in below:
        yield from parts(item)


def _compare(op: CompareOp, left: Expr, right: Expr, all_values: bool, scope: Scope) -> Said:
    """Return a comparison of two expressions: as numbers if both look like numbers, else as text.

    Which of the two it is must be known for a query, so text is taken not to look like a number
    unless the other side is one.
    """
    for side, other in ((left, right), (right, left)):
        if isinstance(side, Field) and is_list(side) and op == "==":
            return _one_of_members(side.name, one(scope.value(other)), all_values, scope)
    one_, two = _pair(left, right, scope)
    if op == "==" and (one_.many or two.many):
        raise CannotSay("ES|QL cannot compare the values of two lists")
    return _compared(op, one(one_), one(two), scope)


def _compared(op: CompareOp, one_: Value, two: Value, scope: Scope) -> Said:
    if one_.kind is Kind.DATE and two.kind is Kind.DATE:
        pass
    elif one_.kind is Kind.TEXT and two.kind is Kind.TEXT:
        if not (_is_text(one_) or _is_text(two)):
            scope.assume("texts that are compared are not numbers, or spelled alike")
    elif _numeric(one_) or _numeric(two):
        for value in (one_, two):
            if value.kind is Kind.TEXT:
                shown = value.node.name if isinstance(value.node, q.Column) else "a value"
                scope.assume(PLAIN_NUMBERS.format(shown))
                scope.assume(f"{shown} holds numbers only")
        one_, two = as_number(one_), as_number(two)
    else:
        one_, two = as_text(one_), as_text(two)
    return Said(q.Binary(op, one_.node, two.node), needed(one_, two))


def _pair(left: Expr, right: Expr, scope: Scope) -> tuple[Value, Value]:
    """Return both sides; a constant that looks like a number is one."""

    def value_of(expr: Expr) -> Value:
        match expr:
            case Lit(str() as text) if (number := number_of(text)) is not None:
                return constant(number)
            case _:
                return scope.value(expr)

    return value_of(left), value_of(right)


def _numeric(value: Value) -> bool:
    return value.kind in NUMBERS or value.kind is Kind.DATE


def _is_text(value: Value) -> bool:
    return isinstance(value.node, q.Constant)
