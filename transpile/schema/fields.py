"""Field maps: what a Splunk field of a dataset is called in Sigma, ECS and OCSF.

Order of resolution: the entry of the chosen variant, of the dataset (or its parent), of the
datasets that it inherits from, then of every dataset (`_any`). At each step an entry for the
dataset's event id outranks the plain one, and a prefix rule (`name.*`) comes last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Literal, get_args

from transpile.ir.remember import Same
from transpile.records import dataclass, replace
from transpile.schema._data import exists, load
from transpile.schema.datasets import Dataset
from transpile.schema.ecs import ecs_type

Json = Any
Taxonomy = Literal["cim", "splunk", "sigma", "ecs", "ocsf"]
TAXONOMIES: tuple[Taxonomy, ...] = get_args(Taxonomy)


@dataclass(frozen=True, slots=True)
class Also:
    """A further field that holds the same value in other setups."""

    field: str
    derive: str | None = None
    type: str | None = None
    mv: bool = False
    guess: bool = False


@dataclass(frozen=True, slots=True)
class FieldTarget:
    """What a Splunk field becomes in a taxonomy: exactly one of `field`, `drop` and `none` is set.

    field: the target's name.  derive: how a literal changes, a key of `derive.DERIVES`; None: not
    at all.  also: further fields with the value in other setups.  type: the target's own type
    (ECS type; else `string`, `int`, `ip`, `bool`, `time`).  mv: the target can hold many values.
    drop: the condition is left out, because the source implies it (`implied`, `event_title`,
    `platform`, `time`, `fs_action`) or, with `approximate`, at the price of a wider rule.
    none: why there is no counterpart.  guess: the meaning was assumed, not seen in a mapping.
    """

    field: str | None = None
    derive: str | None = None
    also: tuple[Also, ...] = ()
    type: str = "string"
    mv: bool = False
    drop: str | None = None
    none: str | None = None
    approximate: bool = False
    guess: bool = False


@dataclass(frozen=True, slots=True)
class FieldFact:
    """A Splunk field of a dataset. `raw`: its name in the raw event, by source where several."""

    name: str
    type: str
    mv: bool
    raw: str | Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class FieldMap:
    """The fields of one dataset, in one of its variants.

    space: the head of the names in ECS that events of this kind have (`azure.signinlogs`), where a
    field has one name for each kind.
    """

    dataset: Dataset
    variant: str | None = None
    space: str = ""

    def lookup(self, field: str, taxonomy: Taxonomy) -> FieldTarget | None:
        """Return the target of a Splunk field (with or without prefix), None if it is unknown.

        `splunk` keeps every name and `cim` follows the column rule of `sql_column`, so these two
        know every field.
        """
        return _looked_up(Same(self.dataset), self.variant, self.space, field, taxonomy)

    def _find(self, field: str, taxonomy: Taxonomy) -> FieldTarget | None:
        """Return what `lookup` returns, found anew."""
        name = self.strip(field)
        if self.dataset.native:
            return self._own(name) if taxonomy == self.dataset.native else None
        match taxonomy:
            case "splunk":
                return self._identity(name, name)
            case "cim":
                return self._identity(name, sql_column(name))
            case "sigma" | "ecs" | "ocsf":
                entry = self._entry(name)
                return None if entry is None else self._target(name, *entry, taxonomy)

    def fact(self, field: str) -> FieldFact | None:
        """Return type, multivalue flag and raw names of a Splunk field, None if it is unknown."""
        name = self.strip(field)
        entry = self._entry(name)
        if entry is None:
            return None
        raw = entry[1]
        return FieldFact(name, raw.get("type", "string"), raw.get("mv", False), raw.get("raw"))

    def names(self) -> tuple[str, ...]:
        """Return the Splunk names that have an entry for this dataset, without `_any`, sorted."""
        found = {
            name
            for scope in list(self._scopes())[:-1]
            for key in scope.entries
            if not (name := key.partition("@")[0]).endswith(".*") and self._applies(key)
        }
        return tuple(sorted(found))

    def strip(self, field: str) -> str:
        """Return the field without the data model prefix (and without names of child nodes)."""
        if self.dataset.prefix is None:
            return field
        while (parts := field.partition("."))[1] and self._is_node(parts[0]):
            field = parts[2]
        return field

    def _is_node(self, head: str) -> bool:
        """Return whether the head of a name is a node: the prefix in any case, or a capital."""
        return head.lower() == (self.dataset.prefix or "").lower() or head[:1].isupper()

    def _own(self, name: str) -> FieldTarget:
        """Return a field of a rule that is in the taxonomy already."""
        if self.dataset.native != "ecs":
            return FieldTarget(name)
        own = "double" if name in self.dataset.numbers else "keyword"
        return FieldTarget(name, type=ecs_type(name) or own)

    def _identity(self, name: str, target: str) -> FieldTarget:
        entry = self._entry(name)
        raw = entry[1] if entry else {}
        return FieldTarget(target, type=raw.get("type", "string"), mv=raw.get("mv", False))

    def _scopes(self) -> Iterator[_Scope]:
        """Yield the tables of entries from the most special to `_any`."""
        base = self.dataset.id
        if self.variant:
            yield _scope(f"{base}~{self.variant}")
        if not _scope(base).known and self.dataset.parent:
            base = self.dataset.parent
        while base:
            scope = _scope(base)
            yield scope
            base = scope.inherits
        yield _scope("_any")

    def _applies(self, key: str) -> bool:
        _, at, ids = key.partition("@")
        event = self.dataset.event
        return not at or (event is not None and str(event.id) in ids.split(","))

    def _entry(self, name: str) -> tuple[str, Mapping[str, Json]] | None:
        """Return the rule's name and entry for a field."""
        for scope in self._scopes():
            for key in scope.special.get(name, ()):
                if self._applies(key):
                    return name, scope.entries[key]
            if name in scope.entries:
                return name, scope.entries[name]
            for key in scope.prefixes:
                if name.startswith(key[:-1]):
                    return key, scope.entries[key]
        return self._own_entry(name)

    def _own_entry(self, name: str) -> tuple[str, Mapping[str, Json]] | None:
        """Return the entry of an unlisted field that targets call what the log calls it."""
        for scope in self._scopes():
            if scope.own_names:
                entry = OWN_NAMES[scope.own_names](name)
                return None if entry is None else (name, entry)
        return None

    def _target(
        self, name: str, rule: str, entry: Mapping[str, Json], taxonomy: str
    ) -> FieldTarget:
        raw = entry[taxonomy]
        if isinstance(raw, str):
            raw = {"field": raw}
        drop = raw.get("drop")
        found = FieldTarget(
            field=raw.get("field"),
            derive=raw.get("derive"),
            also=tuple(_also(item) for item in raw.get("also", ())),
            type=raw.get("type", entry.get("type", "string")),
            mv=raw.get("mv", entry.get("mv", False)),
            drop=drop,
            none=raw.get("none"),
            approximate=raw.get("approximate", drop == "approximate"),
            guess=raw.get("guess", False),
        )
        if rule.endswith(".*") and found.field is not None:
            found = replace(found, field=_wild_target(rule, name, found.field))
        if taxonomy == "sigma" and found.field is not None and self.variant:
            variant = self.dataset.sigma.variants.get(self.variant)
            renamed = variant.rename.get(found.field, found.field) if variant else found.field
            found = replace(found, field=renamed)
        return found


# every event of a dataset asks for the same fields again
@lru_cache(maxsize=16384)
def _looked_up(
    same: Same[Dataset], variant: str | None, space: str, field: str, taxonomy: Taxonomy
) -> FieldTarget | None:
    found = FieldMap(same.item, variant)._find(field, taxonomy)
    if found is None or taxonomy != "ecs" or not space:
        return found
    return _within(found, f"{space}.")


def _within(target: FieldTarget, head: str) -> FieldTarget:
    """Return the target under the name that begins with `head`, if it has one such."""
    if target.field is None or target.derive is not None or target.field.startswith(head):
        return target
    for also in target.also:
        if also.derive is None and also.field.startswith(head):
            first = Also(target.field, type=target.type, mv=target.mv)
            others = (first, *(item for item in target.also if item is not also))
            return replace(
                target, field=also.field, also=others, type=also.type or target.type, mv=also.mv
            )
    return target


# the head of a Windows event: these are no event data, and Splunk spells them its own way
_HEAD = frozenset(
    {
        "ActivityID", "Category", "Channel", "ComputerName", "EventRecordID", "EventType", "Guid",
        "Keywords", "Message", "Name", "OpCode", "Opcode", "ProcessID", "Qualifiers",
        "RecordNumber", "RelatedActivityID", "SourceName", "SystemTime", "Task", "TaskCategory",
        "ThreadID", "Type", "UserID", "Version",
    }
)  # fmt: skip
# event data that Elastic's ingest moves to fields of its own
_MOVED = frozenset(
    {
        "CommandLine", "Image", "NewProcessId", "NewProcessName", "ParentCommandLine",
        "ParentImage", "ParentProcessName", "ProcessId", "ProcessName",
    }
)  # fmt: skip
_NAME_OF_DATA = re.compile(r"[A-Z][A-Za-z0-9]+|[a-z]+[A-Z][A-Za-z0-9]*")
_PROVIDER = "Provider_Name"  # Sigma's name of it, which rules made from Sigma use
_NO_FIELD: Json = {"none": "no_field"}


def _event_data(name: str) -> Mapping[str, Json] | None:
    if name == _PROVIDER:
        provider = {"field": "winlog.provider_name", "type": "keyword"}
        return {"sigma": name, "ecs": provider, "ocsf": _NO_FIELD}
    if _NAME_OF_DATA.fullmatch(name) is None or name in _HEAD:
        return None
    ecs: Json = _NO_FIELD
    if name not in _MOVED:
        ecs = {"field": f"winlog.event_data.{name}", "type": "keyword", "guess": True}
    return {"sigma": name, "ecs": ecs, "ocsf": _NO_FIELD, "raw": name}


def _json_path(name: str) -> Mapping[str, Json] | None:
    if "." not in name or name.startswith((".", "{", "_")):
        return None
    bare = name.replace("{}", "")
    return {"sigma": bare, "ecs": _NO_FIELD, "ocsf": _NO_FIELD, "mv": bare != name}


# kind of names -> the entry of an unlisted field, None if it is no name of that kind
OWN_NAMES: Mapping[str, Callable[[str], Mapping[str, Json] | None]] = {
    "event_data": _event_data,
    "json_path": _json_path,
}


def known_fields(
    dataset: Dataset, taxonomy: Taxonomy, variant: str | None = None
) -> tuple[str, ...]:
    """Return the Splunk fields of a dataset that have a counterpart in a taxonomy, sorted."""
    fields = FieldMap(dataset, variant)
    found = ((name, fields.lookup(name, taxonomy)) for name in fields.names())
    return tuple(name for name, target in found if target is not None and target.field is not None)


def is_list(name: str) -> bool:
    """Return whether a field may have several values in any dataset, as its name tells.

    Splunk gives an event several tags and types; `{}` stands for the members of a JSON array.
    """
    return name in ("tag", "eventtype") or "{}" in name


def sql_column(field: str) -> str:
    """Return the default column of a Splunk field.

    Lower case, every run of other characters than letters and digits becomes one underscore.

    >>> sql_column("userIdentity.type"), sql_column("requestParameters{}.key")
    ('useridentity_type', 'requestparameters_key')
    """
    return re.sub(r"[^a-z0-9]+", "_", field.lower())


def _also(raw: Json) -> Also:
    return Also(raw) if isinstance(raw, str) else Also(**raw)


def _wild_target(rule: str, name: str, target: str) -> str:
    """Return the target of a prefix rule: the rest of the path is copied, `{}` dropped."""
    rest = name[len(rule) - 1 :].replace("{}", "")
    return target[:-1] + rest if target.endswith(".*") else target


@dataclass(frozen=True, slots=True)
class _Scope:
    """The entries of one dataset.

    own_names: which unlisted fields keep their names, a key of `OWN_NAMES`.  special: field -> its
    `FIELD@ids` keys.
    """

    known: bool
    inherits: str
    own_names: str
    entries: Mapping[str, Mapping[str, Json]]
    special: Mapping[str, Sequence[str]]
    prefixes: Sequence[str]


@cache
def _scope(dataset: str) -> _Scope:
    """Return the entries of one dataset; empty if it has none."""
    file = f"fields/{dataset.partition('.')[0].partition('~')[0]}.json"
    table: Mapping[str, Json] | None = load(file).get(dataset) if exists(file) else None
    if table is None:
        return _Scope(False, "", "", {}, {}, ())
    entries = table["fields"]
    special: dict[str, list[str]] = {}
    for key in entries:
        if "@" in key:
            special.setdefault(key.partition("@")[0], []).append(key)
    prefixes = tuple(key for key in entries if key.endswith(".*"))
    inherits, own = table.get("inherits", ""), table.get("own_names", "")
    return _Scope(True, inherits, own, entries, special, prefixes)
