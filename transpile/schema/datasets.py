"""Datasets: what a rule's source is called in Sigma, Elastic, OCSF and SQL.

A dataset is one kind of event: a data model node, a source macro, or one Windows event id of a
channel. The `find_*` functions resolve what SPL says (a data model node, a macro, metadata terms,
the `data_source` label of a rule) by look-ups in indexes made beforehand; they return None or an
empty tuple for what they do not know and never raise.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Any

from transpile.records import dataclass, replace
from transpile.schema._data import load

Json = Any
Where = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class LogSource:
    """A Sigma log source; None where a part is not given."""

    product: str | None = None
    category: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class When:
    """A condition on a rule: it compares `field` with one of `equals`, or tests any of `filters`.

    A rule is given as `filtered`: each field that it tests, with the literals (empty for tests
    other than equality).
    """

    field: str | None
    equals: tuple[str, ...]
    filters: tuple[str, ...]

    def holds(self, filtered: Mapping[str, Collection[str]]) -> bool:
        """Return whether a rule that tests `filtered` meets the condition (case-insensitive)."""
        if self.filters:
            return any(name in filtered for name in self.filters)
        found = {literal.lower() for literal in filtered.get(self.field or "", ())}
        return bool(found) and found <= {literal.lower() for literal in self.equals}


@dataclass(frozen=True, slots=True)
class SigmaVariant:
    """Another Sigma log source for the same dataset; `rename` replaces Sigma field names."""

    logsource: LogSource
    status: str
    rename: Mapping[str, str]
    selection: Mapping[str, tuple[str | int, ...]]


@dataclass(frozen=True, slots=True)
class SigmaSource:
    """Sigma's side of a dataset.

    status: `sigmahq`, `taxonomy`, `custom`, `variant` (a variant must be chosen) or `none`
    (`why` says the reason).  selection: tests to add to the detection, field -> accepted values.
    """

    logsource: LogSource | None
    status: str
    why: str | None
    selection: Mapping[str, tuple[str | int, ...]]
    selectors: tuple[tuple[When, LogSource], ...]
    platforms: Mapping[str, LogSource]
    variants: Mapping[str, SigmaVariant]

    def resolve(
        self,
        *,
        variant: str | None = None,
        platform: str | None = None,
        filtered: Mapping[str, Collection[str]] | None = None,
    ) -> LogSource | None:
        """Return the log source for a rule: variant, then platform, then selectors, in order.

        platform: `windows`, `linux` or `macos`.  filtered: see `When`.  None: no log source.
        """
        if variant is not None and variant in self.variants:
            return self.variants[variant].logsource
        chosen = self.platforms.get(platform or "", self.logsource)
        for when, source in self.selectors:
            if when.holds(filtered or {}):
                product = chosen.product if chosen and platform in self.platforms else None
                return replace(source, product=product) if product else source
        return chosen


@dataclass(frozen=True, slots=True)
class ElasticVariant:
    """Another index, category or constraint in Elastic for the same dataset."""

    index: tuple[str, ...]
    category: str | None
    where: Where


@dataclass(frozen=True, slots=True)
class ElasticSource:
    """Elastic's side of a dataset.

    event_category: the EQL category word (`any` for all events), None when there are no events.
    where: constraint to add, each field with its accepted values.  where_extra: constraint that
    only some integrations fill (optional to add).  index: index patterns.
    """

    event_category: str | None
    fallback_category: str | None
    where: Where
    where_extra: Where
    event_type: tuple[str, ...]
    event_action: str | None
    event_dataset: str | None
    index: tuple[str, ...]
    platform_field: str | None
    platform_index: Mapping[str, tuple[str, ...]]
    selectors: tuple[tuple[When, Where], ...]
    variants: Mapping[str, ElasticVariant]

    def resolve(self, filtered: Mapping[str, Collection[str]] | None = None) -> Where:
        """Return the constraint for a rule: the first selector that holds, else `where`."""
        for when, where in self.selectors:
            if when.holds(filtered or {}):
                return where
        return self.where


@dataclass(frozen=True, slots=True)
class OcsfSource:
    """OCSF class of a dataset; activity and type only where they are fixed."""

    class_name: str
    class_uid: int
    activity: str | None
    activity_id: int | None
    type_uid: int | None


@dataclass(frozen=True, slots=True)
class WindowsEvent:
    """One event id of a Windows channel."""

    provider: str
    channel: str
    id: int
    title: str


@dataclass(frozen=True, slots=True)
class Match:
    """How SPL names the source: a data model node, or a macro with the terms behind it."""

    datamodel: str | None
    node: str | None
    macros: tuple[str, ...]
    terms: tuple[str, ...]
    event_code: int | None


@dataclass(frozen=True, slots=True)
class Dataset:
    """One kind of event. `prefix` is the data model prefix of its fields, None outside models.

    native: the taxonomy that its fields have already (`schema.native`), "" for Splunk's names.
    numbers: native fields that hold numbers, as far as the rule tells.
    """

    id: str
    parent: str | None
    match: Match
    prefix: str | None
    event: WindowsEvent | None
    sigma: SigmaSource
    elastic: ElasticSource
    ocsf: OcsfSource | None
    sql_table: str | None
    native: str = ""
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DataSource:
    """What a `data_source` label of a rule stands for; platform: windows, linux, cloud ..."""

    dataset: Dataset
    variant: str | None
    platform: str


def dataset(name: str) -> Dataset | None:
    """Return the dataset with this id, or None.

    A Windows event id that the facts do not list (`windows.security.4799`) is made from its
    channel: the channel's log source and index with the event id as constraint.
    """
    return _known(name) or _made(name)


def dataset_ids() -> tuple[str, ...]:
    """Return the ids of all listed datasets, sorted."""
    return tuple(sorted(load("datasets.json")["datasets"]))


def find_datamodel(model: str, node: str | None = None) -> Dataset | None:
    """Return the dataset of a data model node, or None (case-insensitive).

    node: a node path (`All_Changes.Account_Management`), a node name, or None when the search
    names the model only, which is enough for a model with one root node. A child node that has no
    dataset of its own gives its nearest ancestor's; `cim.constraint` tells what the child adds.
    """
    index: Mapping[str, str] = load("datasets.json")["datamodels"]
    head = model.lower()
    if not node:
        roots = {name for key, name in index.items() if key.split(".")[:-1] == [head]}
        full = {name for name in roots if (_require(name).match.node or "").count(".") == 0}
        return _require(next(iter(full))) if len(full) == 1 else None
    path = node.lower().split(".")
    keys = [".".join([head, *path[:end]]) for end in range(len(path), 0, -1)]
    found = next((index[key] for key in [*keys, f"{head}.{path[-1]}"] if key in index), None)
    return _require(found) if found else None


def find_macro(name: str, event_codes: Iterable[int | str] = ()) -> tuple[Dataset, ...]:
    """Return the datasets behind a source macro, one for each event code (in the given order).

    Without event codes, or for a macro whose events have no codes: the macro's dataset alone.
    Empty for a macro that is no source macro.
    """
    found = load("datasets.json")["macros"].get(name.lower())
    return with_events(_require(found), event_codes) if found else ()


def with_events(base: Dataset, event_codes: Iterable[int | str]) -> tuple[Dataset, ...]:
    """Return the dataset of each event code of `base`; `base` alone when codes do not apply."""
    names = (f"{base.id}.{code}" for code in dict.fromkeys(map(str, event_codes)))
    found = tuple(child for child in map(dataset, names) if child is not None)
    return found or (base,)


def find_terms(terms: Iterable[tuple[str, str]]) -> Dataset | None:
    """Return the dataset that metadata terms select, or None if none or several do.

    terms: (field, value) pairs of a search, e.g. `("sourcetype", "aws:cloudtrail")`; `index`,
    `source`, `sourcetype`, `eventtype`, `Channel` and `EventChannel` count, case-insensitive,
    values may hold `*`. The prefixes `WinEventLog:` and `XmlWinEventLog:` name a Windows channel.
    """
    given = [(field.lower(), value.lower()) for field, value in terms]
    for fields in (_SOURCE_FIELDS, _CHANNEL_FIELDS):  # events tell of other channels than their own
        by_channel = {
            name
            for field, value in given
            if field in fields
            for name in _channel_datasets(field, value)
        }
        if len(by_channel) == 1:
            return _require(by_channel.pop())
    scores: dict[str, int] = {}
    for field, value in given:
        for name in _term_datasets(field, value):
            scores[name] = scores.get(name, 0) + _TERM_WEIGHT.get(field, 1)
    best = max(scores.values(), default=0)
    names = [name for name, score in scores.items() if score == best]
    return _require(names[0]) if len(names) == 1 else None


def channels_of(source: Dataset) -> frozenset[str]:
    """Return the Windows channels of a dataset in lower case, all of them; empty if unknown."""
    raw = load("datasets.json")["datasets"].get(source.parent or source.id, {}).get("windows", {})
    named = raw.get("channels") or [name for name in (raw.get("channel"),) if name]
    return frozenset(name.lower() for name in named if "*" not in name)


def find_data_source(label: str) -> tuple[DataSource, ...]:
    """Return what a `data_source` label of a rule stands for; `A AND B` gives one for each part."""
    parts = (_label(part.strip()) for part in label.split(" AND "))
    return tuple(part for part in parts if part is not None)


def choose_variant(
    chosen: Dataset,
    *,
    labels: Iterable[str] = (),
    sourcetypes: Iterable[str] = (),
    fields: Iterable[str] = (),
) -> str | None:
    """Return the variant of a dataset that a rule means, or None for the dataset as it is.

    labels: the rule's `data_source`.  sourcetypes: literals of its source types.  fields: Splunk
    names (unprefixed) of the fields that it filters. Labels outrank source types, and these
    outrank fields; without any evidence the dataset's default variant.
    """
    hints: Mapping[str, Json] = load("datasets.json")["variant_hints"].get(chosen.id, {})
    evidence = (
        ("labels", tuple(labels)),
        ("sourcetypes", tuple(value.lower() for value in sourcetypes)),
        ("fields", tuple(fields)),
    )
    for kind, values in evidence:
        for variant, hint in hints.items():
            if any(_hinted(kind, value, hint.get(kind, ())) for value in values):
                return variant or None
    return next((variant for variant, hint in hints.items() if hint.get("default")), None)


_TERM_WEIGHT: Mapping[str, int] = {"source": 4, "sourcetype": 4, "channel": 4, "eventtype": 2}
_SOURCE_FIELDS = frozenset({"source", "sourcetype"})
_CHANNEL_FIELDS = frozenset({*_SOURCE_FIELDS, "channel", "eventchannel"})


def _hinted(kind: str, value: str, hints: Sequence[str]) -> bool:
    return value in hints if kind == "fields" else value.startswith(tuple(hints))


def _channel_datasets(field: str, value: str) -> list[str]:
    """Return the datasets of the Windows channel that a term names."""
    prefix, found, channel = value.partition("wineventlog:")
    if field in _SOURCE_FIELDS:
        if not found or prefix not in ("", "xml", "*"):
            return []
    else:
        channel = value
    index: Mapping[str, str] = load("datasets.json")["channels"]
    return [name for key, name in index.items() if _agree(key, channel)]


def _term_datasets(field: str, value: str) -> list[str]:
    index: Mapping[str, list[str]] = load("datasets.json")["terms"]
    term = f"{field}={value}"
    if term in index:
        return index[term][:1] if field != "index" else index[term]
    if "*" not in value or not value.strip("*"):
        return []
    return [names[0] for key, names in index.items() if fnmatchcase(key, term)]


def _agree(known: str, given: str) -> bool:
    """Return whether two names are the same; either may hold `*`, none matches everything."""
    return known == given or (
        bool(given.strip("*")) and (fnmatchcase(given, known) or fnmatchcase(known, given))
    )


@lru_cache(maxsize=256)
def _label(part: str) -> DataSource | None:
    for pattern, name, platform in load("datasets.json")["labels"]:
        found = re.match(pattern, part)
        if found:
            filled = name.replace("{1}", found[1]) if found.re.groups else name
            base, _, variant = filled.partition("~")
            known = dataset(base)
            return DataSource(known, variant or None, platform) if known else None
    return None


@cache
def _known(name: str) -> Dataset | None:
    raw = load("datasets.json")["datasets"].get(name)
    return None if raw is None else _dataset(name, raw)


def _require(name: str) -> Dataset:
    found = dataset(name)
    if found is None:
        raise KeyError(name)  # the indexes and the datasets come from one build
    return found


@cache
def _made(name: str) -> Dataset | None:
    head, _, code = name.rpartition(".")
    base = _known(head)
    window = load("datasets.json")["datasets"].get(head, {}).get("windows")
    if base is None or window is None or not code.isdigit():
        return None
    code = str(int(code))
    event = WindowsEvent(window.get("provider", ""), window.get("channel", ""), int(code), "")
    return replace(
        base,
        id=f"{head}.{code}",
        parent=head,
        match=replace(base.match, terms=(), event_code=int(code)),
        event=event,
        sigma=_of_one_event(head, base.sigma, int(code)),
        elastic=replace(
            base.elastic,
            where=(
                *(pair for pair in base.elastic.where if pair[0] != "event.code"),
                ("event.code", (code,)),
            ),
        ),
    )


# channels whose events have a category of their own, besides those that the facts list
_CATEGORIES: Mapping[str, Mapping[int, LogSource]] = {
    "windows.powershell": {4103: LogSource("windows", "ps_module")},
    "windows.powershell_classic": {
        400: LogSource("windows", "ps_classic_start"),
        600: LogSource("windows", "ps_classic_provider_start"),
        800: LogSource("windows", "ps_classic_script"),
    },
}


def _of_one_event(channel: str, source: SigmaSource, code: int) -> SigmaSource:
    """Return Sigma's side of an event id that is not listed: its category, else the channel."""
    found = _CATEGORIES.get(channel, {}).get(code)
    if found is not None:
        return replace(source, logsource=found, selection={})
    plain = source.logsource
    if plain is not None and plain.category is not None:
        plain = LogSource(plain.product, None, channel.rpartition(".")[2])
    return replace(source, logsource=plain, selection={"EventID": (code,)})


def _dataset(name: str, raw: Mapping[str, Json]) -> Dataset:
    match, event, ocsf = raw["match"], raw.get("event"), raw.get("ocsf")
    macros = match.get("macros", [match["macro"]] if "macro" in match else [])
    return Dataset(
        id=name,
        parent=raw.get("parent"),
        match=Match(
            datamodel=match.get("datamodel"),
            node=match.get("node"),
            macros=tuple(macros),
            terms=tuple(match.get("terms", ())),
            event_code=match.get("EventCode"),
        ),
        prefix=match.get("prefix"),
        event=event and WindowsEvent(
            event.get("provider", ""), event.get("channel", ""), event["id"], event["title"]
        ),
        sigma=_sigma(raw["sigma"]),
        elastic=_elastic(raw["elastic"]),
        ocsf=ocsf and OcsfSource(
            ocsf["class"], ocsf["class_uid"],
            ocsf.get("activity"), ocsf.get("activity_id"), ocsf.get("type_uid"),
        ),
        sql_table=raw.get("sql_table"),
    )


def _sigma(raw: Mapping[str, Json]) -> SigmaSource:
    logsource = raw.get("logsource")
    return SigmaSource(
        logsource=None if logsource is None else LogSource(**logsource),
        status=raw["status"],
        why=raw.get("why"),
        selection=_selection(raw),
        selectors=tuple(
            (_when(item["when"]), LogSource(**item["logsource"]))
            for item in raw.get("selectors", ())
        ),
        platforms={key: LogSource(**value) for key, value in raw.get("platforms", {}).items()},
        variants={
            key: SigmaVariant(
                logsource=LogSource(**value["logsource"]),
                status=value["status"],
                rename=value.get("rename", {}),
                selection=_selection(value),
            )
            for key, value in raw.get("variants", {}).items()
        },
    )


def _elastic(raw: Mapping[str, Json]) -> ElasticSource:
    return ElasticSource(
        event_category=raw["event_category"],
        fallback_category=raw.get("fallback_category"),
        where=_where(raw.get("where")),
        where_extra=_where(raw.get("where_extra")),
        event_type=tuple(raw.get("event_type", ())),
        event_action=raw.get("event_action"),
        event_dataset=raw.get("event_dataset"),
        index=_index(raw["index"]),
        platform_field=raw.get("platform_field"),
        platform_index={
            key: _index(value) for key, value in raw.get("platform_index", {}).items()
        },
        selectors=tuple(
            (_when(item["when"]), _where(item["where"])) for item in raw.get("selectors", ())
        ),
        variants={
            key: ElasticVariant(
                index=_index(value["index"]),
                category=value.get("category"),
                where=_where(value.get("where")),
            )
            for key, value in raw.get("variants", {}).items()
        },
    )


def _index(raw: str | Sequence[str]) -> tuple[str, ...]:
    named: Mapping[str, list[str]] = load("datasets.json")["index_patterns"]
    return tuple(named[raw] if isinstance(raw, str) else raw)


def _where(raw: Mapping[str, list[str]] | None) -> Where:
    return tuple((field, tuple(values)) for field, values in (raw or {}).items())


def _selection(raw: Mapping[str, Json]) -> Mapping[str, tuple[str | int, ...]]:
    return {
        key: tuple(value if isinstance(value, list) else [value])
        for key, value in raw.get("selection", {}).items()
    }


def _when(raw: Mapping[str, Json]) -> When:
    equals = raw.get("equals", [])
    return When(
        field=raw.get("field"),
        equals=(equals,) if isinstance(equals, str) else tuple(equals),
        filters=tuple(raw.get("filters", ())),
    )
