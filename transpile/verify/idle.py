"""Changes of stages that show in no row: what is computed from fields that no row has.

Behind a grouping a row has the fields that the grouping names and no others, until a stage adds
some. A stage that only computes nothing from nothing may as well not be there, and a rule that
joins or filters by a field which no row has finds nothing, however it is changed elsewhere. A row
that lacks what later stages ask for is lost, whatever a filter before them makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field
from itertools import chain
from typing import Any, TypeVar

from transpile.interpret import NotComputable, compile_pred
from transpile.ir import stages as s
from transpile.ir.expr import Expr, Field, Lit, Node
from transpile.ir.names import match_name, unrename
from transpile.ir.pred import FALSE, And, Exists, InRows, Or, Pred
from transpile.ir.walk import conjuncts, descend, fields_of, rebuild
from transpile.records import dataclass, replace
from transpile.verify.settled import NONE, settled

N = TypeVar("N", bound=Node)

Row = Mapping[str, Any]
Run = Callable[[s.Stage, Row], Row | None]
"""What becomes of one row by a stage alone, None if it is dropped."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields that rows may have: these, or any but some. Internal ones are not told.

    names: None: any.  without: fields that rows do not have, of any.  fixed: fields that have the
    same value in all rows, with it.
    """

    names: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    fixed: Mapping[str, Lit] = field(default_factory=dict)

    def of(self, name: str) -> Lit | None:
        """Return the value that all rows have of a field, `NONE` for none, None: not known."""
        return NONE if self.lack((name,)) else self.fixed.get(name)

    def lack(self, asked: Iterable[str]) -> bool:
        """Return whether rows have none of some fields."""
        return all(
            not name.startswith("_")
            and (name in self.without if self.names is None else name not in self.names)
            for name in asked
        )

    def less(self, gone: Iterable[str]) -> Fields:
        """Return the fields of rows that do not have some."""
        names = frozenset(gone)
        fixed = {name: value for name, value in self.fixed.items() if name not in names}
        if self.names is None:
            return Fields(None, self.without | names, fixed)
        return Fields(self.names - names, fixed=fixed)

    def more(self, added: Iterable[str]) -> Fields:
        """Return the fields of rows that may have some more."""
        names = frozenset(added)
        fixed = {name: value for name, value in self.fixed.items() if name not in names}
        if self.names is None:
            return Fields(None, self.without - names, fixed)
        return Fields(self.names | names, fixed=fixed)

    def computed(self, name: str, expr: Expr) -> Fields:
        """Return the fields of rows in which one is computed."""
        match settled(expr, self.of):
            case Lit(None):
                return self.less((name,))
            case Lit() as value:
                more = self.more((name,))
                return replace(more, fixed={**more.fixed, name: value})
            case _:
                return self.more((name,))


ANY = Fields()


def changes_nothing(before: s.Pipeline, after: s.Pipeline, at: int, run: Run) -> bool:
    """Return whether a rule and another, changed at a stage, are known to have the same rows."""
    if len(after.stages) < len(before.stages):
        same = _is_idle(before.stages[at], may_have(before.stages[:at]), run)
    else:
        asked = _asked(before.stages[at], after.stages[at])
        same = any(is_lost(name, before, at, run) for name in asked)
    return same or (finds_nothing(before) and finds_nothing(after))


def is_lost(name: str, pipeline: s.Pipeline, at: int, run: Run) -> bool:
    """Return whether the stages behind one drop each row that lacks a field.

    They do so before it meets other rows: it makes no difference whether it gets there.
    """
    return _is_lost(pipeline.stages[at + 1 :], may_have(pipeline.stages[:at]).less((name,)), run)


def _asked(before: s.Stage, after: s.Stage) -> Iterator[str]:
    """Yield the field that rows must have by one of two filters, and need not by one like it."""
    if not (isinstance(before, s.Filter) and isinstance(after, s.Filter)):
        return
    one, other = set(conjuncts(before.pred)), set(conjuncts(after.pred))
    match tuple(one ^ other):
        case (Exists(Field(name)),):
            yield name


def _is_lost(stages: tuple[s.Stage, ...], fields: Fields, run: Run) -> bool:
    """Return whether a row that has some fields at most is dropped before it meets another."""
    for stage in chain.from_iterable(map(_steps, stages)):
        if _lets_none_pass(stage, fields):
            return not (isinstance(stage, s.Dedup) and stage.consecutive)
        if not _is_by_row(stage):
            return False
        if not _gives_nothing(stage, fields, run):
            fields = _behind(stage, fields)
        elif isinstance(stage, s.Compute):  # nothing takes the place of what was there
            fields = fields.less(name for name, _ in stage.assignments)
    return False


def _steps(stage: s.Stage) -> Iterator[s.Stage]:
    """Yield a stage, one that computes field after field in as many parts."""
    if isinstance(stage, s.Compute):
        yield from (replace(stage, assignments=(each,)) for each in stage.assignments)
    else:
        yield stage


def _is_by_row(stage: s.Stage) -> bool:
    """Return whether a stage does the same with a row whatever other rows there are."""
    match stage:
        case s.Fill(fields=names, down=down):
            return bool(names) and not down
        case _:
            return isinstance(stage, _BY_ROW)


_BY_ROW = (s.Filter, s.Compute, s.Rename, s.Project, s.Lookup, s.Extract, s.Expand, s.Bucket)


def _gives_nothing(stage: s.Stage, fields: Fields, run: Run) -> bool:
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
    return bool(asked) and fields.lack(asked) and run(stage, {}) == {}


def may_have(stages: tuple[s.Stage, ...]) -> Fields:
    """Return the fields that the rows behind some stages may have."""
    fields = ANY
    for stage in stages:
        fields = _behind(stage, fields)
    return fields


def finds_nothing(pipeline: s.Pipeline) -> bool:
    """Return whether it is known that a rule has no rows, whatever the events are.

    A grouping without keys has a row for no rows at all.
    """
    fields = ANY
    empty = False
    for stage in pipeline.stages:
        empty = (empty and not _makes_rows(stage)) or _lets_none_pass(stage, fields)
        fields = _behind(stage, fields)
    return empty


def without_rows(node: N, empty: Collection[str]) -> N:
    """Return a rule, or a part of one, that reads no rows of tables that are known to have none."""

    def change(node: Node) -> Node:
        match node:
            case s.Pipeline((s.LookupTable(table) as first, *rest)) if table in empty:
                return replace(node, stages=(first, s.Filter(FALSE), *rest))
            case _:
                return rebuild(node, change)

    reads = any(isinstance(each, s.LookupTable) and each.table in empty for each in descend(node))
    return change(node) if reads else node  # type: ignore[return-value]


def without_searches(pred: Pred) -> Pred:
    """Return a predicate in which a search that finds nothing is known to let no row pass."""

    def change(node: Node) -> Node:
        if isinstance(node, InRows):
            return FALSE if finds_nothing(node.pipeline) else node
        return rebuild(node, change)

    asks = any(isinstance(node, InRows) for node in descend(pred))
    return change(pred) if asks else pred  # type: ignore[return-value]


def _makes_rows(stage: s.Stage) -> bool:
    match stage:
        case s.Aggregate(by=keys):
            return not keys
        case _:
            return not isinstance(stage, _FROM_ROWS)


_FROM_ROWS = (
    s.Filter, s.Compute, s.Rename, s.Project, s.Fill, s.Sort, s.Dedup, s.Lookup, s.Extract,
    s.Expand, s.Limit, s.Window, s.Join, s.Store,
)  # fmt: skip
"""Stages that have no rows of none."""


def _lets_none_pass(stage: s.Stage, fields: Fields) -> bool:
    match stage:
        case s.Filter(pred):
            return _is_never(pred, fields)
        case s.Dedup(keys=keys, keep_missing=False):
            return any(fields.lack((key,)) for key in keys)
        case s.Aggregate(by=by):
            return any(isinstance(x.expr, Field) and fields.lack((x.expr.name,)) for x in by)
        case s.Join(right, keys, outer=False):
            theirs = may_have(right.stages)
            return any(side.lack((key,)) for key in keys for side in (fields, theirs))
        case _:
            return False


def _is_never(pred: Pred, fields: Fields) -> bool:
    """Return whether it is known that no row meets a predicate."""
    match pred:
        case And(args):
            return any(_is_never(arg, fields) for arg in args)
        case Or(args):
            return all(_is_never(arg, fields) for arg in args)
        case InRows(inner):
            return finds_nothing(inner)
        case _:
            asked = fields_of(pred)
            lacking = bool(asked) and fields.lack(asked) and not _holds_of_nothing(pred)
            return lacking or settled(pred, fields.of) == FALSE


def _holds_of_nothing(pred: Pred) -> bool:
    """Return whether a row without fields meets a predicate, or may."""
    try:
        return compile_pred(pred)({})
    except NotComputable:
        return True


def _is_idle(stage: s.Stage, fields: Fields, run: Run) -> bool:
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
    return fixed and fields.lack(touched) and run(stage, {}) == {}


def _behind(stage: s.Stage, fields: Fields) -> Fields:
    """Return the fields that rows behind a stage may have."""
    match stage:
        case s.Aggregate(aggs, by):
            if any(agg.pattern != agg.name for agg in aggs if agg.pattern):
                return ANY
            if fields.names is None and any(agg.pattern for agg in aggs):
                return ANY
            made = (_names_of(agg, fields.names or frozenset()) for agg in aggs)
            return Fields(frozenset(key.name for key in by).union(*made))
        case s.Join(right):
            theirs = may_have(right.stages)
            one, other = fields.names, theirs.names
            return ANY if one is None or other is None else Fields(one | other)
        case s.Rename(pairs):
            return _renamed(pairs, fields)
        case s.Compute(assignments):
            for name, expr in assignments:
                fields = fields.computed(name, expr)
            return fields
        case s.Filter() | s.Store():
            return fields
        case s.Project(kept, drop=False) if not any("*" in name for name in kept):
            return Fields(frozenset(name for name in kept if not fields.lack((name,))))
        case s.Branch(others, alone=False, columns=False) if all(map(finds_nothing, others)):
            return fields
        case _:
            added = _added(stage)
            return ANY if added is None else replace(fields.more(added), fixed={})


def _names_of(agg: s.Agg, names: frozenset[str]) -> frozenset[str]:
    """Return the fields that an aggregate makes, of these if it makes one of each like them."""
    if not agg.pattern:
        return frozenset((agg.name,))
    return frozenset(name for name in names if match_name(agg.pattern, name))


def _added(stage: s.Stage) -> Iterator[str] | None:
    """Return the fields that a stage adds to rows, None if that is not known."""
    match stage:
        case s.Sort() | s.Dedup() | s.Limit() | s.Expand() | s.Project(drop=True):
            return iter(())
        case s.Extract(regex=regex):
            return (name for name, _ in regex.group_names)
        case s.Bucket(target=target):
            return iter((target,))
        case s.Window(aggs) if not any(agg.pattern for agg in aggs):
            return (agg.name for agg in aggs)
        case s.Lookup(outputs=outputs) if outputs:
            return (name for _, name in outputs)
        case s.Fill(fields=fields) if not any("*" in x for x in fields):
            return iter(fields)
        case _:
            return None


def _renamed(pairs: tuple[tuple[str, str], ...], fields: Fields) -> Fields:
    """Return the fields that rows may have behind a rename, one pair after the other."""
    fields = replace(fields, fixed={})
    for old, new in pairs:
        known = fields.without if fields.names is None else fields.names
        if fields.names is not None:
            made = (unrename(name, new, old) for name in known)
            fields = fields.more(name for name in made if name is not None)
        elif "*" in old:
            fields = fields.more(name for name in known if match_name(new, name))
        elif old != new:
            fields = fields.less((new,)) if fields.lack((old,)) else fields.more((new,))
            fields = fields.less((old,))
    return fields
