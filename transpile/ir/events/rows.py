"""Sources and stages that work row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.events.durations import Lasting, lasting
from transpile.ir.events.reader import (
    Added,
    Aggregated,
    Bin,
    Collected,
    Elsewhere,
    Env,
    Gathered,
    LookedUp,
    NotHere,
    Reader,
    Value,
)
from transpile.ir.expr import Call, Expr, Field, Lit, Node
from transpile.ir.lookup_rows import Entries, Matching, looked_up
from transpile.ir.names import match_name, rename_name, unrename
from transpile.ir.pred import (
    TRUE,
    Compare,
    Exists,
    Matches,
    Pred,
    Test,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import Regex
from transpile.ir.regex import tree as t
from transpile.ir.remember import Same, remember
from transpile.ir.simplify import simplify_pred
from transpile.records import replace


def _events(reader: Reader, stage: s.Events) -> None:
    reader.source = stage
    _assume_window(reader, stage)


def _datamodel(reader: Reader, stage: s.DataModel) -> None:
    reader.source = stage
    prefix = stage.prefix
    _assume_window(reader, stage)

    def other(name: str) -> Value:
        if not prefix or name.startswith("_") or name in _BASE_FIELDS:
            return Field(name)
        return Field(name.removeprefix(prefix)) if name.startswith(prefix) else Lit(None)

    reader.env = Env({}, other)


_BASE_FIELDS = frozenset(("host", "source", "sourcetype", "index", "splunk_server"))


BY_SCHEDULE = "the time range of the search is set by the schedule"


def _assume_window(reader: Reader, stage: s.Events | s.DataModel) -> None:
    if stage.earliest is not None or stage.latest is not None:
        reader.assumptions[BY_SCHEDULE] = None


def _no_events(reader: Reader, stage: Node) -> None:
    raise Unsupported("the rule does not start from events", code="TGT610", span=stage.span)


def _compute(reader: Reader, stage: s.Compute) -> None:
    for name, expr in stage.assignments:
        reader.env.known[name] = resolved(reader, expr, name)


def resolved(reader: Reader, expr: Expr, name: str = "") -> Value:
    """Return what an expression stands for; name: the field that is to hold it."""
    if isinstance(expr, Field) and isinstance(value := reader.env.get(expr.name), Elsewhere):
        return value
    try:
        resolved: Expr = reader.env.resolve(expr)
    except NotHere as found:
        match found.value:
            case Aggregated():
                return Elsewhere("a value computed from a group")
            case Collected(what):
                return _collected(reader, expr, what, name)
            case Lasting() as value:
                return lasting(reader, expr, value)
            case _:
                return Elsewhere(found.value.what)
    return reader.powers.name(resolved)


def _collected(reader: Reader, expr: Expr, what: str, name: str) -> Value:
    """Return a value made of fields whose names the event decides, if that has a name itself."""
    before = reader.before(name)

    def own(item: str) -> Value:
        value = before if item == name else reader.env.get(item)
        return value.value if isinstance(value, Collected) else value

    try:
        value: Expr = Env({}, own).resolve(expr)
    except NotHere:
        return Elsewhere(what)
    found = reader.powers.name(value)
    return Collected(what, value=value) if found == value else found


def _compute_named(reader: Reader, stage: s.ComputeNamed) -> None:
    reader.elsewhere(("*",), "a field whose name the event decides")


def _extract(reader: Reader, stage: s.Extract) -> None:
    what = f"a part of {stage.source} taken out by a regular expression"
    names = tuple(dict.fromkeys(name for name, _ in stage.regex.group_names))
    source = reader.env.get(stage.source)
    if isinstance(source, (Aggregated, Elsewhere)):
        reader.elsewhere(names, what)
        return
    matches = Test(source, Matches(stage.regex), span=stage.span)
    sure = always_taken(stage.regex)
    values = {
        name: _extracted(matches if name in sure else None, reader.before(name), what)
        for name in names
    }
    reader.env.known.update(values)


def _extracted(matches: Pred | None, before: Value, what: str) -> Elsewhere:
    """Return a field that has a value if the expression matches, or if it had one before."""
    if matches is None or isinstance(before, Aggregated):
        return Elsewhere(what)
    earlier = before.present if isinstance(before, Elsewhere) else Exists(before)
    return Elsewhere(what, None if earlier is None else any_of((matches, simplify_pred(earlier))))


def always_taken(regex: Regex) -> frozenset[str]:
    """Return the named groups that take part in every match."""
    names = {number: name for name, number in regex.group_names}
    return frozenset(names[number] for number in _taken(regex.tree) if number in names)


def _taken(node: t.Node) -> frozenset[int]:
    match node:
        case t.Capture(body, number):
            return _taken(body) | {number}
        case t.Atomic(body):
            return _taken(body)
        case t.Repeat(body, low):
            return _taken(body) if low > 0 else frozenset()
        case t.Concat(items):
            return frozenset[int]().union(*map(_taken, items))
        case t.Alt(branches):
            return frozenset[int].intersection(*map(_taken, branches))
        case _:
            return frozenset()


def _parse(reader: Reader, stage: s.Parse) -> None:
    source = reader.env.get(stage.source)
    if stage.format not in _PATHS:
        _may_add(reader, stage)
    elif isinstance(source, (Aggregated, Elsewhere)):
        reader.elsewhere((stage.target or "*",), f"a part of {stage.source}")
    elif source == Field("_raw"):
        _parse_event(reader, stage)
    elif stage.target:
        path = _at_path(source, stage.path)
        reader.env.known[stage.target] = _or_before(path, reader.env.get(stage.target))
    else:
        _parse_all(reader, stage, source)


_PATHS = frozenset(("json-path", "xml-path", "auto", "json"))


def _may_add(reader: Reader, stage: s.Parse) -> None:
    """Every field may come out of the text; what the text does not name stays."""
    what = f"a part of {stage.source}"
    before = reader.env

    def other(name: str) -> Value:
        value = before.get(name)
        if name.startswith("_"):
            return value
        if isinstance(value, (Aggregated, Elsewhere)) or value == Lit(None):
            return Elsewhere(what)
        return Added(what, before=value)

    reader.env = reader.env.after({}, other)


def _at_path(source: Expr, path: str) -> Expr:
    return Call("spath", (source, Lit(path)))


def _or_before(path: Expr, before: Value) -> Value:
    """Return a value taken out of a text, else what the field held before."""
    if before == Lit(None):
        return path
    if isinstance(before, (Aggregated, Elsewhere)):
        return Elsewhere(before.what if isinstance(before, Elsewhere) else "a value of a group")
    return Call("coalesce", (path, before))


def _parse_all(reader: Reader, stage: s.Parse, source: Expr) -> None:
    """Every name may be one of the members of a text, or of its leaves."""
    earlier, rest = dict(reader.env.known), reader.env.other

    def other(name: str) -> Value:
        known = earlier[name] if name in earlier else rest(name)
        if name.startswith("_") or not name.startswith(stage.prefix):
            return known
        return _or_before(_at_path(source, name.removeprefix(stage.prefix)), known)

    reader.env = reader.env.after({}, other)


def _parse_event(reader: Reader, stage: s.Parse) -> None:
    """The text of an event holds the fields of the event, under the same names."""
    reader.assumptions["the fields of events are those of their text (_raw)"] = None
    if stage.target:
        reader.env.known[stage.target] = _of_text(reader, stage.path)


def _of_text(reader: Reader, name: str) -> Field:
    """Return an event's field that a search takes out of its text anew."""
    told = _at_path(Field("_raw"), name)
    same = Compare("==", Field(name), told)
    neither = all_of((negate(Exists(told)), negate(Exists(Field(name)))))
    reader.premises.append(any_of((same, neither)))
    return Field(name)


def _rename(reader: Reader, stage: s.Rename) -> None:
    for old, new in stage.pairs:
        if "*" in old:
            _rename_pattern(reader, old, new)
        else:
            moved = reader.env.get(old)
            reader.env.known[old] = Lit(None)
            reader.env.known[new] = moved


def _rename_pattern(reader: Reader, old: str, new: str) -> None:
    env = reader.env
    before = env.other
    moved = {rename_name(n, old, new): v for n, v in env.known.items() if match_name(old, n)}
    others = {n: v for n, v in env.known.items() if not match_name(old, n)}
    listed = dict(env.known)
    choices = reader.choices

    def other(name: str) -> Value:
        source = unrename(name, old, new)
        if source is not None and source not in listed:
            value = before(source)
            if value != Lit(None):
                kept: Value = Lit(None) if match_name(old, name) else before(name)
                return _renamed(choices, value, kept)
        return Lit(None) if match_name(old, name) else before(name)

    reader.env = env.after({**others, **moved}, other)


def _renamed(choices: dict[tuple[str, str], None], moved: Value, kept: Value) -> Value:
    """Return what a name stands for after a wildcard renamed another onto it, where that exists.

    choices: of a reader, to which one of two fields is added.
    """
    if isinstance(moved, Gathered) and isinstance(kept, Gathered):
        both = _renamed(choices, moved.value, kept.value)
        return both if isinstance(both, (Aggregated, Elsewhere)) else replace(moved, value=both)
    if isinstance(moved, Field) and isinstance(kept, Field):
        choices[moved.name, kept.name] = None
    values = [v for v in (moved, kept) if v != Lit(None)]
    strange = next((v for v in values if isinstance(v, (Aggregated, Elsewhere))), None)
    if strange is not None or len(values) == 1:
        return strange or values[0]
    return Call("coalesce", tuple(values))  # type: ignore[arg-type]


def _project(reader: Reader, stage: s.Project) -> None:
    env = reader.env
    before = env.other

    def listed(name: str) -> bool:
        return any(match_name(p, name) is not None for p in stage.fields)

    def stays(name: str) -> bool:
        if stage.drop:
            return not listed(name)
        return listed(name) or (stage.keep_internal and name.startswith("_"))

    known = {name: value for name, value in env.known.items() if stays(name)}
    reader.env = env.after(known, lambda name: before(name) if stays(name) else Lit(None))


def _fill(reader: Reader, stage: s.Fill) -> None:
    env = reader.env
    if stage.down:
        reader.elsewhere(stage.fields or ("*",), "the row before")
        return

    def filled(value: Value) -> Value:
        if isinstance(value, Elsewhere):
            return Elsewhere(value.what, present=TRUE)
        if isinstance(value, Aggregated) or value == Lit(None):
            return value
        return Call("coalesce", (value, Lit(stage.value)))

    if stage.fields:
        for name in stage.fields:
            value = env.get(name)
            env.known[name] = Lit(stage.value) if value == Lit(None) else filled(value)
        return
    text = "every field of the rule is present in at least one event of a search (fillnull)"
    reader.assumptions[text] = None
    before = env.other
    known = {name: filled(value) for name, value in env.known.items()}
    reader.env = env.after(known, lambda name: filled(before(name)))


def _bucket(reader: Reader, stage: s.Bucket) -> None:
    seconds = {"": 1.0, "day": 86400.0, "week": 604800.0}.get(stage.calendar, 0.0) * stage.width
    value = reader.env.get(stage.field)
    if value == Field("_time"):
        reader.env.known[stage.target] = Bin(seconds=seconds)
        return
    present = None if isinstance(value, (Aggregated, Elsewhere)) else Exists(value)
    reader.env.known[stage.target] = Elsewhere(f"a bin of {stage.field}", present)


def _auto_bucket(reader: Reader, stage: s.AutoBucket) -> None:
    reader.elsewhere((stage.target,), "a bin whose width depends on the data")


def _lookup(reader: Reader, stage: s.Lookup) -> None:
    values = _looked_up(reader, stage)
    names = tuple(name for _, name in stage.outputs) or ("*",)
    reader.elsewhere(names, f"the lookup {stage.table}")
    reader.env.known.update(values)


def _looked_up(reader: Reader, stage: s.Lookup) -> dict[str, Value]:
    """Return the output fields that the rows of the table tell as expressions over its keys."""
    table = reader.tables.get(stage.table)
    keys = [(column, reader.env.get(name)) for column, name in stage.keys]
    known = [(c, v) for c, v in keys if not isinstance(v, (Aggregated, Elsewhere))]
    if table is None or len(known) < len(keys):
        return {}
    found: dict[str, Value] = {}
    matching = _matching(stage, Same(table), tuple(known))
    for column, name in stage.outputs:
        value = looked_up(matching, column) or _entries(stage.table, matching, column)
        if value is None:
            continue
        if _overwrites(reader, stage, table, known) or reader.before(name) == Lit(None):
            found[name] = value
    return found


@remember
def _matching(
    _: s.Lookup, table: Same[Entries], keys: tuple[tuple[str, Expr], ...]
) -> Matching:
    """Return when a lookup finds the entries of its table, the same for targets and columns."""
    return Matching(table.item, keys)


def _overwrites(
    reader: Reader, stage: s.Lookup, table: Entries, keys: Sequence[tuple[str, Expr]]
) -> bool:
    """Return whether every row gets a value, be it the table's default."""
    if stage.keep_existing or table.min_matches <= 0 or table.default_match is None:
        return False
    return all(
        simplify_pred(Exists(expr)) == TRUE
        or (isinstance(expr, Field) and expr.name in reader.never_missing)
        for _, expr in keys
    )


def _entries(name: str, matching: Matching, column: str) -> LookedUp | None:
    found = matching.found(column)
    if found is None:
        return None
    return LookedUp(f"the lookup {name}", found, matching=matching, column=column)


def _geo(reader: Reader, stage: s.Geo) -> None:
    names = ("City", "Country", "Region", "lat", "lon", "Continent", "MetroCode", "Timezone")
    reader.elsewhere(tuple(stage.prefix + n for n in names), "the location of an address")


ROWS: Mapping[type, Callable[[Reader, Any], None]] = {
    s.Events: _events,
    s.DataModel: _datamodel,
    s.LookupTable: _no_events,
    s.Made: _no_events,
    s.Compute: _compute,
    s.ComputeNamed: _compute_named,
    s.Extract: _extract,
    s.Parse: _parse,
    s.Rename: _rename,
    s.Project: _project,
    s.Fill: _fill,
    s.Bucket: _bucket,
    s.AutoBucket: _auto_bucket,
    s.Lookup: _lookup,
    s.Geo: _geo,
}
