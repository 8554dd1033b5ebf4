"""A query as the document a user deploys: as it is, as a view, or as a dbt model.

The query itself is always printed from its tree. What dbt's Jinja would take for its own markup in
a literal or comment is written so that it comes out as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlglot import exp
from transpile.backends.base import RuleInfo
from transpile.backends.sql import nodes as n
from transpile.backends.sql.writer import PARAMETER, Writer

if TYPE_CHECKING:
    from jinja2 import Environment

_SOURCE = "transpile_source_{}"


def document(query: exp.Query, writer: Writer, format: str) -> str:
    """Return the document of a query in a format of the target ("" is `sql`)."""
    info = writer.request.info
    match format:
        case "view":
            return printed(_view(query, info), writer) + ";\n"
        case "dbt":
            return _dbt_model(query, writer)
        case _:
            return printed(query, writer) + ";\n"


def printed(query: exp.Expr, writer: Writer) -> str:
    """Return a tree as text of the dialect; the tree is used up."""
    text = query.sql(dialect=writer.dialect.name, pretty=True, identify=True, copy=False)
    return writer.dialect.finished_text(text)


def _view(query: exp.Query, info: RuleInfo) -> exp.Create:
    return exp.Create(this=n.table(info.stem), kind="VIEW", expression=query)


def _dbt_model(query: exp.Query, writer: Writer) -> str:
    info = writer.request.info
    columns = [] if query.is_star else query.named_selects
    tables = sorted(writer.tables)
    _point_to_sources(query, tables)
    text = _for_jinja(printed(query, writer))
    for at, table in enumerate(tables):
        source = f"{{{{ source('events', {json.dumps(table)}) }}}}"
        text = re.sub(f'["`]{_SOURCE.format(at)}["`]', lambda _, new=source: new, text)  # type: ignore[misc]
    for name, default in writer.parameters.items():
        given = json.dumps(printed(default.copy(), writer))
        variable = f"{{{{ var('{name}', {given}) }}}}"
        text = re.sub(f'["`]{PARAMETER.format(name)}["`]', lambda _, new=variable: new, text)  # type: ignore[misc]
    return _environment().get_template("dbt.sql.j2").render(
        stem=info.stem,
        description=" ".join((info.description or info.name).split()),
        tables=tables,
        columns=columns,
        query=text,
    )


def _point_to_sources(query: exp.Query, tables: Sequence[str]) -> None:
    """Put a mark in the place of each table; columns still find it under its name."""
    for table in list(query.find_all(exp.Table)):
        if isinstance(table.this, exp.Identifier) and table.name in tables:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=n.identifier(table.name)))
            table.set("this", n.identifier(_SOURCE.format(tables.index(table.name))))


def _for_jinja(text: str) -> str:
    """Return a text that dbt's Jinja renders as it was."""
    return re.sub(r"\{(?=[{%#])", "{{ '{' }}", text)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("transpile.backends.sql"),
        undefined=StrictUndefined,
        autoescape=False,  # the document is SQL, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = _quoted
    return environment


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar that ends no Jinja comment."""
    quoted = json.dumps(text, ensure_ascii=False).replace("#}", "#\\u007d")
    return _for_jinja(quoted)
