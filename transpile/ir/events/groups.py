"""Stages that group events or bring in others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.events.reader import (
    Added,
    Aggregated,
    Bin,
    Collected,
    Elsewhere,
    Env,
    Gathered,
    NotHere,
    Reader,
    Value,
    missing,
    presence,
)
from transpile.ir.events.rows import resolved
from transpile.ir.events.rule import Threshold
from transpile.ir.events.sums import total
from transpile.ir.expr import Call, Case, Expr, Field, Lit, Node
from transpile.ir.pred import (
    TRUE,
    Exists,
    Pred,
    Test,
)
from transpile.ir.simplify import simplify_pred
from transpile.ir.walk import (
    conjuncts,
    disjuncts,
    holds,
)
from transpile.records import replace


def _aggregate(reader: Reader, stage: s.Aggregate) -> None:
    first = reader.groups is None
    keys: dict[str, Value] = {}
    groups: list[str] = []
    for key in stage.by:
        value = _key(reader, key)
        keys[key.name] = value
        if isinstance(value, Gathered):
            need(reader, value.value)
            reader.plain_keys = False
            continue
        if isinstance(value, (Aggregated, Elsewhere)):
            present = presence(value)
            if present is not None:
                reader.ask(simplify_pred(present))
                reader.plain_keys = False
            elif isinstance(value, Added):
                need(reader, value.before)
                reader.plain_keys = False
            elif not (key.name == "_time" or _sure(value)):
                text = f"rows without {key.name} are kept although the grouping drops them"
                reader.lose("TGT606", text, key.span or stage.span)
            continue
        need(reader, value)
        name = named(value, reader) or plain(value)
        if name is None:
            reader.plain_keys = False
        else:
            groups.append(name)
    values: dict[str, Value] = {
        agg.name: _aggregated(reader, agg, first) for agg in stage.aggs if not agg.pattern
    }
    if first:
        reader.groups = tuple(dict.fromkeys(groups))
    patterned = any(agg.pattern for agg in stage.aggs)
    unknown = Elsewhere("a value of a group")
    reader.env = Env({**keys, **values}, (lambda _: unknown) if patterned else missing)


def plain(value: Expr) -> str | None:
    """Return the field that a key is, filled where missing or not; None for a computed one."""
    match value:
        case Field(name) | Call("coalesce", (Field(name), Lit())):
            return name
        case _:
            return None


def named(value: Expr, reader: Reader) -> str | None:
    """Return the field that a value is, the first of two that a wildcard renamed onto one name."""
    match value:
        case Field(name):
            return name
        case Call("coalesce", (Field(first), Field(second))) if (first, second) in reader.choices:
            return first
        case _:
            return None


def _key(reader: Reader, key: s.Key) -> Value:
    width = _binned(key.expr)
    value = resolved(reader, key.expr) if width is None else Bin(seconds=width)
    if isinstance(value, Bin):
        reader.window = value.seconds or reader.window
    return value


def _binned(expr: Expr) -> float | None:
    """Return the seconds of a bin of `_time`, 0 for months and longer, None if it is none."""
    match expr:
        case Call("mul", (Call("floor", (Call("div", (Field("_time"), Lit())),)), Lit(width))):
            return float(width or 0)
        case Call("time_bin", (Field("_time"), Lit(count), Lit(unit))):
            return float(count or 1) * {"day": 86400.0, "week": 604800.0}.get(str(unit), 0.0)
        case _:
            return None


def _sure(value: Aggregated | Elsewhere) -> bool:
    """Return whether a value that is not a matter of one event is never missing."""
    if isinstance(value, Elsewhere):
        return isinstance(value, Bin)
    agg = value.agg
    return agg.func in ("count", "dc") or agg.arg == Field("_time")


def need(reader: Reader, value: Expr) -> None:
    """A row with a missing key is in no group: ask for the key, or assume it."""
    for part in conjuncts(simplify_pred(Exists(value))):
        if part == TRUE or _given(reader, part):
            continue
        if reader.strict:
            reader.ask(part)
        else:
            reader.wanted[part] = None


def _given(reader: Reader, part: Pred) -> bool:
    """Return whether every event that the predicate lets pass meets a condition of presence."""
    alternatives = disjuncts(part)
    return any(
        isinstance(exists, Exists)
        and isinstance(exists.subject, Field)
        and (
            exists.subject.name in reader.never_missing
            or exists.subject.name == "_time"
            or _implied(reader.asked, exists)
        )
        for exists in alternatives
    )


def _implied(asked: Sequence[Pred], exists: Exists) -> bool:
    return any(
        part == exists or (isinstance(part, Test) and part.subject == exists.subject)
        for part in asked
    )


def _aggregated(reader: Reader, agg: s.Agg, first: bool) -> Value:
    if not first:
        return Elsewhere("a value computed from groups of groups")
    try:
        where = reader.env.decide(agg.where)
    except NotHere:
        return Elsewhere("a value of a group")
    value = None if agg.arg is None else resolved(reader, agg.arg)
    if isinstance(value, (Aggregated, Elsewhere)):
        return Elsewhere("a value of a group")
    same = value is agg.arg and where is agg.where
    return Aggregated(agg if same else replace(agg, arg=value, where=where))


def _window(reader: Reader, stage: s.Window) -> None:
    reader.elsewhere(tuple(a.name for a in stage.aggs if not a.pattern), "several rows")
    if any(a.pattern for a in stage.aggs):
        reader.elsewhere(("*",), "several rows")


def _pivot(reader: Reader, stage: s.Pivot) -> None:
    unknown = Elsewhere("a column of a chart")
    if reader.groups is None:
        reader.groups = ()
    reader.env = Env({stage.row: unknown}, lambda _: unknown)


def _reshaped(reader: Reader, stage: s.Unpivot | s.Transpose) -> None:
    unknown = Elsewhere("a table turned round")
    if reader.groups is None:
        reader.groups = ()
    reader.env = Env({}, lambda _: unknown)


def _dedup(reader: Reader, stage: s.Dedup) -> None:
    if stage.keep_rows:
        return
    if not _one_each(reader, stage):
        names = ", ".join(stage.keys)
        reader.lose("TGT606", f"rows that repeat {names} are reported too (dedup)", stage.span)


def _one_each(reader: Reader, stage: s.Dedup) -> bool:
    """Read a dedup by fields as a group of one event or more each; return whether it is that."""
    values = [reader.env.get(name) for name in stage.keys]
    fields = [value.name for value in values if isinstance(value, Field)]
    if reader.tests or len(fields) < len(values) or not reader.powers.several:
        return False
    if stage.count != 1 or stage.consecutive or stage.keep_missing or "_time" in fields:
        return False
    for name in fields:
        need(reader, Field(name))
    reader.tests.append(Threshold("count", "", ">=", 1, tuple(fields), span=stage.span))
    reader.single = stage
    return True


def _sort(reader: Reader, stage: s.Sort) -> None:
    if 0 < stage.limit < _MANY:
        reader.lose("TGT606", f"rows behind the first {stage.limit} are reported too", stage.span)
    elif stage.limit:
        reader.assumptions[f"a search yields at most {stage.limit} rows (sort)"] = None


_MANY = 1000


def _limit(reader: Reader, stage: s.Limit) -> None:
    if stage.while_true is not None or stage.count is not None:
        reader.lose("TGT606", "rows behind a limit are reported too", stage.span)


def _expand(reader: Reader, stage: s.Expand) -> None:
    reader.elsewhere((stage.field,), f"one of several values of {stage.field}")


def _combine(reader: Reader, stage: s.Combine) -> None:
    reader.elsewhere((stage.field,), f"several rows' {stage.field}")


def _branch(reader: Reader, stage: s.Branch) -> None:
    if any(_reads_events(other) for other in stage.others):
        raise Unsupported(
            "rows of another search are added; an event rule would miss them",
            code="TGT609",
            span=stage.span,
        )
    reader.elsewhere(("*", "_*"), "rows added from elsewhere")


def _reads_events(pipeline: s.Pipeline) -> bool:
    return holds(pipeline, s.Events, s.DataModel, s.ForRows)


def _sequence(reader: Reader, stage: s.Sequence) -> None:
    reader.lose("TGT606", "events outside a complete sequence are found too", stage.span)
    reader.elsewhere(("*", "_*"), "a sequence of events")


def _foreach(reader: Reader, stage: s.ForEach) -> None:
    targets = tuple("*" if "<<" in name else name for name, _ in stage.template)
    collected = _collected(reader, stage)
    reader.elsewhere(targets, _SEVERAL)
    if collected is not None:
        reader.env.known[stage.template[0][0]] = Collected(_SEVERAL, value=collected)


_SEVERAL = "a foreach over several fields"
_EACH = Field("<<FIELD>>")


def _collected(reader: Reader, stage: s.ForEach) -> Expr | None:
    """Return the list that a foreach appends the values of fields to, None for another one."""
    if len(stage.template) != 1 or len(stage.patterns) != 1 or not reader.powers.names:
        return None
    name, expr = stage.template[0]
    added = Call("mvappend", (Field(name), Call("fields_like", (Lit(stage.patterns[0]),))))
    match expr:
        case Call("mvappend", (Field(first), each)) if first == name and each == _EACH:
            wanted: Expr = added
        case Case(((guard, Call("mvappend", (Field(first), each))),), Field(last)) if (
            first == last == name and each == _EACH
        ):
            wanted = Case(((guard, added),), Field(name))
        case _:
            return None
    value = resolved(reader, wanted)
    return None if isinstance(value, (Aggregated, Elsewhere)) else value


def _totals(reader: Reader, stage: s.Totals) -> None:
    values = [reader.env.get(name) for name in stage.fields]
    known = [value for value in values if not isinstance(value, (Aggregated, Elsewhere))]
    found = total(known) if len(known) == len(values) else None
    if found is None:
        reader.elsewhere((stage.target,), "a total of several fields")
    else:
        reader.env.known[stage.target] = found


def _opaque(reader: Reader, stage: s.Opaque) -> None:
    if stage.changes:
        text = f"{stage.command}: {stage.reason}"
        raise Unsupported(text, code="TGT608", span=stage.span)
    if stage.filters:
        text = f"{stage.command} is left out: {stage.reason}"
        reader.lose("TGT606", text, stage.span)
    reader.elsewhere(stage.adds, f"the command {stage.command}")


def _for_rows(reader: Reader, stage: s.ForRows) -> None:
    raise Unsupported(
        "map runs another search for each row; an event rule would miss its rows",
        code="TGT609",
        span=stage.span,
    )


def _nothing(reader: Reader, stage: Node) -> None:
    """The stage changes neither which events count nor what a field stands for."""


GROUPS: Mapping[type, Callable[[Reader, Any], None]] = {
    s.Expand: _expand,
    s.Aggregate: _aggregate,
    s.Window: _window,
    s.Pivot: _pivot,
    s.Unpivot: _reshaped,
    s.Transpose: _reshaped,
    s.Dedup: _dedup,
    s.Sort: _sort,
    s.Limit: _limit,
    s.Combine: _combine,
    s.Branch: _branch,
    s.Sequence: _sequence,
    s.ForEach: _foreach,
    s.Totals: _totals,
    s.ForRows: _for_rows,
    s.Store: _nothing,
    s.Opaque: _opaque,
}
