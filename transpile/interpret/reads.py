"""What a pipeline reads: the raw text, and fields that a command could not compute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from transpile.interpret.errors import NotComputable
from transpile.ir import stages as s
from transpile.ir.expr import Field, Node
from transpile.ir.names import NAME_PART
from transpile.ir.pred import Keyword
from transpile.ir.walk import descend


def reads_raw(pipeline: s.Pipeline) -> bool:
    """Return whether some part of the pipeline reads the raw text of events."""
    return any(_reads_raw(node) for node in descend(pipeline))


def _reads_raw(node: Node) -> bool:
    match node:
        case Keyword() | Field("_raw"):
            return True
        case s.Extract(source=source) | s.Parse(source=source):
            return source == "_raw"
        case s.Project(fields=names, drop=False):
            return "_raw" in names
        case _:
            return False


def check_unknown_fields(pipeline: s.Pipeline) -> None:
    """Check that no later stage depends on a field that an `Opaque` command adds.

    That a `Project` names one is no dependence: the column stays empty.
    Raises NotComputable at the command that adds the field.
    """
    stages = pipeline.stages
    for at, stage in enumerate(stages):
        for unknown, source in _added(stage):
            needed = needed_later(unknown, stages[at + 1 :])
            if needed:
                names = ", ".join(sorted(needed))
                raise NotComputable(
                    f"{source.command}: {source.reason}; a later command needs {names}",
                    span=source.span,
                )


def _added(stage: s.Stage) -> Iterator[tuple[frozenset[str], s.Opaque]]:
    """Yield the unknown fields that a stage puts into the rows, with their command."""
    match stage:
        case s.Opaque(adds=names):
            yield frozenset(names), stage
        case s.Join(right=right):
            yield from _left_open(right)
        case s.Branch(others=others):
            for other in others:
                yield from _left_open(other)
        case _:
            return


def _left_open(pipeline: s.Pipeline) -> Iterator[tuple[frozenset[str], s.Opaque]]:
    for at, stage in enumerate(pipeline.stages):
        for names, source in _added(stage):
            for later in pipeline.stages[at + 1 :]:
                names = _survivors(names, later)
            yield names, source


def needed_later(names: frozenset[str], stages: Sequence[s.Stage]) -> frozenset[str]:
    """Return those of the fields that a stage reads before another value takes their place."""
    needed: frozenset[str] = frozenset()
    for stage in stages:
        needed |= names & frozenset(_reads(stage))
        names = _survivors(names, stage)
    return needed


def _survivors(names: frozenset[str], stage: s.Stage) -> frozenset[str]:
    if isinstance(stage, (s.Aggregate, s.Pivot)):
        return frozenset()
    return names - frozenset(_writes(stage))


def location_fields(stage: s.Geo) -> frozenset[str]:
    """Return the names of the fields that a location stage writes."""
    more = ("Continent", "MetroCode", "Timezone") if stage.all_fields else ()
    return frozenset(stage.prefix + name for name in (*LOCATION, *more))


LOCATION = ("City", "Country", "Region", "lat", "lon")


def _writes(stage: s.Stage) -> Iterator[str]:
    match stage:
        case s.Compute(assignments=assignments):
            yield from (name for name, _ in assignments)
        case s.Project(fields=names, drop=True):
            yield from names
        case _:
            return


def _reads(stage: s.Stage) -> Iterator[str]:
    yield from (node.name for node in descend(stage) if isinstance(node, Field))
    yield from _named(stage)


def array_fields(pipeline: s.Pipeline) -> frozenset[str]:
    """Return the fields that the pipeline names as whole arrays (`groups{}`)."""
    names = {node.name for node in descend(pipeline) if isinstance(node, Field)}
    names |= {name for node in descend(pipeline) for name in _named(node)}
    return frozenset(name for name in names if name.endswith("{}"))


def _named(node: Node) -> Iterator[str]:
    """Yield the fields that a stage reads by name, besides those in its expressions."""
    match node:
        case s.ComputeNamed(name=template):
            yield from NAME_PART.findall(template)
        case s.Extract(source=name) | s.Parse(source=name):
            yield name
        case s.Bucket(field=name) | s.Expand(field=name) | s.Combine(field=name):
            yield name
        case s.AutoBucket(field=name) | s.Unpivot(key=name):
            yield name
        case s.Geo(field=name):
            yield name
        case s.Rename(pairs=pairs):
            yield from (old for old, _ in pairs)
        case s.Lookup(keys=keys):
            yield from (name for _, name in keys)
        case s.Window(by=names) | s.Dedup(keys=names) | s.Join(keys=names):
            yield from names
        case s.Step(keys=names):
            yield from names
        case s.Transaction(fields=names) | s.Totals(fields=names):
            yield from names
        case s.Sort(keys=sort_keys):
            yield from (key.field for key in sort_keys)
        case s.Pivot(row=row, column=column):
            yield from (row, column)
        case _:
            return
