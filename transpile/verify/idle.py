"""Changes of stages that show in no row: what is computed from fields that no row has.

Behind a grouping a row has the fields that the grouping names and no others, until a stage adds
some. A stage that only computes nothing from nothing may as well not be there, and a rule that
joins or filters by a field which no row has finds nothing, however it is changed elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from transpile.interpret import NotComputable, compile_pred
from transpile.ir import stages as s
from transpile.ir.expr import Field
from transpile.ir.names import unrename
from transpile.ir.pred import And, Exists, Or, Pred
from transpile.ir.walk import conjuncts, fields_of
from transpile.records import replace

Fields = frozenset[str] | None
"""The fields that rows may have, None: any. Internal ones are not told: any may be there."""

Row = Mapping[str, Any]
Run = Callable[[s.Stage, Row], Row | None]
"""What becomes of one row by a stage alone, None if it is dropped."""


def changes_nothing(before: s.Pipeline, after: s.Pipeline, at: int, run: Run) -> bool:
    """Return whether a rule and another, changed at a stage, are known to have the same rows."""
    if len(after.stages) < len(before.stages):
        names = may_have(before.stages[:at])
        if _is_idle(before.stages[at], names, run):
            return True
    for name in _dropped(before.stages[at], *after.stages[at : at + 1]):
        names = may_have(before.stages[:at])
        if names is not None and _is_lost(before.stages[at + 1 :], names - {name}, run):
            return True
    return finds_nothing(before) and finds_nothing(after)


def _dropped(before: s.Stage, after: s.Stage | None = None) -> Iterator[str]:
    """Yield the field that rows must have by one filter, and need not by another like it."""
    if not (isinstance(before, s.Filter) and isinstance(after, s.Filter)):
        return
    parts, rest = set(conjuncts(before.pred)), set(conjuncts(after.pred))
    match tuple(parts - rest):
        case (Exists(Field(name)),) if rest < parts:
            yield name


def _is_lost(stages: tuple[s.Stage, ...], names: Fields, run: Run) -> bool:
    """Return whether a row that has some fields at most is dropped before it meets another."""
    for stage in chain.from_iterable(map(_steps, stages)):
        if _lets_none_pass(stage, names):
            return not (isinstance(stage, s.Dedup) and stage.consecutive)
        if not isinstance(stage, _ROW_BY_ROW):
            return False
        if not _gives_nothing(stage, names, run):
            names = _behind(stage, names)
    return False


def _steps(stage: s.Stage) -> Iterator[s.Stage]:
    """Yield a stage, one that computes field after field in as many parts."""
    if isinstance(stage, s.Compute):
        yield from (replace(stage, assignments=(each,)) for each in stage.assignments)
    else:
        yield stage


_ROW_BY_ROW = (s.Filter, s.Compute, s.Rename, s.Project, s.Fill, s.Lookup, s.Extract, s.Expand)


def _gives_nothing(stage: s.Stage, names: Fields, run: Run) -> bool:
    """Return whether a stage gives a row no field, because it lacks those that it is made of."""
    match stage:
        case s.Extract(source=name):
            asked = frozenset((name,))
        case s.Lookup(keys=keys):
            asked = frozenset(name for _, name in keys)
        case s.Compute(((_, expr),)):
            asked = fields_of(expr)
        case _:
            return False
    return bool(asked) and _are_absent(asked, names) and run(stage, {}) == {}


def may_have(stages: tuple[s.Stage, ...]) -> Fields:
    """Return the fields that the rows behind some stages may have."""
    names: Fields = None
    for stage in stages:
        names = _behind(stage, names)
    return names


def finds_nothing(pipeline: s.Pipeline) -> bool:
    """Return whether it is known that a rule has no rows, whatever the events are.

    A grouping without keys has a row for no rows at all.
    """
    names: Fields = None
    empty = False
    for stage in pipeline.stages:
        empty = (empty and not _makes_rows(stage)) or _lets_none_pass(stage, names)
        names = _behind(stage, names)
    return empty


def _makes_rows(stage: s.Stage) -> bool:
    match stage:
        case s.Aggregate(by=keys):
            return not keys
        case (s.Filter() | s.Compute() | s.Rename() | s.Project() | s.Fill() | s.Sort() | s.Dedup()
              | s.Lookup() | s.Extract() | s.Expand() | s.Limit() | s.Window() | s.Join()
              ):  # fmt: skip
            return False
        case _:
            return True


def _lets_none_pass(stage: s.Stage, names: Fields) -> bool:
    match stage:
        case s.Filter(pred):
            return _is_never(pred, names)
        case s.Dedup(keys=keys, keep_missing=False):
            return any(_are_absent((key,), names) for key in keys)
        case s.Aggregate(by=by):
            return any(isinstance(x.expr, Field) and _are_absent((x.expr.name,), names) for x in by)
        case s.Join(right, keys, outer=False):
            theirs = may_have(right.stages)
            return any(_are_absent((key,), side) for key in keys for side in (names, theirs))
        case _:
            return False


def _is_never(pred: Pred, names: Fields) -> bool:
    """Return whether it is known that no row meets a predicate."""
    match pred:
        case And(args):
            return any(_is_never(arg, names) for arg in args)
        case Or(args):
            return all(_is_never(arg, names) for arg in args)
        case _:
            asked = fields_of(pred)
            return bool(asked) and _are_absent(asked, names) and not _holds_of_nothing(pred)


def _holds_of_nothing(pred: Pred) -> bool:
    """Return whether a row without fields meets a predicate, or may."""
    try:
        return compile_pred(pred)({})
    except NotComputable:
        return True


def _is_idle(stage: s.Stage, names: Fields, run: Run) -> bool:
    """Return whether a stage leaves each row as it is."""
    match stage:
        case s.Compute(assignments):
            made = frozenset(name for name, _ in assignments)
            touched = made.union(*(fields_of(expr) for _, expr in assignments))
            fixed = all(fields_of(expr) for _, expr in assignments)  # drawn by no chance
        case s.Extract(source, regex):
            touched = frozenset((source, *(name for name, _ in regex.group_names)))
            fixed = True
        case _:
            return False
    return fixed and _are_absent(touched, names) and run(stage, {}) == {}


def _are_absent(asked: Iterable[str], names: Fields) -> bool:
    return names is not None and not any(x in names or x.startswith("_") for x in asked)


def _behind(stage: s.Stage, names: Fields) -> Fields:
    """Return the fields that rows behind a stage may have."""
    match stage:
        case s.Aggregate(aggs, by):
            if any(agg.pattern for agg in aggs):
                return None
            return frozenset((*(agg.name for agg in aggs), *(key.name for key in by)))
        case s.Join(right):
            theirs = may_have(right.stages)
            return None if names is None or theirs is None else names | theirs
        case _:
            added = None if names is None else _added(stage, names)
            return None if names is None or added is None else names.union(added)


def _added(stage: s.Stage, names: frozenset[str]) -> Iterator[str] | None:
    """Return the fields that a stage adds to rows, None if that is not known."""
    match stage:
        case s.Filter() | s.Sort() | s.Dedup() | s.Limit() | s.Expand() | s.Project(drop=True):
            return iter(())
        case s.Compute(assignments):
            return (name for name, _ in assignments)
        case s.Extract(regex=regex):
            return (name for name, _ in regex.group_names)
        case s.Bucket(target=target):
            return iter((target,))
        case s.Window(aggs) if not any(agg.pattern for agg in aggs):
            return (agg.name for agg in aggs)
        case s.Lookup(outputs=outputs) if outputs:
            return (name for _, name in outputs)
        case s.Rename(pairs):
            return _renamed(pairs, names)
        case s.Project(fields) | s.Fill(fields=fields) if not any("*" in x for x in fields):
            return iter(fields)
        case _:
            return None


def _renamed(pairs: tuple[tuple[str, str], ...], names: frozenset[str]) -> Iterator[str]:
    """Yield names that fields may have behind a rename, one pair after the other."""
    known = set(names)
    for old, new in pairs:
        known |= {after for name in known if (after := unrename(name, new, old)) is not None}
    yield from known
