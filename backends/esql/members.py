"""Lists that ingest makes objects of, with a field for each member: `a.*.b` is `a.0.b`, `a.1.b` ...

A query names so many members as `MEMBERS` says. Where a test is of some or of every member it is
said of each; where the list itself is wanted, its members are put together.
"""

from __future__ import annotations

from transpile.backends.eql.atoms import MEMBERS, member_name
from transpile.backends.esql import tree as q
from transpile.backends.esql.scope import Scope
from transpile.backends.esql.values import CannotSay, Kind, Value

from transpile.ir.expr import Expr, Field, Lit, RegexLit
from transpile.ir.pred import Matches
from transpile.records import replace


def is_list(expr: Expr) -> bool:
    """Return whether an expression is a field that stands for the fields of members."""
    return isinstance(expr, Field) and "*" in expr.name


def members(name: str, scope: Scope) -> list[Value]:
    """Return the fields of the members, the first of them first."""
    scope.assume(f"{name} has at most {MEMBERS} members, those without a value behind the others")
    return [member(name, number) for number in range(MEMBERS)]


def member(name: str, number: int) -> Value:
    """Return the field of one member; none but the first of several lists around it."""
    column = member_name(name, number)
    return Value(q.Column(column), Kind.TEXT, needs=frozenset((column,)))


def together(name: str, scope: Scope) -> Value:
    """Return the values of all members, by how many there are."""
    first, *others = members(name, scope)
    node: q.Expr = first.node
    args: list[q.Expr] = []
    for each in others:
        args += (q.IsNull(each.node), node)
        node = q.Call("MV_APPEND", (node, each.node))
    return replace(first, node=q.Call("CASE", (*args, node)), many=True)


def at_place(name: str, place: Expr, scope: Scope) -> Value:
    """Return the member at a place: the number of one, or what such a number is computed by."""
    match place:
        case Lit(int() as number) if number >= 0:
            scope.assume(f"members of {name} without a value stand behind the others")
            return member(name, number)
        case Lit(-1):
            return _last(name, scope)
        case Lit():
            raise CannotSay("ES|QL counts members from the first")
        case _:
            pass
    index = scope.value(place)
    if index.kind is not Kind.LONG:
        raise CannotSay("ES|QL needs a whole number as a place in a list")
    args: list[q.Expr] = []
    for number, each in enumerate(members(name, scope)):
        args += (q.Binary("==", index.node, q.Constant(number)), each.node)
    args += (q.Binary("==", index.node, q.Constant(-1)), _last(name, scope).node)
    scope.assume(f"places in {name} are counted from its beginning, or -1")
    return Value(q.Call("CASE", tuple(args)), Kind.TEXT, needs=None)


def _last(name: str, scope: Scope) -> Value:
    nodes = [each.node for each in members(name, scope)]
    return Value(q.Call("COALESCE", tuple(reversed(nodes))), Kind.TEXT, needs=None)


def place_of(name: str, wanted: RegexLit, scope: Scope) -> Value:
    """Return the place of the first member that a regular expression matches."""
    from transpile.backends.esql.conditions import meets

    args: list[q.Expr] = []
    for number, each in enumerate(members(name, scope)):
        args += (meets(each, Matches(wanted.regex), scope), q.Constant(number))
    return Value(q.Call("CASE", tuple(args)), Kind.LONG, needs=None)
