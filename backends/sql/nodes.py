"""sqlglot nodes without surprises: operators get the parentheses they need, text becomes literals.

sqlglot prints a tree as it is: `And(Or(a, b), c)` comes out as `a OR b AND c`. The functions here
are the only place where operators and literals are made, so that neither precedence nor a quote in
a rule's value can change a query. They do not copy their arguments: give each node to one parent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any

from sqlglot import exp

from transpile.errors import Unsupported

Sql = exp.Expr

_LEAVES = frozenset({exp.Identifier, exp.Literal, exp.Null, exp.Boolean})
_LOOSE = (exp.Binary, exp.Not, exp.Between, exp.In, exp.Neg, exp.Escape, exp.Query, exp.Is)


def call(name: str, *args: Sql) -> Sql:
    """Return a function call, printed with this name in every dialect."""
    return exp.Anonymous(this=name, expressions=list(args))


def text(value: str) -> Sql:
    """Return a string literal; the printer of the dialect escapes it."""
    return exp.Literal(this=value, is_string=True)


def number(value: int | float) -> Sql:
    """Return a numeric literal. Raises `Unsupported` TGT604 for infinity and nan."""
    if isinstance(value, float):
        if not isfinite(value):
            raise Unsupported("a number that is too large for a double", code="TGT604")
        if value.is_integer() and abs(value) < 1e15:
            value = int(value)
    literal = exp.Literal(this=repr(abs(value)), is_string=False)
    return exp.Neg(this=literal) if value < 0 else literal


def identifier(name: str) -> exp.Identifier:
    """Return a quoted identifier."""
    return exp.Identifier(this=name, quoted=True)


def column(name: str, table: str = "") -> Sql:
    """Return a reference to a column, quoted; a dot in the name is part of it."""
    if table:
        return exp.Column(this=identifier(name), table=identifier(table))
    return exp.Column(this=identifier(name))


def names_of(node: exp.Column) -> tuple[str, str]:
    """Return what `column` was given; sqlglot's own properties ask every kind of node there is."""
    table = node.args.get("table")
    return node.args["this"].this, table.this if table is not None else ""


@lru_cache(maxsize=4096)
def shared_column(name: str, table: str = "") -> Sql:
    """Return a column that stands in no tree and is changed by nobody, for a `Value`."""
    return column(name, table)


def null() -> Sql:
    """Return NULL."""
    return exp.Null()


def boolean(value: bool) -> Sql:
    """Return TRUE or FALSE."""
    return exp.Boolean(this=value)


def binary(kind: type[exp.Binary], left: Sql, right: Sql) -> Sql:
    """Return a binary operation; operands that bind looser are parenthesised."""
    return kind(this=tight(left), expression=tight(right))


def tight(node: Sql) -> Sql:
    """Return an operand that any operator may hold."""
    return exp.Paren(this=node) if isinstance(node, _LOOSE) else node


def conjunction(parts: Iterable[Sql]) -> Sql:
    """Return the parts joined by AND; TRUE for none."""
    return _chain(exp.And, [_inside_and(part) for part in parts], unit=True)


def disjunction(parts: Iterable[Sql]) -> Sql:
    """Return the parts joined by OR; FALSE for none."""
    return _chain(exp.Or, list(parts), unit=False)


def _inside_and(node: Sql) -> Sql:
    return exp.Paren(this=node) if isinstance(node, exp.Or) else node


def _chain(kind: type[exp.Connector], parts: Sequence[Sql], *, unit: bool) -> Sql:
    if not parts:
        return boolean(unit)
    joined = parts[0]
    for part in parts[1:]:
        joined = kind(this=joined, expression=part)
    return joined


def negation(node: Sql) -> Sql:
    """Return NOT of a node; the negation of a test for NULL is written as one."""
    if isinstance(node, exp.Boolean):
        return boolean(not node.this)
    if isinstance(node, exp.Not):
        inner: Sql = node.this
        return inner
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Not):
        return exp.Is(this=node.this, expression=exp.Null())
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        return exp.Is(this=node.this, expression=exp.Not(this=exp.Null()))
    if isinstance(node, exp.EQ):
        return exp.NEQ(this=node.this, expression=node.expression)
    return exp.Not(this=exp.Paren(this=node) if isinstance(node, exp.Connector) else node)


def is_null(node: Sql) -> Sql:
    """Return `node IS NULL`."""
    return exp.Is(this=tight(node), expression=exp.Null())


def is_not_null(node: Sql) -> Sql:
    """Return `node IS NOT NULL`."""
    return exp.Is(this=tight(node), expression=exp.Not(this=exp.Null()))


def coalesce(*args: Sql) -> Sql:
    """Return the first argument that is not NULL."""
    return exp.Coalesce(this=args[0], expressions=list(args[1:]))


def nullif(value: Sql, other: Sql) -> Sql:
    """Return NULL if both are equal, else the value."""
    return exp.Nullif(this=value, expression=other)


def case(branches: Iterable[tuple[Sql, Sql]], default: Sql | None = None) -> Sql:
    """Return `CASE WHEN ... THEN ... ELSE ... END`."""
    ifs = [exp.If(this=condition, true=value) for condition, value in branches]
    return exp.Case(ifs=ifs, default=default)


def cast(node: Sql, kind: exp.DType) -> Sql:
    """Return a cast that fails on a value that does not fit."""
    return exp.Cast(this=node, to=exp.DataType(this=kind))


def try_cast(node: Sql, kind: exp.DType) -> Sql:
    """Return a cast that yields NULL for a value that does not fit."""
    return exp.TryCast(this=node, to=exp.DataType(this=kind))


def ordered(node: Sql, *, descending: bool = False) -> Sql:
    """Return a sort key with NULL last."""
    return exp.Ordered(this=node, desc=descending, nulls_first=False)


def lateral(source: Sql, *, outer: bool = False) -> exp.Join:
    """Return the join of each row with what a source makes of it; outer: with NULL if nothing."""
    if outer:
        return exp.Join(this=source, side="LEFT", on=boolean(True))
    return exp.Join(this=source, kind="CROSS")


def order_by(keys: Sequence[Sql]) -> exp.Order | None:
    """Return an ORDER BY clause, None for no keys."""
    return exp.Order(expressions=list(keys)) if keys else None


def window(
    function: Sql,
    *,
    partition: Sequence[Sql] = (),
    order: Sequence[Sql] = (),
    frame: tuple[str, str, str] | None = None,
) -> Sql:
    """Return `function OVER (...)`. frame: kind, start, end, e.g. ROWS, UNBOUNDED PRECEDING, ..."""
    args: dict[str, Any] = {"this": function, "over": "OVER"}
    if partition:
        args["partition_by"] = list(partition)
    if order:
        args["order"] = order_by(order)
    if frame is not None:
        args["spec"] = _window_spec(*frame)
    return exp.Window(**args)


def _window_spec(kind: str, start: str, end: str) -> exp.WindowSpec:
    def bound(spec: str) -> tuple[str | Sql, str | None]:
        amount, _, side = spec.partition(" ")
        if not side:
            return spec.replace("_", " "), None
        return (amount if amount == "UNBOUNDED" else number(float(amount))), side

    low, low_side = bound(start)
    high, high_side = bound(end)
    return exp.WindowSpec(
        kind=kind, start=low, start_side=low_side, end=high, end_side=high_side
    )


def alias(node: Sql, name: str) -> Sql:
    """Return `node AS name`; a column that has the name already stays bare."""
    if isinstance(node, exp.Column) and node.this.this == name:
        return node
    return exp.Alias(this=node, alias=identifier(name))


def table(name: str, as_name: str = "") -> exp.Table:
    """Return a table to select from."""
    args: dict[str, Any] = {"this": identifier(name)}
    if as_name:
        args["alias"] = exp.TableAlias(this=identifier(as_name))
    return exp.Table(**args)


def select(
    columns: Sequence[Sql],
    source: Sql,
    *,
    joins: Sequence[exp.Join] = (),
    where: Sequence[Sql] = (),
    group: Sequence[Sql] = (),
    order: Sequence[Sql] = (),
    limit: int | None = None,
) -> exp.Select:
    """Return a SELECT of these parts; `where` is a conjunction."""
    args: dict[str, Any] = {"expressions": list(columns), "from_": exp.From(this=source)}
    if joins:
        args["joins"] = list(joins)
    if where:
        args["where"] = exp.Where(this=conjunction(where))
    if group:
        args["group"] = exp.Group(expressions=list(group))
    if order:
        args["order"] = order_by(order)
    if limit is not None:
        args["limit"] = exp.Limit(expression=number(limit))
    return exp.Select(**args)


def lambda_body(function: Callable[[Sql], Sql]) -> tuple[str, Sql]:
    """Return the name of a lambda's variable and its body; inner lambdas have other names."""
    body = function(identifier("x"))
    inner = sum(isinstance(part, exp.Lambda) for part in walk(body))
    if not inner:
        return "x", body
    name = f"x{inner + 1}"
    return name, function(identifier(name))


def walk(node: Sql) -> list[Sql]:
    """Return a node and all below it, breadth first; sqlglot's own walk takes twice as long."""
    found = [node]
    for item in found:  # which grows meanwhile
        if type(item) in _LEAVES:
            continue
        for part in item.args.values():
            if isinstance(part, exp.Expr):
                found.append(part)
            elif isinstance(part, list):
                found += [inner for inner in part if isinstance(inner, exp.Expr)]
    return found


def qualified(query: exp.Query) -> list[Sql]:
    """Return the nodes of a statement; columns inside its subqueries get the name of its table.

    A subquery qualifies its own columns; any other column in it is the statement's, and would be
    taken for the subquery's where that has one of the same name.
    """
    nodes = walk(query)
    source = query.args.get("from_")
    if source is None or not isinstance(source.this, exp.Table):
        return nodes
    outer = source.this.alias_or_name
    for inner in nodes[1:]:
        if type(inner) is exp.Select:
            for found in walk(inner):
                if isinstance(found, exp.Column) and not found.table:
                    found.set("table", identifier(outer))
    return nodes
