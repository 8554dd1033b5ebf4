"""The tree as ES|QL text: precedence, parentheses, line breaks, and one quoting per kind of value.

Sources: spec/eql-semantics.md 14.1 and 14.4; the lexer of Elasticsearch knows the escapes
`\\t \\n \\r \\" \\\\` in a quoted text and none in a raw one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import assert_never

from transpile.backends.esql import tree as q

from transpile.records import dataclass

WIDTH = 100
INDENT = "  "
_DEEPER = "    "

_RESERVED = frozenset(
    {
        "and", "as", "asc", "by", "desc", "false", "first", "in", "is", "last", "like", "metadata",
        "not", "null", "nulls", "on", "or", "rlike", "true", "where", "with",
    }
)  # fmt: skip
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*|[_@][A-Za-z0-9_]+")
_INDEX = re.compile(r"[A-Za-z0-9_.*][A-Za-z0-9_.*\-]*")
_ESCAPES: Mapping[str, str] = {
    "\t": r"\t", "\n": r"\n", "\r": r"\r", '"': r"\"", "\\": r"\\",
}  # fmt: skip


# -- values and names ----------------------------------------------------------------------------


def string(value: str) -> str:
    """Return a text as a literal; a raw one if that spares backslashes."""
    if "\\" in value and value.isprintable() and '"' not in value:
        return f'"""{value}"""'
    return '"' + "".join(_ESCAPES.get(char, char) for char in value) + '"'


def number(value: int | float) -> str:
    """Return a number as a literal, large and small ones with an exponent."""
    return repr(value).replace("e", "E").replace("E+", "E")


def name(path: str) -> str:
    """Return a column name, in backticks if some part of it needs them."""
    if all(_IDENTIFIER.fullmatch(p) and p.lower() not in _RESERVED for p in path.split(".")):
        return path
    return "`" + path.replace("`", "``") + "`"


def index(pattern: str) -> str:
    """Return an index pattern, quoted if it has unusual characters."""
    return pattern if _INDEX.fullmatch(pattern) else string(pattern)


def like_literal(value: str) -> str:
    """Return text as part of a LIKE pattern that stands for itself."""
    return re.sub(r"[*?\\]", r"\\\g<0>", value)


def kql_string(value: str) -> str:
    """Return a text as a quoted value of KQL."""
    return '"' + re.sub(r'["\\]', r"\\\g<0>", value) + '"'


def lucene_literal(value: str) -> str:
    """Return text as part of a Lucene regular expression that matches it alone."""
    return re.sub(r'[.?+*|{}\[\]()"\\#@&<>~^$-]', r"\\\g<0>", value)


def _constant(value: str | int | float | bool | None) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return string(value)
        case _:
            return number(value)


# -- expressions ---------------------------------------------------------------------------------


class _Bind(IntEnum):
    """How tightly an expression holds together."""

    OR = 1
    AND = 2
    NOT = 3
    TEST = 4
    SUM = 5
    PRODUCT = 6
    SIGN = 7
    ATOM = 8


_BINDS: Mapping[str, _Bind] = {
    "+": _Bind.SUM, "-": _Bind.SUM, "*": _Bind.PRODUCT, "/": _Bind.PRODUCT, "%": _Bind.PRODUCT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Piece:
    """A text on one line, and where it can be broken: `parts` of an AND or OR, `items` of a list.

    The text of a piece with items ends with them and a closing parenthesis.
    """

    text: str
    bind: _Bind = _Bind.ATOM
    parts: tuple[_Piece, ...] = ()
    items: tuple[str, ...] = ()


def expression(expr: q.Expr) -> str:
    """Return an expression on one line."""
    return _piece(expr).text


def _piece(expr: q.Expr) -> _Piece:
    match expr:
        case q.Column(path):
            return _Piece(name(path))
        case q.Star():
            return _Piece("*")
        case q.Constant(value):
            negative = isinstance(value, (int, float)) and value < 0
            return _Piece(_constant(value), _Bind.SIGN if negative else _Bind.ATOM)
        case q.Span(count, unit):
            return _Piece(f"{count} {unit if count == 1 else unit + 's'}")
        case q.Call(function, args):
            items = tuple(map(expression, args))
            return _Piece(f"{function}({', '.join(items)})", items=items)
        case q.Binary(op, left, right):
            bind = _BINDS.get(op, _Bind.TEST)
            one = _within(left, bind if bind > _Bind.TEST else _Bind.SUM)
            return _Piece(f"{one} {op} {_within(right, _Bind(bind + 1))}", bind)
        case q.In(subject, options):
            return _listed(subject, "IN", tuple(map(expression, options)))
        case q.Like(subject, patterns):
            return _alike(subject, "LIKE", patterns)
        case q.RLike(subject, pattern):
            return _alike(subject, "RLIKE", (pattern,))
        case q.IsNull(subject, negated):
            words = "IS NOT NULL" if negated else "IS NULL"
            return _Piece(f"{_within(subject, _Bind.SUM)} {words}", _Bind.TEST)
        case q.Not(q.Binary("==", left, right)):
            return _piece(q.Binary("!=", left, right))
        case q.Not(q.In(subject, options)):
            return _listed(subject, "NOT IN", tuple(map(expression, options)))
        case q.Not(q.Like(subject, patterns)):
            return _alike(subject, "NOT LIKE", patterns)
        case q.Not(q.RLike(subject, pattern)):
            return _alike(subject, "NOT RLIKE", (pattern,))
        case q.Not(arg):
            return _Piece(f"NOT {_within(arg, _Bind.SIGN)}", _Bind.NOT)
        case q.And(args):
            return _joined(args, _Bind.AND)
        case q.Or(args):
            return _joined(args, _Bind.OR)
        case _:
            assert_never(expr)


def _within(expr: q.Expr, least: _Bind) -> str:
    piece = _piece(expr)
    return piece.text if piece.bind >= least else f"({piece.text})"


def _listed(subject: q.Expr, word: str, items: tuple[str, ...]) -> _Piece:
    opening = f"{_within(subject, _Bind.SUM)} {word}"
    return _Piece(f"{opening} ({', '.join(items)})", _Bind.TEST, items=items)


def _alike(subject: q.Expr, word: str, patterns: tuple[str, ...]) -> _Piece:
    if len(patterns) > 1:
        return _listed(subject, word, tuple(map(string, patterns)))
    return _Piece(f"{_within(subject, _Bind.SUM)} {word} {string(patterns[0])}", _Bind.TEST)


def _joined(args: Sequence[q.Expr], bind: _Bind) -> _Piece:
    parts = tuple(_guarded(_piece(arg), bind) for arg in args)
    word = f" {bind.name} "
    return _Piece(word.join(part.text for part in parts), bind, parts)


def _guarded(piece: _Piece, around: _Bind) -> _Piece:
    """Return a condition in parentheses if it binds no tighter than what stands around it."""
    if piece.bind > around:
        return piece
    return _Piece(f"({piece.text})", _Bind.ATOM, (piece,))


def _laid_out(piece: _Piece, indent: str, room: int = WIDTH) -> str:
    """Return a piece broken into lines of at most `WIDTH` characters where it can be.

    indent: what the lines after the first begin with.  room: for the first line.
    """
    if len(piece.text) <= room - len(indent):
        return piece.text
    deeper = indent + INDENT
    if piece.items:
        opening = piece.text.removesuffix(f"{', '.join(piece.items)})")
        return f"{opening}\n{_filled(piece.items, deeper)}\n{indent})"
    if piece.bind in (_Bind.AND, _Bind.OR):
        word = f" {piece.bind.name}\n{indent}"
        return word.join(_laid_out(part, indent) for part in piece.parts)
    if piece.parts:
        return f"(\n{deeper}{_laid_out(piece.parts[0], deeper)}\n{indent})"
    return piece.text


def _filled(items: Sequence[str], indent: str) -> str:
    """Return the items of a list on lines filled up to `WIDTH`."""
    lines, line = [], indent
    for at, item in enumerate(items):
        shown = item if at == len(items) - 1 else f"{item},"
        if line != indent and len(line) + 1 + len(shown) > WIDTH:
            lines.append(line)
            line = indent
        line += shown if line == indent else f" {shown}"
    return "\n".join((*lines, line))


# -- commands ------------------------------------------------------------------------------------


def query(commands: q.Query) -> str:
    """Return a query, a line per command where that is short enough."""
    first, *rest = commands
    return "\n".join((_command(first), *(f"| {_command(command)}" for command in rest))) + "\n"


def _command(command: q.Command) -> str:
    match command:
        case q.From(indices, metadata):
            known = f" METADATA {', '.join(metadata)}" if metadata else ""
            return f"FROM {', '.join(map(index, indices))}{known}"
        case q.Where(condition):
            return _where(condition)
        case q.Eval(assignments):
            return _columns("EVAL", [_assigned(*item) for item in assignments])
        case q.Stats():
            return _stats(command)
        case q.Keep(columns):
            return _columns("KEEP", [c if c == "*" else name(c) for c in columns])
        case q.Sort(keys):
            return _columns("SORT", list(map(_sort_key, keys)))
        case q.Limit(count):
            return f"LIMIT {count}"
        case q.MvExpand(column):
            return f"MV_EXPAND {name(column)}"
        case q.LookupJoin(table, on):
            return f"LOOKUP JOIN {index(table)} ON {', '.join(map(name, on))}"
        case _:
            assert_never(command)


def _where(condition: q.Expr) -> str:
    piece = _piece(condition)
    if len(piece.text) <= WIDTH - len("| WHERE "):
        return f"WHERE {piece.text}"
    return f"WHERE\n{_DEEPER}{_laid_out(piece, _DEEPER)}"


def _assigned(column: str, expr: q.Expr) -> str:
    return f"{name(column)} = {expression(expr)}"


def _columns(word: str, items: Sequence[str]) -> str:
    line = f"{word} {', '.join(items)}"
    if len(line) + 2 <= WIDTH:
        return line
    return f"{word}\n" + ",\n".join(f"{_DEEPER}{item}" for item in items)


def _stats(command: q.Stats) -> str:
    word = "INLINE STATS" if command.inline else "STATS"
    by = [
        name(column) if expr == q.Column(column) else _assigned(column, expr)
        for column, expr in command.by
    ]
    measures = list(map(_measure, command.measures))
    line = f"{word} {', '.join(measures)}".rstrip() + (f" BY {', '.join(by)}" if by else "")
    if len(line) + 2 <= WIDTH:
        return line
    return "\n".join(_broken_stats(word, measures, by))


def _broken_stats(word: str, measures: Sequence[str], by: Sequence[str]) -> Iterator[str]:
    yield word
    if measures:
        yield ",\n".join(f"{_DEEPER}{item}" for item in measures)
    if by:
        line = f"{INDENT}BY {', '.join(by)}"
        yield line if len(line) <= WIDTH else f"{INDENT}BY\n{_filled(by, _DEEPER)}"


def _measure(measure: q.Measure) -> str:
    shown = _assigned(measure.name, measure.expr)
    return shown if measure.where == q.TRUE else f"{shown} WHERE {expression(measure.where)}"


def _sort_key(key: q.SortKey) -> str:
    return f"{name(key.column)} {'DESC' if key.descending else 'ASC'} NULLS LAST"
