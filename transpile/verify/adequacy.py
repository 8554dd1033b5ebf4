"""How much the events tried can show: which mutants of the rule they tell from the rule."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from transpile.errors import Span
from transpile.interpret import NotComputable
from transpile.ir.pred import Pred
from transpile.ir.stages import Aggregate, DataModel
from transpile.ir.walk import fields_of
from transpile.verify.mutate import Mutant
from transpile.verify.runs import Result
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


def adequacy(
    trial: Trial,
    scenes: Sequence[int],
    observed: Callable[[Result], Hashable],
    required: Pred,
    *,
    rows: bool,
    grouped: bool = False,
    alike: Sequence[str] = (),
) -> Adequacy:
    """Return which mutants the events tried tell apart at an observable.

    scenes: bits of events that are tried together.  observed: what is compared of a result.  rows:
    whether that is the result rows; grouped: whether it is groups of events.  required: what the
    events are assumed to meet.  alike: fields that are the same in all events of a group.
    """
    originals = [(scene, observed(trial.runs.result(scene))) for scene in scenes]
    killed = same = 0
    gaps: list[Gap] = []
    for mutant in trial.mutants(rows=rows):
        try:
            told = any(
                _told(trial, scene, mutant, observed, original, rows=rows, grouped=grouped)
                for scene, original in originals
            )
        except NotComputable:
            continue
        if told:
            killed += 1
            continue
        gap = None if _only_alike(trial, mutant, alike) else _gap(trial, mutant, required)
        if gap is None:
            same += 1
        else:
            gaps.append(gap)
    return Adequacy(killed, same, tuple(gaps))


def _told(
    trial: Trial,
    scene: int,
    mutant: Mutant,
    observed: Callable[[Result], Hashable],
    original: Hashable,
    *,
    rows: bool,
    grouped: bool,
) -> bool:
    by_rows = trial.runs.told(scene, mutant, rows=rows)
    if by_rows is None or (by_rows and grouped):
        return observed(trial.runs.result(scene, mutant)) != original
    return by_rows


def _gap(trial: Trial, mutant: Mutant, required: Pred) -> Gap | None:
    found = trial.same(mutant, required)
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
