"""What a subsearch hands to the search around it: `format`, `return`, rows as a filter (1.7, 5.28).

As the last command of a whole search `format` and `return` yield one row with the text in `search`.
At the end of a subsearch among filter terms that text would be read again; there the rows are kept
as rows and become a condition at once.
"""

from __future__ import annotations

from transpile.errors import Span
from transpile.ir.expr import Call, Case, Each, Expr, Field, Lit, RegexLit
from transpile.ir.names import match_name
from transpile.ir.pred import Exists, InRows, NumEq, Pred, Test, Unknown
from transpile.ir.regex import parse_regex
from transpile.ir.stages import (
    Aggregate,
    Branch,
    Combine,
    Compute,
    Extract,
    ForEach,
    Limit,
    Lookup,
    Made,
    Pipeline,
    Project,
    Rename,
    Stage,
)
from transpile.lower.common import CannotLower, where_is
from transpile.spl import ast

LAYOUT = ("(", "(", "AND", ")", "OR", ")")
"""Row prefix, column prefix, column separator, column end, row separator, row end of `format`."""
NOTHING = "NOT( )"
"""The search text that no rows become; it matches nothing."""

RAW = ("search", "query")
"""Fields of a subsearch whose value is inserted as search text, without the field's name."""

_PARTS, _ROW, _VALUE = "_format parts", "format row", "format value"
_SPECIAL = parse_regex(r'(["\\])')


def format_(command: ast.Generic) -> list[Stage]:
    """`format [maxresults=] [mvsep=] [emptystr=] [six separators]`: the rows as search text."""
    span = where_is(command)
    given = tuple(token.text for token in command.args)
    if given and len(given) != len(LAYOUT):
        raise CannotLower("format with other than six separators", span)
    open_all, open_row, between, close_row, between_rows, close_all = given or LAYOUT
    row = _joined(open_row, Field(_PARTS), between, close_row)
    piece = _piece("<<FIELD>>", command.option("mvsep", "OR") or "OR")
    collected = Call("mvappend", (Field(_PARTS), piece))
    text = _joined(open_all, Field(_ROW), between_rows, close_all)
    return [
        *_limited(command.number("maxresults", 0) or 0, span),
        Compute(((_PARTS, Call("mvappend", tuple(map(Field, RAW)))),), span=span),
        Project(RAW, drop=True, span=span),
        ForEach(("*",), ((_PARTS, collected),), span=span),
        Compute(((_ROW, row),), span=span),
        *_one_row(text, command.option("emptystr", NOTHING) or NOTHING, span),
    ]


def _limited(count: int, span: Span | None) -> list[Stage]:
    return [Limit(count, span=span)] if count else []


def _joined(opening: str, values: Expr, separator: str, closing: str) -> Expr:
    middle = Call("mvjoin", (values, Lit(f" {separator} ")))
    return Call("concat", (Lit(f"{opening} "), middle, Lit(f" {closing}")))


def _one_row(text: Expr, empty: str, span: Span | None) -> list[Stage]:
    """Return stages that collect the texts of all rows into one row with the field `search`."""
    search = Case(((Exists(Field(_ROW)), text),), Lit(empty))
    return [
        Project((_ROW,), span=span),
        Combine(_ROW, span=span),
        Branch((Pipeline((Made(1),)),), span=span),
        Limit(1, span=span),
        Compute((("search", search),), span=span),
        Project(("search",), span=span),
    ]


def _quoted(value: Expr) -> Expr:
    return Call("replace", (value, RegexLit(_SPECIAL), Lit("\\\\1")))


def _piece(field: str, separator: str) -> Expr:
    """Return `field="value"`, or the values of a multivalue field in parentheses."""
    equal = Call("concat", (Lit(f'{field}="'), _quoted(Field(_VALUE)), Lit('"')))
    every = Each("map", _VALUE, Field(field), body=equal)
    alone = Test(Call("mvcount", (Field(field),)), NumEq(1))
    return Case(((alone, every),), _joined("(", every, separator, ")"))


# -- return --------------------------------------------------------------------------------------


def return_(command: ast.Return) -> list[Stage]:
    """`return [n] items`: the first n rows as one row of search text."""
    span = where_is(command)
    pieces = tuple(map(_returned_piece, command.items))
    values = Call("mvappend", pieces)
    row = Call("concat", (Lit("("), Call("mvjoin", (values, Lit(" "))), Lit(")")))
    text = Call("mvjoin", (Field(_ROW), Lit(" OR ")))
    return [
        Limit(command.count, span=span),
        Compute(((_ROW, row),), span=span),
        *_one_row(text, NOTHING, span),
    ]


def _returned_piece(item: ast.ReturnItem) -> Expr:
    value = Field(item.field)
    if item.bare:
        return value
    return Call("concat", (Lit(f'{item.alias or item.field}="'), _quoted(value), Lit('"')))


def returned_rows(command: ast.Return) -> list[Stage]:
    """`return` at the end of a filter: the first n rows, these fields only, under their aliases."""
    span = where_is(command)
    if any(item.bare for item in command.items):
        raise CannotLower("a subsearch returns bare values as search text", span)
    names = tuple(item.field for item in command.items)
    aliases = tuple((i.field, i.alias) for i in command.items if i.alias and i.alias != i.field)
    stages: list[Stage] = [Limit(command.count, span=span), Project(names, span=span)]
    return [*stages, Rename(aliases, span=span)] if aliases else stages


# -- a subsearch as a filter ---------------------------------------------------------------------


def without_format(search: ast.Search) -> ast.Search:
    """Return a subsearch without a `format` in the usual layout at its end: it only spells rows."""
    commands = search.commands
    if len(commands) > 1 and _is_search_only(commands[-1]) and _is_format(commands[-2]):
        commands = commands[:-1]
    if commands and _is_format(commands[-1]):
        commands = commands[:-1]
    return ast.Search(commands, span=search.span)


def _is_search_only(command: ast.Command) -> bool:
    return isinstance(command, (ast.Fields, ast.Table)) and command.fields == ("search",)


def _is_format(command: ast.Command) -> bool:
    return (
        isinstance(command, ast.Generic)
        and command.name == "format"
        and not command.option("maxresults")
        and tuple(token.text for token in command.args) in ((), LAYOUT)
    )


def constant_search(search: ast.Search) -> str | None:
    """Return the text of a subsearch that only makes one: `makeresults | eval search="..."`."""
    match search.commands:
        case (
            ast.Generic(name="makeresults", options=()),
            ast.Eval(assignments=(ast.Assignment(field=name, expr=ast.Literal(value=str(text))),)),
            *rest,
        ) if name in RAW and all(
            isinstance(command, (ast.Fields, ast.Table)) and command.fields == (name,)
            for command in rest
        ):
            return text
        case _:
            return None


def condition(pipeline: Pipeline, span: Span | None) -> Pred:
    """Return the condition that the rows of a subsearch become."""
    if any(_may_write(pipeline, name) for name in RAW):
        return Unknown("a subsearch writes search text that depends on its rows", span=span)
    return InRows(pipeline, span=span)


def _may_write(pipeline: Pipeline, name: str) -> bool:
    """Return whether the rows can have a field that the search itself created under this name."""
    written = False
    for stage in pipeline.stages:
        written = _after(stage, name, written)
    return written


def _after(stage: Stage, name: str, written: bool) -> bool:
    match stage:
        case Compute(assignments=assignments):
            return written or any(target == name for target, _ in assignments)
        case Rename(pairs=pairs):
            moved = any(old == name for old, _ in pairs)
            return any(new == name for _, new in pairs) or (written and not moved)
        case Extract(regex=regex):
            return written or any(group == name for group, _ in regex.group_names)
        case Lookup(outputs=outputs):
            return written or any(field == name for _, field in outputs)
        case Aggregate(aggs=aggs, by=by):
            return any(agg.name == name for agg in aggs) or (
                written and any(key.name == name for key in by)
            )
        case Project(fields=fields, drop=drop):
            listed = any(match_name(pattern, name) is not None for pattern in fields)
            return written and listed != drop
        case _:
            return written
