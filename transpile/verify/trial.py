"""One rule, its events and everything about it that conversions to several targets share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any, TypeVar

from transpile.compiled import Compiled
from transpile.interpret import Context, compile_pred, event_row
from transpile.interpret.context import cim_view
from transpile.ir.expr import Field, Node
from transpile.ir.names import unrename
from transpile.ir.pred import TRUE, Exists, Pred, all_of
from transpile.ir.stages import (
    Aggregate,
    Bucket,
    Compute,
    DataModel,
    Events,
    Extract,
    Filter,
    Lookup,
    LookupTable,
    Pipeline,
    Rename,
    Stage,
)
from transpile.ir.walk import descend, fields_of, rebuild
from transpile.records import dataclass, replace
from transpile.running import context_for
from transpile.schema.cim import never_missing
from transpile.tables import Table, tables_for
from transpile.verify.fixtures import load_fixtures
from transpile.verify.idle import changes_nothing, is_lost, without_rows, without_searches
from transpile.verify.known import Known, known_before
from transpile.verify.mutate import Mutant, mutants
from transpile.verify.prove import Answer, Facts, equal
from transpile.verify.runs import Runs
from transpile.verify.witness import Maker, maker_for, scenes

if TYPE_CHECKING:
    from transpile.backends.base import Draft
    from transpile.content import Content

Event = Mapping[str, Any]

N = TypeVar("N", bound=Node)

NO_TWINS: Mapping[str, str] = {}

WITNESS = "witness"
"""The origin of an event that is made from the rule."""


@dataclass(frozen=True)
class Trial:
    """A rule with the events it is tried on.

    origins: per event where it comes from: `fixture`, `given` (by the user) or `witness`.  content:
    what the rule is converted with.  now: start of the search.  made: rows, made with the events,
    of lookup tables whose rows the content does not have.  scenes: bits of the events that are
    tried together; none: all are.  groups: bits of those of which something can be seen only
    together; those that stand each for itself are one group.
    """

    compiled: Compiled
    content: Content
    events: tuple[Event, ...]
    origins: tuple[str, ...]
    now: float | None = None
    made: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)
    scenes: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()

    @property
    def pipeline(self) -> Pipeline:
        """The rule as IR."""
        return self.compiled.pipeline

    def seen_as(self, pipeline: Pipeline) -> Trial:
        """Return the trial of the same rule in other field names, with its own witnesses if any."""
        given = [pair for pair in zip(self.events, self.origins, strict=True) if pair[1] != WITNESS]
        seen = replace(self.compiled, pipeline=pipeline)
        witness = WITNESS in self.origins
        plain = Trial(seen, self.content, (), (), self.now)
        return _with_events(plain, given, maker=plain.maker if witness else None)

    def made_for(
        self,
        fits: Callable[[Event], bool],
        draft: Draft,
        required: Pred,
        twins: Mapping[str, str] = NO_TWINS,
        mutants: Sequence[Mutant] | None = None,
    ) -> Trial | None:
        """Return the trial on events that are made for one conversion alone, None without any.

        fits: whether the conversion speaks about an event.  required: what it assumes of each, but
        for twins: fields that always have the value of another one, with that one.  mutants: those
        that the events are to show, None: all.
        """
        fields = frozenset(draft.inputs.fields)
        read = fields | {name.rpartition(".")[2] for name in fields}
        keys = frozenset(draft.groups)
        beside = all_of(side.required for side in draft.sides[1:])
        maker = self.maker.fitting(fits, read, keys, required, draft.inputs.schema, twins, beside)
        if mutants is not None:
            shown = frozenset((mutant.what, mutant.span) for mutant in mutants)
            maker = replace(maker, shows=lambda what, span: (what, span) in shown)
        found = _with_events(replace(self, events=(), origins=()), (), maker=maker)
        return found if found.events else None

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """The lookup tables that the rule names, as the content has them."""
        return tables_for(self.pipeline, self.content)

    @cached_property
    def lookups(self) -> Mapping[str, Table]:
        """The lookup tables that both sides are run with."""
        found = dict(self.tables)
        for name, rows in self.made.items():
            columns = dict.fromkeys((*found[name].columns, *_columns(self.pipeline, name)))
            found[name] = replace(found[name], rows=rows, columns=tuple(columns))
        return found

    @cached_property
    def context(self) -> Context:
        """What the interpreter runs the rule with."""
        return replace(
            context_for(self.pipeline, self.content, now=self.now), lookups=self.lookups
        )

    @cached_property
    def maker(self) -> Maker:
        """How events of the rule's dataset look."""
        sources = self.compiled.rule.data_sources
        return maker_for(self.pipeline, sources, self.tables)

    @cached_property
    def runs(self) -> Runs:
        """The rule and its mutants over the events."""
        return Runs(self.pipeline, self.events, self.context)

    @cached_property
    def in_scope(self) -> tuple[bool, ...]:
        """Whether each event is of a source that the rule reads: a target has only those."""
        return tuple(map(scope_test(self.pipeline), self.events))

    @cached_property
    def source_rows(self) -> tuple[dict[str, Any] | None, ...]:
        """The events as the rule's source shows them, None for those that it does not have."""
        return tuple(source_row(event, self.pipeline.stages[0]) for event in self.events)

    def taken_apart(self, at: int) -> Mapping[str, Any]:
        """Return an event as the rule's source shows it, with what is taken out of its texts."""
        row = self.source_rows[at] or {}
        if not self._extracts:
            return row
        found = self.runs.interpreter.traced(Pipeline((Events(), *self._extracts)), [row])
        return found[0][0]

    @cached_property
    def _extracts(self) -> tuple[Extract, ...]:
        """The stages by which fields are taken out of texts before the first grouping."""
        before = takewhile(lambda stage: not isinstance(stage, Aggregate), self.pipeline.stages)
        return tuple(stage for stage in before if isinstance(stage, Extract))

    @cached_property
    def _mutants(self) -> dict[bool, tuple[Mutant, ...]]:
        return {}

    def mutants(self, *, rows: bool) -> tuple[Mutant, ...]:
        """Return the mutants of the rule, see `mutate.mutants`."""
        found = self._mutants.get(rows)
        if found is None:
            found = self._mutants[rows] = mutants(self.pipeline, rows=rows)
        return found

    def idle(self, mutant: Mutant) -> bool:
        """Return whether it is known from the fields that rows have that a mutant has the same."""

        before, after = self._read(self.pipeline), self._read(mutant.pipeline)
        return changes_nothing(before, after, mutant.stage, self._run)

    def _read(self, node: N) -> N:
        """Return a rule, or a part of one, that reads no rows of lookup tables without any."""
        empty = [name for name, table in self.lookups.items() if table.rows == ()]
        return without_rows(node, empty)

    def _run(self, stage: Stage, row: Event) -> Event | None:
        """Return what becomes of one row by a stage alone, None if it is dropped."""
        found = self.runs.interpreter.traced(Pipeline((Events(), stage)), [dict(row)])
        return found[0][0] if found else None

    def _had_behind(self, at: int, pred: Pred) -> Pred:
        """Return that rows have the fields of a filter without which the stages behind drop them.

        Two filters that agree on all other rows find the same.
        """
        names = (name for name in sorted(fields_of(pred)) if self._is_lost(name, at))
        return all_of(Exists(Field(name)) for name in names)

    @cached_property
    def _lost(self) -> dict[tuple[str, int], bool]:
        return {}

    def _is_lost(self, name: str, at: int) -> bool:
        found = self._lost.get((name, at))
        if found is None:
            found = self._lost[name, at] = is_lost(name, self.pipeline, at, self._run)
        return found

    @cached_property
    def _same(self) -> dict[tuple[int, Pred, tuple[tuple[str, str], ...]], Answer]:
        return {}

    def same(
        self, mutant: Mutant, required: Pred, twins: Mapping[str, str] = NO_TWINS
    ) -> Answer | None:
        """Return whether a mutant's filter is the rule's, None if another stage was changed.

        required: what events are assumed to meet, over the source's fields.  twins: of these those
        that always have the value of another one, with that one.
        """
        if mutant.pred is None:
            return None
        key = (id(mutant), required, tuple(twins.items()))
        found = self._same.get(key)
        if found is None:
            found = self._same[key] = self._asked(mutant, mutant.pred, required, twins)
        return found

    def _asked(
        self, mutant: Mutant, other: Pred, required: Pred, twins: Mapping[str, str]
    ) -> Answer:
        """Return whether a mutant's filter, another predicate, is the rule's."""
        stage = self.pipeline.stages[mutant.stage]
        assert isinstance(stage, Filter)
        pred, other = without_searches(self._read(stage.pred)), without_searches(self._read(other))
        if mutant.stage >= self.runs.split:
            both = all_of((pred, other))
            facts = self._known[mutant.stage].facts(both)
            had = self._had_behind(mutant.stage, both)
            return equal(pred, other, replace(facts, given=all_of((facts.given, had))))
        if required != TRUE or twins:  # what holds for all events holds for those of a target
            plain = self.same(mutant, TRUE)
            if plain is not None and plain.holds:
                return plain
        return self._same_leading(mutant.stage, pred, other, required, twins)

    def _same_leading(
        self, at: int, pred: Pred, other: Pred, required: Pred, twins: Mapping[str, str]
    ) -> Answer:
        source = self.pipeline.stages[0]
        prefix = source.prefix if isinstance(source, DataModel) else ""
        one = {prefix + name: prefix + first for name, first in twins.items()}
        both = all_of((pred, other))
        facts = self._facts(both, required)
        given = all_of((facts.given, self._had_behind(at, both)))
        facts = replace(facts, given=_renamed(given, one))
        return equal(_renamed(pred, one), _renamed(other, one), facts)

    @cached_property
    def _known(self) -> tuple[Known, ...]:
        """What is known of the rows that reach each stage."""
        source = self.pipeline.stages[0]
        prefix = source.prefix if isinstance(source, DataModel) else ""
        maker = self.maker
        return known_before(
            self.pipeline,
            lambda name: maker.single(name.removeprefix(prefix)),
            lambda name: maker.whole(name.removeprefix(prefix)),
            self.tables,
        )

    @cached_property
    def keys_behind(self) -> tuple[Field, ...]:
        """Fields of the source that the first grouping is by: rows without them are in no group."""
        stages = self.pipeline.stages
        at = next((n for n, x in enumerate(stages) if isinstance(x, Aggregate)), 0)
        last = stages[at]
        if not isinstance(last, Aggregate):
            return ()
        names = [key.expr.name for key in last.by if isinstance(key.expr, Field)]
        for stage in reversed(stages[self.runs.split : at]):
            match stage:
                case Rename(pairs):
                    for old, new in reversed(pairs):
                        before = {name: unrename(name, old, new) for name in names}
                        # a field that a wildcard makes may also have been there
                        names = [before[name] or name for name in names
                                 if "*" not in old or before[name] is None]  # fmt: skip
                case Compute(assignments):
                    made = {name for name, _ in assignments}
                    names = [name for name in names if name not in made]
                case Bucket(target=target):
                    names = [name for name in names if name != target]
                case Extract(regex=regex):
                    made = {name for name, _ in regex.group_names}
                    names = [name for name in names if name not in made]
                case Filter():
                    pass
                case _:
                    return ()
        return tuple(map(Field, names))

    def _facts(self, pred: Pred, required: Pred) -> Facts:
        """Return what is known of the rows of the source, which a filter reads."""
        source = self.pipeline.stages[0]
        maker = self.maker
        keys = map(Exists, self.keys_behind)
        if not isinstance(source, DataModel):
            return Facts(maker.single, maker.whole, all_of((required, *keys)))
        prefix = source.prefix
        required = _prefixed(required, prefix)
        always = never_missing(source.model, source.node)
        present = (
            Exists(Field(name))
            for name in sorted(fields_of(pred))
            if name.removeprefix(prefix) in always
        )
        return Facts(
            lambda name: maker.single(name.removeprefix(prefix)),
            lambda name: maker.whole(name.removeprefix(prefix)),
            all_of((required, *keys, *present)),
        )


def trial_of(
    compiled: Compiled,
    events: Sequence[Event] = (),
    *,
    content: Content,
    witness: bool = True,
    now: float | None = None,
) -> Trial:
    """Return the trial of a rule: on its fixtures, the given events and, by default, witnesses."""
    fixtures = load_fixtures(compiled.rule, content)
    now = fixtures.now if now is None else now
    found = [(event, "fixture") for event in fixtures.events]
    found += [(event, "given") for event in events]
    trial = Trial(compiled, content, (), (), now)
    return _with_events(trial, found, maker=trial.maker if witness else None)


def _with_events(
    trial: Trial, given: Sequence[tuple[Event, str]], *, maker: Maker | None
) -> Trial:
    """Return a trial with these events and those of a maker, each with its origin."""
    found = list(given)
    made: Mapping[str, tuple[Mapping[str, str], ...]] = {}
    bounds, ends = [0, len(found)], [0, len(found)]
    if maker is not None:
        for scene in scenes(trial.pipeline, maker):
            for group in scene:
                found += [(event, WITNESS) for event in group]
                ends.append(len(found))
            bounds.append(len(found))
        made = _rows_of_missing(trial, maker)
    kept, origins = [event for event, _ in found], [origin for _, origin in found]
    return replace(
        trial,
        events=tuple(kept),
        origins=tuple(origins),
        made=made,
        # what is given and what is made are tried together if that is one scene
        scenes=_parts(bounds) if len(bounds) > 3 else (),
        groups=_parts(ends),
    )


def _parts(bounds: Sequence[int]) -> tuple[int, ...]:
    """Return the bits of the places between bounds."""
    return tuple((1 << end) - (1 << start) for start, end in pairwise(bounds) if start < end)


def _rows_of_missing(trial: Trial, maker: Maker) -> Mapping[str, tuple[Mapping[str, str], ...]]:
    """Return rows for the tables without any; a table that nothing is asked of has none."""
    found = maker.made.rows
    return {
        name: tuple(found.get(name, ()))
        for name, table in trial.tables.items()
        if table.rows is None and _is_looked_up(trial.pipeline, name)
    }


def _columns(pipeline: Pipeline, table: str) -> Iterator[str]:
    """Yield the columns of a table that a rule names."""
    for node in descend(pipeline):
        if isinstance(node, Lookup) and node.table == table:
            yield from (column for column, _ in (*node.keys, *node.outputs))


def _prefixed(pred: Pred, prefix: str) -> Pred:
    """Return a predicate over the fields of a data model as its rows name them."""
    return _renamed(pred, {name: prefix + name for name in fields_of(pred)})


def _renamed(pred: Pred, names: Mapping[str, str]) -> Pred:
    """Return a predicate with other fields in the place of some."""

    def change(node: Node) -> Node:
        if isinstance(node, Field):
            return Field(names.get(node.name, node.name))
        return rebuild(node, change)

    return change(pred) if names else pred  # type: ignore[return-value]


def _is_looked_up(pipeline: Pipeline, name: str) -> bool:
    stages = [node for node in descend(pipeline) if isinstance(node, (Lookup, LookupTable))]
    return all(isinstance(node, Lookup) for node in stages if node.table == name)


def scope_test(pipeline: Pipeline) -> Callable[[Event], bool]:
    """Return whether an event is of a source that the rule reads: a target has only those.

    An event without any of the fields that a scope tests was chosen by the user.
    """
    scopes = []
    for node in descend(pipeline):
        if isinstance(node, DataModel) or (isinstance(node, Events) and node.scope == TRUE):
            return lambda event: True
        if isinstance(node, Events):
            scopes.append((fields_of(node.scope), compile_pred(node.scope)))

    def in_scope(event: Event) -> bool:
        row = event_row(event)
        return any(not names & row.keys() or decide(row) for names, decide in scopes)

    return in_scope


def source_row(event: Event, source: Stage) -> dict[str, Any] | None:
    """Return the event under the field names that a draft's `required` and `groups` use.

    None for an event that the source, a data model, does not have.
    """
    row = event_row(event)
    if isinstance(source, DataModel):
        return cim_view(row, source.model, source.node)
    return row
