"""What a search is run with: its clock, time zone, lookup tables and outside helpers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, tzinfo

from transpile.interpret.errors import NotComputable
from transpile.interpret.values import Row
from transpile.ir.stages import Pipeline
from transpile.records import dataclass
from transpile.tables import Table

# (event, model, node) -> the event as the data model shows it, None if it is no member
ModelView = Callable[[Row, str, str], Row | None]
# address -> City, Country, Region, lat, lon (Continent, MetroCode, Timezone); None if unknown
GeoProvider = Callable[[str], Mapping[str, str | float] | None]


def cim_view(event: Row, model: str, node: str) -> Row | None:
    """Return an event as a node of the Common Information Model shows it, None for a non-member.

    Of a model that is not known here every event is a member as it stands.
    """
    from transpile.schema import cim

    facts = cim.node_facts(model, node)
    if facts is None:
        return dict(event)
    asks = facts.fields or facts.excluded or "tag" in event  # else every event is a member
    if asks and not cim.is_member(event, model, node):
        return None
    return cim.normalise(event, model, node)


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of one run.

    now: start of the search, epoch seconds.  lookups: tables by name.  timezone: of the user, for
    texts, calendar bins and snapping.  geo: the database behind `iplocation`.  front_end: turns
    the text of an inner search (`map`) into a pipeline.  model_view: data model normalisation.
    seed: of `random()`.
    """

    now: float = field(default_factory=time.time)
    lookups: Mapping[str, Table] = field(default_factory=dict)
    timezone: tzinfo = UTC
    geo: GeoProvider | None = None
    front_end: Callable[[str], Pipeline] | None = None
    model_view: ModelView = cim_view
    seed: int = 0


def _no_rows(pipeline: Pipeline) -> Sequence[Row]:
    raise NotComputable("an inner search needs the events of the run", span=pipeline.span)


@dataclass(frozen=True, slots=True)
class Scope:
    """What closures are compiled with: the context, and how an inner pipeline is run.

    track: whether rows carry their provenance.
    """

    context: Context
    rows_of: Callable[[Pipeline], Sequence[Row]] = _no_rows
    track: bool = False
