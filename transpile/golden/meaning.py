"""Whether two versions of a rule mean the same: proved, or run on events made from both.

Proved are rules of the same stages whose filters are the same predicates for all events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from transpile.errors import TranspileError
from transpile.interpret import matched, run_pipeline
from transpile.ir.simplify import simplify
from transpile.ir.stages import Filter, Pipeline
from transpile.records import dataclass
from transpile.running import context_for
from transpile.tables import tables_for
from transpile.verify.compare import difference
from transpile.verify.prove import Relation, compare
from transpile.verify.witness import START, maker_for, witnesses

if TYPE_CHECKING:
    from transpile.content import Content

NOW = START + 3600.0
"""When the two searches are run: after all made events."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """kind: `equal` (proved), `no difference` (on the events tried), `differs`, or `not compared`.

    text: one line for a person.  event: the one that only one of the two versions finds, or the
    row that only one yields.  before, after: whether each version finds it.
    """

    kind: Literal["equal", "no difference", "differs", "not compared"]
    text: str
    event: Mapping[str, Any] | None = None
    before: bool = False
    after: bool = False


def compare_meaning(
    before: Pipeline, after: Pipeline, content: Content, data_sources: Sequence[str] = ()
) -> Meaning:
    """Return whether two versions of a rule find the same events and yield the same rows."""
    if _proved_equal(simplify(before), simplify(after)):
        return Meaning("equal", "the meaning is the same: proved equal")
    try:
        return _run_both(before, after, content, data_sources)
    except TranspileError as error:
        return Meaning("not compared", f"the meaning was not compared: {error.message}")


def _proved_equal(before: Pipeline, after: Pipeline) -> bool:
    if len(before.stages) != len(after.stages):
        return False
    return all(
        one == other
        or (
            isinstance(one, Filter)
            and isinstance(other, Filter)
            and compare(one.pred, other.pred).relation is Relation.EQUAL
        )
        for one, other in zip(before.stages, after.stages, strict=True)
    )


def _run_both(
    before: Pipeline, after: Pipeline, content: Content, data_sources: Sequence[str]
) -> Meaning:
    events = [
        event
        for pipeline in (before, after)
        for event in witnesses(
            pipeline, maker_for(pipeline, data_sources, tables_for(pipeline, content))
        )
    ]
    if not events:
        return Meaning("not compared", "the meaning was not compared: no events could be made")
    contexts = [context_for(pipeline, content, now=NOW) for pipeline in (before, after)]
    old, new = (
        set(matched(pipeline, events, context))
        for pipeline, context in zip((before, after), contexts, strict=True)
    )
    if old != new:
        return _event_differs(events[min(old ^ new)], min(old ^ new) in old)
    lost, gained = difference(
        run_pipeline(before, events, contexts[0]), run_pipeline(after, events, contexts[1])
    )
    if lost or gained:
        row = (lost or gained)[0]
        which = "no longer yields" if lost else "now yields"
        text = f"the meaning changed: the rule {which} the row {_shown(row)}"
        return Meaning("differs", text, row, bool(lost), not lost)
    return Meaning("no difference", f"no difference on {len(events)} events made from both")


def _event_differs(event: Mapping[str, Any], before: bool) -> Meaning:
    which = "no longer finds" if before else "now finds"
    text = f"the meaning changed: the rule {which} the event {_shown(event)}"
    return Meaning("differs", text, event, before, not before)


def _shown(item: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in item.items() if value is not None)
