"""The contract between the program and a target: one folder, one `Backend`, one entry point.

A backend turns a `Request` (a rule as IR, with its metadata) into a `Draft` (text, fidelity,
losses) or raises `Unsupported`; and it brings an `Engine` that runs such a text on events with a
parser the emitter does not share. Instances are immutable and safe in threads; heavy imports
happen inside methods. A third party registers its backend in the group `transpile.backends`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol, runtime_checkable

from transpile.answered import answered
from transpile.fidelity import Fidelity, Loss, Observable
from transpile.ir.expr import Expr
from transpile.ir.pred import TRUE, Pred
from transpile.ir.stages import DataModel, Events, Pipeline
from transpile.records import dataclass, replace
from transpile.tables import Table

Event = Mapping[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What a target may print about a rule; all texts are data, never markup or code.

    severity: informational, low, medium, high or critical.  techniques: ATT&CK ids.
    window: seconds that one run of the rule searches, None if no schedule is known.
    interval: seconds between two runs.  start, end: of the window, in seconds from the run (-3600).
    stem: a safe file name without suffix.
    """

    id: str = ""
    name: str = ""
    stem: str = "rule"
    description: str = ""
    status: str = ""
    type: str = ""
    author: str = ""
    date: str = ""
    modified: str = ""
    severity: str = "medium"
    risk_score: int | None = None
    references: tuple[str, ...] = ()
    false_positives: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()
    data_sources: tuple[str, ...] = ()
    window: int | None = None
    interval: int | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One conversion to make.

    pipeline: the rule.  info: its metadata.  variant: what follows the colon of the target name
    ("duckdb").  format: "" for the default.  schema: taxonomy name, "" for the backend's default.
    source: the search text as written, for comments.  lookups: tables the rule names.
    strict: turn assumptions into emitted checks.  keep_unmapped: pass unmapped fields through.
    """

    pipeline: Pipeline
    info: RuleInfo = field(default_factory=RuleInfo)
    variant: str = ""
    format: str = ""
    schema: str = ""
    source: str = ""
    lookups: Mapping[str, Table] = field(default_factory=dict)
    strict: bool = False
    keep_unmapped: bool = False

    @property
    def answered(self) -> Request:
        """The request for a target without subsearches: those over known tables are conditions."""
        pipeline = answered(self.pipeline, self.lookups)
        return self if pipeline is self.pipeline else replace(self, pipeline=pipeline)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What an engine must be given to run a text.

    dataset: id in `transpile.schema`, "" if the rule has none.  variant, platform: of the dataset.
    schema: taxonomy of the events' view.  tables: per table of a query its dataset (or lookup).
    fields: source fields (Splunk's view) the text depends on.  columns: per table those it reads.
    indices: patterns of the indices that hold its events.  parameters: of the text, each with what
    it is where nobody gives it.
    """

    dataset: str = ""
    variant: str = ""
    platform: str = "windows"
    schema: str = ""
    tables: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    indices: tuple[str, ...] = ()
    parameters: Mapping[str, Expr] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Side:
    """One of several searches whose events a text relates: its part of what `Draft` tells.

    name: of the search in the text.  source, pred: which events it is about, as in `EventRule`.
    groups: source fields whose values relate the sides, in the same order on each.
    """

    name: str
    source: Events | DataModel
    pred: Pred
    inputs: Inputs
    required: Pred = TRUE
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """An emitted text with what it keeps of the rule.

    groups: the rule's grouping fields as source fields, for the observable `groups`.  filled: what
    stands in a group for one of these that an event does not have, else it is in no group.
    required: what events are assumed to meet (`EventRule.required`).  distinct: source fields of
    which no two events of a group are assumed to share a value.  alike: those of which all events
    of a group are assumed to share one.  sides: of a text that relates events of several searches,
    all of them; the first is the rule's own.
    """

    text: str
    fidelity: Fidelity
    observable: Observable
    suffix: str
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[str, ...] = ()
    inputs: Inputs = field(default_factory=Inputs)
    groups: tuple[str, ...] = ()
    filled: Mapping[str, str] = field(default_factory=dict)
    required: Pred = TRUE
    stem: str = ""
    distinct: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What an engine saw: matching event indices, or result rows, or group key tuples.

    Exactly one of the three is not None.  hidden: fields of the events that the engine's tables
    cannot hold and that the text does not name: rows of all fields are shown without them.
    """

    events: frozenset[int] | None = None
    rows: tuple[Row, ...] | None = None
    groups: frozenset[tuple[Any, ...]] | None = None
    hidden: frozenset[str] = frozenset()


class Engine(Protocol):
    """Runs emitted texts on events in Splunk's view (it makes its own view by `inputs`)."""

    @property
    def name(self) -> str:
        """Name and version, "duckdb 1.4.1"."""

    def accepts(self, event: Event, draft: Draft) -> bool:
        """Return whether an event is one that the draft's assumptions admit (verify asks).

        On which second it was does not matter: verify asks once of events that differ in that only.
        """

    def run(
        self,
        draft: Draft,
        events: Sequence[Event],
        *,
        lookups: Mapping[str, Table],
        now: float,
    ) -> Seen:
        """Return what the text finds.

        Raises `UsageError` OUT504 if the engine is missing, `RejectedText` if it refuses the text.
        """


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """A line of `transpile targets`: declared, never guessed.

    engine: what executes it here, "" if it is only printed and parsed back.
    native: IR node and function names emitted as they are; lowered: those that are rewritten first.
    """

    name: str
    title: str
    observables: tuple[Observable, ...]
    formats: tuple[str, ...]
    schemas: tuple[str, ...]
    engine: str = ""
    native: frozenset[str] = frozenset()
    lowered: frozenset[str] = frozenset()


class Backend(Protocol):
    """A target family such as `sql`; `variants` are its dialects ("" if there is only one)."""

    name: str

    def targets(self) -> tuple[TargetInfo, ...]:
        """Return what can be asked for: one entry per variant."""

    def emit(self, request: Request) -> Draft:
        """Return the emitted text. Raises `Unsupported` before a character is printed."""

    def engine(self, variant: str) -> Engine | None:
        """Return the engine of a variant, None if it is only printed."""


@runtime_checkable
class MakesTables(Protocol):
    """A backend whose texts read tables that somebody has to make."""

    def event_tables(self, variant: str, inputs: Sequence[Inputs], schema: str) -> str:
        """Return statements that make the tables of events that texts with these inputs read.

        An input that names a dataset only stands for the dataset's table. Tables have the columns
        that the schema knows, and those that the texts read.
        """

    def lookup_tables(self, variant: str, tables: Sequence[Table]) -> str:
        """Return statements that make and fill lookup tables; one without rows stays empty."""


# -- texts of the language as input ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as IR, in the field names of its own language.

    pipeline: starts from `Events` with an `origin`; spans are offsets in the text.  taxonomy: whose
    names the fields are.  assumptions: what the reading takes for granted of the events.
    """

    pipeline: Pipeline
    taxonomy: str
    assumptions: tuple[str, ...] = ()


class Reader(Protocol):
    """Reads texts of a target's language; `languages` are the names that rules give to it."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that `read` knows."""

    def read(
        self, text: str, language: str = "", options: Mapping[str, Any] | None = None
    ) -> Reading:
        """Return the meaning of a text; nothing of it is left out.

        language: one of `languages`, "" for the first.  options: what a rule says beside its query
        (`index`, `threshold`).
        Raises `ReadingError` (a `ContentError`), placed in the text: CNT409 for a text that is
        wrong, CNT410 for a construct that is not read, which is named.
        """


@runtime_checkable
class Open(Protocol):
    """A backend with more variants than it can list."""

    def target(self, variant: str) -> TargetInfo:
        """Return the declaration of a variant that `targets` does not list."""


@runtime_checkable
class TellsFilter(Protocol):
    """A backend whose queries can be asked what they want of the rows of their source."""

    def source_filter(self, variant: str, draft: Draft) -> Pred:
        """Return the condition on the rows of the source, read from the text anew, in its columns.

        Raises `ReadingError`: CNT409 for a text that is wrong, CNT410 for one that is not read.
        """


@runtime_checkable
class Reads(Protocol):
    """A backend whose language can be read."""

    def reader(self) -> Reader:
        """Return the reader; like an engine it imports what it needs when it is used."""
