"""The engine of target `sigma`: emitted YAML, read back by pySigma, decided on events.

Sigma has no reference evaluator; this one takes the common reading of the rule community
(spec/sigma-semantics.md 9): two-valued `not`, text without case unless `cased` or `re`, any of
several values, numbers compared as numbers, a sliding window for correlations, and no group for an
event that lacks a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from transpile.backends.base import Draft, Event, Inputs, Seen, Side
from transpile.backends.sigma.contain import packrat
from transpile.backends.sigma.evaluate import (
    Decide,
    compile_rule,
    is_plain_number,
    number_fields,
    text,
    values,
)
from transpile.backends.sigma.windows import Hits, Shown, alerts, group_fields, keys_of

from transpile.errors import UsageError
from transpile.interpret.events import raw_text
from transpile.ir.remember import Same, by_event
from transpile.ir.text import fold
from transpile.records import dataclass
from transpile.schema.cim import is_member
from transpile.schema.conflicts import conflicts
from transpile.schema.datasets import Dataset, dataset, find_terms
from transpile.schema.fields import FieldMap, FieldTarget
from transpile.schema.model_view import model_view, without_fillers
from transpile.schema.resolve import EVENT_CODE_FIELDS
from transpile.schema.rewrite import DIGEST_LENGTHS
from transpile.tables import Table

if TYPE_CHECKING:
    from sigma.correlations import SigmaCorrelationRule
    from sigma.rule import SigmaRule

RAW = "_raw"
_SLASHED = frozenset({"linux", "macos"})


class SigmaEngine:
    """Evaluates Sigma rules and correlations; see the module for its reading of Sigma."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Name and version of the parser."""
        return f"evaluator over pySigma {version('pysigma')}"

    def run(
        self,
        draft: Draft,
        events: Sequence[Event],
        *,
        lookups: Mapping[str, Table],
        now: float,
    ) -> Seen:
        """Return the matching events, or the groups of a correlation.

        events: in Splunk's view; each is shown to the rule as its log source has it.
        lookups, now: not used, Sigma knows neither.
        """
        program = _read(draft.text)
        inputs = {side.name: side.inputs for side in draft.sides}
        views: dict[str, list[Shown]] = {}
        hits: dict[str, list[int]] = {}
        for rule in program.rules:
            shown = [_shown(event, inputs.get(rule.name, draft.inputs), rule) for event in events]
            hits[rule.name] = _hits(rule.decide, shown)
            views[rule.name] = [view or {} for view in shown]
        first = program.rules[0].name
        if not program.correlations:
            return Seen(events=frozenset(hits[first]))
        times = [_time(event) for event in events]
        found: dict[str, Hits] = {
            name: [(times[at], views[name][at]) for at in indices] for name, indices in hits.items()
        }
        for correlation in program.correlations:
            referred = [str(reference.reference) for reference in correlation.rules or ()]
            raised, alerting = alerts(correlation, {name: found[name] for name in referred})
            found[str(correlation.name or correlation.id)] = raised
        names = group_fields(program.correlations[-1], first)
        return Seen(
            groups=frozenset(
                key
                for at in hits[first]
                if alerting & set(keys_of(views[first][at], names))
                for key in _own_keys(events[at], draft)
            )
        )

    def accepts(self, event: Event, draft: Draft) -> bool:
        """Return whether an event is one that the draft's assumptions admit.

        The view keeps what the event's fields say, a field that the schema knows as single has one
        value, digests are whole, the grouping fields are there, and fields that are compared with
        numbers hold some.
        """
        rules = {rule.name: rule for rule in _read(draft.text).rules}
        if not draft.sides:
            each = rules.values()
            return all(_accepts(event, draft.inputs, draft.groups, rule) for rule in each)
        return all(_accepts_side(event, side, rules[side.name]) for side in draft.sides)


def _accepts_side(event: Event, side: Side, rule: _Rule) -> bool:
    """Return whether an event is admitted where it may be of another search's log source."""
    shown = _shown(event, side.inputs, rule)
    if shown is None:
        return True
    return _accepts(event, side.inputs, side.groups if rule.decide(shown) else (), rule)


def _accepts(event: Event, inputs: Inputs, groups: Sequence[str], rule: _Rule) -> bool:
    source = dataset(inputs.dataset)
    if source is None:
        return True
    fields = FieldMap(source, inputs.variant or None)
    read = set(map(fields.strip, inputs.fields))
    bare = {fields.strip(key): value for key, value in without_fillers(event, source).items()}
    lost = conflicts(bare, source, "sigma", fields.variant, platform=rule.platform, read=read)
    if read & lost or any(not values(bare.get(name)) for name in groups):
        return False
    shown = _shown(event, inputs, rule)
    if shown is None:
        return True
    return all(
        _admitted(values(bare.get(name)), fields.lookup(name, "sigma"), shown) for name in read
    ) and all(is_plain_number(item) for name in rule.numbers for item in values(shown.get(name)))


def _own_keys(event: Event, draft: Draft) -> list[tuple[str, ...]]:
    """Return the groups that an event is in, by the source's fields."""
    source = dataset(draft.inputs.dataset)
    if source is None:
        given: Mapping[str, Any] = event
    else:
        fields = FieldMap(source, draft.inputs.variant or None)
        given = {fields.strip(key): value for key, value in event.items()}
    return list(keys_of(given, draft.groups))


def _admitted(
    found: Sequence[Any], target: FieldTarget | None, shown: Mapping[str, Any]
) -> bool:
    """Return whether a field has one value where the schema says so, and digests are whole.

    A field must be there where its target is: another field of the event told that one (a path,
    of which the field is the name, or the same value under a second name).
    """
    if target is None or target.field is None:
        return True
    if not found and values(shown.get(target.field)):
        return False
    length = DIGEST_LENGTHS.get(target.derive or "")
    if length is not None and any(len(text(item)) != length for item in found):
        return False
    return target.mv or (len(found) < 2 and len(values(shown.get(target.field))) < 2)


def _hits(decide: Decide, views: Sequence[Mapping[str, Any] | None]) -> list[int]:
    return [at for at, shown in enumerate(views) if shown is not None and decide(shown)]


def _in_source(event: Event, source: Dataset, category: str | None) -> bool:
    """Return whether the log source has an event: by its event code, data model and action."""
    if not _in_channel(event, source):
        return False
    if source.event is not None:
        codes = {str(event[name]) for name in EVENT_CODE_FIELDS if event.get(name) is not None}
        return codes == {str(source.event.id)}
    model, node = source.match.datamodel, source.match.node
    if model and node and not is_member(dict(event), model, node):
        return False
    if category != "file_delete" or not model:
        return True
    action = without_fillers(event, source).get("action")
    return fold(str(action)) == "deleted"


def _in_channel(event: Event, source: Dataset) -> bool:
    """Return whether an event that names its source names the dataset's; True if it names none."""
    given = event.get("source")
    base = dataset(source.parent) if source.parent else source
    if base is None or not isinstance(given, str):
        return True
    if not any(term.startswith("source=") for term in base.match.terms):
        return True
    found = find_terms([("source", given)])
    return found is not None and base.id in (found.id, found.parent)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the errors of pySigma and of YAML into UsageError TGT611."""
    from yaml import YAMLError

    with packrat():
        from sigma.exceptions import SigmaError

        try:
            yield
        except (SigmaError, YAMLError) as error:
            raise UsageError(f"pySigma refuses the text: {error}", code="TGT611") from error


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule of a text, ready to run: its name, log source, test, and what it takes as numbers."""

    name: str
    decide: Decide
    category: str | None
    platform: str
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Program:
    """A text, ready to run; a correlation stands behind those that it refers to."""

    rules: tuple[_Rule, ...]
    correlations: tuple[SigmaCorrelationRule, ...]


@lru_cache(maxsize=32)
def _read(text: str) -> _Program:
    """Return the rules of a text and its correlation, if any. Raises UsageError TGT611."""
    with _refusals():
        from sigma.collection import SigmaCollection
        from sigma.correlations import SigmaCorrelationRule
        from sigma.rule import SigmaRule

        parsed = SigmaCollection.from_yaml(text).rules
        rules = [rule for rule in parsed if isinstance(rule, SigmaRule)]
        found = [rule for rule in parsed if isinstance(rule, SigmaCorrelationRule)]
        referred = {str(r.reference) for each in found for r in each.rules or ()}
        outermost = [each for each in found if not {each.name, str(each.id)} & referred]
        if not rules or len(outermost) > 1:
            message = "the text holds no Sigma rule, or several correlations"
            raise UsageError(message, code="TGT611")
        return _Program(tuple(map(_compiled, rules)), tuple(found))


def _compiled(rule: SigmaRule) -> _Rule:
    source = rule.logsource
    return _Rule(
        name=rule.name or str(rule.id),
        decide=compile_rule(rule),
        category=source.category,
        platform=str(source.product) if source.product in _SLASHED else "windows",
        numbers=number_fields(rule),
    )


def _shown(event: Event, inputs: Inputs, rule: _Rule) -> Mapping[str, Any] | None:
    """Return the event as the log source of the rule shows it, with its raw text for keywords.

    None for an event that the log source does not have.
    """
    return _shown_by(event, Same(inputs), Same(rule))


@by_event
def _shown_by(
    event: Event, of: Same[Inputs], asking: Same[_Rule]
) -> Mapping[str, Any] | None:
    inputs, rule = of.item, asking.item
    source = dataset(inputs.dataset)
    if source is None:
        return dict(event)
    if not _in_source(event, source, rule.category):
        return None
    variant = inputs.variant or None
    shown = model_view(event, source, "sigma", variant, platform=rule.platform)
    shown |= dict(_passed_through(event, inputs, source, variant, shown))
    raw = event.get(RAW)
    shown[RAW] = raw_text(event) if raw is None else raw
    return shown


def _passed_through(
    event: Event, inputs: Inputs, source: Dataset, variant: str | None, shown: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield the fields without counterpart, which a text has only if it was asked to keep them."""
    fields = FieldMap(source, variant)
    for key, value in event.items():
        name = fields.strip(key)
        target = fields.lookup(name, "sigma")
        unmapped = target is None or target.none is not None
        if name in inputs.fields and unmapped and name not in shown:
            yield name, value


def _time(event: Event) -> float:
    value = event.get("_time")
    try:
        return float(value) if value is not None and not isinstance(value, list) else 0.0
    except ValueError:
        return 0.0
