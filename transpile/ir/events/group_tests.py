"""Filters on a group of events: thresholds, and what some event of it must be like.

`where count > 5` is a threshold. `values(process) as process by host | search process="*x*"` asks
for some event of the group with such a process: a threshold of one event among those that count.
Of a key of the grouping there is one value in each group, so that a test on the values of a key is
one on each event.
"""

from __future__ import annotations

from transpile.errors import Span
from transpile.ir import stages as s
from transpile.ir.events.groups import named, need
from transpile.ir.events.reader import Aggregated, Elsewhere, Env, NotHere, Reader, Value
from transpile.ir.events.rule import Threshold, ThresholdOp
from transpile.ir.expr import Call, Expr, Field
from transpile.ir.pred import (
    TRUE,
    And,
    Condition,
    Exists,
    Not,
    NumEq,
    Or,
    Order,
    Pred,
    Quant,
    Test,
    all_of,
    any_of,
    negate,
)
from transpile.ir.simplify import simplify_pred
from transpile.ir.walk import fields_of
from transpile.records import replace

_LISTS = frozenset({"values", "list"})


def tested(reader: Reader, part: Pred, span: Span | None) -> bool:
    """Read a test on a group; return whether that was possible."""
    if reader.single is not None:
        if _of_first_rows(reader, part, span):
            return True
        reader.lose_single()
    if _on_keys(reader, part):
        return True
    found = _threshold(reader, part, span)
    if found is not None and _always(found):
        if found.field:
            need(reader, _counted(reader, part))
        return True
    if found is None and reader.powers.several:
        found = _some_event(reader, part, span)
    if found is None or not reader.plain_keys or not _fits(reader, found):
        return False
    reader.tests.append(found)
    return True


def _of_first_rows(reader: Reader, part: Pred, span: Span | None) -> bool:
    """Read a count of rows of which a dedup left one each: a count of different values.

    `dedup a b | stats count by a | where count > 5` counts the values of `b`.
    """
    found = _threshold(reader, part, span)
    keys, groups = reader.tests[0].by, set(reader.groups or ())
    others = [name for name in keys if name not in groups]
    if found is None or not found.grows or found.func != "count" or found.where != TRUE:
        return False
    if not groups <= set(keys) or len(others) != 1 or not reader.plain_keys:
        return False
    reader.tests = [replace(found, func="dc", field=others[0])]
    reader.single = None
    return True


def _fits(reader: Reader, found: Threshold) -> bool:
    """Return whether a test has a place beside those that were read before."""
    if reader.powers.several:
        return found.grows if found.where != TRUE or reader.tests else True
    return not reader.tests and found.where == TRUE


# -- the values of a key ---------------------------------------------------------------------------


def _on_keys(reader: Reader, part: Pred) -> bool:
    """Ask each event for what a test demands of the values of keys; False for another test."""
    keys = set(reader.groups or ())

    def value_of(name: str) -> Value:
        value = reader.env.get(name)
        if not isinstance(value, Aggregated) or value.agg.func not in _LISTS:
            return value
        agg = value.agg
        if agg.where == TRUE and isinstance(agg.arg, Field) and agg.arg.name in keys:
            return agg.arg
        return value

    try:
        decided = Env({}, value_of).decide(part)
    except NotHere:
        return False
    reader.ask(simplify_pred(decided))
    return True


# -- what some event must be like ------------------------------------------------------------------


def _some_event(reader: Reader, part: Pred, span: Span | None) -> Threshold | None:
    """Return the test that some event of a group is one that `part` tells, None if it is none."""
    wanted = _another(reader, part) or _telling(reader, part)
    if wanted is None or reader.groups is None:
        return None
    return Threshold(
        "count", "", ">=", 1, reader.groups, reader.window, where=simplify_pred(wanted), span=span
    )


def _another(reader: Reader, part: Pred) -> Pred | None:
    """Return the test that an event has another value, where the group was asked for any before.

    `search f!="x"` asks for both: that there is a value, and that not every one is that.
    """
    match part:
        case Not(Test(Field(name), condition, Quant.ALL)):
            value = _listed(reader, name)
        case _:
            return None
    if value is None:
        return None
    for test in reader.tests:
        if (test.func, test.op, test.number) == ("count", ">=", 1) and test.where == Exists(value):
            reader.tests.remove(test)
            return all_of((test.where, negate(Test(value, condition, Quant.ALL))))
    return None


def _telling(reader: Reader, part: Pred) -> Pred | None:
    """Return what an event is like that makes a test on the values of its group true."""
    match part:
        case Or(args):
            told = [_telling(reader, arg) for arg in args]
            return None if None in told else any_of(each for each in told if each is not None)
        case And(args):
            told = [_telling(reader, arg) for arg in args]
            on_lists = [arg for arg in args if any(map(reader.is_group_value, fields_of(arg)))]
            if None in told or len(on_lists) > 1:
                return None
            return all_of(each for each in told if each is not None)
        case Test(Field(name), _, Quant.ANY) | Exists(Field(name)):
            value = _listed(reader, name)
            return None if value is None else replace(part, subject=value)
        case _:
            return None


def _listed(reader: Reader, name: str) -> Expr | None:
    """Return what the list of a group's values collects, or the key of that name."""
    value = reader.env.get(name)
    if isinstance(value, Elsewhere):
        return None
    if not isinstance(value, Aggregated):
        return value
    collects = value.agg.func in _LISTS and value.agg.where == TRUE
    return value.agg.arg if collects else None


# -- thresholds ------------------------------------------------------------------------------------


def _threshold(reader: Reader, part: Pred, span: Span | None) -> Threshold | None:
    """Return the threshold that a test on an aggregate is, None if it is none."""
    match part:
        case Test(subject=Field() | Call("mvcount", (Field(),)) as subject, condition=condition):
            agg = _aggregate(reader, subject)
        case _:
            return None
    if agg is None or reader.groups is None:
        return None
    if agg.where != TRUE and agg.func != "count":
        return None
    argument = "" if agg.arg is None else named(agg.arg, reader)
    limit = _limit(condition)
    if argument is None or limit is None:
        return None
    return Threshold(
        agg.func, argument, *limit, reader.groups, reader.window, agg.param, agg.where, span
    )


def _limit(condition: Condition) -> tuple[ThresholdOp, int | float] | None:
    match condition:
        case Order(op, int() | float() as number):
            return op, number
        case NumEq(number):
            return "==", number
        case _:
            return None


def _aggregate(reader: Reader, subject: Expr) -> s.Agg | None:
    """Return the aggregate that a test asks about: the length of a list of values is a count."""
    name = subject.args[0] if isinstance(subject, Call) else subject
    value = reader.env.get(name.name) if isinstance(name, Field) else None
    if not isinstance(value, Aggregated):
        return None
    if not isinstance(subject, Call):
        return value.agg
    return replace(value.agg, func="dc") if value.agg.func == "values" else None


def _counted(reader: Reader, part: Pred) -> Expr:
    """Return what the aggregate of a test counts."""
    assert isinstance(part, Test)
    agg = _aggregate(reader, part.subject)
    assert agg is not None
    assert agg.arg is not None
    return agg.arg


def _always(threshold: Threshold) -> bool:
    """Return whether every group passes: it has an event, and that a value to count."""
    if threshold.func not in ("count", "dc") or threshold.where != TRUE:
        return False
    return (threshold.op, threshold.number) in ((">", 0), (">=", 1), (">=", 0), (">", -1))
