"""Parts of an expression that SQL would have to repeat, as fields of their own.

`plus` asks of each argument whether it is a number before it adds or joins, so a sum of sums would
double with each sign. A part that is more than a field or a constant is computed one SELECT
earlier, under a name that no field has, and read from there.
"""

from __future__ import annotations

from collections.abc import Mapping

from transpile.ir.expr import Call, Each, Expr, Field, Lit, Node, RegexLit
from transpile.ir.walk import rebuild
from transpile.records import replace

_REPEATED: Mapping[str, slice] = {
    "plus": slice(None),
    "relative_time": slice(1, None),
    "greatest": slice(None),
    "least": slice(None),
}
"""Functions whose arguments stand in their SQL more than once: which ones."""
_NUMBERS = frozenset({
    "add", "sub", "mul", "div", "mod", "neg", "abs", "ceil", "floor", "round", "sqrt", "pow", "exp",
    "ln", "log", "pi", "len", "now", "tonumber",
})
"""Functions whose result is a number without asking."""
_Assignments = tuple[tuple[str, Expr], ...]


def with_parts(assignments: _Assignments) -> tuple[_Assignments, tuple[str, ...]]:
    """Return the assignments with those of repeated parts before them, and the parts' names."""
    parts = _Parts()
    for name, expr in assignments:
        parts.found.append((name, parts.change(expr)))  # type: ignore[arg-type]  # an expression
    return tuple(parts.found), tuple(parts.names)


class _Parts:
    """The assignments so far, and the names of those that are parts."""

    def __init__(self) -> None:
        self.found: list[tuple[str, Expr]] = []
        self.names: list[str] = []

    def part(self, expr: Expr) -> Expr:
        if isinstance(expr, (Field, Lit, RegexLit)):
            return expr
        if isinstance(expr, Call) and expr.name in _NUMBERS:
            return expr
        self.names.append(f"_part{len(self.names) + 1}")
        self.found.append((self.names[-1], expr))
        return Field(self.names[-1])

    def change(self, node: Node) -> Node:
        if isinstance(node, Each):  # its variable is no field
            return node
        made = rebuild(node, self.change)
        if isinstance(made, Call) and made.name in _REPEATED:
            args = list(made.args)
            args[_REPEATED[made.name]] = map(self.part, made.args[_REPEATED[made.name]])
            return replace(made, args=tuple(args))
        return made
