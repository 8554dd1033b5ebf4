"""SPL's Boolean functions, one line each in `CONDITIONS` (spl-semantics 3.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from transpile.errors import Span
from transpile.ir.expr import Call
from transpile.ir.pred import (
    TRUE,
    Exists,
    InNetwork,
    Matches,
    NumEq,
    Pred,
    Test,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import parse_regex
from transpile.lower.common import CannotLower, read_inner, where_is
from transpile.lower.expressions.base import (
    Arguments,
    Lowering,
    Truth,
    constant,
    constant_regex,
    constant_text,
    either,
    for_interpreter,
    required_text,
    tested,
)
from transpile.lower.expressions.comparisons import in_list, like
from transpile.lower.filters import FilterLowering
from transpile.spl import ast, parse_filter

_INTEGER = parse_regex(r"^[-+]?\d+\z")


def _match(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    if constant_text(args[1]) is None:
        dynamic = Call("regex_found", tuple(map(lowering.value, args)), span=span)
        return for_interpreter("a regular expression that is not a constant", dynamic, span)
    return tested(lowering.value(args[0]), Matches(constant_regex(args[1])), span)


def _like(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    return like(lowering, args[0], args[1], span)


def _in(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    return in_list(lowering, args[0], args[1:], span)


def _isnotnull(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    if lowering.is_condition(args[0]):
        inner = lowering.truth(args[0])
        return either(any_of((inner.true, inner.false)))
    return either(Exists(lowering.value(args[0]), span=span))


def _isnull(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    return _isnotnull(lowering, args, span).swapped()


def _cidrmatch(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    network = required_text(args[0], "cidrmatch with a network")
    return tested(lowering.value(args[1]), InNetwork(network), span)


def _no_subsearch(search: ast.Search) -> Pred:
    raise CannotLower("a subsearch inside searchmatch", where_is(search))


def _searchmatch(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    text = required_text(args[0], "searchmatch with a search")
    condition = read_inner(parse_filter, text, "the search of searchmatch", span)
    return either(FilterLowering(_no_subsearch).pred(condition))


def _if(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    return _case(lowering, (*args[:2], ast.Call("true", ()), args[2]), span)


def _case(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    true: list[Pred] = []
    false: list[Pred] = []
    before: Pred = TRUE
    for condition, result in zip(args[::2], args[1::2], strict=True):
        here = lowering.truth(condition).true
        reached = all_of((before, here))
        outcome = lowering.truth(result)
        true.append(all_of((reached, outcome.true)))
        false.append(all_of((reached, outcome.false)))
        before = all_of((before, negate(here)))
    return Truth(any_of(true), any_of(false))


def _isnum(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    return either(Exists(Call("tonumber", (lowering.value(args[0]),)), span=span))


def _isstr(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    present = Exists(lowering.value(args[0]), span=span)
    return either(all_of((present, _isnum(lowering, args, span).false)))


def _isint(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    return either(Test(lowering.value(args[0]), Matches(_INTEGER), span=span))


def _isbool(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    return constant(lowering.is_condition(args[0]))


def _json_valid(lowering: Lowering, args: Arguments, span: Span | None) -> Truth:
    return tested(Call("json_valid", (lowering.value(args[0]),)), NumEq(1), span)


CONDITIONS: Mapping[str, Callable[[Lowering, Arguments, Span | None], Truth]] = {
    "true": lambda lowering, args, span: constant(True),
    "false": lambda lowering, args, span: constant(False),
    "match": _match,
    "like": _like,
    "in": _in,
    "isnull": _isnull,
    "isnotnull": _isnotnull,
    "cidrmatch": _cidrmatch,
    "searchmatch": _searchmatch,
    "if": _if,
    "case": _case,
    "isnum": _isnum,
    "isstr": _isstr,
    "isint": _isint,
    "isbool": _isbool,
    "json_valid": _json_valid,
}
"""Name -> truth of a call; `if` and `case` are conditions when all their results are."""
