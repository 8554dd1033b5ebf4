"""What a pipeline reads: the raw text, and fields that an earlier command could not compute."""

from __future__ import annotations

from collections.abc import Iterator

from transpile.interpret.context import Context
from transpile.interpret.errors import NotComputable
from transpile.ir import stages as s
from transpile.ir.expr import Field, Node
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


def check_unknown_fields(pipeline: s.Pipeline, context: Context) -> None:
    """Check that no later stage depends on a field whose values are unknown.

    Such fields are those that an `Opaque` command adds, and location fields without a database.
    That a `Project` names one is no dependence: the column stays empty.
    Raises NotComputable at the command that adds the field.
    """
    stages = pipeline.stages
    for at, stage in enumerate(stages):
        unknown = frozenset(_unknown(stage, context))
        for later in stages[at + 1 :] if unknown else ():
            needed = unknown & frozenset(_reads(later))
            if needed:
                names = ", ".join(sorted(needed))
                raise NotComputable(
                    f"{_title(stage)}; a later command needs {names}", span=stage.span
                )
            unknown -= frozenset(_writes(later))
            if not unknown or isinstance(later, (s.Aggregate, s.Pivot)):
                break


def _unknown(stage: s.Stage, context: Context) -> Iterator[str]:
    match stage:
        case s.Opaque(adds=names):
            yield from names
        case s.Geo(prefix=prefix, all_fields=more) if context.geo is None:
            names = ("City", "Country", "Region", "lat", "lon")
            extra = ("Continent", "MetroCode", "Timezone") if more else ()
            yield from (prefix + name for name in (*names, *extra))
        case _:
            return


def _title(stage: s.Stage) -> str:
    if isinstance(stage, s.Opaque):
        return f"{stage.command}: {stage.reason}"
    return "no location database is given"


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
    match stage:
        case s.Extract(source=name) | s.Parse(source=name):
            yield name
        case s.Bucket(field=name) | s.Expand(field=name) | s.Combine(field=name):
            yield name
        case s.Geo(field=name):
            yield name
        case s.Rename(pairs=pairs):
            yield from (old for old, _ in pairs)
        case s.Lookup(keys=keys):
            yield from (name for _, name in keys)
        case s.Window(by=names) | s.Dedup(keys=names) | s.Join(keys=names):
            yield from names
        case s.Transaction(fields=names) | s.Totals(fields=names):
            yield from names
        case s.Sort(keys=sort_keys):
            yield from (key.field for key in sort_keys)
        case s.Pivot(row=row, column=column):
            yield from (row, column)
        case _:
            return
