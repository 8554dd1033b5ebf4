"""Changes of stages that show in no row: what is computed from fields that no row has.

Behind a grouping a row has the fields that the grouping names and no others, until a stage adds
some. A stage that only computes nothing from nothing may as well not be there, and a rule that
joins or filters by a field which no row has finds nothing, however it is changed elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from transpile.interpret import NotComputable, compile_pred
from transpile.ir import stages as s
from transpile.ir.expr import Field
from transpile.ir.names import unrename
from transpile.ir.pred import And, Or, Pred
from transpile.ir.walk import fields_of

Fields = frozenset[str] | None
"""The fields that rows may have, None: any. Internal ones are not told: any may be there."""

Row = Mapping[str, Any]


def changes_nothing(
    before: s.Pipeline, after: s.Pipeline, at: int, run: Callable[[s.Stage, Row], Row | None]
) -> bool:
    """Return whether it is known that a rule and another, changed at a stage, have the same rows.

    run: what becomes of one row by a stage alone, None if it is dropped.
    """
    if len(after.stages) < len(before.stages):
        names = may_have(before.stages[:at])
        if _is_idle(before.stages[at], names, run):
            return True
    return finds_nothing(before) and finds_nothing(after)


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


def _is_idle(
    stage: s.Stage, names: Fields, run: Callable[[s.Stage, Row], Row | None]
) -> bool:
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
