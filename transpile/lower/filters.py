"""Filter terms (`search`, `tstats where`, ...) as predicates (spl-semantics, section 2).

A term is two-valued here already: `field=value` is false for a missing field and its `NOT` true.
Values compare as text without case, `*` is always a wildcard, a network is matched as a network.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import NamedTuple, assert_never

from transpile.errors import Span
from transpile.ir.expr import Expr, Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    FALSE,
    TRUE,
    Compare,
    Condition,
    Exists,
    Glob,
    InNetwork,
    Keyword,
    Not,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
    Unknown,
    all_of,
    any_of,
    negate,
)
from transpile.ir.text import number as number_of
from transpile.lower.common import time_bound, where_is
from transpile.records import dataclass
from transpile.spl import ast
from transpile.spl.source import OPAQUE_FIELD


@dataclass(slots=True)
class FilterLowering:
    """Lowers one filter.

    subsearch: the condition that `[ ... ]` becomes.  field_of: how a field name of the text is read
    in the row.  numeric_not: `NOT f=<number>` needs the field (tstats, 2.3).  source: the filter
    chooses events, so that time bounds among its conditions become the `bounds` of the search;
    elsewhere (under OR or NOT, in a later search) a bound is a condition on the event's time.
    """

    subsearch: Callable[[ast.Search], Pred]
    field_of: Callable[[str], str] = lambda name: name
    numeric_not: bool = False
    source: bool = False
    bounds: dict[str, Expr] = field(default_factory=dict)

    def pred(self, node: ast.Filter | None) -> Pred:
        """Return the predicate of a filter; no filter keeps everything."""
        if node is None:
            return TRUE
        return self._of_source(node) if self.source else self._pred(node)

    def _of_source(self, node: ast.Filter) -> Pred:
        match node:
            case ast.And(args=args):
                return all_of(map(self._of_source, args))
            case ast.TimeBound(name=name, value=value) if BOUNDS[name].field == "_time":
                bound = time_bound(value, begin=BOUNDS[name].begin)
                if bound is not None:
                    self.bounds["earliest" if BOUNDS[name].begin else "latest"] = bound
                return TRUE
            case _:
                return self._pred(node)

    def _pred(self, node: ast.Filter) -> Pred:
        match node:
            case ast.And(args=args):
                return all_of(map(self._pred, args))
            case ast.Or(args=args):
                return any_of(map(self._pred, args))
            case ast.Not(arg=arg):
                return self._not(arg)
            case ast.Comparison():
                return self._comparison(node)
            case ast.In(field=name, values=values):
                return any_of(self._equals(name, value, where_is(node)) for value in values)
            case ast.Term():
                return _term(node)
            case ast.Everything():
                return TRUE
            case ast.SubsearchTerm(search=search):
                return self.subsearch(search)
            case ast.TimeBound():
                return _time_test(node)
            case _:
                assert_never(node)

    def _not(self, node: ast.Filter) -> Pred:
        if not self.numeric_not:
            return negate(self._pred(node))
        match node:
            case ast.And(args=args):
                return any_of(map(self._not, args))
            case ast.Or(args=args):
                return all_of(map(self._not, args))
            case ast.Not(arg=arg):
                return self._pred(arg)
            case ast.Comparison(field=name, value=value) if number_of(value.text) is not None:
                return all_of((self._exists(name, node), negate(self._pred(node))))
            case ast.In(field=name, values=values):
                rest = negate(self._pred(node))
                numeric = any(number_of(value.text) is not None for value in values)
                return all_of((self._exists(name, node), rest)) if numeric else rest
            case _:
                return negate(self._pred(node))

    def _subject(self, name: str, span: Span | None) -> Field:
        return Field(self.field_of(name), span=span)

    def _exists(self, name: str, node: ast.Node) -> Pred:
        return Exists(self._subject(name, where_is(node)), span=where_is(node))

    def _comparison(self, node: ast.Comparison) -> Pred:
        span = where_is(node)
        match node.op:
            case "=" | "!=" if node.field == OPAQUE_FIELD:
                return Unknown(f"the macro {node.value.text} is not defined", span=span)
            case "=":
                return self._equals(node.field, node.value, span)
            case "!=":
                return self._differs(node)
            case op:
                bound = number_of(node.value.text)
                order = Order(op, node.value.text if bound is None else bound)
                return Test(self._subject(node.field, span), order, span=span)

    def _equals(self, name: str, value: ast.Value, span: Span | None) -> Pred:
        subject = self._subject(name, span)
        if _is_any(value):
            return Exists(subject, span=span)
        return Test(subject, _condition(value), span=span)

    def _differs(self, node: ast.Comparison) -> Pred:
        if _is_any(node.value):
            return FALSE
        span = where_is(node)
        subject = self._subject(node.field, span)
        every = Test(subject, _condition(node.value), Quant.ALL, span=span)
        return all_of((Exists(subject, span=span), Not(every, span=span)))


class _Bound(NamedTuple):
    field: str
    begin: bool


BOUNDS: Mapping[str, _Bound] = {
    "earliest": _Bound("_time", True),
    "latest": _Bound("_time", False),
    "starttime": _Bound("_time", True),
    "endtime": _Bound("_time", False),
    "starttimeu": _Bound("_time", True),
    "endtimeu": _Bound("_time", False),
    "_index_earliest": _Bound("_indextime", True),
    "_index_latest": _Bound("_indextime", False),
}
"""Time bound -> the time that it bounds, and whether it is the (inclusive) beginning (7.1)."""


def _time_test(node: ast.TimeBound) -> Pred:
    """Return a time bound as a condition; it holds for events that have no such time."""
    name, begin = BOUNDS[node.name]
    bound = time_bound(node.value, begin=begin)
    if bound is None:
        return TRUE
    span = where_is(node)
    time = Field(name, span=span)
    inside = Compare(">=" if begin else "<", time, bound, span=span)
    return any_of((Not(Exists(time, span=span), span=span), inside))


def _is_any(value: ast.Value) -> bool:
    return bool(value.text) and not value.text.strip("*")


def _condition(value: ast.Value) -> Condition:
    if "*" in value.text:
        return Glob(Pattern.from_spl(value.text), value.case_sensitive)
    if "/" in value.text and _is_network(value.text):
        return InNetwork(value.text)
    return TextEq(value.text, value.case_sensitive)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _term(node: ast.Term) -> Pred:
    if node.text and not node.text.strip("*"):
        return TRUE
    pattern = Pattern.from_spl(node.text)
    return Keyword(pattern, node.kind == "case", span=where_is(node))
