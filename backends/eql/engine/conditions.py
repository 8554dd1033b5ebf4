"""Conditions of EQL as Elasticsearch evaluates them, compiled to closures over documents.

A comparison of a plain field is an index query: two-valued, true if any value of the field meets
it, and `!=` and `not` are its negation (spec/eql-semantics.md 5.2, 6). Everything else is a script:
it is computed for each value (a missing field is null), null makes it fail, and `not` around it is
again plain negation. Inside a script comparisons are three-valued (5.5).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any, assert_never

from transpile.backends.eql.engine import tree
from transpile.backends.eql.engine.check import constant
from transpile.backends.eql.engine.documents import COERCE, Document, Mapped
from transpile.backends.eql.engine.functions import ARITHMETIC, FUNCTIONS
from transpile.backends.eql.engine.lucene import compile_lucene
from transpile.backends.eql.engine.tree import Value
from transpile.backends.eql.types import FAMILY

from transpile.ir.pattern import Pattern, Wild
from transpile.ir.text import fold

Condition = Callable[[Document], bool]
Values = Callable[[Document], Sequence[Value]]
Accept = Callable[[Value], bool]

_NULL: tuple[Value, ...] = (None,)
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRRORED: Mapping[str, tree.CompareOp] = {
    "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=",
}  # fmt: skip
_WILDCARDS = {"*": Wild.RUN, "?": Wild.ONE}


def compile_condition(expr: tree.Expr, mapping: Mapped | None = None) -> Condition:
    """Return a function that decides whether a document meets a (checked) condition.

    The function raises `FunctionError` where a function of the condition fails on a value.
    """
    return _Compiler(mapping or {}).condition(expr)


class _Compiler:
    def __init__(self, mapping: Mapped) -> None:
        self.mapping = mapping

    # -- conditions: two-valued -------------------------------------------------------------------

    def condition(self, expr: tree.Expr) -> Condition:
        match expr:
            case tree.Not(arg):
                inner = self.condition(arg)
                return lambda doc: not inner(doc)
            case tree.And(args):
                parts = tuple(map(self.condition, args))
                return lambda doc: all(part(doc) for part in parts)
            case tree.Or(args):
                parts = tuple(map(self.condition, args))
                return lambda doc: any(part(doc) for part in parts)
            case tree.Compare():
                return self.comparison(expr)
            case tree.Predicate(op, subject, options):
                accept = self.accept(op, subject, options)
                values = self.values(subject)
                return lambda doc: any(v is not None and accept(v) for v in values(doc))
            case tree.Literal() | tree.Field() | tree.Call() | tree.Arithmetic():
                values = self.values(expr)
                return lambda doc: any(value is True for value in values(doc))
            case _:
                assert_never(expr)

    def comparison(self, node: tree.Compare) -> Condition:
        if constant(node.left) and not constant(node.right):
            mirrored = tree.Compare(_MIRRORED[node.op], node.right, node.left)
            return self.comparison(mirrored)
        if isinstance(node.left, tree.Field) and constant(node.right):
            return self.field_query(node.op, node.left, self.constant(node.left, node.right))
        if isinstance(node.left, tree.Field) and isinstance(node.right, tree.Field):
            return _two_nulls(node.op, node.left.path, node.right.path)
        values = self.values(node)
        return lambda doc: any(value is True for value in values(doc))

    def field_query(self, op: tree.CompareOp, field: tree.Field, bound: Value) -> Condition:
        path = field.path
        if bound is None:
            if op in ("==", "!="):
                return lambda doc: (path in doc) == (op == "!=")
            return lambda doc: False
        if op == "!=":
            equals = self.field_query("==", field, bound)
            return lambda doc: not equals(doc)
        return lambda doc: any(_compare(op, value, bound) is True for value in doc.get(path, ()))

    def constant(self, subject: tree.Expr, expr: tree.Expr) -> Value:
        """Return the value of a constant, in the form the subject's type stores it."""
        value = self.values(expr)({})[0]
        kind = self.mapping.get(subject.path, "") if isinstance(subject, tree.Field) else ""
        return COERCE[kind](value) if FAMILY.get(kind) in ("ip", "date") else value

    def accept(
        self, op: tree.PredicateOp, subject: tree.Expr, options: tuple[tree.Expr, ...]
    ) -> Accept:
        """Return the test of one value of a predicate's subject against all its options."""
        wanted = [self.constant(subject, option) for option in options]
        texts = [text for text in wanted if isinstance(text, str)]
        match op:
            case "in":
                return lambda value: any(_compare("==", value, item) is True for item in wanted)
            case "in~":
                folded = frozenset(map(fold, texts))
                return _on_text([lambda value: fold(value) in folded])
            case ":" | "like~":
                return _on_text([_wildcard(text).matcher(case_sensitive=False) for text in texts])
            case "like":
                return _on_text([_wildcard(text).matcher(case_sensitive=True) for text in texts])
            case "regex" | "regex~":
                return _on_text([compile_lucene(text, op == "regex~") for text in texts])
            case _:
                assert_never(op)

    # -- values: one for each combination of field values; null is None ---------------------------

    def values(self, expr: tree.Expr) -> Values:
        match expr:
            case tree.Literal(value):
                return lambda doc: (value,)
            case tree.Field(path):
                return lambda doc: doc.get(path, _NULL)
            case tree.Call(name, args, insensitive):
                function = FUNCTIONS[name]
                run = function.insensitive if insensitive and function.insensitive else function.run
                return self.applied(run if function.null else _strict(run), args)
            case tree.Arithmetic(op, left, right):
                return self.applied(_strict(ARITHMETIC[op]), (left, right))
            case tree.Compare(op, left, right):
                sides = (left, right)
                if op in ("==", "!=") and any(side == tree.Literal(None) for side in sides):
                    return self.applied(lambda a, b: (a is b) == (op == "=="), sides)
                return self.applied(lambda a, b: _compare(op, a, b), sides)
            case tree.Predicate(op, subject, options):
                return self.applied(_strict(self.accept(op, subject, options)), (subject,))
            case tree.Not(arg):
                return self.applied(_strict(operator.not_), (arg,))
            case tree.And(args):
                return self.applied(lambda *found: _all(found), args)
            case tree.Or(args):
                return self.applied(lambda *found: _any(found), args)
            case _:
                assert_never(expr)

    def applied(self, run: Callable[..., Value], args: tuple[tree.Expr, ...]) -> Values:
        sources = tuple(map(self.values, args))
        if len(sources) == 1:
            (source,) = sources
            return lambda doc: [run(value) for value in source(doc)]
        return lambda doc: [run(*found) for found in product(*(read(doc) for read in sources))]


def _two_nulls(op: str, left: str, right: str) -> Condition:
    """Return the comparison of two optional fields that no index maps: `null == null` is true."""
    return lambda doc: op == "==" and left not in doc and right not in doc


def _strict(run: Callable[..., Value]) -> Callable[..., Value]:
    return lambda *args: None if None in args else run(*args)


def _compare(op: str, left: Value, right: Value) -> bool | None:
    """Compare two values; None if one is null or their types differ. Text goes by code point."""
    if left is None or right is None or _family(left) != _family(right):
        return None
    return _OPERATORS[op](left, right)


def _family(value: Value) -> type:
    return float if type(value) is int else type(value)


def _all(found: Iterable[Value]) -> bool | None:
    known = list(found)
    return False if False in known else None if None in known else True


def _any(found: Iterable[Value]) -> bool | None:
    known = list(found)
    return True if True in known else None if None in known else False


def _on_text(tests: Sequence[Callable[[str], bool]]) -> Accept:
    return lambda value: isinstance(value, str) and any(test(value) for test in tests)


def _wildcard(text: str) -> Pattern:
    """Return the pattern of `:` and `like`: nothing escapes a wildcard (4.4)."""
    return Pattern.of(*(_WILDCARDS.get(part, part) for part in re.split(r"([*?])", text)))
