"""Stages that bring in other rows: joins, unions, lookup tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, ip_network

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.aggregates import ROW
from transpile.backends.sql.expressions import (
    as_list,
    as_text,
    choice,
    common_kind,
    convert,
    first_present,
    is_absent,
)
from transpile.backends.sql.frame import Frame, OrderKey
from transpile.backends.sql.needs import Needs
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.stages.groups import with_row_number
from transpile.backends.sql.values import ALWAYS, NUMERIC, Kind, Scope, Value
from transpile.backends.sql.writer import Writer

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.text import fold
from transpile.records import replace
from transpile.tables import Table

MATCH = "_match"
"""The column that numbers the table rows that match one row, in file order."""
PLACE = "_place"
"""The column that says which value of a multivalue key was looked up."""
_MOST = 1_000_000_000
"""More matches than any value has."""
LINE = "_line"
"""The column of a lookup table that says where in the file a row stands."""


def qualified(value: Value, table: str) -> Value:
    """Return a column of a written frame with its table's name; a field without one is NULL."""
    if value.is_null:  # with a type, for a bare one cannot be grouped by
        return Value(n.cast(n.null(), exp.DType.TEXT), Kind.TEXT)
    assert isinstance(value.node, exp.Column)
    return replace(value, node=n.shared_column(value.node.name, table))


# -- join ------------------------------------------------------------------------------------------


def join(stage: s.Join, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Join the rows of another pipeline on equal keys, at most `max` for each row."""
    from transpile.backends.sql.emit import run

    comments = writer.comment(stage.span)
    wanted = Needs(None) if after.names is None else after.plus(stage.keys)
    left = written(frame, writer, before)
    right = run(writer, stage.right, replace(wanted, order=stage.max > 0))
    keys = stage.keys or _common(left, right, stage)
    right = _first_per_key(right, keys, stage, writer, wanted)
    if right.source == left.source:
        raise Unsupported("a join of a table with itself", code="TGT603", span=stage.span)
    scope = writer.scope(left)
    pairs = [
        n.binary(exp.EQ, a.sql, b.sql) for a, b in _key_pairs(keys, left, right, scope, stage)
    ]
    made = exp.Join(
        this=n.table(right.source),
        side="LEFT" if stage.outer else None,
        kind=None if stage.outer else "INNER",
        on=n.conjunction(pairs),
    )
    columns = {name: qualified(value, left.source) for name, value in left.columns.items()}
    for name, value in right.columns.items():
        if name in keys:
            continue
        theirs = qualified(value, right.source)
        if stage.outer:
            theirs = replace(theirs, missing=None)
        ours = columns.get(name)
        columns[name] = theirs if ours is None else _merged(ours, theirs, stage, scope)
    order = tuple(replace(k, value=qualified(k.value, left.source)) for k in left.order)
    joined = Frame(left.source, columns, joins=(made,), order=order, label="joined",
                   comments=comments)
    return writer.flush(joined, after)


def written(frame: Frame, writer: Writer, needs: Needs) -> Frame:
    """Return a frame whose fields are columns of a CTE, all known."""
    if needs.names is None and frame.rest is not None:
        raise Unsupported(
            "a join or union of a table whose columns are not known", code="TGT603"
        )
    shown = dict(writer.visible(frame, needs))
    closed = replace(frame, columns=shown, rest=None)
    return writer.flush(closed, needs) if not closed.plain else closed


def _common(left: Frame, right: Frame, stage: s.Join) -> tuple[str, ...]:
    if left.rest is not None or right.rest is not None:
        raise Unsupported("a join without keys", code="TGT603", span=stage.span)
    return tuple(sorted(
        name for name in left.columns.keys() & right.columns.keys() if not name.startswith("_")
    ))


def _first_per_key(
    right: Frame, keys: Sequence[str], stage: s.Join, writer: Writer, wanted: Needs
) -> Frame:
    needs = wanted if wanted.names is not None else Needs(frozenset(right.columns))
    right = written(right, writer, replace(needs, order=True))
    if not stage.max or _unique_keys(right, keys):
        return right
    writer.note("events with the same time come in any order")
    number = n.window(
        n.call("ROW_NUMBER"),
        partition=[right.value(key).sql for key in keys],
        order=writer.sort_keys(right.order),
    )
    ranked = writer.flush(right, needs, extra=[(MATCH, number)], label="ranked")
    kept = ranked.filtered(n.binary(exp.LTE, n.column(MATCH), n.number(stage.max)))
    return writer.flush(kept, needs, label="to_join")


def _unique_keys(frame: Frame, keys: Sequence[str]) -> bool:
    """Return whether the rows come from a GROUP BY of no more than the keys."""
    return bool(frame.order) and all(key.natural for key in frame.order) and {
        name for name, value in frame.columns.items()
        if any(value.node == key.value.node for key in frame.order)
    } <= set(keys)


def _key_pairs(
    keys: Sequence[str], left: Frame, right: Frame, scope: Scope, stage: s.Join
) -> list[tuple[Value, Value]]:
    pairs: list[tuple[Value, Value]] = []
    for key in keys:
        ours, theirs = left.value(key), right.value(key)
        if ours.is_null or theirs.is_null:
            return [(Value(n.boolean(True), Kind.INT), Value(n.boolean(False), Kind.INT))]
        a, b = qualified(ours, left.source), qualified(theirs, right.source)
        if Kind.LIST in (a.kind, b.kind):
            a, b = as_list(a, scope), as_list(b, scope)
        elif not (a.kind in NUMERIC and b.kind in NUMERIC):
            a, b = as_text(a, scope), as_text(b, scope)
        pairs.append((a, b))
    return pairs


def _merged(ours: Value, theirs: Value, stage: s.Join, scope: Scope) -> Value:
    kind = common_kind((ours.kind, theirs.kind))
    first, second = (theirs, ours) if stage.overwrite else (ours, theirs)
    a, b = convert(first, kind, scope), convert(second, kind, scope)
    if a.missing == ALWAYS:
        return a
    missing = ALWAYS if b.missing == ALWAYS else None
    return Value(first_present((a, b), scope), kind, missing)


# -- union -----------------------------------------------------------------------------------------


def branch(stage: s.Branch, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """The rows of several pipelines one after the other."""
    from transpile.backends.sql.emit import run

    if stage.columns:
        raise Unsupported("rows side by side", code="TGT603", span=stage.span)
    current = written(frame, writer, before)
    parts = [] if stage.alone else [current]
    for other in stage.others:
        parts.append(written(run(writer, other, after, current), writer, after))
    names = list(dict.fromkeys(
        name for part in parts for name, _ in writer.visible(part, after)
    ))
    used: set[str] = set()
    aliases = {name: writer.unique(name, used) for name in names}
    kinds = {
        name: common_kind(part.columns[name].kind for part in parts if name in part.columns)
        for name in names
    }
    columns = {
        name: Value(n.shared_column(aliases[name]), kinds[name], frozenset((name,)))
        for name in names
    }
    queries = [_part(part, aliases, kinds, writer) for part in parts]
    order: tuple[OrderKey, ...] = ()
    if after.order:
        order = tuple(
            OrderKey(Value(n.shared_column(writer.unique(name, used)), Kind.INT, ALWAYS))
            for name in ("_part", "_place")
        )
        for at, (part, query) in enumerate(zip(parts, queries, strict=True)):
            _number_part(query, at, part, order, writer)
    union: exp.Query = queries[0]
    for query in queries[1:]:
        union = exp.Union(this=union, expression=query, distinct=False)
    source = writer.add("appended", union, writer.comment(stage.span))
    return Frame(source, columns, order=order)


def _number_part(
    query: exp.Select, at: int, part: Frame, order: Sequence[OrderKey], writer: Writer
) -> None:
    """Give the rows of a part the columns by which they follow the parts before it."""
    place = n.window(n.call("ROW_NUMBER"), order=writer.sort_keys(part.order))
    for key, node in zip(order, (n.number(at), place), strict=True):
        query.append("expressions", n.alias(node, key.value.node.name))


def _part(
    frame: Frame, aliases: dict[str, str], kinds: dict[str, Kind], writer: Writer
) -> exp.Select:
    scope = writer.scope(frame)
    items: list[Sql] = []
    for name, alias in aliases.items():
        value = frame.columns.get(name)
        node = writer.dialect.null_of(kinds[name].value) if value is None else convert(
            value, kinds[name], scope
        ).sql
        items.append(n.alias(node, alias))
    return n.select(items or [n.number(1)], n.table(frame.source), where=frame.where)


# -- lookup tables ---------------------------------------------------------------------------------


def lookup(stage: s.Lookup, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Add columns of a lookup table, which is a table of the database."""
    info = writer.request.lookups.get(stage.table)
    if info is None:
        raise Unsupported(
            f"the lookup table {stage.table} is not known", code="TGT608", span=stage.span
        )
    outputs = [pair for pair in _outputs(stage, info) if pair[1] in after]
    table = lookup_table(info, writer, (column for column, _ in (*stage.keys, *outputs)))
    if not outputs:
        return frame
    comments = writer.comment(stage.span)
    names = before.plus(name for _, name in outputs)
    if stage.keep_existing and not stage.outputs and len(_outputs(stage, info)) > 1:
        raise Unsupported("OUTPUTNEW of all columns", code="TGT603", span=stage.span)
    several = [f for _, f in stage.keys if frame.value(f).kind is Kind.LIST]
    if len(several) > 1:
        raise Unsupported("several multivalue lookup keys", code="TGT603", span=stage.span)
    if not several and _unique(info, stage):
        rows = written(frame, writer, names)
        pairs = _match(stage, info, rows, table, writer)
        made = exp.Join(this=n.table(table), side="LEFT", on=n.conjunction(pairs))
        found = {column: Value(n.shared_column(column, table), Kind.TEXT) for column, _ in outputs}
        matched = n.is_not_null(n.column(stage.keys[0][0], table))
    else:
        rows = written(with_row_number(frame, writer, names), writer, names)
        matches = _ranked(stage, info, rows, table, writer, outputs)
        on = n.binary(exp.EQ, n.column(ROW, rows.source), n.column(ROW, matches.source))
        made = exp.Join(this=n.table(matches.source), side="LEFT", on=on)
        found = {c: qualified(matches.columns[c], matches.source) for c, _ in outputs}
        matched = n.is_not_null(n.column(ROW, matches.source))
    columns = {name: qualified(value, rows.source) for name, value in rows.columns.items()}
    rows_only = dict(columns)
    scope = writer.scope(replace(rows, columns=columns))
    for column, name in outputs:
        columns[name] = _output(
            stage, info, found[column], rows_only.get(name), matched, rows_only, scope
        )
    order = tuple(replace(key, value=qualified(key.value, rows.source)) for key in rows.order)
    joined = Frame(rows.source, columns, joins=(made,), order=order, label="looked_up",
                   comments=comments)
    return writer.flush(joined, after)


def lookup_table(info: Table, writer: Writer, columns: Iterable[str]) -> str:
    """Return the name of the table that holds a lookup, and note that the query reads it."""
    writer.tables[info.name] = f"lookup:{info.name}"
    writer.reserve(info.name)
    writer.columns_read.setdefault(info.name, set()).update(columns)
    return info.name


def _outputs(stage: s.Lookup, info: Table) -> Sequence[tuple[str, str]]:
    if stage.outputs:
        return stage.outputs
    if not info.columns:
        raise Unsupported(
            f"the columns of {info.name} are not known", code="TGT608", span=stage.span
        )
    keys = {column for column, _ in stage.keys}
    return [(column, column) for column in info.columns if column not in keys]


def _unique(info: Table, stage: s.Lookup) -> bool:
    """Return whether at most one entry matches any row: exact keys, each once in the table."""
    if info.rows is None or any(_kind(info, column) != "EXACT" for column, _ in stage.keys):
        return False
    folded = str if info.case_sensitive else fold
    keys = [tuple(folded(row.get(c, "")) for c, _ in stage.keys) for row in info.rows]
    return len(set(keys)) == len(keys)


def _kind(info: Table, column: str) -> str:
    return info.match_types.get(column, "EXACT").upper()


def _match(
    stage: s.Lookup, info: Table, rows: Frame, table: str, writer: Writer,
    item: Sql | None = None,
) -> list[Sql]:
    """Return the tests by which an entry is found; item: the element of the multivalue key."""
    scope = writer.scope(rows)
    dialect = writer.dialect
    tests: list[Sql] = []
    for column, field in stage.keys:
        ours = rows.value(field)
        if ours.is_null:
            return [n.boolean(False)]
        if ours.kind is Kind.LIST:
            assert item is not None
            left = item.copy()
        else:
            left = as_text(qualified(ours, rows.source), scope).sql
        right = n.column(column, table)
        if not info.case_sensitive and _kind(info, column) != "CIDR":
            writer.assume("fold")
            left, right = dialect.lower(left), dialect.lower(right)
        match _kind(info, column):
            case "EXACT":
                tests.append(n.binary(exp.EQ, left, right))
            case "WILDCARD":
                for old, new in (("!", "!!"), ("%", "!%"), ("_", "!_"), ("*", "%")):
                    right = dialect.replace_text(right, n.text(old), n.text(new))
                if info.case_sensitive:
                    dialect.case_sensitive_like()
                tests.append(dialect.like_text(left, right, cased=True))
            case "CIDR":
                tests.append(_in_networks(info, column, left, n.column(column, table), writer))
            case kind:
                raise Unsupported(f"lookup by {kind}", code="TGT604", span=stage.span)
    return tests


def _in_networks(info: Table, column: str, left: Sql, cell: Sql, writer: Writer) -> Sql:
    """Return the test that an address is in the cell's network; the networks stand in the query."""
    if info.rows is None:
        raise Unsupported(f"the networks of {info.name} are not known", code="TGT608")
    writer.note(f"the networks in {info.name} are those of now")
    tests: list[Sql] = []
    for text in dict.fromkeys(row.get(column, "") for row in info.rows):
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            continue
        if not isinstance(network, IPv4Network):
            writer.dialect.refuse("arithmetic on IPv6 addresses")
        low, high = int(network.network_address), int(network.broadcast_address)
        inside = writer.dialect.in_network(lambda: left.copy(), low, high)
        tests.append(n.conjunction((n.binary(exp.EQ, cell.copy(), n.text(text)), inside)))
    return exp.Paren(this=n.disjunction(tests))


def _ranked(
    stage: s.Lookup,
    info: Table,
    rows: Frame,
    table: str,
    writer: Writer,
    outputs: Sequence[tuple[str, str]],
) -> Frame:
    """Write the matches of each row: the first one, or the values of the first `max_matches`."""
    joins: list[exp.Join] = []
    place: Sql = n.number(0)
    item: Sql | None = None
    for key in (rows.value(field) for _, field in stage.keys):
        if key.kind is Kind.LIST:
            values = qualified(key, rows.source)
            join, place, item = writer.dialect.explode_numbered(
                lambda values=values: values.sql, writer.name("each")  # type: ignore[misc]
            )
            joins.append(join)
    number = n.window(
        n.call("ROW_NUMBER"),
        partition=[n.column(ROW, rows.source), *([] if item is None else [place])],
        order=[n.ordered(n.column(LINE, table))],
    )
    used = list(dict.fromkeys(column for column, _ in outputs))
    tests = _match(stage, info, rows, table, writer, item)
    query = n.select(
        [n.column(ROW, rows.source), *(n.column(c, table) for c in used), n.alias(number, MATCH),
         n.alias(place.copy(), PLACE)],
        n.table(rows.source),
        joins=[*joins, exp.Join(this=n.table(table), kind="INNER", on=n.conjunction(tests))],
    )
    writer.note(f"the table {table} has its line numbers in the column {LINE}")
    found = writer.add("matches", query)
    most = n.binary(exp.LTE, n.column(MATCH), n.number(info.max_matches or _MOST))
    if info.max_matches == 1 and item is None:
        columns = {c: Value(n.shared_column(c), Kind.TEXT) for c in used}
        first = n.select([n.column(ROW), *(n.column(c) for c in used)], n.table(found),
                         where=[most])
        return Frame(writer.add("first_match", first), columns)
    items: list[Sql] = [n.column(ROW)]
    columns = {}
    for column in used:
        made, finish = writer.dialect.collect(
            lambda column=column: n.column(column),  # type: ignore[misc]
            n.binary(
                exp.Add, n.binary(exp.Mul, n.column(PLACE), n.number(_MOST)), n.column(MATCH)
            ),
        )
        items.append(n.alias(made, column))
        node = n.column(column) if finish is None else finish(n.column(column))
        columns[column] = Value(node, Kind.LIST)
    query = n.select(items, n.table(found), where=[most], group=[n.column(ROW)])
    frame = Frame(writer.add("match_values", query), columns)
    needs = Needs(frozenset(columns))
    return writer.flush(frame, needs, extra=[(ROW, n.column(ROW))]) if not frame.plain else frame


def _output(
    stage: s.Lookup,
    info: Table,
    found: Value,
    old: Value | None,
    matched: Sql,
    columns: dict[str, Value],
    scope: Scope,
) -> Value:
    """Return an output field: the cell, else the default, else what the field was."""
    default: Value | None = old
    if info.min_matches > 0 and info.default_match is not None:
        default = Value(n.text(info.default_match), Kind.TEXT, ALWAYS)
        keys = [columns[field] for _, field in stage.keys if field in columns]
        absent = [is_absent(key, scope) for key in keys if key.missing != ALWAYS]
        if absent:
            kind = common_kind([Kind.TEXT, *([old.kind] if old else [])])
            other = None if old is None else convert(old, kind, scope).sql
            text = convert(default, kind, scope).sql
            given = n.negation(exp.Paren(this=n.disjunction(absent)))
            default = Value(choice([(given, text)], other, kind, scope), kind)
    if default is None:
        made = found
    else:
        kind = common_kind((found.kind, default.kind))
        branches = [(matched.copy(), convert(found, kind, scope).sql)]
        made = Value(n.case(branches, convert(default, kind, scope).sql), kind)
    there = [columns[name] for _, name in stage.outputs if name in columns]
    if stage.keep_existing and there:
        kind = made.kind if old is None else common_kind((old.kind, made.kind))
        alone = n.conjunction(is_absent(value, scope) for value in there)
        kept = None if old is None else convert(old, kind, scope).sql
        branches = [(alone, convert(made, kind, scope).sql)]
        return Value(choice(branches, kept, kind, scope), kind)
    return made


