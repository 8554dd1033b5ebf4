"""Which fields each stage must hand on, found from the end of a pipeline to its start."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from transpile.backends.sql.aggregates import ORDERED, TIMED

from transpile.ir import stages as s
from transpile.ir.expr import Each, Field, Node
from transpile.ir.names import match_name, rename_name, unrename
from transpile.ir.pred import InRows, Keyword
from transpile.ir.remember import Same
from transpile.ir.stages import Agg, Pipeline, Stage
from transpile.ir.walk import children
from transpile.records import dataclass

MOST_NAMES = 2_000
"""Fields from which on a stage is asked for all there are, so that no search takes much memory."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Fields that are read later; names None: every field there is. order: so is the row order."""

    names: frozenset[str] | None = None
    order: bool = False

    def __contains__(self, name: str) -> bool:
        return self.names is None or name in self.names

    def plus(self, names: Iterable[str], *, order: bool = False) -> Needs:
        """Return the needs with more fields."""
        found = None if self.names is None else self.names | frozenset(names)
        if found is not None and len(found) > MOST_NAMES:
            found = None
        return Needs(found, self.order or order)

    def minus(self, names: Iterable[str]) -> Needs:
        """Return the needs without fields that come into being."""
        return Needs(None if self.names is None else self.names - frozenset(names), self.order)


def needs_after(pipeline: Pipeline, end: Needs) -> list[Needs]:
    """Return, for each stage of a pipeline, what must come out of it."""
    found = [end]
    for stage in reversed(pipeline.stages[1:]):
        found.append(needs_before(stage, found[-1]))
    found.reverse()
    return found


def reads(node: Node) -> frozenset[str]:
    """Return the fields a predicate or expression reads, inner searches and raw text included."""
    return _reads(Same(node))


@lru_cache(maxsize=1024)
def _reads(same: Same[Node]) -> frozenset[str]:
    names: set[str] = set()
    waiting: list[Node] = [same.item]
    while waiting:
        match waiting.pop():
            case Field(name):
                names.add(name)
            case Keyword():
                names.add("_raw")
            case InRows(pipeline):
                names |= output_names(pipeline) or frozenset()
            case Each(var=var, source=source, keep=keep, body=body):
                waiting.append(source)
                for part in (keep, body):
                    names |= reads(part) - {var} if part is not None else set()
            case node:
                waiting += children(node)
    return frozenset(names)


def output_names(pipeline: Pipeline) -> frozenset[str] | None:
    """Return the fields of a pipeline's rows as far as its text tells, None if it does not."""
    names: frozenset[str] | None = None
    for stage in pipeline.stages:
        match stage:
            case s.Aggregate(aggs, by):
                names = frozenset(a.name for a in aggs) | frozenset(k.name for k in by)
            case s.Project(fields, False) if not any("*" in f for f in fields):
                names = frozenset(fields) if names is None else names & frozenset(fields)
            case s.Project(fields, True) if names is not None:
                names = frozenset(x for x in names if not named(x, fields))
            case s.Compute(assignments) if names is not None:
                names |= {name for name, _ in assignments}
            case s.Rename(pairs) if names is not None:
                for old, new in pairs:
                    names = frozenset(rename_name(name, old, new) for name in names)
            case s.Lookup() | s.Join() | s.Branch() | s.Pivot() | s.Parse():
                names = None
            case _:
                pass
    return names


def named(name: str, patterns: Iterable[str]) -> bool:
    """Return whether a field name matches one of the names with wildcards."""
    return any(match_name(pattern, name) for pattern in patterns)


def needs_before(stage: Stage, after: Needs) -> Needs:
    """Return what a stage must be given so that `after` can come out of it."""
    match stage:
        case s.Filter(pred):
            return after.plus(reads(pred))
        case s.Compute(assignments):
            for name, expr in reversed(assignments):
                if name in after:
                    after = after.minus((name,)).plus(reads(expr))
            return after
        case s.Extract(source) | s.Parse(_, source):
            return after.plus((source,))
        case s.Rename(pairs):
            for old, new in reversed(pairs):
                after = _before_rename(old, new, after)
            return after
        case s.Project(_, drop):
            return after if drop else _before_keep(stage, after)
        case s.Fill():
            return after.plus((), order=stage.down)
        case s.Bucket(field, target):
            return after.minus((target,)).plus((field,))
        case s.Expand(field):
            return after.plus((field,))
        case s.Lookup(keys=keys, outputs=outputs, keep_existing=keep):
            present = (name for _, name in outputs if keep)
            return after.plus(field for _, field in keys).plus(present)
        case s.Aggregate(aggs, by):
            return _before_aggregate(aggs, Needs(frozenset())).plus(
                name for key in by for name in reads(key.expr)
            )
        case s.Window(aggs, by):
            kept = after.minus(agg.name for agg in aggs).plus(by)
            return _before_aggregate(aggs, kept).plus((), order=stage.running)
        case s.Dedup(keys):
            return after.plus(keys, order=True)
        case s.Sort(keys):
            return after.plus(key.field for key in keys)
        case s.Limit():
            return after.plus((), order=True)
        case s.Join(keys=keys):
            return after.plus(keys) if keys else Needs(None, after.order)
        case s.Totals(fields, target) if fields:
            return after.minus((target,)).plus(fields) if target in after else after
        case s.Transaction(fields, starts=starts, ends=ends):
            made = after.minus(("duration", "eventcount", "closed_txn")).plus(("_time", *fields))
            tests = [test for test in (starts, ends) if test is not None]
            return made.plus((name for test in tests for name in reads(test)), order=True)
        case s.Geo(field):
            return after.plus((field,))
        case s.Sequence() | s.Pivot() | s.ForEach() | s.Totals() | s.Combine():
            return Needs(None, True)
        case _:
            return after


def _before_rename(old: str, new: str, after: Needs) -> Needs:
    if after.names is None:
        return after
    if "*" not in old:
        return after.minus((new,)).plus((old,)) if new in after else after
    return after.plus(
        origin for name in after.names if (origin := unrename(name, old, new)) is not None
    )


def _before_keep(stage: s.Project, after: Needs) -> Needs:
    plain = frozenset(name for name in stage.fields if "*" not in name)
    if after.names is None:
        time = frozenset({"_time"} if stage.keep_internal else ())
        return Needs(plain | time, after.order) if len(plain) == len(stage.fields) else after
    internal = stage.keep_internal
    kept = (
        name
        for name in after.names
        if named(name, stage.fields) or (internal and name.startswith("_"))
    )
    return Needs(frozenset(kept), after.order)


def _before_aggregate(aggs: tuple[Agg, ...], base: Needs) -> Needs:
    for agg in aggs:
        if agg.pattern:
            return Needs(None, True)
        names = reads(agg.where) | (reads(agg.arg) if agg.arg is not None else frozenset())
        timed = {"_time"} if agg.func in TIMED else set()
        base = base.plus(names | timed, order=agg.func in ORDERED)
    return base
