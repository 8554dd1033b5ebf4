"""From the result of a rule back to events that give one.

The stages are read from the last to the first. What a filter wants of fields becomes wishes about
the fields that these were made of: the text that an expression is taken from, the branch of a
condition, the number of events in a group. A wish that cannot be carried back is dropped; whether
the events do give a result is found out by running the rule.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from transpile.interpret import NotComputable, compile_expr
from transpile.ir import stages as s
from transpile.ir.decide import number_text
from transpile.ir.events import EventRule
from transpile.ir.expr import Call, Case, Expr, Field, Lit
from transpile.ir.lookup_rows import Entries
from transpile.ir.names import match_name, unrename
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    TRUE,
    Compare,
    Exists,
    Not,
    NumEq,
    Order,
    Pred,
    Test,
    TextEq,
    all_of,
)
from transpile.ir.regex import Regex
from transpile.ir.regex import tree as t
from transpile.ir.text import number
from transpile.ir.walk import conjuncts, descend, fields_of
from transpile.verify.prove import Facts, satisfiable
from transpile.verify.samples import filled, matching
from transpile.verify.witness.lookups import MadeRows

Event = dict[str, Any]

MOST = 250
"""Events that a group is wished to have at most."""

_SAME = frozenset(("lower", "upper", "trim", "ltrim", "rtrim", "tostring", "tonumber", "urldecode",
                   "mvdedup", "mvindex", "mvjoin", "mvsort", "split", "mvsplit", "replace", "sed",
                   "coalesce", "mvappend", "round", "nullif", "values", "unit_number"))  # fmt: skip
"""Functions that can give the value of their first argument back."""

_OF_ONE = frozenset(("values", "list", "first", "last", "min", "max", "latest", "earliest", "mode",
                     "sum", "avg", "median", "perc", "exactperc"))  # fmt: skip
"""Aggregates that a single value can be the result of."""


@dataclass(slots=True)
class Wishes:
    """What one event must hold, and how many such events there must be.

    values: by field.  present: fields that must have some value.  distinct: fields that differ from
    event to event.  size: number of events.  unusual: whether a value must stand out from others.
    """

    values: dict[str, Any] = field(default_factory=dict)
    present: dict[str, None] = field(default_factory=dict)
    distinct: dict[str, None] = field(default_factory=dict)
    size: int = 1
    unusual: bool = False

    def give(self, name: str, value: Any) -> None:
        """Wish a value for a field that has none yet."""
        self.values.setdefault(name, value)

    def take(self, name: str) -> Any:
        """Return the value that is wished for a field and forget it; None: no wish."""
        return self.values.pop(name, None)

    def settle(self, rule: EventRule) -> None:
        """Wish for the field that events have where the rule could mean one of two."""
        absent = {
            node.arg.subject
            for node in conjuncts(rule.required)
            if isinstance(node, Not) and isinstance(node.arg, Exists)
        }
        for one, other in rule.choices:
            for gone, had in ((one, other), (other, one)):
                if Field(gone) in absent:
                    self._move(gone, had)

    def _move(self, gone: str, had: str) -> None:
        for kept in (self.values, self.present, self.distinct):
            if gone in kept:
                value = kept.pop(gone)
                kept.setdefault(had, value)

    def want(self, row: Mapping[str, Any]) -> None:
        """Wish that fields hold these values, None for none, whatever was wished before."""
        for name, value in row.items():
            self.values.pop(name, None)
            self.present.pop(name, None)
            if value is not None:
                self.values[name] = value

    def need(self, expr: Expr) -> None:
        """Wish that an expression has a value."""
        names = sorted(fields_of(expr))
        if isinstance(expr, Case):
            self.meet(Exists(expr))
        self.present.update(dict.fromkeys(names))

    def meet(self, pred: Pred) -> None:
        """Wish what meets a predicate, keeping what is wished already if that can be."""
        kept = [Test(Field(name), TextEq(str(value), cased=True))
                for name, value in self.values.items()
                if name in fields_of(pred) and not isinstance(value, list)]  # fmt: skip
        for node in descend(pred):
            if isinstance(node, Compare) and node.op != "==":
                self.unusual = True
                self.present.update(dict.fromkeys(sorted(fields_of(node))))
        counted = _compared_with_numbers(pred)
        facts = Facts(lambda name: True, counted.__contains__)
        found = satisfiable(all_of((pred, *kept)), facts).event
        if found is None:
            alone = (each for each in conjuncts(pred)
                     if not any(isinstance(node, Compare) for node in descend(each)))  # fmt: skip
            found = (
                satisfiable(pred, facts).event
                or satisfiable(pred).event
                or satisfiable(all_of(alone), facts).event
                or {}
            )
            self.values.update(found)
        for name, value in found.items():
            self.give(name, value)


def wishes_of(
    pipeline: s.Pipeline,
    example: Callable[[str], str],
    tables: Mapping[str, Entries],
    made: MadeRows,
    wanted: tuple[int, Mapping[str, Any]] | None = None,
) -> Wishes:
    """Return what events of the rule's source must hold for the rule to have a result.

    example: a value for a field of the source.  tables, made: lookup tables, and rows for those
    that have none.  wanted: the place of a filter and what the fields of a row are to be there.
    """
    wishes = Wishes()
    back = _Back(example, tables, made)
    for at, stage in reversed(tuple(enumerate(pipeline.stages))):
        if wanted is not None and wanted[0] == at:
            wishes.want(wanted[1])
            continue
        handler = _STAGES.get(type(stage))
        if handler is not None:
            handler(stage, wishes, back)
    source = pipeline.stages[0]
    prefix = source.prefix if isinstance(source, s.DataModel) else ""
    wishes.values = {name.removeprefix(prefix): v for name, v in wishes.values.items()}
    wishes.distinct = {name.removeprefix(prefix): None for name in wishes.distinct}
    bare = (name.removeprefix(prefix) for name in wishes.present)
    wishes.present = {name: None for name in bare if not name.startswith("_")}
    return wishes


def _compared_with_numbers(pred: Pred) -> frozenset[str]:
    """Return the fields that a predicate holds against numbers and nothing else."""
    tests = [node for node in descend(pred) if isinstance(node, Test)]
    by_field: dict[str, set[bool]] = {}
    for node in tests:
        numeric = isinstance(node.condition, NumEq) or (
            isinstance(node.condition, Order) and not isinstance(node.condition.bound, str)
        )
        for name in fields_of(node.subject):
            by_field.setdefault(name, set()).add(numeric)
    return frozenset(name for name, kinds in by_field.items() if kinds == {True})


@dataclass(frozen=True, slots=True)
class _Back:
    example: Callable[[str], str]
    tables: Mapping[str, Entries]
    made: MadeRows


# -- stages --------------------------------------------------------------------------------------


def _filter(stage: s.Filter, wishes: Wishes, back: _Back) -> None:
    wishes.meet(stage.pred)


def _compute(stage: s.Compute, wishes: Wishes, back: _Back) -> None:
    for name, expr in reversed(stage.assignments):
        value = wishes.take(name)
        wanted = name in wishes.present
        wishes.present.pop(name, None)
        if value is not None:
            _invert(expr, value, wishes)
        elif wanted:
            wishes.need(expr)
        if name in wishes.distinct:
            del wishes.distinct[name]
            wishes.distinct.update(dict.fromkeys(sorted(fields_of(expr))))


def _rename(stage: s.Rename, wishes: Wishes, back: _Back) -> None:
    for old, new in reversed(stage.pairs):
        for kept in (wishes.values, wishes.present, wishes.distinct):
            for name in [n for n in kept if unrename(n, old, new) not in (None, n)]:
                kept[str(unrename(name, old, new))] = kept.pop(name)


def _extract(stage: s.Extract, wishes: Wishes, back: _Back) -> None:
    names = {number: name for name, number in stage.regex.group_names}
    wanted = {number: wishes.take(name) for number, name in names.items()}
    for name in names.values():
        wishes.present.pop(name, None)
    given = {number: str(value) for number, value in wanted.items() if value is not None}
    if given or stage.source not in wishes.values:
        text = _matching(stage.regex, given)
        wishes.values[stage.source] = text if text is not None else back.example(stage.source)


def _parse(stage: s.Parse, wishes: Wishes, back: _Back) -> None:
    if stage.format == "json-path" and stage.target:
        value = wishes.take(stage.target)
        if value is None and stage.target in wishes.present:
            value = back.example(stage.target)
        wishes.present.pop(stage.target, None)
        if value is not None:
            _put_json(wishes, stage.source, stage.path, value)
    elif stage.format in ("auto", "json"):
        for name in [n for n in wishes.values if "." in n or "{}" in n]:
            _put_json(wishes, stage.source, name.removeprefix(stage.prefix), wishes.take(name))


def _aggregate(stage: s.Aggregate, wishes: Wishes, back: _Back) -> None:
    values, wishes.values = wishes.values, {}
    distinct, wishes.distinct = wishes.distinct, {}
    present, wishes.present = wishes.present, {}
    for key in stage.by:
        value = values.get(key.name)
        if value is not None:
            _invert(key.expr, value, wishes)
        wishes.need(key.expr)
        if key.name in distinct:
            wishes.distinct.update(dict.fromkeys(sorted(fields_of(key.expr))))
    for agg in stage.aggs:
        _aggregated(agg, values, wishes, back)
        if agg.name in present:
            _told_apart(agg, wishes)
        elif agg.arg is not None and not agg.pattern:
            wishes.need(agg.arg)


def _told_apart(agg: s.Agg, wishes: Wishes) -> None:
    """Wish what an aggregate needs to differ from group to group."""
    if agg.arg is None:
        return
    wishes.need(agg.arg)
    if agg.func in ("dc", "estdc"):
        wishes.distinct.update(dict.fromkeys(sorted(fields_of(agg.arg))))


def _aggregated(agg: s.Agg, values: Mapping[str, Any], wishes: Wishes, back: _Back) -> None:
    names = [name for name in values if match_name(agg.name, name)] if agg.pattern else [agg.name]
    for name in names:
        value = values.get(name)
        if value is None:
            continue
        amount = number(str(value)) if not isinstance(value, list) else None
        if agg.func in ("count", "dc", "estdc"):
            if amount is not None and math.isfinite(amount):
                wishes.size = max(wishes.size, min(math.ceil(amount), MOST))
            if agg.func != "count" and agg.arg is not None:
                wishes.distinct.update(dict.fromkeys(sorted(fields_of(agg.arg))))
        elif agg.func in ("values", "list") and isinstance(value, list) and agg.arg is not None:
            wishes.size = max(wishes.size, min(len(value), MOST))
            wishes.distinct.update(dict.fromkeys(sorted(fields_of(agg.arg))))
        elif agg.func in _OF_ONE and agg.arg is not None:
            _invert(agg.arg if not agg.pattern else Field(name), value, wishes)
        if agg.where != TRUE:
            wishes.meet(agg.where)
        if agg.arg is not None and not agg.pattern:
            wishes.need(agg.arg)


def _window(stage: s.Window, wishes: Wishes, back: _Back) -> None:
    wanted = {agg.name: wishes.take(agg.name) for agg in stage.aggs}
    for agg in stage.aggs:
        _aggregated(agg, {n: v for n, v in wanted.items() if v is not None}, wishes, back)
    for agg in stage.aggs:
        if wishes.present.pop(agg.name, "") is None:
            _told_apart(agg, wishes)
            wishes.present.update(dict.fromkeys(sorted(fields_of(agg.arg)) if agg.arg else ()))
    wishes.present.update(dict.fromkeys(stage.by))


def _dedup(stage: s.Dedup, wishes: Wishes, back: _Back) -> None:
    wishes.present.update(dict.fromkeys(stage.keys))


def _lookup(stage: s.Lookup, wishes: Wishes, back: _Back) -> None:
    table = back.tables.get(stage.table)
    asked = {column: wishes.take(name) for column, name in stage.outputs}
    given = {column: str(value).lower() for column, value in asked.items() if value is not None}
    for column, name in stage.outputs:
        if name in wishes.present and wishes.present.pop(name, "") is None:
            given.setdefault(column, "1")  # a number, in case it is reckoned with
    if not given:
        return
    if table is None or table.rows is None:
        answers = {column: str(asked.get(column) or value) for column, value in given.items()}
        keys = {column: wishes.values.get(name) for column, name in stage.keys}
        found = back.made.answer(stage, keys, answers)
        for column, name in stage.keys:
            wishes.give(name, found[column])
        return
    for row in table.rows:
        if all((row.get(column) or "").lower() == value for column, value in given.items()):
            for column, name in stage.keys:
                text = filled(Pattern.from_spl(row.get(column, "")), "x")
                wishes.give(name, text)
            return


def _for_each(stage: s.ForEach, wishes: Wishes, back: _Back) -> None:
    """Take the wish about a field that the loop fills to the first field it goes through."""
    for name, expr in stage.template:
        value = wishes.values.get(name)
        if value is not None and _EACH in fields_of(expr):
            del wishes.values[name]
            wishes.present.pop(name, None)
            wishes.give(stage.patterns[0].replace("*", "0"), value)


_EACH = "<<FIELD>>"


def _expand(stage: s.Expand, wishes: Wishes, back: _Back) -> None:
    wishes.present[stage.field] = None


_STAGES: Mapping[type, Callable[[Any, Wishes, _Back], None]] = {
    s.Filter: _filter,
    s.Compute: _compute,
    s.Rename: _rename,
    s.Extract: _extract,
    s.Parse: _parse,
    s.Aggregate: _aggregate,
    s.Window: _window,
    s.Dedup: _dedup,
    s.Lookup: _lookup,
    s.Expand: _expand,
    s.ForEach: _for_each,
}


# -- expressions ---------------------------------------------------------------------------------


def _invert(expr: Expr, value: Any, wishes: Wishes) -> bool:
    """Wish what gives an expression a value; return whether a way was seen."""
    match expr:
        case Field(name):
            wishes.give(name, value)
            return True
        case Lit(known):
            return known is not None and str(known) == str(value)
        case Case(branches, default):
            return _branch(branches, default, value, wishes)
        case Call("concat", args):
            return _concat(args, str(value), wishes)
        case Call("spath" | "json_extract" | "json_extract_exact", (Field(source), Lit(str(path)))):
            _put_json(wishes, source, path, value)
            return True
        case Call("len", (Field(name),)):
            amount = number(str(value))
            wishes.give(name, "x" * int(min(amount or 0, 5000)))
            return True
        case Call("mvcount", (Call("split" | "mvsplit", (inner, Lit(str(sign)))),)):
            amount = number(str(value))
            return _invert(inner, sign.join("x" * int(max(1, min(amount or 1, 100)))), wishes)
        case Call("mvcount", (Field(name),)):
            amount = number(str(value))
            wishes.give(name, [f"{name}-{n}" for n in range(int(min(amount or 1, 100)))])
            return True
        case Call("add" | "plus" | "sub" | "mul" | "div" as op, (left, right)):
            return _arithmetic(op, left, right, number(str(value)), wishes)
        case Call(name, (first, *_)) if name in _SAME:
            return _invert(first, value, wishes)
        case _:
            return False


def _branch(
    branches: tuple[tuple[Pred, Expr], ...], default: Expr, value: Any, wishes: Wishes
) -> bool:
    for condition, result in branches:
        if isinstance(result, Lit) and not _gives(result, value):
            continue
        if _invert(result, value, wishes):
            wishes.meet(condition)
            return True
    return _invert(default, value, wishes)


def _gives(expr: Lit, value: Any) -> bool:
    try:
        found = compile_expr(expr)({})
    except NotComputable:
        return False
    return found is not None and str(found) == str(value)


def _concat(args: tuple[Expr, ...], value: str, wishes: Wishes) -> bool:
    """Give the whole text to the first field, and nothing to the others."""
    literals = [str(arg.value) for arg in args if isinstance(arg, Lit)]
    rest = value
    if args and isinstance(args[0], Lit) and rest.startswith(literals[0]):
        rest = rest.removeprefix(literals[0])
    if args and isinstance(args[-1], Lit) and rest.endswith(literals[-1]):
        rest = rest.removesuffix(literals[-1])
    first = True
    for arg in args:
        if not isinstance(arg, Lit):
            _invert(arg, rest if first else "", wishes)
            first = False
    return not first


def _arithmetic(op: str, left: Expr, right: Expr, value: float | None, wishes: Wishes) -> bool:
    if value is None:
        return False
    match op, left, right:
        case "add" | "plus", _, Lit(int() | float() as other):
            return _invert(left, number_text(value - other), wishes)
        case "sub", _, Lit(int() | float() as other):
            return _invert(left, number_text(value + other), wishes)
        case "mul", _, Lit(int() | float() as other) if other:
            return _invert(left, number_text(value / other), wishes)
        case "div", _, Lit(int() | float() as other):
            return _invert(left, number_text(value * other), wishes)
        case "add" | "plus", _, _:
            terms = [*_terms(left), *_terms(right)]
            if len({fields_of(term) for term in terms}) == 1:  # one field: all of it in one term
                return _invert(terms[0], number_text(value), wishes)
            share = number_text(max(1, math.ceil(value / len(terms))))
            found = [_invert(term, share, wishes) for term in terms]
            return all(found)
        case "sub", _, _:
            zero = _invert(right, "0", wishes)
            return _invert(left, number_text(value), wishes) and zero
        case "div" | "mul", _, _:
            one = _invert(right, "1", wishes)
            return _invert(left, number_text(value), wishes) and one
        case _:
            return False


def _terms(expr: Expr) -> tuple[Expr, ...]:
    match expr:
        case Call("add" | "plus", (left, right)):
            return (*_terms(left), *_terms(right))
        case _:
            return (expr,)


def _put_json(wishes: Wishes, source: str, path: str, value: Any) -> None:
    """Wish a JSON text with a value at a path; one that is wished already is added to."""
    try:
        whole = json.loads(wishes.values.get(source, "{}"))
    except (ValueError, TypeError):
        whole = {}
    steps = [step for step in path.replace("{}", ".{}").split(".") if step]
    wishes.values[source] = json.dumps(_placed(whole, steps, value))


def _placed(whole: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    head, *rest = steps
    if head.startswith("{"):
        items = whole if isinstance(whole, list) else []
        return [_placed(items[0] if items else None, rest, value), *items[1:]]
    known = whole if isinstance(whole, dict) else {}
    return {**known, head: _placed(known.get(head), rest, value)}


# -- texts that an expression takes parts from ---------------------------------------------------


def _matching(regex: Regex, given: Mapping[int, str]) -> str | None:
    """Return a text that an expression matches with these groups, None if none was found."""
    text = _written(regex.tree, given)
    return text if text is not None else next(iter(matching(regex.tree)), None)


def _written(node: t.Node, given: Mapping[int, str]) -> str | None:
    match node:
        case t.Capture(_, at) if at in given:
            return given[at]
        case t.Capture(body) | t.Atomic(body):
            return _written(body, given)
        case t.Repeat(body, low) if any(
            isinstance(each, t.Capture) and each.number in given for each in t.walk(body)
        ):
            once = _written(body, given)
            return None if once is None else once * max(low, 1)
        case t.Concat(items):
            return _row(_written(item, given) for item in items)
        case t.Alt(branches):
            return next((x for x in (_written(b, given) for b in branches) if x is not None), None)
        case _:
            return next(iter(matching(node)), "")


def _row(parts: Iterable[str | None]) -> str | None:
    found = list(parts)
    return None if None in found else "".join(part for part in found if part is not None)
