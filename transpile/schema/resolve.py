"""Which dataset a rule reads: its source, the event codes it asks for, and its platform.

Event codes count only where every event that passes must have one of them, so that the log source
chosen for them can never be narrower than the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from transpile.ir.expr import Field, Node
from transpile.ir.pred import And, Exists, NumEq, Or, Pred, Test, TextEq
from transpile.ir.remember import remember
from transpile.ir.stages import DataModel, Events
from transpile.ir.walk import fields_of
from transpile.records import dataclass
from transpile.schema.cim import never_missing
from transpile.schema.datasets import (
    Dataset,
    DataSource,
    LogSource,
    choose_variant,
    dataset,
    find_data_source,
    find_datamodel,
    find_macro,
    find_terms,
    with_events,
)
from transpile.schema.fields import FieldMap
from transpile.schema.native import native_source

EVENT_CODE_FIELDS = ("EventCode", "EventID", "signature_id")
_PLATFORMS = ("windows", "linux", "macos")


@dataclass(frozen=True, slots=True)
class Resolution:
    """The dataset of a rule.

    platform: `windows`, `linux` or `macos`; it matters only where the dataset has several.
    filtered: each source field that the rule tests, with the literals it must equal (see `When`).
    constants: source fields whose value the dataset fixes, by name; a test on one is decided.
    node: data model and node path of the source, None for raw events.
    codes: event codes of which every event of the rule has one, where the rule says so.
    space: see `FieldMap`.
    """

    dataset: Dataset
    variant: str | None = None
    platform: str = "windows"
    filtered: tuple[tuple[str, tuple[str, ...]], ...] = ()
    constants: tuple[tuple[str, str], ...] = ()
    node: tuple[str, str] | None = None
    codes: tuple[str, ...] = ()
    space: str = ""

    @property
    def fields(self) -> FieldMap:
        """The field map of the dataset in its variant."""
        return FieldMap(self.dataset, self.variant, self.space)

    @property
    def logsource(self) -> LogSource | None:
        """The Sigma log source, None if there is none.

        Several event codes of a channel that belong to one category have that category.
        """
        shared = _shared_category(self.dataset, self.codes)
        return shared or self.dataset.sigma.resolve(
            variant=self.variant, platform=self.platform, filtered=dict(self.filtered)
        )


@remember
def resolve(
    source: Events | DataModel, pred: Pred, data_sources: Sequence[str] = ()
) -> Resolution | None:
    """Return the dataset that a rule reads, or None if nothing names it or the names disagree.

    pred: the filter over the source's own field names.  data_sources: the rule's labels.
    A rule over several event codes gets their channel when their log sources differ, and the codes
    stay tests; otherwise the dataset of the one code.
    """
    if isinstance(source, Events) and source.origin:
        own, fixed = native_source(source, pred)
        return Resolution(own, constants=fixed)
    labels = tuple(found for label in data_sources for found in find_data_source(label))
    names = fields_of(pred)
    codes = () if names.isdisjoint(EVENT_CODE_FIELDS) else _codes(pred) or ()
    literals: dict[str, dict[str, None]] = {name: {} for name in sorted(names)}
    asked = _terms(pred)
    for name, value in asked:
        literals[name][value] = None
    terms = [*(_terms(source.scope) if isinstance(source, Events) else ()), *asked]
    chosen = _dataset(source, terms, codes, labels)
    if chosen is None:
        return None
    return Resolution(
        dataset=chosen,
        variant=choose_variant(
            chosen,
            labels=data_sources,
            sourcetypes=[value for name, value in terms if name == "sourcetype"],
            fields=list(literals),
        ),
        platform=getattr(source, "platform", "") or _platform(literals.get("os", ()), labels),
        filtered=tuple((name, tuple(values)) for name, values in literals.items()),
        constants=_constants(chosen),
        node=(source.model, source.node) if isinstance(source, DataModel) else None,
        codes=codes,
        space=_space(chosen, pred),
    )


def always_in(source: Node | None) -> frozenset[str]:
    """Return the fields that every event of a source has; source: the first stage of a rule."""
    return (
        never_missing(source.model, source.node) if isinstance(source, DataModel) else frozenset()
    )


def _codes(pred: Pred) -> tuple[str, ...] | None:
    """Return the event codes of which every event that passes has one, None if any code will do.

    Codes come in the order of the search.
    """
    match pred:
        case Test(Field(name), TextEq(text)) if name in EVENT_CODE_FIELDS and text.isdigit():
            return (str(int(text)),)
        case Test(Field(name), NumEq(number)) if name in EVENT_CODE_FIELDS:
            return (str(int(number)),) if number == int(number) else None
        case And(args):
            restricting = [codes for codes in map(_codes, args) if codes is not None]
            return reduce(_common, restricting) if restricting else None
        case Or(args):
            parts = [_codes(arg) for arg in args]
            if any(part is None for part in parts):
                return None
            return tuple(dict.fromkeys(code for part in parts if part for code in part))
        case _:
            return None


def _common(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code for code in left if code in right)


def implied_literals(pred: Pred) -> Mapping[str, frozenset[str] | None]:
    """Return the fields that every event which meets a predicate has, with their possible values.

    None: the values are not limited to some literals.
    """
    match pred:
        case Exists(Field(name)):
            return {name: None}
        case Test(Field(name), TextEq(value)):
            return {name: frozenset((value,))}
        case Test(Field(name)):
            return {name: None}
        case And(args):
            found: dict[str, frozenset[str] | None] = {}
            for part in map(implied_literals, args):
                found |= {name: part[name] or found.get(name) for name in part}
            return found
        case Or(args):
            parts = [implied_literals(arg) for arg in args]
            shared = set(parts[0]).intersection(*parts[1:])
            return {name: _union(part[name] for part in parts) for name in sorted(shared)}
        case _:
            return {}


def _union(parts: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for part in parts:
        if part is None:
            return None
        found |= part
    return found


def _space(chosen: Dataset, pred: Pred) -> str:
    """Return the head of the ECS names of the one kind of event that a filter is about, or ""."""
    if not chosen.elastic.selectors:
        return ""
    literals = {name: found or () for name, found in implied_literals(pred).items()}
    kinds = dict(chosen.elastic.resolve(literals)).get("event.dataset", ())
    return kinds[0] if len(kinds) == 1 else ""


def _dataset(
    source: Events | DataModel,
    terms: Sequence[tuple[str, str]],
    codes: Sequence[str],
    labels: Sequence[DataSource],
) -> Dataset | None:
    if isinstance(source, DataModel):
        return find_datamodel(source.model, source.node or None)
    by_macro = [found for name in source.macros if (found := find_macro(name))]
    if by_macro:
        bases = {found[0].id: found[0] for found in by_macro}
        return _narrowed(next(iter(bases.values())), codes) if len(bases) == 1 else None
    base = find_terms(terms) if terms else None
    if base is not None:
        return _narrowed(base, codes)
    named = {found.dataset.id: found.dataset for found in labels}
    if len(named) == 1:
        return next(iter(named.values()))
    parents = {found.parent for found in named.values()}
    parent = parents.pop() if len(parents) == 1 else None
    return dataset(parent) if parent else None


def _narrowed(base: Dataset, codes: Sequence[str]) -> Dataset:
    """Return the dataset of the codes if they share one, else the one of all events."""
    found = with_events(base, codes) if base.event is None else (base,)
    return found[0] if len(found) == 1 and len(codes) <= 1 else base


def _shared_category(base: Dataset, codes: Sequence[str]) -> LogSource | None:
    """Return the log source that all events of these codes have, if it is a category."""
    if base.event is not None or not codes:
        return None
    for category, members in _JOINT_CATEGORIES.get(base.id, {}).items():
        if set(codes) <= members:
            return LogSource("windows", category)
    found = {child.sigma.logsource for child in with_events(base, codes)}
    only = found.pop() if len(found) == 1 else None
    return only if only is not None and only.category else None


# channel -> categories of several event ids that have a category each as well
_JOINT_CATEGORIES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "windows.sysmon": {"registry_event": frozenset({"12", "13", "14"})},
}


def _constants(chosen: Dataset) -> tuple[tuple[str, str], ...]:
    if chosen.event is None:
        return ()
    return tuple((name, str(chosen.event.id)) for name in EVENT_CODE_FIELDS)


def _platform(tested: Iterable[str], labels: Sequence[DataSource]) -> str:
    """Return what the rule's own tests on the system say, else its data sources, else windows."""
    systems = " ".join(tested).lower()
    for name in ("linux", "macos", "windows"):
        if name in systems:
            return name
    named = [label.platform for label in labels if label.platform in _PLATFORMS]
    return "windows" if "windows" in named or not named else named[0]


def _terms(pred: Pred) -> list[tuple[str, str]]:
    """Return the (field, literal) tests of a predicate that no negation reaches, in their order."""
    found: list[tuple[str, str]] = []
    waiting = [pred]
    while waiting:
        match waiting.pop():
            case Test(Field(name), condition):
                literal = _literal(condition)
                if literal is not None:
                    found.append((name, literal))
            case And(args) | Or(args):
                waiting += reversed(args)
            case _:
                pass
    return found


def _literal(condition: object) -> str | None:
    """Return the literal of an equality or a wildcard test, as the search wrote it."""
    match condition:
        case TextEq(text):
            return text
        case NumEq(number):
            return str(number)
        case _:
            pattern = getattr(condition, "pattern", None)
            return None if pattern is None else str(pattern).replace("\\\\", "\\")
