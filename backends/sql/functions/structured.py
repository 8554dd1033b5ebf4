"""Functions of JSON texts in SQL."""

from __future__ import annotations

from collections.abc import Mapping

from transpile.backends.sql.expressions import (
    Function,
    as_text,
)
from transpile.backends.sql.values import Kind, Scope, Value

JSON_TEXTS = (
    "JSON texts name each member once, without dots and leading `_`; XML is not read where JSON is"
)
"""What a query that reads JSON takes for granted."""


def json_path(path: str, scope: Scope) -> tuple[str, bool]:
    """Return a path as JSONPath, and whether it leads to several values."""
    from transpile.interpret.structured import path_steps

    written = ["$"]
    steps = path_steps(path)
    for kind, name in steps:
        if kind == "attribute" or '"' in name or "\\" in name:
            scope.writer.dialect.refuse(f"JSON path {path}")
        written.append({"name": f'."{name}"', "all": "[*]", "index": f"[{name}]"}[kind])
    return "".join(written), any(kind == "all" for kind, _ in steps)


def _spath(scope: Scope, args: list[Value]) -> Value:
    path = args[1].literal
    if path is None:
        scope.writer.dialect.refuse("computed path")
    scope.writer.note(JSON_TEXTS)
    scope.writer.assume("json")
    where, several = json_path(path, scope)
    value = as_text(args[0], scope)
    if not several:
        return Value(scope.writer.dialect.json_text(lambda: value.sql, where), Kind.TEXT)
    found = scope.writer.dialect.json_texts(value.sql, where)
    return Value(scope.writer.dialect.list_or_null(found), Kind.LIST)


STRUCTURED: Mapping[str, Function] = {
    "spath": _spath,
}
