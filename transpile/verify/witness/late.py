"""Events for the conditions on what a rule computes: counts, texts taken apart, looked-up values.

For each change of such a condition there are values that show it. They are carried back through
the stages that made them, to events of the source; what comes of these is found out by running the
rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import islice

from transpile.interpret import NotComputable, compile_pred
from transpile.ir import stages as s
from transpile.ir.events import EventRule
from transpile.ir.pred import Pred
from transpile.ir.remember import Kept, Same
from transpile.ir.walk import fields_of
from transpile.records import replace
from transpile.tables import Table
from transpile.verify.known import Known, Names, known_before
from transpile.verify.witness.backwards import Back, answers_of, row_at, wishes_of
from transpile.verify.witness.choose import Solved, paired, telling
from transpile.verify.witness.groups import Group, Shape, group_of, grouped_by, shape_of
from transpile.verify.witness.inverse import reckoned
from transpile.verify.witness.maker import Event, Maker
from transpile.verify.witness.near import METADATA, edges, near
from transpile.verify.witness.solve import solutions
from transpile.verify.witness.wishes import Wishes
from transpile.verify.witness.written import merged

SOLUTIONS = 64
"""Ways to meet one condition that are tried."""

POOL = 360
"""Values near the edge of one condition, to choose from."""

MOST = 240
"""Values of all conditions of a rule that are carried back."""

MOST_EVENTS = 600
"""Events that are made for them."""

FIRST = 5000
"""Number of the first group that is made here."""


def late_events(
    rule: EventRule, pipeline: s.Pipeline, base: Event, scope: Event, maker: Maker
) -> Iterator[Group]:
    """Yield groups for the filters that come behind the source's own.

    base: an event that the source's own filters find.  scope: what places an event in the source.
    """
    by = grouped_by(pipeline)
    left = MOST_EVENTS
    for number, wishes in enumerate(islice(_carried(pipeline, maker), MOST), FIRST):
        wished = {name for kind in (wishes, *wishes.others) for name in kind.values}
        shape = wished_shape(rule, wishes, base, scope, maker, by)
        kept = {name for name in shape.networks if shape.base.get(name) == base.get(name)}
        shape = replace(shape, keys=tuple(n for n in shape.keys if n in kept or n not in wished))
        group = group_of(rule, shape, maker, shape.size, number)
        left -= len(group)
        if left < 0:
            return
        yield group


def wished_shape(
    rule: EventRule, wishes: Wishes, base: Event, scope: Event, maker: Maker, by: tuple[str, ...]
) -> Shape:
    """Return the shape of a group as it is wished for; what no wish is about is as in the base."""
    events = []
    for kind in (wishes, *wishes.others):
        kind.settle(rule)
        event = scope | _kept(base, kind.values, maker) | kind.values
        event |= {name: merged(str(base[name]), text) for name, text in kind.values.items()
                  if name in base and isinstance(text, str)}  # fmt: skip
        full = paired(maker.completed(event, kind.present), maker)
        events += [full] if full not in events else []
    first, *others = events
    return shape_of(rule, first, maker, wishes.size, tuple(wishes.distinct), by, others)


def _kept(base: Event, wished: Event, maker: Maker) -> Event:
    """Return what an event keeps of the base: what neither is wished for nor contradicts that."""
    odd = maker.at_odds(base | wished) - maker.at_odds(base)
    return {name: value for name, value in base.items() if name not in odd}


def _carried(pipeline: s.Pipeline, maker: Maker) -> Iterable[Wishes]:
    """Return what `_wanted` yields; makers of events for several conversions share it.

    Where tables have no rows, each has to make its own.
    """
    if any(table.rows is None for table in (maker.tables or {}).values()):
        return _wanted(pipeline, maker)
    same = Same(pipeline)
    if same not in maker.late:
        maker.late[same] = Kept(_wanted(pipeline, maker))
    return maker.late[same]


def _wanted(pipeline: s.Pipeline, maker: Maker) -> Iterator[Wishes]:
    """Yield the wishes for each event that tells a change of a later filter apart."""
    back = back_of(pipeline, maker)
    for at in late_filters(pipeline):
        stage = pipeline.stages[at]
        assert isinstance(stage, s.Filter)
        pred = reckoned(stage.pred)
        known_here = back.known[at].facts(pred)
        lists = frozenset(n for n, kind in back.known[at].fields.items() if not kind.single)
        facts = replace(known_here, single=partial(_is_no_list, lists))
        asked_later = _tested(row_at(at + 1, pipeline, back), pred)
        keeps = partial(_keeps, {n: v for n, v in asked_later.items() if v is not None})
        plain = Maker(single=facts.single, whole=facts.whole, consistent=keeps, taxonomies=())
        try:
            found = list(islice(solutions(pred), SOLUTIONS))
        except NotComputable:  # it asks for rows of another search
            continue
        usual = _tested(row_at(at, pipeline, back), pred)
        bases = [*(row for row in (usual,) if compile_pred(pred)(dict(row))), *found[:2]][:2]
        pool = [
            *islice(near(bases, pred, plain), POOL),
            *islice(edges(bases[:1], found[2:]), POOL),
        ]
        pool.sort(key=lambda row: not keeps(row))
        for row in (*bases[:1], *telling(pred, pool, plain, Solved(pred, facts), {})):
            yield wishes_of(pipeline, back, (at, _tested(row, pred)))


def _tested(row: Event, pred: Pred) -> Event:
    """Return a row's fields that a predicate asks about, None for one that it does not have."""
    return {name: row.get(name) for name in sorted(fields_of(pred) - METADATA)}


def _keeps(wanted: Event, row: Event) -> bool:
    """Return whether a row holds what the stages behind a filter want of it."""
    return all(row.get(name) == value for name, value in wanted.items())


def _is_no_list(lists: frozenset[str], name: str) -> bool:
    return name not in lists


def back_of(pipeline: s.Pipeline, maker: Maker) -> Back:
    """Return what is known on the way back through a rule's stages."""
    source = pipeline.stages[0]
    prefix = source.prefix if isinstance(source, s.DataModel) else ""

    def example(name: str, number: int) -> str:
        return maker.example(name.removeprefix(prefix), number)

    tables = maker.tables if maker.tables is not None else _NO_TABLES
    known, answers = _known(Same(pipeline), maker.single, maker.whole, Same(tables))
    return Back(example, tables, maker.made, known, answers)


_NO_TABLES: Mapping[str, Table] = {}


@lru_cache(maxsize=8)
def _known(
    pipeline: Same[s.Pipeline], single: Names, whole: Names, tables: Same[Mapping[str, Table]]
) -> tuple[tuple[Known, ...], Mapping[str, str]]:
    """Return what is known of the rows before each stage, and what lookups answer."""
    known = known_before(pipeline.item, single, whole, tables.item)
    return known, answers_of(pipeline.item, tables.item)


def late_filters(pipeline: s.Pipeline) -> tuple[int, ...]:
    """Return the places of the filters that another stage than a filter precedes."""
    stages = pipeline.stages[1:]
    first = next((n for n, x in enumerate(stages, 1) if not isinstance(x, s.Filter)), len(stages))
    return tuple(
        at
        for at, stage in enumerate(pipeline.stages)
        if at > first and isinstance(stage, s.Filter)
    )
