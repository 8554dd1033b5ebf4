"""Which of Splunk's datasets the events of a Sigma or an Elastic rule are.

Sigma names a log source, which the datasets know; its Windows categories stand for event ids of
Sysmon (sigma-semantics 5.3). Elastic names data sets, channels, event ids or, for the events of
endpoints, a category with a type and a system. What a dataset implies is decided (`Origin.facts`),
so that the condition need not be asked again of Splunk's events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import cache

from transpile.ir.pred import Pred
from transpile.ir.stages import Events
from transpile.ir.walk import fields_of
from transpile.records import dataclass
from transpile.schema.datasets import (
    Dataset,
    LogSource,
    dataset,
    dataset_ids,
    find_terms,
    with_events,
)
from transpile.schema.native import taxonomy_of
from transpile.schema.resolve import implied_literals

Literals = Mapping[str, "frozenset[str] | None"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule's events are in Splunk.

    dataset: for several event ids that of their channel.  codes: the event ids, empty if there are
    none or the rule's own tests say them.  platform: windows, linux or macos.  facts: native fields
    whose value the dataset fixes, with the values that its events have.  open: those of them whose
    further values the dataset may have too.  assumptions: what the choice takes for granted.
    """

    dataset: Dataset
    codes: tuple[int, ...] = ()
    platform: str = "windows"
    facts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    open: frozenset[str] = frozenset()
    assumptions: tuple[str, ...] = ()


def origin_of(source: Events, pred: Pred) -> Origin | None:
    """Return the dataset of a rule's events, None if none is known. pred: in native names."""
    match taxonomy_of(source):
        case "sigma":
            return _sigma(dict(source.origin))
        case "ecs":
            index = tuple(value for key, value in source.origin if key == "index")
            return _elastic(implied_literals(pred), index, fields_of(pred))
        case _:
            return None


def general_origin(source: Events) -> Origin | None:
    """Return the data model that stands for a category of Sigma whatever agent wrote the events."""
    said = dict(source.origin)
    name = _MODELS.get(said.get("category", "")) if taxonomy_of(source) == "sigma" else None
    found = dataset(name) if name else None
    if found is None:
        return None
    platform = said.get("product", "")
    return Origin(found, platform=platform if platform in _SYSTEMS else "windows")


# -- Sigma ----------------------------------------------------------------------------------------

# category of product windows -> event ids of Sysmon
_SYSMON: Mapping[str, tuple[int, ...]] = {
    "process_creation": (1,),
    "file_change": (2,),
    "network_connection": (3,),
    "sysmon_status": (4, 16),
    "process_termination": (5,),
    "driver_load": (6,),
    "image_load": (7,),
    "create_remote_thread": (8,),
    "raw_access_thread": (9,),
    "process_access": (10,),
    "file_event": (11,),
    "registry_add": (12,),
    "registry_delete": (12,),
    "registry_event": (12, 13, 14),
    "registry_set": (13,),
    "registry_rename": (14,),
    "create_stream_hash": (15,),
    "pipe_created": (17, 18),
    "wmi_event": (19, 20, 21),
    "dns_query": (22,),
    "file_delete": (23, 26),
    "process_tampering": (25,),
    "file_delete_detected": (26,),
    "file_block_executable": (27,),
    "file_block_shredding": (28,),
    "file_executable_detected": (29,),
    "sysmon_error": (255,),
}
_MODELS = {"process_creation": "endpoint.processes"}
_POWERSHELL: Mapping[str, tuple[int, ...]] = {"ps_script": (4104,), "ps_module": (4103,)}


def _sigma(said: Mapping[str, str]) -> Origin | None:
    product, category = said.get("product"), said.get("category")
    if product == "windows" and category:
        for channel, codes in (("sysmon", _SYSMON), ("powershell", _POWERSHELL)):
            if category in codes:
                return _events(f"windows.{channel}", codes[category])
        return None
    wanted = LogSource(product, category, said.get("service"))
    name = _log_sources().get(wanted)
    found = dataset(name) if name else None
    if found is None:
        return None
    platform = product if product in ("linux", "macos") else "windows"
    return Origin(found, platform=platform)


def _events(channel: str, codes: tuple[int, ...]) -> Origin | None:
    """Return the origin of some event ids of a Windows channel."""
    base = dataset(channel)
    if base is None:
        return None
    one = with_events(base, codes)
    return Origin(one[0] if len(codes) == 1 else base, codes)


@cache
def _log_sources() -> Mapping[LogSource, str]:
    """Return the dataset of each log source; a data model outranks the products that feed it.

    A service is one product's own events, never a data model's. Log sources that only a part of a
    dataset's events has (selectors, variants) are left out.
    """
    found: dict[LogSource, tuple[int, str]] = {}
    for name in dataset_ids():
        known = dataset(name)
        if known is None or known.event is not None:
            continue
        model = known.match.datamodel is not None
        plain = known.sigma.logsource
        for source in (plain, *known.sigma.platforms.values()):
            if source is None or (model and source.service) or _is_sysmon(source):
                continue
            found[source] = min(found.get(source, (9, "")), (0 if model else 1, name))
    found[LogSource(None, "proxy", None)] = (0, "web.web")
    return {source: name for source, (_, name) in found.items()}


def _is_sysmon(source: LogSource) -> bool:
    return source.product == "windows" and source.category is not None


# -- Elastic --------------------------------------------------------------------------------------

_DATASET_FIELDS = ("data_stream.dataset", "event.dataset")
_SYSTEMS = ("windows", "linux", "macos")


@dataclass(frozen=True, slots=True)
class _Kind:
    """Events of an endpoint: the dataset on Windows and on other systems, and what they imply.

    types: values of `event.type`.  actions: of `event.action`, as the agents write them.
    """

    windows: str
    other: str
    categories: tuple[str, ...]
    types: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    narrow: str = ""


_STARTED = _Kind(
    "windows.sysmon.1", "endpoint.processes", ("process",), ("start", "process_started"),
    ("start", "exec", "exec_event", "executed", "process_started", "ProcessRollup2",
     "Process Create (rule: ProcessCreate)", "created-process"),
    "of the process events only starts are looked for",
)  # fmt: skip
_CREATED = _Kind(
    "windows.sysmon.11", "endpoint.filesystem", ("file",), ("creation", "change"),
    ("creation", "file_create_event", "File created (rule: FileCreate)", "overwrite"),
    "of the file events only creations are looked for",
)  # fmt: skip
_DELETED = _Kind(
    "windows.sysmon.23", "endpoint.filesystem", ("file",), ("deletion",), ("deletion",)
)
_REGISTRY = _Kind(
    "windows.sysmon.13", "endpoint.registry", ("registry",), ("change",),
    ("modification", "RegistryValueSet", "Registry value set (rule: RegistryEvent)"),
    "of the registry events only set values are looked for",
)  # fmt: skip
_CONNECTED = _Kind(
    "windows.sysmon.3", "network_traffic.all_traffic", ("network",),
    ("start", "connection", "protocol", "allowed"),
    ("connection_attempted", "connection_accepted", "ipv4_connection_attempt_event"),
    "of the network events only connections are looked for",
)  # fmt: skip
_RESOLVED = _Kind(
    "windows.sysmon.22", "network_resolution.dns", ("network",), ("protocol", "info", "start"),
    ("lookup_requested", "lookup_result", "DNSEvent (DNS query)"),
)  # fmt: skip
_LOADED = _Kind(
    "windows.sysmon.7", "", ("library", "process"), ("start", "change"),
    ("load", "Image loaded (rule: ImageLoad)"),
)  # fmt: skip
_DRIVER = _Kind("windows.sysmon.6", "", ("driver",), ("start", "change"), ("load",))


def _elastic(asked: Literals, index: tuple[str, ...], read: frozenset[str]) -> Origin | None:
    return (
        _by_dataset(asked, index)
        or _by_channel(asked, index)
        or _powershell(asked, index, read)
        or _by_kind(asked, read)
    )


def _by_dataset(asked: Literals, index: tuple[str, ...]) -> Origin | None:
    """Return the dataset that a rule names, or to which all its index patterns belong."""
    named = {value for name in _DATASET_FIELDS for value in asked.get(name) or ()}
    named = named or set(filter(None, map(_of_pattern, index)))
    found = {known for value in named if (known := _data_sets().get(value))}
    chosen = dataset(found.pop()) if len(found) == 1 else None
    if chosen is None:
        return None
    facts = {name: frozenset(named) for name in _DATASET_FIELDS}
    return Origin(chosen, facts=facts, open=frozenset(facts))


def _of_pattern(pattern: str) -> str:
    """Return the data set of an index pattern (`logs-aws.cloudtrail-*`), "" if it names none."""
    head, _, rest = pattern.partition("-")
    name = rest.partition("*")[0].strip("-.")
    return name if head == "logs" and "." in name else ""


@cache
def _data_sets() -> Mapping[str, str]:
    """Return the dataset of each of Elastic's data sets."""
    found: dict[str, str] = {}
    for name in dataset_ids():
        known = dataset(name)
        if known is None or known.event is not None:
            continue
        stated = dict(known.elastic.where).get("event.dataset", ())
        for value in (*stated, *filter(None, (known.elastic.event_dataset,))):
            found.setdefault(value, name)
    return found


_SECURITY = "system.security"


def _by_channel(asked: Literals, index: tuple[str, ...]) -> Origin | None:
    """Return the events of a Windows channel, or the ids of the security log that are named."""
    channels = asked.get("winlog.channel") or ()
    base = find_terms(("channel", channel) for channel in channels)
    codes = tuple(sorted(int(code) for code in asked.get("event.code") or () if code.isdigit()))
    if base is None and codes and any(_SECURITY in pattern for pattern in index):
        base = dataset("windows.security")
    if base is None or base.event is not None:
        return None
    facts = {"winlog.channel": frozenset(channels), "host.os.type": frozenset({"windows"})}
    chosen = with_events(base, codes)[0] if len(codes) == 1 else base
    return Origin(chosen, facts=facts, open=frozenset({"winlog.channel"}))


_SCRIPT = "powershell.file.script_block_text"
_OPERATIONAL = "windows.powershell_operational"


def _powershell(asked: Literals, index: tuple[str, ...], read: frozenset[str]) -> Origin | None:
    """Return PowerShell's events, which an index or the fields that a rule reads tell."""
    codes = asked.get("event.code") or frozenset()
    own = bool(index) and all(_OPERATIONAL in pattern for pattern in index)
    if not (own or _SCRIPT in read) or not all(map(str.isdigit, codes)):
        return None
    wanted = tuple(sorted(map(int, codes))) or ((4104,) if _SCRIPT in read else ())
    base = dataset("windows.powershell")
    if base is None or (_SCRIPT in read and wanted != (4104,)):
        return None
    facts = {
        "event.category": frozenset({"process"}),
        "host.os.type": frozenset({"windows"}),
        **dict.fromkeys(_DATASET_FIELDS, frozenset({_OPERATIONAL})),
    }
    chosen = with_events(base, wanted)[0] if len(wanted) == 1 else base
    return Origin(chosen, () if codes else wanted, facts=facts, open=frozenset(_DATASET_FIELDS))


def _by_kind(asked: Literals, read: frozenset[str]) -> Origin | None:
    categories = asked.get("event.category") or frozenset()
    systems = [name for name in _SYSTEMS if name in (asked.get("host.os.type") or ())]
    kind = _kind(categories, asked, read)
    if kind is None or len(systems) > 1:
        return None
    platform = systems[0] if systems else ""
    chosen = dataset(kind.windows if platform == "windows" else kind.other)
    if chosen is None:
        return None
    named = asked.get("event.code")
    if named and (chosen.event is None or str(chosen.event.id) not in named):
        return _of_sysmon(named, kind, asked)
    facts = {
        "event.category": frozenset(kind.categories),
        "event.type": frozenset(kind.types),
        "event.action": frozenset(kind.actions),
        "host.os.type": frozenset({platform}),
    }
    stated = asked.get("event.type") or asked.get("event.action")
    taken = (kind.narrow,) if kind.narrow and not stated else ()
    codes = (chosen.event.id,) if chosen.event else ()
    known = {name: values for name, values in facts.items() if any(values)}
    return Origin(chosen, codes, platform or "windows", known, frozenset({"event.action"}), taken)


_SYSMON_NAME = "Microsoft-Windows-Sysmon"
_LAST_OF_SYSMON = 29


def _of_sysmon(codes: frozenset[str], kind: _Kind, asked: Literals) -> Origin | None:
    """Return the events of Sysmon that a rule names by their ids; None for those of others."""
    providers = asked.get("event.provider") or frozenset()
    numbers = tuple(sorted(int(code) for code in codes if code.isdigit()))
    base = dataset("windows.sysmon")
    if base is None or providers - {_SYSMON_NAME} or len(numbers) < len(codes):
        return None
    if not providers and numbers[-1] > _LAST_OF_SYSMON:
        return None
    facts = {
        "event.category": frozenset(kind.categories),
        "host.os.type": frozenset({"windows"}),
        "event.provider": frozenset({_SYSMON_NAME}),
    }
    chosen = with_events(base, numbers)[0] if len(numbers) == 1 else base
    return Origin(chosen, facts=facts)


def _kind(categories: Iterable[str], asked: Literals, read: frozenset[str]) -> _Kind | None:
    types = asked.get("event.type") or frozenset()
    actions = asked.get("event.action") or frozenset()
    match sorted(categories):
        case ["process"] if not types - set(_STARTED.types):
            return _STARTED
        case ["file"] if "deletion" in types | actions:
            return _DELETED
        case ["file"] if not actions - set(_CREATED.actions):
            return _CREATED
        case ["registry"] if not types - {"change"}:
            return _REGISTRY
        case ["network"] if any(name.startswith("dns.") for name in read):
            return _RESOLVED
        case ["network"]:
            return _CONNECTED
        case ["library"] | ["library", "process"]:
            return _LOADED
        case ["driver"]:
            return _DRIVER
        case _:
            return None
