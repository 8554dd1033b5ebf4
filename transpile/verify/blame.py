"""Which condition decides where rule and target disagree about an event, on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from transpile.interpret import NotComputable, compile_pred
from transpile.ir.pred import Pred
from transpile.ir.show import show_pred
from transpile.ir.walk import conjuncts, fields_of
from transpile.names import shorten
from transpile.records import dataclass
from transpile.schema.datasets import dataset
from transpile.schema.fields import FieldMap
from transpile.schema.model_view import model_view
from transpile.verify.reread import Sides, part_at, sides

if TYPE_CHECKING:
    from transpile.convert import Conversion
    from transpile.verify.trial import Trial

_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Part:
    """A condition as it is written, with line and column (1-based) where that is known."""

    text: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Blame:
    """The conditions that differ about an event: the rule's and the target's, None if unknown."""

    rule: Part | None = None
    target: Part | None = None


def blame(trial: Trial, conversion: Conversion, at: int, *, rule_finds: bool) -> Blame:
    """Return what makes rule and target disagree about an event of the trial."""
    found = sides(trial, conversion)
    said = conjuncts(found.said) if isinstance(found, Sides) else ()
    ours = [part for pred in trial.runs.filters for part in conjuncts(pred)]
    if rule_finds:
        theirs = _unmet(said, _shown(trial, conversion, at))
        pair = _sharing(ours, theirs, trial, conversion, from_target=True)
        return Blame(_rule_part(trial, pair), _target_part(conversion, theirs))
    unmet = _unmet(ours, _row(trial, at))
    pair = _sharing(said, unmet, trial, conversion, from_target=False)
    return Blame(_rule_part(trial, unmet), _target_part(conversion, pair))


def _row(trial: Trial, at: int) -> Mapping[str, Any] | None:
    return trial.runs.row_of(at)


def _shown(trial: Trial, conversion: Conversion, at: int) -> Mapping[str, Any] | None:
    """Return the event in the target's field names."""
    draft = conversion.draft
    source = dataset(draft.inputs.dataset) if draft is not None else None
    if draft is None or source is None or draft.inputs.schema not in ("sigma", "ecs"):
        return None
    return model_view(
        trial.events[at],
        source,
        draft.inputs.schema,  # type: ignore[arg-type]
        draft.inputs.variant or None,
        platform=draft.inputs.platform,
    )


def _unmet(parts: Sequence[Pred], row: Mapping[str, Any] | None) -> Pred | None:
    if row is None:
        return None
    for part in parts:
        try:
            if not compile_pred(part)(dict(row)):
                return part
        except NotComputable:
            continue
    return None


def _sharing(
    parts: Sequence[Pred],
    other: Pred | None,
    trial: Trial,
    conversion: Conversion,
    *,
    from_target: bool,
) -> Pred | None:
    """Return the condition that asks about the fields of one of the other side."""
    draft = conversion.draft
    source = dataset(draft.inputs.dataset) if draft is not None else None
    if other is None or draft is None or source is None:
        return None
    fields = FieldMap(source, draft.inputs.variant or None)

    def names(pred: Pred, *, of_rule: bool) -> set[str]:
        if not of_rule:
            return set(fields_of(pred))
        found = (fields.lookup(name, draft.inputs.schema) for name in fields_of(pred))  # type: ignore[arg-type]
        return {target.field for target in found if target is not None and target.field}

    asked = names(other, of_rule=not from_target)
    return next((part for part in parts if asked & names(part, of_rule=from_target)), None)


def _rule_part(trial: Trial, pred: Pred | None) -> Part | None:
    if pred is None:
        return None
    compiled = trial.compiled
    written = compiled.source_of(pred.span) or show_pred(pred)
    place = compiled.place_of(pred.span) or (None, None)
    return Part(_short(written), *place)


def _target_part(conversion: Conversion, pred: Pred | None) -> Part | None:
    if pred is None:
        return None
    written = part_at(conversion.text, pred.span)
    if not written or pred.span is None:
        return Part(_short(show_pred(pred)))
    before = conversion.text[: pred.span.start]
    line = before.count("\n") + 1
    return Part(_short(written), line, len(before) - (before.rfind("\n") + 1) + 1)


def _short(text: str) -> str:
    return shorten(" ".join(text.split()), _LONGEST)
