"""A rule as a test on single events: what Sigma, EQL and other event languages can say.

`event_rule(pipeline)` reads the stages forwards and keeps, for every field a row can have, the
expression over the source event that it stands for. Filters, also those behind a grouping, become
one predicate over the source's fields; renames, computed fields and `fillnull` disappear. What
speaks of several events (a threshold, a join, a lookup) is either a `Threshold` or a loss: leaving
a filter out finds more, never less.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from transpile.errors import Span, Unsupported
from transpile.fidelity import Loss
from transpile.ir import stages as s
from transpile.ir.expr import Call, Expr, Field, Lit, Node
from transpile.ir.lookup_rows import Entries, looked_up
from transpile.ir.names import match_name, rename_name, unrename
from transpile.ir.pred import (
    TRUE,
    And,
    Compare,
    CompareOp,
    Exists,
    Matches,
    Not,
    NumEq,
    Or,
    Order,
    Pred,
    Test,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import Regex
from transpile.ir.regex import tree as t
from transpile.ir.remember import remember
from transpile.ir.show import show_pred
from transpile.ir.simplify import both, simplify_pred
from transpile.ir.walk import (
    conjuncts,
    descend,
    disjuncts,
    fields_of,
    rebuild,
    substitute,
    unknowns,
)

ThresholdOp = CompareOp | Literal["!="]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A test on an aggregate of a group of events.

    func: key of `ir.functions.AGGREGATES`.  field: its argument, "" for a count of events.
    by: grouping fields of the source.  window: seconds of the bins of time in the grouping, None
    if the whole search is one window.
    """

    func: str
    field: str
    op: ThresholdOp
    number: int | float
    by: tuple[str, ...] = ()
    window: float | None = None
    param: float | None = None
    span: Span | None = dataclasses.field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class EventRule:
    """The part of a rule that single events decide.

    pred: over the source's own field names (unprefixed for a data model).  groups: the fields of
    the rule's grouping that are source fields.  required: what events are assumed to meet: they
    have the grouping fields (an event without them is in no group).  losses: filters left out, each
    finds more.
    """

    source: s.Events | s.DataModel
    pred: Pred
    groups: tuple[str, ...] = ()
    required: Pred = TRUE
    threshold: Threshold | None = None
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[str, ...] = ()


def event_rule(
    pipeline: s.Pipeline,
    *,
    never_missing: frozenset[str] = frozenset(),
    strict: bool = False,
    tables: Mapping[str, Entries] | None = None,
) -> EventRule:
    """Return the event test of a rule.

    never_missing: source fields that every event has.  strict: ask for the grouping fields in the
    predicate instead of assuming them.  tables: lookup tables by name; what they say becomes tests
    of their keys.  Raises `Unsupported` (TGT608, TGT609, TGT610) for a rule that does not start
    from events or whose rows could come from elsewhere.
    """
    if tables:
        return _read(pipeline, never_missing, strict, tables)
    return _without_tables(pipeline, never_missing, strict)


@remember
def _without_tables(
    pipeline: s.Pipeline, never_missing: frozenset[str], strict: bool
) -> EventRule:
    return _read(pipeline, never_missing, strict, {})


def _read(
    pipeline: s.Pipeline,
    never_missing: frozenset[str],
    strict: bool,
    tables: Mapping[str, Entries],
) -> EventRule:
    reader = _Reader(never_missing, strict, tables)
    for stage in pipeline.stages:
        reader.read(stage)
    return reader.result()


# -- values that are not a matter of one event ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Aggregated:
    """The result of an aggregate of the rule's grouping."""

    agg: s.Agg


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """A value that no event expression gives: a lookup, a join, an extraction.

    present: when there is one, over the source's fields; None if that is unknown.
    """

    what: str
    present: Pred | None = None


_Value = Expr | _Aggregated | _Elsewhere


class _NotHere(Exception):
    """A predicate speaks of a value that is not a matter of one event."""

    def __init__(self, value: _Aggregated | _Elsewhere) -> None:
        super().__init__()
        self.value = value


@dataclass(slots=True)
class _Env:
    """What each field of the rows stands for; `other` answers for names that are not listed."""

    known: dict[str, _Value]
    other: Callable[[str], _Value]

    def get(self, name: str) -> _Value:
        return self.known[name] if name in self.known else self.other(name)

    def decide(self, pred: Pred) -> Pred:
        """Return a predicate over source fields. Raises `_NotHere`."""
        match pred:
            case And() | Or() | Not():
                return rebuild(pred, lambda arg: self.decide(arg))  # type: ignore[arg-type]
            case Exists(Field(name)) if (present := _presence(self.get(name))) is not None:
                return present
            case _:
                decided: Pred = self.resolve(pred)
                return decided

    def resolve(self, node: Any) -> Any:
        """Return a predicate or expression over source fields. Raises `_NotHere`."""

        def value_of(item: Field) -> Expr:
            value = self.get(item.name)
            if isinstance(value, (_Aggregated, _Elsewhere)):
                raise _NotHere(value)
            if value == item:
                return item
            return replace(value, span=item.span) if isinstance(value, Field) else value

        return substitute(node, value_of)


def _own_names(value: _Value) -> tuple[str, ...]:
    """Return the source fields that a value is the first of, none if it is computed."""
    match value:
        case Field(name):
            return (name,)
        case Call("coalesce", (Field(first), Field(second))):
            return (first, second)
        case _:
            return ()


def _presence(value: _Value) -> Pred | None:
    return value.present if isinstance(value, _Elsewhere) else None


def _missing(_: str) -> _Value:
    return Lit(None)


class _Reader:
    def __init__(
        self, never_missing: frozenset[str], strict: bool, tables: Mapping[str, Entries]
    ) -> None:
        self.never_missing = never_missing
        self.strict = strict
        self.tables = tables
        self.written: dict[str, None] = {}
        self.source: s.Events | s.DataModel | None = None
        self.env = _Env({}, Field)
        self.pred: Pred = TRUE
        self.groups: tuple[str, ...] | None = None
        self.required: Pred = TRUE
        self.plain_keys = True
        self.window: float | None = None
        self.threshold: Threshold | None = None
        self.losses: list[Loss] = []
        self.assumptions: dict[str, None] = {}

    def result(self) -> EventRule:
        if self.source is None:
            raise Unsupported("the rule has no source of events", code="TGT610")
        if self.required != TRUE:
            names = ", ".join(sorted(fields_of(self.required)))
            self.assumptions[f"events have the fields the rule groups by: {names}"] = None
        return EventRule(
            self.source,
            self.pred,
            self.groups or (),
            all_of((self.required, *(negate(Exists(Field(name))) for name in self.written))),
            self.threshold,
            tuple(self.losses),
            tuple(self.assumptions),
        )

    def before(self, name: str) -> _Value:
        """Return what a field holds that a stage writes in some rows only.

        That an event has a field of that name itself is left aside, as an assumption.
        """
        value = self.env.get(name)
        own = _own_names(value)
        if name not in own:
            return value
        self.written.update(dict.fromkeys(own))
        self.assumptions[f"events have no field {' or '.join(own)} of their own"] = None
        return Lit(None)

    def read(self, stage: s.Stage) -> None:
        handler = _STAGES.get(type(stage))
        if handler is None:
            name = type(stage).__name__.lower()
            raise Unsupported(f"{name} has no event form", code="TGT603", span=stage.span)
        handler(self, stage)

    # -- helpers ---------------------------------------------------------------------------------

    def lose(self, code: str, message: str, span: Span | None) -> None:
        """Record a loss; the conversion finds more than the rule."""
        self.losses.append(Loss(code, message, span))

    def elsewhere(self, names: tuple[str, ...], what: str) -> None:
        """Declare that fields come from `what`; `*` in a name covers all that match."""
        value = _Elsewhere(what)
        for name in names:
            if "*" not in name:
                self.env.known[name] = value
        patterns = tuple(n for n in names if "*" in n)
        if patterns:
            self._cover(patterns, value)

    def _cover(self, patterns: tuple[str, ...], value: _Elsewhere) -> None:
        def covered(name: str) -> bool:
            return any(match_name(p, name) is not None for p in patterns)

        before = self.env.other
        self.env.known.update({name: value for name in self.env.known if covered(name)})
        self.env.other = lambda name: value if covered(name) else before(name)


# -- stages --------------------------------------------------------------------------------------


def _events(reader: _Reader, stage: s.Events) -> None:
    reader.source = stage
    _assume_window(reader, stage)


def _datamodel(reader: _Reader, stage: s.DataModel) -> None:
    reader.source = stage
    prefix = stage.prefix
    _assume_window(reader, stage)

    def other(name: str) -> _Value:
        if not prefix or name.startswith("_") or name in _BASE_FIELDS:
            return Field(name)
        return Field(name.removeprefix(prefix)) if name.startswith(prefix) else Lit(None)

    reader.env = _Env({}, other)


_BASE_FIELDS = frozenset(("host", "source", "sourcetype", "index", "splunk_server"))


def _assume_window(reader: _Reader, stage: s.Events | s.DataModel) -> None:
    if stage.earliest is not None or stage.latest is not None:
        reader.assumptions["the time range written in the search is set by the schedule"] = None


def _no_events(reader: _Reader, stage: Node) -> None:
    raise Unsupported("the rule does not start from events", code="TGT610", span=stage.span)


def _filter(reader: _Reader, stage: s.Filter) -> None:
    for part in conjuncts(simplify_pred(stage.pred)):
        _conjunct(reader, part, part.span or stage.span)


def _conjunct(reader: _Reader, part: Pred, span: Span | None) -> None:
    for unknown, _ in unknowns(part):
        reader.lose("TGT606", f"a condition is left out: {unknown.reason}", unknown.span or span)
        return
    if any(isinstance(node, s.Pipeline) for node in descend(part)):
        reader.lose("TGT606", "a filter by the results of another search is left out", span)
        return
    try:
        resolved = reader.env.decide(part)
    except _NotHere as found:
        _on_group(reader, part, found.value, span)
        return
    pred = part if resolved is part else simplify_pred(resolved)
    reader.pred = both(reader.pred, pred)


def _on_group(
    reader: _Reader, part: Pred, value: _Aggregated | _Elsewhere, span: Span | None
) -> None:
    if isinstance(value, _Elsewhere):
        text = f"a filter on {value.what} is left out: {show_pred(part)}"
        reader.lose("TGT606", text, span)
        if value.present is not None and isinstance(part, Test | Compare):
            reader.pred = both(reader.pred, simplify_pred(value.present))
        return
    threshold = _threshold(reader, part, span)
    if threshold is not None and _always(threshold):
        if threshold.field:
            _need(reader, Field(threshold.field))
    elif threshold is None or reader.threshold is not None or not reader.plain_keys:
        reader.lose("TGT607", f"a test on a group is left out: {show_pred(part)}", span)
    else:
        reader.threshold = threshold


def _threshold(reader: _Reader, part: Pred, span: Span | None) -> Threshold | None:
    match part:
        case Test(subject=Field(name), condition=Order(op, int() | float() as number)):
            return _threshold_on(reader, name, op, number, span)
        case Test(subject=Field(name), condition=NumEq(number)):
            return _threshold_on(reader, name, "==", number, span)
        case _:
            return None


def _threshold_on(
    reader: _Reader, name: str, op: ThresholdOp, number: int | float, span: Span | None
) -> Threshold | None:
    value = reader.env.get(name)
    if not isinstance(value, _Aggregated) or value.agg.where != TRUE:
        return None
    if reader.groups is None:
        return None
    argument = "" if value.agg.arg is None else getattr(value.agg.arg, "name", None)
    if argument is None:
        return None
    return Threshold(
        value.agg.func,
        argument,
        op,
        number,
        reader.groups,
        reader.window,
        value.agg.param,
        span,
    )


def _always(threshold: Threshold) -> bool:
    """Return whether every group passes: it has an event, and that a value to count."""
    if threshold.func not in ("count", "dc"):
        return False
    return (threshold.op, threshold.number) in ((">", 0), (">=", 1), (">=", 0), (">", -1))


def _compute(reader: _Reader, stage: s.Compute) -> None:
    for name, expr in stage.assignments:
        reader.env.known[name] = _resolved(reader, expr)


def _resolved(reader: _Reader, expr: Expr) -> _Value:
    if isinstance(expr, Field) and isinstance(value := reader.env.get(expr.name), _Elsewhere):
        return value
    try:
        resolved: Expr = reader.env.resolve(expr)
        return resolved
    except _NotHere as found:
        if isinstance(found.value, _Aggregated):
            return _Elsewhere("a value computed from a group")
        return _Elsewhere(found.value.what)


def _compute_named(reader: _Reader, stage: s.ComputeNamed) -> None:
    reader.elsewhere(("*",), "a field whose name the event decides")


def _extract(reader: _Reader, stage: s.Extract) -> None:
    what = f"a part of {stage.source} taken out by a regular expression"
    names = tuple(dict.fromkeys(name for name, _ in stage.regex.group_names))
    source = reader.env.get(stage.source)
    if isinstance(source, (_Aggregated, _Elsewhere)):
        reader.elsewhere(names, what)
        return
    matches = Test(source, Matches(stage.regex), span=stage.span)
    sure = _always_taken(stage.regex)
    values = {
        name: _extracted(matches if name in sure else None, reader.before(name), what)
        for name in names
    }
    reader.env.known.update(values)


def _extracted(matches: Pred | None, before: _Value, what: str) -> _Elsewhere:
    """Return a field that has a value if the expression matches, or if it had one before."""
    if matches is None or isinstance(before, _Aggregated):
        return _Elsewhere(what)
    earlier = before.present if isinstance(before, _Elsewhere) else Exists(before)
    return _Elsewhere(what, None if earlier is None else any_of((matches, simplify_pred(earlier))))


def _always_taken(regex: Regex) -> frozenset[str]:
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


def _parse(reader: _Reader, stage: s.Parse) -> None:
    what = f"a part of {stage.source}"
    reader.elsewhere((stage.target or "*",), what)


def _rename(reader: _Reader, stage: s.Rename) -> None:
    for old, new in stage.pairs:
        if "*" in old:
            _rename_pattern(reader.env, old, new)
        else:
            moved = reader.env.get(old)
            reader.env.known[old] = Lit(None)
            reader.env.known[new] = moved


def _rename_pattern(env: _Env, old: str, new: str) -> None:
    before = env.other
    moved = {rename_name(n, old, new): v for n, v in env.known.items() if match_name(old, n)}
    kept = {n: v for n, v in env.known.items() if not match_name(old, n)}
    listed = dict(env.known)

    def other(name: str) -> _Value:
        source = unrename(name, old, new)
        if source is not None and source not in listed:
            value = before(source)
            if value != Lit(None):
                return _renamed(value, Lit(None) if match_name(old, name) else before(name))
        return Lit(None) if match_name(old, name) else before(name)

    env.known = {**kept, **moved}
    env.other = other


def _renamed(moved: _Value, kept: _Value) -> _Value:
    """Return what a name stands for after a wildcard renamed another onto it, where that exists."""
    values = [v for v in (moved, kept) if v != Lit(None)]
    strange = next((v for v in values if isinstance(v, (_Aggregated, _Elsewhere))), None)
    if strange is not None or len(values) == 1:
        return strange or values[0]
    return Call("coalesce", tuple(values))  # type: ignore[arg-type]


def _project(reader: _Reader, stage: s.Project) -> None:
    env = reader.env
    before = env.other

    def listed(name: str) -> bool:
        return any(match_name(p, name) is not None for p in stage.fields)

    def stays(name: str) -> bool:
        if stage.drop:
            return not listed(name)
        return listed(name) or (stage.keep_internal and name.startswith("_"))

    env.known = {name: value for name, value in env.known.items() if stays(name)}
    env.other = lambda name: before(name) if stays(name) else Lit(None)


def _fill(reader: _Reader, stage: s.Fill) -> None:
    env = reader.env
    if stage.down:
        reader.elsewhere(stage.fields or ("*",), "the row before")
        return

    def filled(value: _Value) -> _Value:
        if isinstance(value, _Elsewhere):
            return _Elsewhere(value.what, present=TRUE)
        if isinstance(value, _Aggregated) or value == Lit(None):
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
    env.known = {name: filled(value) for name, value in env.known.items()}
    env.other = lambda name: filled(before(name))


def _bucket(reader: _Reader, stage: s.Bucket) -> None:
    seconds = {"day": 86400.0, "week": 604800.0}.get(stage.calendar, 1.0) * stage.width
    binned = reader.env.get(stage.field)
    if binned == Field("_time") and (not stage.calendar or stage.calendar in ("day", "week")):
        reader.window = seconds
    reader.env.known[stage.target] = _Elsewhere("a bin of time")


def _auto_bucket(reader: _Reader, stage: s.AutoBucket) -> None:
    reader.elsewhere((stage.target,), "a bin whose width depends on the data")


def _lookup(reader: _Reader, stage: s.Lookup) -> None:
    values = _looked_up(reader, stage)
    names = tuple(name for _, name in stage.outputs) or ("*",)
    reader.elsewhere(names, f"the lookup {stage.table}")
    reader.env.known.update(values)


def _looked_up(reader: _Reader, stage: s.Lookup) -> dict[str, _Value]:
    """Return the output fields that the rows of the table tell as expressions over its keys."""
    table = reader.tables.get(stage.table)
    keys = [(column, reader.env.get(name)) for column, name in stage.keys]
    known = [(c, v) for c, v in keys if not isinstance(v, (_Aggregated, _Elsewhere))]
    if table is None or len(known) < len(keys):
        return {}
    found: dict[str, _Value] = {}
    for column, name in stage.outputs:
        value = looked_up(table, known, column)
        if value is not None and reader.before(name) == Lit(None):
            found[name] = value
    return found


def _geo(reader: _Reader, stage: s.Geo) -> None:
    names = ("City", "Country", "Region", "lat", "lon", "Continent", "MetroCode", "Timezone")
    reader.elsewhere(tuple(stage.prefix + n for n in names), "the location of an address")


def _aggregate(reader: _Reader, stage: s.Aggregate) -> None:
    first = reader.groups is None
    keys: dict[str, _Value] = {}
    groups: list[str] = []
    for key in stage.by:
        value = _key(reader, key)
        keys[key.name] = value
        if isinstance(value, (_Aggregated, _Elsewhere)):
            present = _presence(value)
            if present is not None:
                reader.pred = both(reader.pred, simplify_pred(present))
                reader.plain_keys = False
            elif not (key.name == "_time" or _sure(value)):
                text = f"rows without {key.name} are kept although the grouping drops them"
                reader.lose("TGT606", text, key.span or stage.span)
            continue
        _need(reader, value)
        plain = _plain(value)
        if plain is None:
            reader.plain_keys = False
        else:
            groups.append(plain)
    values: dict[str, _Value] = {
        agg.name: _aggregated(reader, agg, first) for agg in stage.aggs if not agg.pattern
    }
    if first:
        reader.groups = tuple(dict.fromkeys(groups))
    patterned = any(agg.pattern for agg in stage.aggs)
    unknown = _Elsewhere("a value of a group")
    reader.env = _Env({**keys, **values}, (lambda _: unknown) if patterned else _missing)


def _plain(value: Expr) -> str | None:
    """Return the field that a key is, filled where missing or not; None for a computed one."""
    match value:
        case Field(name) | Call("coalesce", (Field(name), Lit())):
            return name
        case _:
            return None


def _key(reader: _Reader, key: s.Key) -> _Value:
    width = _binned(key.expr)
    if width is not None:
        reader.window = width or reader.window
        return _Elsewhere("a bin of time")
    return _resolved(reader, key.expr)


def _binned(expr: Expr) -> float | None:
    """Return the seconds of a bin of `_time`, 0 for months and longer, None if it is none."""
    match expr:
        case Call("mul", (Call("floor", (Call("div", (Field("_time"), Lit())),)), Lit(width))):
            return float(width or 0)
        case Call("time_bin", (Field("_time"), Lit(count), Lit(unit))):
            return float(count or 1) * {"day": 86400.0, "week": 604800.0}.get(str(unit), 0.0)
        case _:
            return None


def _sure(value: _Aggregated | _Elsewhere) -> bool:
    """Return whether a value that is not a matter of one event is never missing."""
    if isinstance(value, _Elsewhere):
        return value.what == "a bin of time"
    agg = value.agg
    return agg.func in ("count", "dc") or agg.arg == Field("_time")


def _need(reader: _Reader, value: Expr) -> None:
    """A row with a missing key is in no group: ask for the key, or assume it."""
    for part in conjuncts(simplify_pred(Exists(value))):
        if part == TRUE or _given(reader, part):
            continue
        if reader.strict:
            reader.pred = both(reader.pred, part)
        else:
            reader.required = all_of((reader.required, part))


def _given(reader: _Reader, part: Pred) -> bool:
    """Return whether every event that the predicate lets pass meets a condition of presence."""
    alternatives = disjuncts(part)
    return any(
        isinstance(exists, Exists)
        and isinstance(exists.subject, Field)
        and (
            exists.subject.name in reader.never_missing
            or exists.subject.name == "_time"
            or _implied(reader.pred, exists)
        )
        for exists in alternatives
    )


def _implied(pred: Pred, exists: Exists) -> bool:
    return any(
        part == exists or (isinstance(part, Test) and part.subject == exists.subject)
        for part in conjuncts(pred)
    )


def _aggregated(reader: _Reader, agg: s.Agg, first: bool) -> _Value:
    if not first:
        return _Elsewhere("a value computed from groups of groups")
    if agg.arg is None:
        return _Aggregated(agg)
    value = _resolved(reader, agg.arg)
    if isinstance(value, (_Aggregated, _Elsewhere)):
        return _Elsewhere("a value of a group")
    return _Aggregated(replace(agg, arg=value))


def _window(reader: _Reader, stage: s.Window) -> None:
    reader.elsewhere(tuple(a.name for a in stage.aggs if not a.pattern), "several rows")
    if any(a.pattern for a in stage.aggs):
        reader.elsewhere(("*",), "several rows")


def _pivot(reader: _Reader, stage: s.Pivot) -> None:
    unknown = _Elsewhere("a column of a chart")
    if reader.groups is None:
        reader.groups = ()
    reader.env = _Env({stage.row: unknown}, lambda _: unknown)


def _reshaped(reader: _Reader, stage: s.Unpivot | s.Transpose) -> None:
    unknown = _Elsewhere("a table turned round")
    if reader.groups is None:
        reader.groups = ()
    reader.env = _Env({}, lambda _: unknown)


def _dedup(reader: _Reader, stage: s.Dedup) -> None:
    if stage.keep_rows:
        return
    names = ", ".join(stage.keys)
    reader.lose("TGT606", f"rows that repeat {names} are reported too (dedup)", stage.span)


def _sort(reader: _Reader, stage: s.Sort) -> None:
    if 0 < stage.limit < _MANY:
        reader.lose("TGT606", f"rows behind the first {stage.limit} are reported too", stage.span)
    elif stage.limit:
        reader.assumptions[f"a search yields at most {stage.limit} rows (sort)"] = None


_MANY = 1000


def _limit(reader: _Reader, stage: s.Limit) -> None:
    if stage.while_true is not None or stage.count is not None:
        reader.lose("TGT606", "rows behind a limit are reported too", stage.span)


def _expand(reader: _Reader, stage: s.Expand) -> None:
    reader.elsewhere((stage.field,), f"one of several values of {stage.field}")


def _combine(reader: _Reader, stage: s.Combine) -> None:
    reader.elsewhere((stage.field,), f"several rows' {stage.field}")


def _join(reader: _Reader, stage: s.Join) -> None:
    if not stage.outer:
        text = "a join with another search is left out: events without a partner are found too"
        reader.lose("TGT606", text, stage.span)
    known = {name: v for name, v in reader.env.known.items() if name in stage.keys}
    reader.elsewhere(("*", "_*"), "another search")
    reader.env.known.update(known)


def _branch(reader: _Reader, stage: s.Branch) -> None:
    if any(_reads_events(other) for other in stage.others):
        raise Unsupported(
            "rows of another search are added; an event rule would miss them",
            code="TGT609",
            span=stage.span,
        )
    reader.elsewhere(("*", "_*"), "rows added from elsewhere")


def _reads_events(pipeline: s.Pipeline) -> bool:
    return any(
        isinstance(node, (s.Events, s.DataModel, s.ForRows)) for node in descend(pipeline)
    )


def _transaction(reader: _Reader, stage: s.Transaction) -> None:
    reader.lose("TGT606", "events outside a complete transaction are found too", stage.span)
    reader.elsewhere(("*", "_*"), "a transaction")


def _foreach(reader: _Reader, stage: s.ForEach) -> None:
    targets = tuple(
        "*" if "<<" in name else name for name, _ in stage.template
    )
    reader.elsewhere(targets, "a foreach over several fields")


def _totals(reader: _Reader, stage: s.Totals) -> None:
    reader.elsewhere((stage.target,), "a total of several fields")


def _opaque(reader: _Reader, stage: s.Opaque) -> None:
    if stage.changes:
        text = f"{stage.command}: {stage.reason}"
        raise Unsupported(text, code="TGT608", span=stage.span)
    if stage.filters:
        text = f"{stage.command} is left out: {stage.reason}"
        reader.lose("TGT606", text, stage.span)
    reader.elsewhere(stage.adds, f"the command {stage.command}")


def _for_rows(reader: _Reader, stage: s.ForRows) -> None:
    raise Unsupported(
        "map runs another search for each row; an event rule would miss its rows",
        code="TGT609",
        span=stage.span,
    )


def _nothing(reader: _Reader, stage: Node) -> None:
    """The stage changes neither which events count nor what a field stands for."""


_STAGES: Mapping[type, Callable[[_Reader, Any], None]] = {
    s.Events: _events,
    s.DataModel: _datamodel,
    s.LookupTable: _no_events,
    s.Made: _no_events,
    s.Filter: _filter,
    s.Compute: _compute,
    s.ComputeNamed: _compute_named,
    s.Extract: _extract,
    s.Parse: _parse,
    s.Rename: _rename,
    s.Project: _project,
    s.Fill: _fill,
    s.Bucket: _bucket,
    s.AutoBucket: _auto_bucket,
    s.Expand: _expand,
    s.Lookup: _lookup,
    s.Aggregate: _aggregate,
    s.Window: _window,
    s.Pivot: _pivot,
    s.Unpivot: _reshaped,
    s.Transpose: _reshaped,
    s.Dedup: _dedup,
    s.Sort: _sort,
    s.Limit: _limit,
    s.Combine: _combine,
    s.Join: _join,
    s.Branch: _branch,
    s.Transaction: _transaction,
    s.ForEach: _foreach,
    s.Totals: _totals,
    s.Geo: _geo,
    s.ForRows: _for_rows,
    s.Store: _nothing,
    s.Opaque: _opaque,
}
