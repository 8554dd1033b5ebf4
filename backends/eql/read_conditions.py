"""Conditions of EQL as predicates over ECS fields: spec/eql-semantics.md 2 to 7.

A field alone against constants is an index query: any value of it, false where it is missing. A
function is computed from the first value of its fields, which is stated as an assumption.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal, assert_never, cast

from transpile.backends.eql.engine import tree
from transpile.backends.eql.engine.functions import FUNCTIONS
from transpile.backends.eql.engine.lexer import token_end
from transpile.backends.eql.engine.lucene import LuceneError, python_regex

from transpile.errors import ReadingError, Span
from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    Compare,
    Condition,
    Const,
    Exists,
    Glob,
    InNetwork,
    Matches,
    Not,
    NumEq,
    Order,
    OrderOp,
    Pred,
    Test,
    TextEq,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import Regex, RegexError, parse_regex
from transpile.records import dataclass

_MIRRORED: Mapping[str, tree.CompareOp] = {
    "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=",
}  # fmt: skip
_WILDCARDS = {"*": Wild.RUN, "?": Wild.ONE}
_ONE_VALUE = "a field inside a function has one value"
Around = Callable[[str], Pattern]
_TEXT_TESTS: Mapping[str, Around] = {
    "stringcontains": lambda text: Pattern.of(Wild.RUN, text, Wild.RUN),
    "startswith": lambda text: Pattern.of(text, Wild.RUN),
    "endswith": lambda text: Pattern.of(Wild.RUN, text),
}
_FUNCTIONS: Mapping[str, str] = {
    "add": "add", "subtract": "sub", "multiply": "mul", "concat": "concat", "length": "len",
    "indexof": "index_of", "string": "tostring",
}  # fmt: skip
# Elasticsearch resolves the names without case (1.9)
_ARITY: Mapping[str, tuple[int, int]] = {
    name.lower(): (function.least, function.most) for name, function in FUNCTIONS.items()
}
_ARITHMETIC: Mapping[str, str] = {"+": "add", "-": "sub", "*": "mul"}


@dataclass(slots=True)
class ConditionReader:
    """Reads the conditions of one query; `assumptions` are filled on the way."""

    text: str
    assumptions: dict[str, None] = field(default_factory=dict)

    def read(self, node: tree.Expr) -> Pred:
        """Return the predicate. Raises `ReadingError`."""
        match node:
            case tree.And(args):
                return all_of(map(self.read, args))
            case tree.Or(args):
                return any_of(map(self.read, args))
            case tree.Not(arg):
                return negate(self.read(arg))
            case tree.Compare():
                return self._compare(node)
            case tree.Predicate(op, subject, options):
                span, found = self._span(node), self._expr(subject)
                return any_of(self._option(op, found, option, span) for option in options)
            case tree.Call():
                return self._call(node)
            case tree.Field():
                return Test(self._expr(node), TextEq("true"), span=self._span(node))
            case tree.Literal(value):
                return Const(value is True)
            case tree.Arithmetic():
                raise self._refused("a number where a condition is needed", node, "CNT409")
            case _:
                assert_never(node)

    # -- comparisons ------------------------------------------------------------------------------

    def _compare(self, node: tree.Compare) -> Pred:
        if isinstance(node.left, tree.Literal) and not isinstance(node.right, tree.Literal):
            node = tree.Compare(
                _MIRRORED[node.op], node.right, node.left, position=node.right.position
            )
        if not isinstance(node.right, tree.Literal):
            raise self._refused("a comparison without a plain constant is not read", node)
        span, subject, bound = self._span(node), self._expr(node.left), node.right.value
        if node.op in ("==", "!="):
            equal: Pred = (
                Not(Exists(subject, span=span), span=span)
                if bound is None
                else Test(subject, _equal(bound), span=span)
            )
            return equal if node.op == "==" else negate(equal)
        if bound is None or isinstance(bound, bool):
            raise self._refused(f"an order ({node.op}) with {bound!r}", node, "CNT409")
        return Test(subject, Order(cast(OrderOp, node.op), bound), span=span)

    def _option(
        self, op: tree.PredicateOp, found: Expr, option: tree.Expr, span: Span
    ) -> Pred:
        if not isinstance(option, tree.Literal):
            raise self._refused(f"a computed value behind {op!r}", option)
        if option.value is None:
            return Const(False)
        condition = self._condition(op, option)
        if isinstance(condition, Glob) and condition.pattern.matches_all:
            return Exists(found, span=span)
        return Test(found, condition, span=span)

    def _condition(self, op: tree.PredicateOp, option: tree.Literal) -> Condition:
        value = option.value
        match op:
            case "in" | "in~":
                return _equal(value, cased=op == "in")
            case ":" | "like~" | "like":
                pattern = _pattern(self._text(option))
                cased = op == "like"
                return TextEq(pattern.text, cased) if pattern.is_literal else Glob(pattern, cased)
            case "regex" | "regex~":
                return Matches(self._regex(option, op == "regex~"))
            case _:
                assert_never(op)

    def _text(self, node: tree.Expr) -> str:
        if isinstance(node, tree.Literal) and isinstance(node.value, str):
            return node.value
        raise self._refused("a text is needed here", node, "CNT409")

    def _regex(self, option: tree.Literal, ignore_case: bool) -> Regex:
        """Return Lucene's expression for a whole value; without case its ranges keep theirs."""
        written = self._text(option)
        simple = ignore_case and "[" not in written
        try:
            inner = python_regex(written, ignore_case and not simple)
            return parse_regex(rf"(?{'is' if simple else 's'})\A(?:{inner})\z")
        except (LuceneError, RegexError) as error:
            raise self._refused(f"the regular expression: {error}", option) from error

    # -- functions --------------------------------------------------------------------------------

    def _call(self, node: tree.Call) -> Pred:
        """Return a function that is a condition."""
        name, span = self._function(node), self._span(node)
        if name == "cidrmatch":
            subject = self._expr(node.args[0])
            networks = map(self._text, node.args[1:])
            return any_of(Test(subject, InNetwork(each), span=span) for each in networks)
        if name not in _TEXT_TESTS:
            raise self._refused(f"the function {node.name} as a condition is not read", node)
        whole, part = node.args
        if not isinstance(part, tree.Literal):
            return self._text_test(name, node)
        text = self._text(part)
        if name == "stringcontains" and not text:
            return Const(False)
        glob = Glob(_TEXT_TESTS[name](text), cased=not node.insensitive)
        return Test(self._expr(whole), glob, span=span)

    def _text_test(self, name: str, node: tree.Call) -> Pred:
        """Return the test that one text begins with, ends with or holds another, both computed."""
        whole, part = map(self._expr, node.args)
        if node.insensitive:
            whole, part = Call("lower", (whole,)), Call("lower", (part,))
        found, span = Call("index_of", (whole, part)), self._span(node)
        match name:
            case "startswith":
                return Test(found, NumEq(0), span=span)
            case "stringcontains":
                some = negate(Test(part, TextEq(""), span=span))
                return all_of((some, Exists(found, span=span)))
            case _:
                ending = Call("substr", (whole, Call("neg", (Call("len", (part,)),))))
                return Compare("==", ending, part, span=span)

    def _expr(self, node: tree.Expr) -> Expr:
        span = self._span(node)
        match node:
            case tree.Field(path):
                return Field(path, span=span)
            case tree.Literal(value):
                return Lit(str(value).lower() if isinstance(value, bool) else value, span=span)
            case tree.Arithmetic(op, left, right) if op in _ARITHMETIC:
                self.assumptions[_ONE_VALUE] = None
                return Call(_ARITHMETIC[op], (self._expr(left), self._expr(right)), span=span)
            case tree.Call():
                self.assumptions[_ONE_VALUE] = None
                return self._computed(node)
            case _:
                raise self._refused("a condition inside an expression is not read", node)

    def _computed(self, node: tree.Call) -> Expr:
        name, span = self._function(node), self._span(node)
        if name == "substring":
            return self._substring(node)
        if node.insensitive or name not in _FUNCTIONS or (name == "indexof" and len(node.args) > 2):
            raise self._refused(f"the function {node.name} is not read here", node)
        args = tuple(map(self._expr, node.args))
        if name == "concat" and len(args) == 1:
            return Call("tostring", args, span=span)
        return Call(_FUNCTIONS[name], args, span=span)

    def _function(self, node: tree.Call) -> str:
        """Return the name of a function that exists and may have so many arguments."""
        name = node.name.lower()
        if name not in _ARITY:
            raise self._refused(f"unknown function {node.name!r}", node, "CNT409")
        least, most = _ARITY[name]
        if not least <= len(node.args) <= most:
            raise self._refused(f"{node.name!r} takes other arguments", node, "CNT409")
        return name

    def _substring(self, node: tree.Call) -> Expr:
        """Return `substring`: from 0, the end not included, negative numbers from the end."""
        bounds = [_whole(arg) for arg in node.args[1:]]
        if None in bounds:
            raise self._refused("substring with computed bounds is not read", node)
        start, *rest = cast(list[int], bounds)
        subject, span = self._expr(node.args[0]), self._span(node)
        first = Lit(start + 1 if start >= 0 else start)
        if not rest:
            return Call("substr", (subject, first), span=span)
        count: Expr = Lit(max(0, rest[0] - start))
        if (start < 0) != (rest[0] < 0):
            if start < 0:
                raise self._refused("substring from the end to the front is not read", node)
            count = Call("add", (Call("len", (subject,)), Lit(rest[0] - start)))
        return Call("substr", (subject, first, count), span=span)

    # -- places -----------------------------------------------------------------------------------

    def _span(self, node: tree.Expr) -> Span:
        end = max(token_end(self.text, each.position) for each in tree.descend(node))
        return Span(node.position, end)

    def _refused(
        self, message: str, node: tree.Expr, code: Literal["CNT409", "CNT410"] = "CNT410"
    ) -> ReadingError:
        return ReadingError(message, code=code, span=self._span(node))


def _equal(value: tree.Value, *, cased: bool = True) -> Condition:
    if isinstance(value, bool):
        return TextEq(str(value).lower())
    if isinstance(value, str):
        return TextEq(value, cased)
    return NumEq(value or 0)


def _whole(node: tree.Expr) -> int | None:
    match node:
        case tree.Literal(int() as value) if not isinstance(value, bool):
            return value
        case _:
            return None


def _pattern(text: str) -> Pattern:
    """Return the pattern of `:` and `like`: nothing escapes a wildcard (4.4)."""
    return Pattern.of(*(_WILDCARDS.get(part, part) for part in re.split(r"([*?])", text)))
