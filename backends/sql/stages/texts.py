"""Stages that take fields out of text: regular expressions, JSON and XML elements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import as_text, common_kind, convert, first_present
from transpile.backends.sql.frame import Frame, computed
from transpile.backends.sql.functions.structured import JSON_TEXTS, json_path
from transpile.backends.sql.needs import Needs
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.regexes import regex_text
from transpile.backends.sql.values import Kind, Scope, Value
from transpile.backends.sql.writer import Writer

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.regex import Purpose, Regex, parse_regex
from transpile.ir.regex import tree as t
from transpile.records import replace

_ELEMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")
Finder = Callable[[Value], Value]
"""What a stage finds in a text or in all texts of a list."""


def extract(stage: s.Extract, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Take the named groups of a regular expression out of a text."""
    if computed(frame, frozenset((stage.source,))):
        frame = writer.flush(frame, before)
    scope = writer.scope(frame)
    source = frame.value(stage.source)
    finders: list[tuple[str, Finder]] = []
    for name, group in stage.regex.group_names:
        if name in after:
            one = stage.limit == 1 and source.kind is not Kind.LIST
            made = _first_match if one else _all_matches
            finders.append((name, made(stage.regex, group, stage.limit, scope)))
    return _written(finders, source, stage, frame, writer)


def _written(
    finders: Iterable[tuple[str, Finder]],
    source: Value,
    stage: s.Stage,
    frame: Frame,
    writer: Writer,
) -> Frame:
    """Set the fields that are found; where none is found the field stays as it is."""
    if source.is_null:
        return frame
    scope = writer.scope(frame)
    before = frame
    for name, find in finders:
        value = find(source)
        previous = before.find(name)
        if previous is not None and not previous.is_null:
            kind = common_kind((value.kind, previous.kind))
            parts = [convert(v, kind, scope) for v in (value, previous)]
            value = Value(first_present(parts, scope), kind)
        frame = frame.with_column(name, value)
    return replace(
        frame, label="extracted", comments=frame.comments + writer.comment(stage.span)
    )


# -- regular expressions ---------------------------------------------------------------------------


def _first_match(regex: Regex, group: int, limit: int, scope: Scope) -> Finder:
    name = {number: name for name, number in regex.group_names}[group]
    dialect = scope.writer.dialect

    def find(source: Value) -> Value:
        text = as_text(source, scope)
        found = dialect.extract(text.sql, regex_text(regex, scope, Purpose.EXTRACT), group, name)
        if not _may_be_empty(regex.tree, group):
            return Value(n.nullif(found, n.text("")), Kind.TEXT)
        if not _always_taken(regex.tree, group):
            dialect.refuse("difference between an empty group and one that took no part")
        taken = dialect.matches(text.sql, regex_text(regex, scope))
        return Value(n.case([(taken, found)]), Kind.TEXT)

    return find


def _all_matches(regex: Regex, group: int, limit: int, scope: Scope) -> Finder:
    """Find what a group took in each match, up to a number of matches in each text."""
    dialect = scope.writer.dialect
    if t.width(regex.tree)[0] == 0:
        dialect.refuse("agreed sequence of matches that may be empty")
    empty = _may_be_empty(regex.tree, group)
    if empty and not _always_taken(regex.tree, group):
        dialect.refuse("difference between an empty group and one that took no part")
    text = regex_text(regex, scope, Purpose.EXTRACT)

    def matches(item: Sql) -> Sql:
        found = dialect.extract_all(item, text, group)
        return dialect.list_slice(lambda: found, 0, limit - 1) if limit else found

    def find(source: Value) -> Value:
        found = _in_each(matches, source, scope)
        if empty:
            return Value(found, Kind.LIST)
        kept = dialect.list_filter(found, lambda item: n.binary(exp.NEQ, item, n.text("")))
        return Value(kept, Kind.LIST)

    return find


def _in_each(matches: Callable[[Sql], Sql], source: Value, scope: Scope) -> Sql:
    """Return all that is found in a text, or in each text of a list, as one list."""
    if source.kind is not Kind.LIST:
        return scope.writer.dialect.list_or_null(matches(as_text(source, scope).sql))
    return scope.writer.dialect.list_flat(source.sql, matches)


def _capture(tree: t.Node, group: int) -> t.Capture:
    captures = [part for part in t.walk(tree) if isinstance(part, t.Capture)]
    return captures[group - 1]


def _may_be_empty(tree: t.Node, group: int) -> bool:
    return t.width(_capture(tree, group).body)[0] == 0


def _always_taken(tree: t.Node, group: int) -> bool:
    """Return whether every match passes through the group."""
    wanted = _capture(tree, group)

    def inside(node: t.Node) -> bool:
        if node is wanted:
            return True
        match node:
            case t.Concat(items):
                return any(map(inside, items))
            case t.Capture(body):
                return inside(body)
            case _:
                return False

    return inside(tree)


# -- structured text -------------------------------------------------------------------------------


def parse(stage: s.Parse, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Take fields out of JSON text or XML elements; of all that it has those that are read."""
    if computed(frame, frozenset((stage.source,))):
        frame = writer.flush(frame, before)
    source = frame.value(stage.source)
    scope = writer.scope(frame)
    match stage.format:
        case "json-path":
            target = stage.target or stage.path
            finders = [(target, _json(stage.path, scope))] if target in after else []
        case "auto":
            if "xml" in stage.source.casefold():
                raise Unsupported("the leaves of an XML text", code="TGT603", span=stage.span)
            names = _read_later(stage, after, writer)
            finders = [(name, _json(name, scope, leaf=True)) for name in names if _leaf(name)]
        case "json":
            names = [
                name for name in _read_later(stage, after, writer) if name.startswith(stage.prefix)
            ]
            finders = [
                (name, _member(name.removeprefix(stage.prefix), scope)) for name in names
            ]
        case "xml-pairs":
            names = [n for n in _read_later(stage, after, writer) if _ELEMENT.fullmatch(n)]
            finders = [(name, _element(name, scope)) for name in names]
        case "pairs":
            raise Unsupported("key/value pairs of a text", code="TGT603", span=stage.span)
    return _written(finders, source, stage, frame, writer) if finders else frame


def _read_later(stage: s.Parse, after: Needs, writer: Writer) -> list[str]:
    if after.names is None:
        raise Unsupported(
            "all fields of a text as fields of the result", code="TGT603", span=stage.span,
            hint="name the fields of the result (table, fields)",
        )
    writer.note(f"no field in {stage.source} has a name that begins with `_`")
    return sorted(name for name in after.names if not name.startswith("_"))


def _leaf(name: str) -> bool:
    """Return whether a leaf may be called so: elements of arrays have no numbers in names."""
    return not re.search(r"\{[^}]", name)


def _json(path: str, scope: Scope, *, leaf: bool = False) -> Finder:
    where, several = json_path(path, scope)
    return _json_at(where, several, leaf, scope)


def _member(name: str, scope: Scope) -> Finder:
    if '"' in name or "\\" in name:
        scope.writer.dialect.refuse(f"JSON path for a member called {name}")
    return _json_at(f'$."{name}"', False, False, scope)


def _json_at(where: str, several: bool, leaf: bool, scope: Scope) -> Finder:
    dialect = scope.writer.dialect
    scope.writer.note(JSON_TEXTS)
    scope.writer.assume("json")

    def find(source: Value) -> Value:
        if not several and source.kind is not Kind.LIST:
            text = as_text(source, scope)
            return Value(dialect.json_text(lambda: text.sql, where, leaf=leaf), Kind.TEXT)

        def matches(item: Sql) -> Sql:
            if several:
                return dialect.json_texts(item, where, leaf=leaf)
            one = dialect.json_text(item.copy, where, leaf=leaf)
            return dialect.list_filter(
                dialect.list_of(one), lambda item: n.is_not_null(item)
            )

        return Value(_in_each(matches, source, scope), Kind.LIST)

    return find


def _element(name: str, scope: Scope) -> Finder:
    """Find the texts of the innermost elements of a name."""
    blank = "[ \\t\\r\\n\\f\\x0b]"
    tag = re.sub(r"([.-])", r"\\\1", name)
    regex = parse_regex(f"<{tag}(?:{blank}[^<>]*)?>([^<]*)</{tag}{blank}*>")
    return _all_matches(regex, 1, 0, scope)
