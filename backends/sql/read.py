"""What a query asks of the rows of its source, read from its text anew.

The text is parsed by sqlglot, which prints it too but from a tree of its own making. Read is the
`WHERE` of the innermost `SELECT`, the one that reads the table of events. SQL's three-valued logic
becomes the two predicates "is true" and "is false" of each condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlglot import ErrorLevel, exp, parse_one
from sqlglot.errors import SqlglotError

from transpile.errors import ReadingError
from transpile.ir import pred as p
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import FALSE, TRUE, Pred, all_of, any_of, negate
from transpile.ir.regex import Regex, RegexError, parse_regex
from transpile.ir.regex import tree as t
from transpile.ir.text import fold

_ORDER: dict[type[exp.Expr], p.OrderOp] = {exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_TURNED: dict[p.OrderOp, p.OrderOp] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def source_filter(text: str, tables: Iterable[str], dialect: str) -> Pred:
    """Return the condition on the rows of the source, in the names of its columns.

    tables: those that hold events.
    Raises `ReadingError` CNT409 for a text that is no SQL, CNT410 for a condition that is not read.
    """
    try:
        query = parse_one(text, read=dialect, error_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise ReadingError(str(error), code="CNT409") from error
    where = _source_of(query, frozenset(tables)).args.get("where")
    return TRUE if where is None else _truth(where.this, {}, True)


def _source_of(query: exp.Expr, tables: frozenset[str]) -> exp.Select:
    """Return the one SELECT that reads a table of events."""
    found = [
        select
        for select in query.find_all(exp.Select)
        if (source := select.args.get("from_") or select.args.get("from")) is not None
        and isinstance(source.this, exp.Table)
        and source.this.name in tables
    ]
    if len(found) != 1 or any(select.args.get("joins") and _joins(select) for select in found):
        raise ReadingError("the query reads events in several places")
    return found[0]


def _joins(select: exp.Select) -> Iterator[exp.Expr]:
    """Return the joins of a SELECT that bring in other rows than those of a list of its own."""
    return iter([join for join in select.args["joins"] if not isinstance(join.this, exp.Unnest)])


_Names = dict[str, str]
"""Names that stand for a value of a list column, with that column."""


def _truth(node: Any, names: _Names, wanted: bool) -> Pred:
    """Return when a condition is true (or, with `wanted` False, false; NULL is neither)."""
    match node:
        case exp.Paren():
            return _truth(node.this, names, wanted)
        case exp.And() | exp.Or():
            parts = [_truth(side, names, wanted) for side in (node.this, node.expression)]
            return (all_of if isinstance(node, exp.And) is wanted else any_of)(parts)
        case exp.Not():
            return _truth(node.this, names, not wanted)
        case exp.Boolean():
            return TRUE if bool(node.this) is wanted else FALSE
        case exp.Null():
            return FALSE
        case exp.Coalesce() if len(node.expressions) == 1 and isinstance(
            node.expressions[0], exp.Boolean
        ):
            default = bool(node.expressions[0].this)
            if default is wanted:  # all but what is known to be otherwise
                return negate(_truth(node.this, names, not wanted))
            return _truth(node.this, names, wanted)
        case exp.Is() if isinstance(node.expression, exp.Null):
            there = p.Exists(_depending(node.this, names))
            return negate(there) if wanted else there
        case exp.Cast() if node.to.this == exp.DataType.Type.BOOLEAN:
            return _constant(node, wanted)
        case _:
            return _atom(node, names, wanted)


def _constant(node: exp.Cast, wanted: bool) -> Pred:
    if isinstance(node.this, exp.Literal) and node.this.name in ("t", "f", "true", "false"):
        return TRUE if (node.this.name[0] == "t") is wanted else FALSE
    raise _unread(node)


def _atom(node: Any, names: _Names, wanted: bool) -> Pred:
    subject, met = _test(node, names)
    return met if wanted else all_of((p.Exists(subject), negate(met)))


def _test(node: Any, names: _Names) -> tuple[Field, Pred]:
    """Return the field that an elementary condition tests, and when it is true."""
    inner = _of_list(node)
    if inner is not None:
        return _some_value(*inner)
    match node:
        case exp.EQ() | exp.NEQ():
            subject, cased, literal = _compared(node, names)
            test: Pred = p.Test(subject, _equal(literal, cased))
            if isinstance(node, exp.NEQ):
                test = all_of((p.Exists(subject), negate(test)))
            return subject, test
        case exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
            op = _ORDER[type(node)]
            turned = isinstance(node.this, exp.Literal)
            subject, _, literal = _compared(node, names)
            bound = _number(literal) if not literal.is_string else literal.name
            return subject, p.Test(subject, p.Order(_TURNED[op] if turned else op, bound))
        case exp.In() if node.expressions:
            subject, cased = _column(node.this, names)
            equals = [p.Test(subject, _equal(each, cased)) for each in node.expressions]
            return subject, any_of(equals)
        case exp.Like() | exp.ILike() | exp.Escape():
            return _like(node, names)
        case exp.StartsWith():
            return _part(node, names, lambda text: (text, Wild.RUN))
        case exp.EndsWith():
            return _part(node, names, lambda text: (Wild.RUN, text))
        case exp.Contains():
            return _part(node, names, lambda text: (Wild.RUN, text, Wild.RUN))
        case exp.RegexpLike() if len([x for x in node.args.values() if x]) == 2:
            subject, cased = _column(node.this, names)
            found = _regex(_text(node.expression), cased)
            return subject, any_of(p.Test(subject, each) for each in _plainly(found, cased))
        case _:
            raise _unread(node)


# -- lists ---------------------------------------------------------------------------------------


def _of_list(node: Any) -> tuple[exp.Expr, exp.Lambda] | None:
    """Return list and test of `LEN(LIST_FILTER(list, test)) > 0`, None for something else."""
    if not (isinstance(node, exp.GT) and isinstance(node.this, exp.Length | exp.ArraySize)):
        return None
    inner = node.this.this
    if isinstance(inner, exp.ArrayFilter) and isinstance(inner.expression, exp.Lambda):
        return (inner.this, inner.expression) if node.expression.name == "0" else None
    return None


def _some_value(values: exp.Expr, test: exp.Lambda) -> tuple[Field, Pred]:
    subject, _ = _column(values, {})
    name = test.expressions[0].name
    body = test.this
    while isinstance(body, exp.Paren):
        body = body.this
    if any(body.find_all(exp.And, exp.Not)):
        raise _unread(body)  # several conditions on one value of a list
    return subject, _truth(body, {name: subject.name}, True)


# -- operands ------------------------------------------------------------------------------------


def _column(node: Any, names: _Names) -> tuple[Field, bool]:
    """Return the field that an operand is, and whether its case counts."""
    match node:
        case exp.Paren():
            return _column(node.this, names)
        case exp.Lower():
            return _column(node.this, names)[0], False
        case exp.Cast() | exp.TryCast():
            return _column(node.this, names)
        case exp.Column() | exp.Identifier():
            return Field(names.get(node.name, node.name)), True
        case _:
            raise _unread(node)


def _depending(node: Any, names: _Names) -> Field:
    """Return the one field that a number is computed from: it is missing where the field is."""
    if isinstance(node, exp.Floor | exp.Mul | exp.Div | exp.Paren):
        inner = [side for side in (node.this, node.args.get("expression")) if side is not None]
        found = [side for side in inner if not isinstance(side, exp.Literal)]
        if len(found) == 1:
            return _depending(found[0], names)
    return _column(node, names)[0]


def _compared(node: exp.Binary, names: _Names) -> tuple[Field, bool, exp.Literal]:
    sides = (node.this, node.expression)
    for one, other in (sides, sides[::-1]):
        literal = other
        if isinstance(other, exp.Neg) and isinstance(other.this, exp.Literal):
            literal = exp.Literal(this=f"-{other.this.name}", is_string=False)
        if isinstance(literal, exp.Literal):
            return *_column(one, names), literal
    raise _unread(node)


def _equal(literal: Any, cased: bool) -> p.Condition:
    if not isinstance(literal, exp.Literal):
        raise _unread(literal)
    if not literal.is_string:
        return p.NumEq(_number(literal))
    return p.TextEq(_folded(literal.name, cased), cased)


def _folded(text: str, cased: bool) -> str:
    """Return a text that a value, lower-cased if its case does not count, is compared with."""
    if not cased and fold(text) != text:
        raise ReadingError(f"a lower-cased value is compared with {text!r}")
    return text


def _number(literal: exp.Expr) -> int | float:
    found = float(literal.name)
    return int(found) if found == int(found) else found


def _text(node: Any) -> str:
    if not (isinstance(node, exp.Literal) and node.is_string):
        raise _unread(node)
    return str(node.name)


def _like(node: Any, names: _Names) -> tuple[Field, Pred]:
    escape = ""
    if isinstance(node, exp.Escape):
        escape, node = _text(node.expression), node.this
    subject, cased = _column(node.this, names)
    text = _text(node.expression)
    if isinstance(node, exp.ILike):
        cased = False
    else:
        text = _folded(text, cased)
    return subject, p.Test(subject, p.Glob(_pattern(text, escape), cased))


def _pattern(text: str, escape: str) -> Pattern:
    parts: list[str | Wild] = []
    chars = iter(text)
    for char in chars:
        if escape and char == escape:
            parts.append(next(chars, escape))
        else:
            parts.append({"%": Wild.RUN, "_": Wild.ONE}.get(char, char))
    return Pattern.of(*parts)


def _part(node: Any, names: _Names, frame: Any) -> tuple[Field, Pred]:
    subject, cased = _column(node.this, names)
    text = _folded(_text(node.expression), cased)
    return subject, p.Test(subject, p.Glob(Pattern.of(*frame(text)), cased))


def _regex(text: str, cased: bool) -> Regex:
    """Return a regular expression; one for lower-cased values as one without regard to case."""
    if not cased and any(c.isupper() and text[at - 1 : at] != "\\" for at, c in enumerate(text)):
        raise ReadingError("an expression with capital letters for lower-cased values")
    try:
        return parse_regex(text if cased else f"(?i){text}")
    except RegexError as error:
        raise ReadingError(f"the regular expression {text!r} is not read") from error


def _plainly(regex: Regex, cased: bool) -> tuple[p.Condition, ...]:
    """Return texts of which a value holds one as patterns, else the expression as it is."""
    branches = regex.tree.branches if isinstance(regex.tree, t.Alt) else (regex.tree,)
    texts = [branch.text for branch in branches if isinstance(branch, t.Chars)]
    if len(texts) < len(branches):
        return (p.Matches(regex),)
    return tuple(p.Glob(Pattern.of(Wild.RUN, text, Wild.RUN), cased) for text in texts)


def _unread(node: Any) -> ReadingError:
    text = node.sql("duckdb") if isinstance(node, exp.Expression) else str(node)
    return ReadingError(f"not read: {text[:80]}")
