"""What Elasticsearch refuses before it looks at a document: types, arities, unmapped fields.

Sources: spec/eql-semantics.md 2.2, 2.7, 2.10, 3.3, 3.6 to 3.10, 4.8, 7.
"""

from __future__ import annotations

import ipaddress
from typing import NoReturn, assert_never

from transpile.backends.eql.engine import tree
from transpile.backends.eql.engine.documents import COERCE, Mapped
from transpile.backends.eql.engine.errors import eql_error
from transpile.backends.eql.engine.functions import FUNCTIONS, Function, Kind
from transpile.backends.eql.engine.lucene import LuceneError, compile_lucene
from transpile.backends.eql.types import FAMILY

_ORDER = frozenset({"<", "<=", ">", ">="})


def check(query: tree.Query, mapping: Mapped | None) -> None:
    """Verify a query against a mapping (None: the types are not known).

    Raises `EqlError` with the place for an unknown function, a wrong number or kind of arguments,
    a comparison of two fields, a field without mapping that is not optional, or one of a type that
    EQL cannot compare.
    """
    checker = _Checker(query.text, mapping)
    match query.body:
        case tree.EventFilter() as single:
            checker.condition(single.condition)
        case tree.Sequence(stages, _, until):
            checker.stages((*stages, until) if until else stages)
        case tree.Sample(stages):
            checker.stages(stages)
        case _:
            assert_never(query.body)


def constant(expr: tree.Expr) -> bool:
    """Return whether an expression reads no field."""
    return not any(isinstance(node, tree.Field) for node in tree.descend(expr))


class _Checker:
    def __init__(self, text: str, mapping: Mapped | None) -> None:
        self.text = text
        self.mapping = mapping

    def fail(self, message: str, node: tree.Expr) -> NoReturn:
        raise eql_error(message, self.text, node.position)

    def stages(self, stages: tuple[tree.Stage, ...]) -> None:
        for stage in stages:
            self.condition(stage.filter.condition)
            for key in stage.keys:
                self.kind(key)
        for keys in zip(*(stage.keys for stage in stages), strict=True):
            kinds = {self.kind(key) for key in keys} - {"any"}
            if len(kinds) > 1:
                self.fail(f"keys of different types: {', '.join(sorted(kinds))}", keys[-1])

    def condition(self, expr: tree.Expr) -> None:
        if (kind := self.kind(expr)) not in ("boolean", "any"):
            self.fail(f"a condition is needed here, this is a {kind}", expr)

    def kind(self, expr: tree.Expr) -> Kind:
        """Return the kind of value an expression has, having verified all of it."""
        match expr:
            case tree.Literal(value):
                return _kind_of(value)
            case tree.Field():
                return self.field(expr)
            case tree.Call():
                return self.call(expr)
            case tree.Arithmetic(_, left, right):
                for side in (left, right):
                    self.expect(side, "number")
                return "number"
            case tree.Compare():
                self.compare(expr)
            case tree.Predicate():
                self.predicate(expr)
            case tree.Not(arg):
                self.condition(arg)
            case tree.And(args) | tree.Or(args):
                for arg in args:
                    self.condition(arg)
            case _:
                assert_never(expr)
        return "boolean"

    def field(self, field: tree.Field) -> Kind:
        if self.mapping is None:
            return "any"
        kind = self.mapping.get(field.path)
        if kind is None:
            if not field.optional:
                self.fail(f"the field {field.path} has no mapping", field)
            return "any"
        if kind not in FAMILY:
            self.fail(f"the field {field.path} is of type {kind}, which EQL cannot compare", field)
        return FAMILY[kind]

    def expect(self, expr: tree.Expr, *wanted: Kind) -> Kind:
        kind = self.kind(expr)
        if kind not in (*wanted, "any"):
            self.fail(f"expected a {wanted[0]}, this is a {kind}", expr)
        return kind

    def call(self, call: tree.Call) -> Kind:
        function = FUNCTIONS.get(call.name)
        if function is None:
            self.fail(f"unknown function '{call.name}'", call)
        if call.insensitive and function.insensitive is None:
            self.fail(f"'{call.name}' has no variant with ~", call)
        if not function.least <= len(call.args) <= function.most:
            self.fail(f"'{call.name}' takes other than {len(call.args)} arguments", call)
        for position, arg in enumerate(call.args):
            self.argument(call, function, position, arg)
        return function.result

    def argument(self, call: tree.Call, function: Function, at: int, arg: tree.Expr) -> None:
        wanted = function.args[min(at, len(function.args) - 1)]
        if call.name == "cidrMatch":
            if at == 0:
                self.expect(arg, "ip", *(("string",) if constant(arg) else ()))
            else:
                self.network(arg)
        elif wanted == "any":
            self.kind(arg)
        else:
            self.expect(arg, wanted)

    def network(self, block: tree.Expr) -> None:
        try:
            ipaddress.ip_network(_text(block), strict=False)
        except ValueError:
            self.fail("expected a constant network such as \"10.0.0.0/8\"", block)

    def compare(self, node: tree.Compare) -> None:
        left, right = self.kind(node.left), self.kind(node.right)
        if not constant(node.left) and not constant(node.right) and not self.unmapped_pair(node):
            self.fail("a comparison needs a constant on one side", node)
        if "ip" in (left, right) and node.op in _ORDER:
            self.fail("the order of addresses is not supported here, use cidrMatch", node)
        self.agree(node.left, left, node.right, right)

    def unmapped_pair(self, node: tree.Compare) -> bool:
        """Return whether two optional fields are compared that may both stand for null (3.3)."""
        return all(
            isinstance(side, tree.Field)
            and side.optional
            and (self.mapping is None or side.path not in self.mapping)
            for side in (node.left, node.right)
        )

    def predicate(self, node: tree.Predicate) -> None:
        kind = self.kind(node.subject)
        if node.op not in ("in", "in~", ":", "like", "like~") and kind not in ("string", "any"):
            self.fail(f"'{node.op}' needs text, this is a {kind}", node.subject)
        for option in node.options:
            if not constant(option):
                self.fail("expected a constant", option)
            if node.op == "in":
                self.agree(node.subject, kind, option, self.kind(option))
                continue
            self.expect(node.subject, "string")
            self.expect(option, "string")
            if node.op in ("regex", "regex~"):
                self.regex(option, node.op == "regex~")

    def regex(self, option: tree.Expr, ignore_case: bool) -> None:
        try:
            compile_lucene(_text(option), ignore_case)
        except LuceneError as error:
            self.fail(str(error), option)

    def agree(self, first: tree.Expr, left: Kind, second: tree.Expr, right: Kind) -> None:
        """Refuse two kinds that cannot be compared; text may stand for an address or a date."""
        for kind, other, literal in ((left, right, second), (right, left, first)):
            if kind in ("ip", "date") and other in ("string", "number"):
                value = literal.value if isinstance(literal, tree.Literal) else None
                if COERCE[kind](value) is None:
                    self.fail(f"expected a constant {kind}", literal)
                return
        if left != right and "any" not in (left, right):
            self.fail(f"a {left} is compared with a {right}", second)


def _text(expr: tree.Expr) -> str:
    return str(expr.value) if isinstance(expr, tree.Literal) else ""


def _kind_of(value: tree.Value) -> Kind:
    match value:
        case None:
            return "any"
        case bool():
            return "boolean"
        case str():
            return "string"
        case _:
            return "number"
