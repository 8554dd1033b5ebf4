"""What the expressions of a query speak of: columns with their kinds, and what was assumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from transpile.backends.eql.types import FAMILY, TEXT, Family, elastic_type
from transpile.backends.esql import tree as q
from transpile.backends.esql.values import CannotSay, Kind, Value

from transpile.ir.expr import Expr, Field
from transpile.ir.pred import Pred
from transpile.records import dataclass, replace
from transpile.schema.fields import FieldTarget

_KINDS: Mapping[Family, Kind] = {
    "string": Kind.TEXT, "boolean": Kind.BOOLEAN, "ip": Kind.IP, "date": Kind.DATE,
    "number": Kind.LONG,
}  # fmt: skip
_REAL = frozenset({"double", "float", "half_float", "scaled_float"})
_HELD: Mapping[Kind, str] = {
    Kind.IP: "IP addresses, written in their shortest form", Kind.LONG: "numbers",
    Kind.DOUBLE: "numbers", Kind.BOOLEAN: "true and false",
}  # fmt: skip
# Fields that ECS declares as arrays; the field map knows those that hold a Splunk field.
ARRAYS = frozenset({"event.category", "event.type", "host.ip", "host.mac", "process.args", "tags"})


@dataclass(slots=True)
class Scope:
    """The columns of the rows so far.

    source: targets of the log source's fields by name, None once a STATS made other columns.
    made: columns that the query made.  full_text: a condition may search the index, which a WHERE
    at the beginning can.  single: fields that are read as if they had one value.
    """

    source: Mapping[str, FieldTarget] | None = None
    made: dict[str, Value] = field(default_factory=dict)
    assumptions: dict[str, None] = field(default_factory=dict)
    single: dict[str, None] = field(default_factory=dict)
    full_text: bool = False

    def column(self, name: str, *, search: bool = False) -> Value:
        """Return a column. Raises `CannotSay` for one that ES|QL cannot read.

        search: a search of the index, which knows more fields, will do.
        """
        if name in self.made:
            return self.made[name]
        if self.source is None:
            raise CannotSay(f"the rows have no column {name}")
        found = field_value(name, self.source.get(name))
        if found.kind is Kind.MEMBERS and not search:
            raise CannotSay(f"ES|QL cannot read {name}, a field of type flattened")
        if found.kind in _HELD:
            self.assume(f"{name} holds {_HELD[found.kind]} only")
        if not found.many and name != "@timestamp":
            self.single[name] = None
        return found

    def assume(self, text: str) -> None:
        """Note an assumption once."""
        self.assumptions[text] = None

    # Expressions hold conditions and conditions hold expressions; this is where the two meet.

    def value(self, expr: Expr) -> Value:
        """Return an expression of the IR. Raises `CannotSay`."""
        from transpile.backends.esql.expressions import expression

        return expression(expr, self)

    def subject(self, expr: Expr) -> Value:
        """Return what a test is about. Raises `CannotSay`."""
        if isinstance(expr, Field) and "*" not in expr.name:
            return self.column(expr.name, search=self.full_text)
        return self.value(expr)

    @property
    def test(self) -> Callable[[Pred], q.Expr]:
        """Return what says a predicate: an expression that is true exactly if the predicate is."""
        from transpile.backends.esql.predicates import condition

        inside = replace(self, full_text=False)
        return lambda pred: condition(pred, inside)


def field_value(name: str, target: FieldTarget | None) -> Value:
    """Return a field of the source by its Elasticsearch type. Raises `CannotSay`."""
    kind = elastic_type(name, target)
    family = "string" if kind in TEXT else FAMILY.get(kind)
    if "*" in name:
        raise CannotSay(f"{name} is a field of its own for each member of a list")
    if kind == "flattened":
        return Value(q.Column(name), Kind.MEMBERS, many=True)
    if family is None:
        raise CannotSay(f"ES|QL cannot read {name}, a field of type {kind}")
    many = name in ARRAYS or (target is not None and target.mv)
    shown = Kind.DOUBLE if kind in _REAL else _KINDS[family]
    return Value(q.Column(name), shown, many=many, needs=frozenset((name,)))
