"""The state of one emission: the CTEs written so far, and what must be said about the result."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp
from transpile.backends.base import Request
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import Dialect
from transpile.backends.sql.frame import Frame, OrderKey
from transpile.backends.sql.needs import Needs
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.values import ALWAYS, Kind, Scope, Test, Value

from transpile.errors import Span, Unsupported
from transpile.fidelity import Loss
from transpile.ir.stages import Pipeline
from transpile.records import replace

if TYPE_CHECKING:
    from transpile.backends.sql.sources import Columns


PARAMETER = "transpile_parameter_{}"
"""The mark of a parameter in a dbt model."""


class Writer:
    """Collects CTEs, losses, assumptions, tables and source fields of one query.

    helpers: columns of CTEs that are no fields, which no result may show.  nodes: of the finished
    query.
    """

    def __init__(self, request: Request, dialect: Dialect, columns: Columns) -> None:
        self.request = request
        self.dialect = dialect
        self.columns = columns
        self.ctes: list[tuple[str, exp.Query, tuple[str, ...]]] = []
        self.losses: list[Loss] = []
        self.assumptions: dict[str, None] = {}
        self.tables: dict[str, str] = {}
        self.columns_read: dict[str, set[str]] = {}
        self.fields: dict[str, None] = {}
        self.helpers: set[str] = set()
        self.parameters: dict[str, Sql] = {}
        self.nodes: list[Sql] = []
        self.recursive = False
        self._names: set[str] = set()

    # -- what is said about the query --------------------------------------------------------------

    def assume(self, topic: str) -> None:
        """Note what the dialect assumes about a topic, if anything."""
        if topic in self.dialect.assumptions:
            self.note(self.dialect.assumptions[topic])

    def note(self, text: str) -> None:
        """Note an assumption, once."""
        self.assumptions[text] = None

    def parameter(self, name: str, default: Value) -> Value:
        """Return a parameter of the query; what it is by default where a document has none."""
        if self.request.format == "view" or not self.dialect.parameter:
            self.note("the time bounds are those of the schedule, from the moment of the query")
            return default
        self.parameters[name] = default.sql
        if self.request.format == "dbt":  # the document puts a variable in the place of the mark
            return Value(n.column(PARAMETER.format(name)), Kind.REAL, ALWAYS)
        return Value(exp.Var(this=self.dialect.parameter.format(name)), Kind.REAL, ALWAYS)

    def note_lists(self, columns: Mapping[str, Value]) -> None:
        """Note which columns of the result are lists, where lists are no type of the dialect."""
        lists = sorted(name for name, value in columns.items() if value.kind is Kind.LIST)
        if lists and "lists" in self.dialect.assumptions:
            self.note(self.dialect.assumptions["lists"] + json.dumps(lists))

    def lose(self, loss: Loss) -> None:
        """Note a loss, once."""
        if loss not in self.losses:
            self.losses.append(loss)

    def comment(self, span: Span | None) -> tuple[str, ...]:
        """Return the text of a stage, in one line, as it may stand in a comment."""
        if span is None or not self.request.source:
            return ()
        text = " ".join(self.request.source[span.start : span.end].split()).strip("| ")
        safe = text.replace("*/", "* /").replace("/*", "/ *").replace("\0", " ")
        return (safe,) if safe else ()

    def let_go(self) -> None:
        """Take the query apart: each node knows its parent, and cycles wait for the collector.

        No node of a query is used elsewhere.
        """
        for node in self.nodes:
            node.args.clear()

    # -- CTEs --------------------------------------------------------------------------------------

    def name(self, label: str) -> str:
        """Return a name for a CTE that is not taken."""
        name, count = label, 1
        while name.casefold() in self._names:
            count += 1
            name = f"{label}_{count}"
        self._names.add(name.casefold())
        return name

    def reserve(self, name: str) -> None:
        """Keep the name of a table from being used for a CTE."""
        self._names.add(name.casefold())

    def add(self, label: str, query: exp.Query, comments: tuple[str, ...] = ()) -> str:
        """Write a CTE and return its name."""
        name = self.name(label)
        self.ctes.append((name, query, comments))
        return name

    def add_recursive(self, name: str, query: exp.Union) -> None:
        """Write a CTE that reads itself, under a name that `name` gave."""
        if not self.dialect.recursive:
            self.dialect.refuse("query that reads its own rows")
        self.recursive = True
        self.ctes.append((name, query, ()))

    def scope(self, frame: Frame) -> Scope:
        """Return where expressions over a frame are evaluated."""
        return Scope(self, frame.value)

    def flush(
        self,
        frame: Frame,
        needs: Needs,
        *,
        extra: Sequence[tuple[str, Sql]] = (),
        limit: int | None = None,
        label: str = "",
        comments: tuple[str, ...] = (),
    ) -> Frame:
        """Write the frame as a CTE with the needed fields and return the frame over it.

        extra: further columns, by their name in SQL.  limit: rows kept, in the frame's order.
        """
        if frame.plain and not extra and limit is None:
            return frame
        items, columns, order = self.projection(frame, needs)
        items += [n.alias(node, name) for name, node in extra]
        query = n.select(
            items or [n.alias(n.number(1), "_any")],
            n.table(frame.source),
            joins=frame.joins,
            where=frame.where,
            order=self.sort_keys(frame.order) if limit is not None else (),
            limit=limit,
        )
        name = self.add(label or frame.label, query, frame.comments + comments)
        is_open = frame.rest is not None and needs.names is None
        return Frame(
            source=name,
            columns=columns,
            rest=frame.rest if is_open else None,
            gone=frame.gone,
            order=order,
        )

    def projection(
        self, frame: Frame, needs: Needs
    ) -> tuple[list[Sql], dict[str, Value], tuple[OrderKey, ...]]:
        """Return the select list of a frame, its columns over the result, and its order over it."""
        items: list[Sql] = []
        columns: dict[str, Value] = {}
        used: set[str] = set()
        if frame.rest is not None and needs.names is None:
            items.append(self.star(frame))
            for field, value in frame.columns.items():
                if not _is_column(value, field):
                    items.append(n.alias(value.sql, field))
                    missing = _fields(value, field)
                    columns[field] = Value(n.shared_column(field), value.kind, missing)
            return items, columns, frame.order
        visible = list(self.visible(frame, needs))
        for field, value in visible:
            alias = self.unique(field, used)
            items.append(n.alias(value.sql, alias))
            columns[field] = Value(n.shared_column(alias), value.kind, _fields(value, field))
        order: list[OrderKey] = []
        for key in frame.order if needs.order else ():
            shown = next((field for field, value in visible if value.shows(key.value)), None)
            if shown is None and isinstance(key.value.node, exp.Column):
                alias = self.unique(key.value.node.name, used)
                items.append(n.alias(key.value.sql, alias))
                order.append(replace(key, value=replace(key.value, node=n.shared_column(alias))))
            elif shown is not None:
                order.append(replace(key, value=columns[shown]))
        return items, columns, tuple(order)

    def visible(self, frame: Frame, needs: Needs) -> Iterable[tuple[str, Value]]:
        """Return the needed fields of a frame, in the order in which they came into being."""
        if needs.names is None:
            return list(frame.columns.items())
        shown = [(name, value) for name, value in frame.columns.items() if name in needs.names]
        missing = sorted(needs.names - frame.columns.keys())
        found = ((name, frame.find(name)) for name in missing)
        return shown + [(name, value) for name, value in found if value is not None]

    def unique(self, field: str, used: set[str]) -> str:
        """Return a column name for a field, apart from the others of the same SELECT."""
        name, count = field, 1
        while (name if self.dialect.cased_names else name.casefold()) in used:
            count += 1
            name = f"{field}_{count}"
        used.add(name if self.dialect.cased_names else name.casefold())
        return name

    def star(self, frame: Frame) -> Sql:
        """Return `*`, without the columns that the rows no longer have or have anew."""
        anew = {name for name, value in frame.columns.items() if not _is_column(value, name)}
        hidden = sorted((frame.gone | anew) & (self.fields.keys() | self.helpers))
        if not hidden:
            for name in sorted(anew):
                self.note(f"the table has no column {name!r} of its own")
            return exp.Star()
        if not self.dialect.star_except:
            raise Unsupported(
                f"{self.dialect.title} cannot leave columns out of all columns: name the fields "
                "of the result (table, fields)",
                code="TGT603",
            )
        return exp.Star(except_=[n.column(name) for name in hidden])

    def sort_keys(self, order: Sequence[OrderKey], *, backwards: bool = False) -> list[Sql]:
        """Return ORDER BY keys; missing values last either way."""
        keys: list[Sql] = []
        for key in order:
            descending = key.descending != backwards
            if key.natural and key.value.kind is Kind.TEXT:
                from transpile.backends.sql.expressions import as_number

                amount = as_number(key.value, self.scope_of(key.value))
                keys.append(n.ordered(amount.sql, descending=descending))
            node = key.value.sql
            if key.value.kind is Kind.TEXT:
                node = self.dialect.bytewise(node)
            keys.append(n.ordered(node, descending=descending))
        return keys

    def scope_of(self, value: Value) -> Scope:
        """Return a scope in which every field is this value."""
        return Scope(self, lambda name: value)

    # -- inner searches ----------------------------------------------------------------------------

    def in_rows(self, pipeline: Pipeline, scope: Scope) -> Test:
        """Return the test that a row agrees with some row of an inner search (`InRows`)."""
        from transpile.backends.sql.emit import run
        from transpile.backends.sql.needs import output_names

        names = output_names(pipeline)
        if names is None:
            raise Unsupported(
                "the fields of a subsearch are not known", code="TGT603", span=pipeline.span
            )
        wanted = frozenset(name for name in names if not name.startswith("_"))
        needs = Needs(wanted)
        frame = self.flush(
            replace(run(self, pipeline, needs), label="subsearch"), needs, label="subsearch"
        )
        tests = [self._agrees(frame, name, scope) for name in sorted(wanted)]
        if frame.rest is not None:
            frame = replace(frame, rest=None)
        query = n.select(
            [n.number(1)], n.table(frame.source, "inner_rows"), where=[t for t in tests if t]
        )
        return Test(exp.Exists(this=query), ALWAYS)

    def _agrees(self, frame: Frame, name: str, scope: Scope) -> Sql:
        from transpile.backends.sql.expressions import as_text, is_absent

        theirs = frame.value(name)
        if theirs.is_null:
            return n.boolean(True)
        if not isinstance(theirs.node, exp.Column):
            raise Unsupported("a subsearch with computed fields", code="TGT603")
        qualified = replace(theirs, node=n.shared_column(theirs.node.name, "inner_rows"))
        ours = scope.value_of(name)
        if ours.is_null:
            return is_absent(qualified, scope)

        def matches(value: Value, wanted: Value) -> Sql:
            left = self.dialect.lower(as_text(value, scope).sql)
            folded = self.dialect.lower(as_text(wanted, scope).sql)
            for old, new in (("!", "!!"), ("%", "!%"), ("_", "!_"), ("*", "%")):
                folded = self.dialect.replace_text(folded, n.text(old), n.text(new))
            return self.dialect.like_text(left, folded, cased=True)

        def one_of_theirs(value: Value) -> Sql:
            if qualified.kind is not Kind.LIST:
                return matches(value, qualified)
            return self.dialect.any_of(
                qualified.sql, lambda item: matches(value, Value(item, Kind.TEXT, ALWAYS))
            )

        self.assume("fold")
        if ours.kind is Kind.LIST:
            if qualified.kind is Kind.LIST:
                self.dialect.refuse("comparison of two lists")
            test = self.dialect.any_of(
                ours.sql, lambda item: matches(Value(item, Kind.TEXT, ALWAYS), qualified)
            )
        else:
            test = one_of_theirs(ours)
        if qualified.missing == ALWAYS:
            return test
        return exp.Paren(this=n.disjunction((is_absent(qualified, scope), test)))


def _is_column(value: Value, name: str) -> bool:
    return isinstance(value.node, exp.Column) and value.node.name == name


def _fields(value: Value, field: str) -> frozenset[str]:
    """Return what makes a column of a CTE NULL: itself, unless the value was never NULL."""
    return ALWAYS if value.missing == ALWAYS else frozenset((field,))


