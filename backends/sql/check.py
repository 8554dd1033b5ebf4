"""The last look at a query before it is printed: only nodes that the dialect is known to print.

sqlglot prints any tree in any dialect; that some text comes out is no proof that the database has
the function (sql-semantics 20). So a query may hold only the node types listed here and the
function names that its dialect lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sqlglot import exp
from transpile.backends.sql.dialects.base import Dialect
from transpile.backends.sql.nodes import Sql

from transpile.errors import Unsupported

_STRUCTURE = frozenset({
    exp.Select, exp.Subquery, exp.Union, exp.With, exp.CTE, exp.From, exp.Join, exp.Where,
    exp.Group, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Table, exp.TableAlias,
    exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Literal, exp.Null, exp.Boolean,
    exp.Paren, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.DataType, exp.Coalesce, exp.Nullif,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In,
    exp.Between, exp.Like, exp.ILike, exp.Escape, exp.Exists, exp.Add, exp.Sub, exp.Mul, exp.Div,
    exp.Mod, exp.Neg, exp.DPipe, exp.Distinct, exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max,
    exp.Window, exp.WindowSpec, exp.Anonymous, exp.Tuple, exp.Var,
})
"""Nodes that print in every dialect as what they are."""
_ALWAYS = frozenset({"ROW_NUMBER"})

# nodes that only some dialects have
_ONLY: dict[str, frozenset[type[exp.Expr]]] = {
    "duckdb": frozenset({exp.Lambda, exp.Filter, exp.Unnest, exp.Array, exp.Columns}),
    "sqlite": frozenset({exp.Glob, exp.RegexpLike, exp.Filter}),
    "postgres": frozenset({exp.Filter, exp.Unnest, exp.RegexpLike, exp.Bracket, exp.Collate,
                           exp.Array, exp.Slice, exp.JSONBExtractScalar}),
    "clickhouse": frozenset({exp.Lambda}),
    "spark": frozenset({exp.Lambda, exp.RegexpLike, exp.Filter, exp.Lateral, exp.Dot,
                        exp.DataTypeParam}),
    "databricks": frozenset({exp.Lambda, exp.RegexpLike, exp.Filter, exp.Lateral, exp.Dot,
                             exp.DataTypeParam}),
    "trino": frozenset({exp.Lambda, exp.Filter, exp.Unnest}),
    "athena": frozenset({exp.Lambda, exp.Filter, exp.Unnest}),
    "snowflake": frozenset({exp.Lambda}),
    "bigquery": frozenset({exp.Unnest, exp.Bracket, exp.Array, exp.IgnoreNulls}),
}
_NOT: dict[str, frozenset[type[exp.Expr]]] = {
    "sqlite": frozenset({exp.TryCast, exp.ILike}),
    "postgres": frozenset({exp.TryCast}),
    "clickhouse": frozenset({exp.TryCast}),
    "trino": frozenset({exp.ILike}),
    "athena": frozenset({exp.ILike}),
    "snowflake": frozenset({exp.TryCast}),
    "bigquery": frozenset({exp.ILike, exp.Escape}),
}


def check(nodes: Iterable[Sql], dialect: Dialect) -> None:
    """Raise Unsupported TGT604 for a node of a query or a function the dialect does not list."""
    allowed, functions = _listed(dialect.name, dialect.functions)
    for node in nodes:
        kind = type(node)
        if kind not in allowed:
            raise Unsupported(f"{dialect.title} has no {kind.__name__}", code="TGT604")
        if kind is exp.Anonymous and node.name.upper() not in functions:
            raise Unsupported(f"{dialect.title} has no function {node.name}", code="TGT604")
        if not dialect.nul and isinstance(node, exp.Literal) and "\0" in node.this:
            raise Unsupported(f"{dialect.title} has no text with a NUL", code="TGT604")


@cache
def _listed(
    dialect: str, functions: frozenset[str]
) -> tuple[frozenset[type[exp.Expr]], frozenset[str]]:
    """Return the nodes of a dialect and its functions in upper case."""
    allowed = (_STRUCTURE | _ONLY[dialect]) - _NOT.get(dialect, frozenset())
    return allowed, frozenset(name.upper() for name in functions | _ALWAYS)
