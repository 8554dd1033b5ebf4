"""From the result of a rule back to events that give one.

The stages are read from the last to the first. What a filter wants of fields becomes wishes about
the fields that these were made of: the text that an expression is taken from, the branch of a
condition, the number of events in a group. A wish that cannot be carried back is dropped; whether
the events do give a result is found out by running the rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

from transpile.ir import stages as s
from transpile.ir.expr import Expr, Field
from transpile.ir.lookup_rows import Entries
from transpile.ir.names import match_name, unrename
from transpile.ir.pattern import Pattern
from transpile.ir.pred import TRUE, Exists, Pred, Test, TextEq, all_of, any_of, negate
from transpile.ir.text import number, whole
from transpile.ir.walk import fields_of
from transpile.records import dataclass, replace
from transpile.verify.known import Known
from transpile.verify.samples import filled
from transpile.verify.witness.inverse import invert, meet, need, parts_of
from transpile.verify.witness.lookups import MadeRows
from transpile.verify.witness.maker import START
from transpile.verify.witness.wishes import Wishes
from transpile.verify.witness.written import groups_of, matching_with, put_json, put_together

MOST = 250
"""Events that a group is wished to have at most."""

LONGEST_AGO = 400 * 86_400
"""Seconds before the other events that an event is at most."""

MOST_KINDS = 8
"""Kinds of events of one group at most."""

MOST_ANSWERS = 40
"""Values of a lookup table's column that a filter may choose from."""

_MANY = frozenset(("values", "list"))
"""Aggregates that a list can be the result of."""

_OF_ONE = frozenset(("values", "list", "first", "last", "min", "max", "latest", "earliest", "mode",
                     "sum", "avg", "median", "perc", "exactperc"))  # fmt: skip
"""Aggregates that a single value can be the result of."""


@dataclass(frozen=True, slots=True)
class Back:
    """What is known on the way back.

    example: a value for a field of the source, by number.  tables, made: lookup tables, and rows
    for those that have none.  known: what is known of the rows that reach each stage; of one where
    only that is asked about.  answers: one value of each field that a table with rows gives.
    """

    example: Callable[[str, int], str]
    tables: Mapping[str, Entries]
    made: MadeRows
    known: tuple[Known, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)


def answers_of(pipeline: s.Pipeline, tables: Mapping[str, Entries]) -> Mapping[str, str]:
    """Return one value of each field that a lookup of a table with rows gives."""
    found: dict[str, str] = {}
    for stage in pipeline.stages:
        table = tables.get(stage.table) if isinstance(stage, s.Lookup) else None
        if not isinstance(stage, s.Lookup) or table is None or not table.rows:
            continue
        columns = [column for column, _ in (*stage.keys, *stage.outputs)]
        fullest = max(table.rows, key=lambda row: sum(1 for name in columns if row.get(name)))
        for column, name in stage.outputs:
            if text := fullest.get(column):
                found.setdefault(name, text)
    return found


def wishes_of(
    pipeline: s.Pipeline,
    back: Back,
    wanted: tuple[int, Mapping[str, Any]] | None = None,
    *,
    outstanding: int | None = None,
) -> Wishes:
    """Return what events of the rule's source must hold for the rule to have a result.

    wanted: the place of a filter and what the fields of a row are to be there.  outstanding: what a
    value is to be that the rule wants to stand out.
    """
    kinds = _back_to(0, pipeline, back, wanted, outstanding)
    source = pipeline.stages[0]
    prefix = source.prefix if isinstance(source, s.DataModel) else ""
    found = [_of_source(wishes, prefix) for wishes in kinds[:MOST_KINDS]]
    found[0].others = found[1:]
    return found[0]


def row_at(at: int, pipeline: s.Pipeline, back: Back) -> dict[str, Any]:
    """Return what a row is to hold at a stage for the rule to have a result."""
    wishes = _back_to(at, pipeline, back)[0]
    wishes.finish()
    return wishes.values


def _back_to(
    first: int,
    pipeline: s.Pipeline,
    back: Back,
    wanted: tuple[int, Mapping[str, Any]] | None = None,
    outstanding: int | None = None,
) -> list[Wishes]:
    """Return the wishes about the rows that reach a stage, by kind; see `wishes_of`."""
    kinds = [Wishes(outstanding=outstanding)]
    for at, stage in reversed(tuple(enumerate(pipeline.stages))[first:]):
        if wanted is not None and wanted[0] == at:
            wishes = max(kinds, key=lambda wishes: wishes.likeness(wanted[1]))
            wishes.known = back.known[at] if back.known else None
            wishes.want(wanted[1])
            continue
        kinds = [kind for wishes in kinds for kind in _before(at, stage, wishes, pipeline, back)]
    return kinds


def _before(
    at: int, stage: s.Stage, wishes: Wishes, pipeline: s.Pipeline, back: Back
) -> list[Wishes]:
    """Return the wishes about the rows before a stage: about several where it makes groups."""
    wishes.known = back.known[at] if back.known else None
    match stage:
        case s.Aggregate():
            return _aggregate(stage, wishes)
        case s.Transaction():
            return _transaction(stage, wishes)
        case s.Filter(pred):
            meet(pred, wishes, _given(at, pred, pipeline, back))
        case _:
            handler = _STAGES.get(type(stage))
            if handler is not None:
                handler(stage, wishes, replace(back, known=back.known[at : at + 1]))
    return [wishes]


def _of_source(wishes: Wishes, prefix: str) -> Wishes:
    wishes.finish()
    wishes.values = {name.removeprefix(prefix): v for name, v in wishes.values.items()}
    wishes.distinct = {name.removeprefix(prefix): None for name in wishes.distinct}
    bare = (name.removeprefix(prefix) for name in wishes.present)
    wishes.present = {name: None for name in bare if not name.startswith("_")}
    if "_time" in wishes.values:
        _settle_time(wishes)
    return wishes


def _settle_time(wishes: Wishes) -> None:
    """Make the time that is wished a number, if it is one of the year or so before the events."""
    time = number(str(wishes.values.pop("_time")))
    if time is not None and START - LONGEST_AGO < time < START:
        wishes.values["_time"] = whole(float(time))


def _given(at: int, pred: Pred, pipeline: s.Pipeline, back: Back) -> Pred:
    """Return what is known of the fields of a filter: what they were computed or looked up as."""
    asked = fields_of(pred)
    known = back.known[at].facts(pred).given if back.known else TRUE
    answers = []
    for stage in pipeline.stages[:at]:
        if not isinstance(stage, s.Lookup):
            continue
        table = back.tables.get(stage.table)
        for column, name in stage.outputs:
            if name in asked and table is not None and table.rows is not None:
                texts = dict.fromkeys(row.get(column) or "" for row in table.rows)
                if "" in texts or len(texts) <= MOST_ANSWERS:
                    answers.append(_one_of(name, [text for text in texts if text]))
    return all_of((known, *answers))


def _one_of(name: str, texts: Iterable[str]) -> Pred:
    tests = (Test(Field(name), TextEq(text, cased=True)) for text in texts)
    return any_of((negate(Exists(Field(name))), *tests))


# -- stages --------------------------------------------------------------------------------------


def _compute(stage: s.Compute, wishes: Wishes, back: Back) -> None:
    for name, expr in reversed(stage.assignments):
        value = wishes.take(name)
        wanted = name in wishes.present
        wishes.present.pop(name, None)
        for each in parts_of(expr, value) if isinstance(value, list) else [value]:
            if each is not None:
                invert(expr, each, wishes)
        if value is None and wanted:
            need(expr, wishes)
        if name in wishes.distinct:
            del wishes.distinct[name]
            wishes.distinct.update(dict.fromkeys(sorted(fields_of(expr))))


def _rename(stage: s.Rename, wishes: Wishes, back: Back) -> None:
    for old, new in reversed(stage.pairs):
        names = (*wishes.values, *wishes.places, *wishes.present, *wishes.distinct)
        for name in dict.fromkeys(names):
            before = unrename(name, old, new)
            if before not in (None, name) and not ("*" in old and name in back.known[0].fields):
                wishes.renamed(name, str(before))


def _extract(stage: s.Extract, wishes: Wishes, back: Back) -> None:
    names = {number: name for name, number in stage.regex.group_names}
    wanted = {number: wishes.take(name) for number, name in names.items()}
    for name in names.values():
        wishes.present.pop(name, None)
    given = {
        number: str(value[0] if isinstance(value, list) else value)
        for number, value in wanted.items()
        if value is not None
    }
    known = wishes.of(stage.source)
    missed = [name for name in names.values() if wishes.absent.pop(name, "") is None]
    if missed and not given:
        wishes.absent[stage.source] = None
        return
    if given or known is None:
        text = matching_with(stage.regex, given)
        text = back.example(stage.source, 1) if text is None else text
        checks = wishes.texts.setdefault(stage.source, [])
        checks.append(lambda text: groups_of(stage.regex, text, given))
        wishes.take(stage.source)
        wishes.values[stage.source] = put_together(text, known, checks)


def _parse(stage: s.Parse, wishes: Wishes, back: Back) -> None:
    if stage.format == "json-path" and stage.target:
        value = wishes.take(stage.target)
        if value is None and stage.target in wishes.present:
            value = back.example(stage.target, 1)
        wishes.present.pop(stage.target, None)
        if value is not None:
            put_json(wishes, stage.source, stage.path, value)
    elif stage.format in ("auto", "json"):
        for name in [n for n in wishes.values if "." in n or "{}" in n]:
            put_json(wishes, stage.source, name.removeprefix(stage.prefix), wishes.take(name))


def _aggregate(stage: s.Aggregate, wishes: Wishes) -> list[Wishes]:
    """Return the wishes about the events of a group: of several kinds where one cannot do."""
    keys = Wishes(
        size=wishes.size,
        outstanding=wishes.outstanding,
        unusual=wishes.unusual,
        known=wishes.known,
    )
    for key in stage.by:
        value = wishes.of(key.name)
        if value is not None:
            invert(key.expr, value, keys)
        need(key.expr, keys)
        if key.name in wishes.distinct:
            keys.distinct.update(dict.fromkeys(sorted(fields_of(key.expr))))
    kinds = [keys.copy()]
    for agg in stage.aggs:
        for own in _aggregated(agg, wishes):
            for kind in kinds:
                if kind.agrees_with(own):
                    kind.join(own)
                    break
            else:
                kinds.append(keys.copy())
                kinds[-1].join(own)
    return kinds


def _transaction(stage: s.Transaction, wishes: Wishes) -> list[Wishes]:
    """Return the wishes about the first event of a transaction, and the last, by what it asks."""
    wishes.present.update(dict.fromkeys(stage.fields))
    asked = [pred for pred in (stage.starts, stage.ends) if pred is not None]
    kinds = [wishes.copy() for _ in asked]
    for kind, pred in zip(kinds, asked, strict=True):
        for name in _OF_TRANSACTIONS:
            kind.take(name)
            kind.present.pop(name, None)
        meet(pred, kind)
    return kinds or [wishes]


_OF_TRANSACTIONS = ("duration", "eventcount")
"""Fields of a transaction that its events do not have."""


def _aggregated(agg: s.Agg, wishes: Wishes) -> list[Wishes]:
    """Return what the values of an aggregate need of the events, each by itself."""
    by_pattern = [n for n in wishes.values if match_name(agg.name, n)] if agg.pattern else []
    found = []
    for name in by_pattern or [agg.name]:
        value = wishes.of(name)
        each = value if isinstance(value, list) and agg.func in _MANY else [value]
        if len(each) > MOST_KINDS and agg.arg is not None:  # any that differ
            found.append(_so_many(agg.arg, len(each), wishes))
            continue
        found += [_one_aggregated(agg, name, one, wishes) for one in each if one is not None]
    if not found and agg.arg is not None and not agg.pattern and agg.name not in wishes.absent:
        own = Wishes(outstanding=wishes.outstanding, known=wishes.known)
        need(agg.arg, own)
        if agg.name in wishes.present and agg.func in ("dc", "estdc"):
            own.distinct.update(dict.fromkeys(sorted(fields_of(agg.arg))))
        found.append(own)
    return found


def _so_many(arg: Expr, size: int, wishes: Wishes) -> Wishes:
    own = Wishes(size=min(size, MOST), outstanding=wishes.outstanding, known=wishes.known)
    need(arg, own)
    own.distinct.update(dict.fromkeys(sorted(fields_of(arg))))
    return own


def _one_aggregated(agg: s.Agg, name: str, value: Any, wishes: Wishes) -> Wishes:
    own = Wishes(outstanding=wishes.outstanding, known=wishes.known)
    if agg.where != TRUE:
        meet(agg.where, own)
    amount = number(str(value)) if not isinstance(value, list) else None
    if agg.func in ("count", "dc", "estdc"):
        if amount is not None and math.isfinite(amount):
            own.size = max(1, min(math.ceil(amount), MOST))
        if agg.func != "count" and agg.arg is not None and own.size > 1:
            own.distinct.update(dict.fromkeys(sorted(fields_of(agg.arg))))
    elif agg.func in _OF_ONE and agg.arg is not None:
        invert(agg.arg if not agg.pattern else Field(name), value, own)
    if agg.arg is not None and not agg.pattern:
        need(agg.arg, own)
    return own


def _window(stage: s.Window, wishes: Wishes, back: Back) -> None:
    for agg in stage.aggs:
        if wishes.of(agg.name) is not None:
            wishes.join(_one_aggregated(agg, agg.name, wishes.take(agg.name), wishes))
        if wishes.present.pop(agg.name, "") is None and agg.arg is not None:
            need(agg.arg, wishes)
            if agg.func in ("dc", "estdc"):
                wishes.distinct.update(dict.fromkeys(sorted(fields_of(agg.arg))))
    wishes.present.update(dict.fromkeys(stage.by))


def _dedup(stage: s.Dedup, wishes: Wishes, back: Back) -> None:
    wishes.present.update(dict.fromkeys(stage.keys))


def _lookup(stage: s.Lookup, wishes: Wishes, back: Back) -> None:
    table = back.tables.get(stage.table)
    missed = [name for _, name in stage.outputs if wishes.absent.pop(name, "") is None]
    if missed:
        for _, name in stage.keys:
            wishes.give(name, back.example(name, 1))
        return
    asked = {column: _one(wishes.take(name)) for column, name in stage.outputs}
    given = {column: str(value).lower() for column, value in asked.items() if value is not None}
    needed = [column for column, name in stage.outputs if wishes.present.pop(name, "") is None]
    if not (given or needed):
        return
    keys = {column: wishes.of(name) or _constant(name, back) or back.answers.get(name)
            for column, name in stage.keys}  # fmt: skip
    if table is None or table.rows is None:
        # a number, in case it is reckoned with
        answers = dict.fromkeys(needed, "1") | {c: str(asked[c]) for c in given}
        found = back.made.answer(stage, keys, answers, back.example)
        for column, name in stage.keys:
            wishes.give(name, found[column])
        return
    fitting = [
        row
        for row in table.rows
        if all((row.get(column) or "").lower() == value for column, value in given.items())
    ]
    fitting.sort(key=lambda row: (
        sum((row.get(column) or "").lower() != str(value).lower()
            for column, value in keys.items() if value is not None),
        sum(not row.get(column) for column in (*needed, *keys)),
    ))  # fmt: skip
    for row in fitting[:1]:
        for column, name in stage.keys:
            wishes.give(name, filled(Pattern.from_spl(row.get(column, "")), "x"))
    if not fitting:  # a key that is found nowhere stays
        for column, name in stage.outputs:
            if column in given and name in {key for _, key in stage.keys}:
                wishes.give(name, asked[column])


def _one(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, list) else value


def _constant(name: str, back: Back) -> str | None:
    texts = back.known[0].of(name).texts
    return texts[0] if len(texts) == 1 else None


def _for_each(stage: s.ForEach, wishes: Wishes, back: Back) -> None:
    """Take the wish about a field that the loop fills to the first field it goes through."""
    for name, expr in stage.template:
        value = wishes.values.get(name)
        if value is not None and _EACH in fields_of(expr):
            wishes.take(name)
            wishes.present.pop(name, None)
            wishes.give(stage.patterns[0].replace("*", "0"), value)


_EACH = "<<FIELD>>"


def _expand(stage: s.Expand, wishes: Wishes, back: Back) -> None:
    wishes.present[stage.field] = None


_STAGES: Mapping[type, Callable[[Any, Wishes, Back], None]] = {
    s.Compute: _compute,
    s.Rename: _rename,
    s.Extract: _extract,
    s.Parse: _parse,
    s.Window: _window,
    s.Dedup: _dedup,
    s.Lookup: _lookup,
    s.Expand: _expand,
    s.ForEach: _for_each,
}
