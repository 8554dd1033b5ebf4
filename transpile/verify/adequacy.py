"""How much the events tried can show: which mutants of the rule they tell from the rule."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import field

from transpile.errors import Span
from transpile.interpret import NotComputable
from transpile.ir.pred import Pred
from transpile.ir.stages import Aggregate, DataModel
from transpile.ir.walk import fields_of
from transpile.records import dataclass
from transpile.verify.mutate import Mutant
from transpile.verify.reached import Result
from transpile.verify.trial import Trial


@dataclass(frozen=True, slots=True)
class Gap:
    """A mutant that no event tells from the rule, and that was not proved to be the same.

    part: what was changed, as it is written in the rule.
    """

    what: str
    span: Span | None
    reason: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Adequacy:
    """killed: mutants that an event tells from the rule.  same: proved to be no other rule."""

    killed: int = 0
    same: int = 0
    gaps: tuple[Gap, ...] = ()

    @property
    def mutants(self) -> int:
        """How many mutants there are, without those that are the same rule."""
        return self.killed + len(self.gaps)

    @property
    def score(self) -> float | None:
        """The share of mutants that were told apart, None without mutants."""
        return self.killed / self.mutants if self.mutants else None


@dataclass(frozen=True, slots=True)
class Observer:
    """What is compared of a result.

    observed: that in a form to compare.  rows: whether it is the result rows; grouped: whether it
    is groups of events.
    """

    observed: Callable[[Result], Hashable]
    rows: bool
    grouped: bool = False


def unseen(
    trial: Trial, scenes: Sequence[int], observer: Observer, mutants: Iterable[Mutant]
) -> tuple[int, list[Mutant]]:
    """Return how many mutants the events tried tell from the rule, and those that they do not.

    scenes: bits of events that are tried together.  A mutant that cannot be run is in neither.
    """
    originals = [(scene, observer.observed(trial.runs.result(scene))) for scene in scenes]
    killed = 0
    left: list[Mutant] = []
    for mutant in mutants:
        try:
            told = any(
                _told(trial, scene, mutant, observer, original) for scene, original in originals
            )
        except NotComputable:
            continue
        if told:
            killed += 1
        else:
            left.append(mutant)
    return killed, left


def _told(
    trial: Trial, scene: int, mutant: Mutant, observer: Observer, original: Hashable
) -> bool:
    by_rows = trial.runs.told(scene, mutant, rows=observer.rows)
    if by_rows is None or (by_rows and observer.grouped):
        return observer.observed(trial.runs.result(scene, mutant)) != original
    return by_rows


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a conversion assumes of events.

    required: what each meets.  alike: fields that are the same in all events of a group.  twins:
    fields that have the value of another one, with that one.
    """

    required: Pred
    alike: Sequence[str] = ()
    twins: Mapping[str, str] = field(default_factory=dict)


def gap_of(trial: Trial, mutant: Mutant, assumed: Assumed) -> Gap | None:
    """Return the gap that a mutant is which no event tells apart, None if it is the same rule."""
    if _only_alike(trial, mutant, assumed.alike) or trial.idle(mutant):
        return None
    found = trial.same(mutant, assumed.required, assumed.twins)
    if found is not None and found.holds:
        return None
    part = " ".join((trial.compiled.source_of(mutant.span) or "").split())
    return Gap(mutant.what, mutant.span, found.reason if found is not None else "", part)


def _only_alike(trial: Trial, mutant: Mutant, alike: Sequence[str]) -> bool:
    """Return whether a mutant drops a key only that is assumed to be the same in each group."""
    if not alike or len(mutant.pipeline.stages) != len(trial.pipeline.stages):
        return False
    before, after = trial.pipeline.stages[mutant.stage], mutant.pipeline.stages[mutant.stage]
    if not (isinstance(before, Aggregate) and isinstance(after, Aggregate)):
        return False
    source = trial.pipeline.stages[0]
    prefix = source.prefix if isinstance(source, DataModel) else ""
    gone = [name.removeprefix(prefix) for key in before.by if key not in after.by
            for name in fields_of(key.expr)]  # fmt: skip
    return bool(gone) and set(gone) <= set(alike)
