"""Shorter IR of the same meaning: constants folded, tests pushed through expressions.

Every rule here is checked against the interpreter on random events (tests/ir/test_simplify.py).
Tests on computed values become tests on fields where that is exact: `lower(f) == "x"` is
`f ~= "x"`, a test on a `Case` is the disjunction of its branches, a test on `coalesce(a, b)` asks
`a`, else `b`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from operator import is_
from typing import Any, cast

from transpile.ir.decide import compile_condition
from transpile.ir.expr import Call, Case, Expr, Field, Lit, Node
from transpile.ir.functions import TOTAL
from transpile.ir.hashed import keep_simple, known_simple
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    FALSE,
    TRUE,
    And,
    Condition,
    Const,
    Exists,
    Glob,
    Matches,
    Not,
    Or,
    Pred,
    Quant,
    Test,
    TextEq,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import Regex
from transpile.ir.regex.tree import Chars
from transpile.ir.stages import Filter, Pipeline, Stage
from transpile.ir.text import fold
from transpile.ir.walk import NODE_FIELDS, rebuild
from transpile.records import replace


def simplify(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline with simpler predicates; filters side by side become one."""
    stages: list[Stage] = []
    for stage in pipeline.stages:
        new = cast(Stage, _simpler(stage))
        if isinstance(new, Filter):
            if new.pred == TRUE:
                continue
            if stages and isinstance(stages[-1], Filter):
                joined = all_of((stages[-1].pred, new.pred))
                stages[-1] = Filter(joined, span=stages[-1].span)
                continue
        stages.append(new)
    return replace(pipeline, stages=tuple(stages))


def _simpler(node: Node) -> Node:
    if not NODE_FIELDS[type(node)]:
        return node
    known = known_simple(node)
    if known is not None:
        return cast(Node, known)
    if isinstance(node, Pipeline):
        return simplify(node)
    new = rebuild(node, _simpler)
    rule = _RULES.get(type(new))
    if rule is not None:
        new = rule(new)
    keep_simple(node, new)
    return new


def _call(call: Call) -> Expr:
    if call.name != "coalesce":
        return call
    first, *others = dict.fromkeys(call.args)
    if len(others) + 1 == len(call.args):
        return call
    return Call("coalesce", (first, *others), span=call.span) if others else first


def simplify_pred(pred: Pred) -> Pred:
    """Return an equivalent predicate, simplified from the leaves up."""
    return cast(Pred, _simpler(pred))


def all_parts(parts: Iterable[Pred]) -> Pred:
    """Return the conjunction of simplified predicates, simplified."""
    return _absorb(all_of(parts))


def _absorb(pred: Pred) -> Pred:
    """Drop `exists f` beside a test of f, and what the neighbours decide; a contradiction is false.

    Of `a and (not a or b)`, `a and b` is left.
    """
    if not isinstance(pred, And):
        return pred
    kept: Sequence[Pred] = pred.args
    if any(isinstance(a, Exists) for a in kept):
        tested = {subject for a in kept for subject in _tested(a)}
        kept = [a for a in kept if not (isinstance(a, Exists) and a.subject in tested)]
    if cased := _cased_values(kept):
        kept = [a for a in kept if not _is_told(a, cased)]
    whole = pred if len(kept) == len(pred.args) else all_of(kept)
    if not any(isinstance(a, (Not, Or)) for a in kept):
        return whole  # tests side by side decide nothing of each other
    present = set(kept)
    if any(isinstance(a, Not) and a.arg in present for a in kept):
        return FALSE
    return _shorter(whole, kept, present, Or, _absorb)


def _tested(part: Pred) -> set[Expr]:
    """Return the subjects that a test, or each of several alternative tests, is about."""
    match part:
        case Test(subject):
            return {subject}
        case Or(args) if all(isinstance(arg, Test) for arg in args):
            return set.intersection(*({arg.subject} for arg in args if isinstance(arg, Test)))
        case _:
            return set()


def _cased_values(parts: Iterable[Pred]) -> set[tuple[Expr, str]]:
    """Return the subjects that equal a text in its very case, with that text, folded."""
    return {
        (part.subject, fold(part.condition.text))
        for part in parts
        if isinstance(part, Test)
        and isinstance(part.condition, TextEq)
        and part.condition.cased
        and part.quant is Quant.ANY
    }


def _is_absence(pred: Pred, subjects: Container[Expr]) -> bool:
    """Return whether a predicate says that one of the subjects is missing."""
    return isinstance(pred, Not) and isinstance(pred.arg, Exists) and pred.arg.subject in subjects


def _is_told(pred: Pred, cased: Container[tuple[Expr, str]]) -> bool:
    """Return whether a test that ignores case holds because one that does not stands beside it."""
    match pred:
        case Test(subject, TextEq(text, False), Quant.ANY):
            return (subject, fold(text)) in cased
        case _:
            return False


def _absorb_or(pred: Pred) -> Pred:
    """Drop tests of f beside `exists f`, and what the neighbours decide.

    Of `a or (a and b)`, `a` is left, and of `a or (not a and b)`, `a or b`.
    """
    if not isinstance(pred, Or):
        return pred
    if not any(isinstance(a, (Exists, Not, And)) for a in pred.args):
        return pred  # tests side by side decide nothing of each other
    present = {a.subject for a in pred.args if isinstance(a, Exists)}
    kept = [a for a in pred.args if not (isinstance(a, Test) and a.subject in present)]
    unmet = {a.arg.subject for a in kept if isinstance(a, Not) and isinstance(a.arg, Test)}
    kept = [a for a in kept if not _is_absence(a, unmet)]
    decided = set(kept)
    if any(isinstance(a, Not) and a.arg in decided for a in kept):
        return TRUE
    whole = pred if len(kept) == len(pred.args) else any_of(kept)
    return _factored(_shorter(whole, kept, decided, And, _absorb_or))


def _factored(pred: Pred) -> Pred:
    """Return `a and (b or c)` for `(a and b) or (a and c)`."""
    if not isinstance(pred, Or) or not all(isinstance(arg, And) for arg in pred.args):
        return pred
    branches = [arg.args for arg in pred.args if isinstance(arg, And)]
    first, *others = map(set, branches)
    shared = first.intersection(*others)
    if not shared:
        return pred
    common = [part for part in branches[0] if part in shared]
    rest = any_of(all_of(p for p in args if p not in shared) for args in branches)
    return _absorb(all_of((*common, _absorb_or(rest))))


def _shorter(
    whole: Pred,
    parts: Sequence[Pred],
    decided: set[Pred],
    inner: type[And] | type[Or],
    again: Callable[[Pred], Pred],
) -> Pred:
    """Return a junction without the parts, and parts of parts, that its other parts decide.

    inner: the kind of junction in which a part decides what stands beside it.
    """
    outer = Or if inner is And else And
    shorter: list[Pred] = []
    for part in parts:
        if isinstance(part, inner):
            if any(_among(a, decided, outer) for a in part.args):
                continue
            args = tuple(a for a in part.args if negate(a) not in decided)
            if len(args) < len(part.args):
                part = (any_of if inner is Or else all_of)(args)
        shorter.append(part)
    if len(shorter) == len(parts) and all(map(is_, shorter, parts)):
        return whole
    return again((all_of if inner is Or else any_of)(shorter))


def _among(part: Pred, decided: Container[Pred], outer: type[And] | type[Or]) -> bool:
    """Return whether a part, or all that a junction of the outer kind joins, is decided."""
    return part in decided or (isinstance(part, outer) and all(a in decided for a in part.args))


# -- tests on computed values --------------------------------------------------------------------


def _exists(pred: Exists) -> Pred:
    match pred.subject:
        case Field():
            return pred
        case Lit(value):
            return FALSE if value is None else TRUE
        case Call("coalesce", (*_, Lit(value))) if value is not None:
            return TRUE
        case Call("coalesce", args):
            return simplify_pred(any_of(Exists(a, span=pred.span) for a in args))
        case Call(name, args) if name in TOTAL:
            return simplify_pred(all_of(Exists(a, span=pred.span) for a in args))
        case Call("now" | "pi" | "random"):
            return TRUE
        case Case(branches, default):
            exists = _over_branches(branches, default, lambda e: Exists(e, span=pred.span))
            return simplify_pred(exists)
        case _:
            return pred


def _test(pred: Test) -> Pred:
    condition, quant = pred.condition, pred.quant
    match pred.subject:
        case Field():
            return _plain_test(pred, condition)
        case Lit(value):
            return Const(value is not None and compile_condition(condition)(value))
        case Case(branches, default):
            return simplify_pred(
                _over_branches(branches, default, lambda e: replace(pred, subject=e))
            )
        case Call("coalesce", (first, Lit(str() | int() | float() as value))):
            asked = _test(replace(pred, subject=first))
            if not compile_condition(condition)(value):
                return asked
            return simplify_pred(any_of((asked, Not(Exists(first)))))
        case Call("coalesce", (first, *rest)) if rest:
            other = Call("coalesce", tuple(rest)) if len(rest) > 1 else rest[0]
            return simplify_pred(
                any_of(
                    (
                        replace(pred, subject=first),
                        all_of((Not(Exists(first)), replace(pred, subject=other))),
                    )
                )
            )
        case Call("lower" | "upper" as name, (inner,)):
            folded = _uncased(condition, name)
            if folded is not None:
                return _test(Test(inner, folded, quant, span=pred.span))
            never = quant is Quant.ANY and _asks_for_other_case(condition, name)
            return FALSE if never else pred
        case _:
            return _plain_test(pred, condition)


def _over_branches(
    branches: tuple[tuple[Pred, Expr], ...], default: Expr, of: Callable[[Expr], Pred]
) -> Pred:
    parts: list[Pred] = []
    before: Pred = TRUE
    for condition, value in branches:
        parts.append(all_of((before, condition, of(value))))
        before = all_of((before, negate(condition)))
    parts.append(all_of((before, of(default))))
    return any_of(parts)


def _plain_test(pred: Test, condition: Condition) -> Pred:
    match condition:
        case Glob(pattern, cased) if pattern.is_literal:
            return replace(pred, condition=TextEq(pattern.text, cased))
        case Glob(pattern) if pattern.matches_all:
            return Exists(pred.subject, span=pred.span)
        case _:
            return pred


def _uncased(condition: Condition, function: str) -> Condition | None:
    """Return the condition on f that equals a case-sensitive one on lower(f) or upper(f)."""

    def kept(text: str) -> bool:
        return text == (fold(text) if function == "lower" else text.upper()) and text.isascii()

    match condition:
        case TextEq(text, True) if kept(text):
            return TextEq(text)
        case TextEq(_, False) | Glob(_, False):
            return condition
        case Glob(pattern, True) if all(kept(p) for p in pattern.parts if isinstance(p, str)):
            return Glob(pattern)
        case Matches(Regex(tree=Chars(text, ignore_case=False))) if kept(text):
            return Glob(Pattern.of(Wild.RUN, text, Wild.RUN))
        case _:
            return None


def _asks_for_other_case(condition: Condition, function: str) -> bool:
    """Return whether a condition asks for an ASCII letter that the function never yields."""
    match condition:
        case TextEq(text, True):
            texts = [text]
        case Glob(pattern, True):
            texts = [part for part in pattern.parts if isinstance(part, str)]
        case Matches(Regex(tree=Chars(text, ignore_case=False))):
            texts = [text]
        case _:
            return False
    other = "A-Z" if function == "lower" else "a-z"
    return any(re.search(f"[{other}]", text) for text in texts)


_RULES: Mapping[type[Node], Callable[[Any], Node]] = {
    And: lambda pred: _absorb(all_of(pred.args)),
    Call: _call,
    Exists: _exists,
    Not: lambda pred: negate(pred.arg),
    Or: lambda pred: _absorb_or(any_of(pred.args)),
    Test: _test,
}
"""Class of nodes -> what makes one simpler whose parts are simple already."""
