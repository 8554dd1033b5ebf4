"""The Common Information Model: an event as a data model node shows it.

A node's fields are never as the event has them: most essential strings that are missing or empty
become `unknown`, some numbers become 0, some fields are calculated from others. `normalise` makes
that view, `never_missing` tells a simplifier which existence tests are always true.

Not modelled: `DNS.reply_code` from `reply_code_id` (an add-on lookup), asset and identity
enrichment (`*_category`, `*_bunit`, `*_priority` come from the user's own tables).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from transpile.records import dataclass
from transpile.schema._cim_nodes import NODES, Node, Tests

Event = dict[str, Any]
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """All facts of a node, its ancestors' included.

    path: `Model.Root.Child`.  tags: groups of tags; a member has one of each group.  fields,
    excluded: see `constraint`, `exclusions`.  The other sets hold field names.
    """

    path: str
    tags: tuple[frozenset[str], ...]
    fields: Tests
    excluded: tuple[Tests, ...]
    unknown: frozenset[str]
    dash: frozenset[str]
    zero: frozenset[str]
    number_or_none: frozenset[str]
    numbers: frozenset[str]
    lower: frozenset[str]
    mv: frozenset[str]
    total: frozenset[str]


@lru_cache(maxsize=1024)
def node_facts(model: str, node: str) -> NodeFacts | None:
    """Return the facts of a node, by its path or its own name (case-insensitive), or None."""
    path = _path(model.lower(), node.lower())
    return None if path is None else _facts(path)


def constraint(model: str, node: str) -> Tests:
    """Return the (field, accepted values) tests that make an event a member; `*`: any value."""
    facts = node_facts(model, node)
    return facts.fields if facts else ()


def exclusions(model: str, node: str) -> tuple[Tests, ...]:
    """Return groups of tests; an event that meets a whole group is no member of the node.

    Values may hold `*` (`user` = `*$`: machine accounts).
    """
    facts = node_facts(model, node)
    return facts.excluded if facts else ()


def never_missing(model: str, node: str) -> frozenset[str]:
    """Return the fields that every event of the node has after `normalise`."""
    facts = node_facts(model, node)
    return facts.unknown | facts.zero | facts.total if facts else frozenset()


def is_number(model: str, node: str, field: str) -> bool:
    """Return whether the model declares a field (with or without prefix) as a number."""
    facts = node_facts(model, node)
    return facts is not None and _strip(field, _heads(facts.path)) in (
        facts.numbers | facts.zero | facts.number_or_none
    )


def is_multivalue(model: str, node: str, field: str) -> bool:
    """Return whether a field of the node (with or without prefix) may hold many values."""
    facts = node_facts(model, node)
    return facts is not None and _strip(field, _heads(facts.path)) in facts.mv


def lengths(model: str, node: str) -> Mapping[str, str]:
    """Return the fields of a node that hold the length of another one, with that one."""
    facts = node_facts(model, node)
    return _LENGTHS.get(_root(facts.path), {}) if facts else {}


def is_member(event: Event, model: str, node: str) -> bool:
    """Return whether an event belongs to a node; False for a node that does not exist.

    An event without `tag` is taken to have the tags that the node asks for; field constraints and
    exclusions are tested on the node's view of the event, case-insensitively.
    """
    facts = node_facts(model, node)
    if facts is None:
        return False
    tags = {text.lower() for text in _texts(event.get("tag"))}
    if tags and not all(tags & group for group in facts.tags):
        return False
    shown = normalise(event, model, node)
    return all(_meets(shown, test) for test in facts.fields) and not any(
        all(_meets(shown, test) for test in group) for group in facts.excluded
    )


def normalise(event: Event, model: str, node: str) -> Event:
    """Return the node's view of one event, with unprefixed names; a new dict.

    Keys may be prefixed (`Processes.user`, `All_Changes.Account_Management.src_user`) or not; a
    prefixed key outranks the plain one. Fields that the node does not declare stay as they are.
    An unknown node gives a copy.
    """
    facts = node_facts(model, node)
    if facts is None:
        return dict(event)
    heads = _heads(facts.path)
    shown: Event = {}
    prefixed: Event = {}
    for key, value in event.items():
        name = _strip(key, heads) if "." in key else key
        (shown if name == key else prefixed)[name] = value
    shown |= prefixed
    for field, calculate in _BEFORE.get(_root(facts.path), ()):
        value = calculate(shown)
        if value is not None:
            shown[field] = value
    for field in facts.unknown:
        if _absent(shown.get(field)) or (field in facts.dash and shown.get(field) == "-"):
            shown[field] = UNKNOWN
    for field in facts.zero:
        shown[field] = shown[field] if _numeric(shown.get(field)) else 0
    for field in facts.number_or_none:
        if not _numeric(shown.get(field)):
            shown.pop(field, None)
    for field in facts.lower & shown.keys():
        shown[field] = _lowered(shown[field])
    for field, calculate in _AFTER.get(_root(facts.path), ()):
        value = calculate(shown)
        if value is not None:
            shown[field] = value
    return shown


# --- calculated fields -------------------------------------------------------------------------

Calculation = Callable[[Event], Any]


def _unless_given(field: str, calculate: Calculation) -> tuple[str, Calculation]:
    """Return a calculation that keeps the event's own value where it has one."""
    return field, lambda event: event[field] if not _absent(event.get(field)) else calculate(event)


def _first_token(field: str) -> Calculation:
    def calculate(event: Event) -> Any:
        words = next(iter(_texts(event.get(field))), "").split(None, 1)
        return words[0] if words else None

    return calculate


def _either(*fields: str, default: str) -> Calculation:
    def calculate(event: Event) -> Any:
        return next((event[name] for name in fields if not _absent(event.get(name))), default)

    return calculate


def _length(field: str) -> Calculation:
    return lambda event: len(next(iter(_texts(event.get(field))), ""))


def _unless_number(field: str, left: str, right: str, sign: int) -> tuple[str, Calculation]:
    """Return a calculation: the event's own number, else `left` plus or minus `right`."""

    def calculate(event: Event) -> Any:
        if _numeric(event.get(field)):
            return event[field]
        if not (_numeric(event.get(left)) and _numeric(event.get(right))):
            return None
        result = float(event[left]) + sign * float(event[right])
        return int(result) if result.is_integer() else result

    return field, calculate


def _after_at(field: str) -> Calculation:
    def calculate(event: Event) -> Any:
        text = next(iter(_texts(event.get(field))), "")
        return text.rpartition("@")[2] if "@" in text else None

    return calculate


def _host_of(field: str) -> Calculation:
    def calculate(event: Event) -> Any:
        found = re.match(r"[a-z][a-z0-9+.-]*://(?:[^/@]*@)?([^/:?#]+)",
                         next(iter(_texts(event.get(field))), ""), re.IGNORECASE)
        return found[1] if found else None

    return calculate


def _vendor_product(event: Event) -> str:
    vendor, product = (
        next((text for text in _texts(event.get(name)) if text != UNKNOWN), "")
        for name in ("vendor", "product")
    )
    if vendor or product:
        return f"{vendor or UNKNOWN} {product or UNKNOWN}"
    return next(iter(_texts(event.get("sourcetype"))), UNKNOWN)


_VENDOR_PRODUCT = _unless_given("vendor_product", _vendor_product)
_RESULTS = (
    _unless_given("result", _either("signature", default=UNKNOWN)),
    _unless_given("result_id", _either("signature_id", default="-1")),
)
_BYTES = (
    _unless_number("bytes", "bytes_in", "bytes_out", 1),
    _unless_number("bytes_in", "bytes", "bytes_out", -1),
    _unless_number("bytes_out", "bytes", "bytes_in", -1),
)
_APP = _unless_given("app", _either("sourcetype", default=UNKNOWN))

# root node -> calculations on the event as it came, in order
_BEFORE: Mapping[str, tuple[tuple[str, Calculation], ...]] = {
    "Endpoint.Processes": (
        _unless_given("process_name", _first_token("process")),
        _unless_given("parent_process_name", _first_token("parent_process")),
        _VENDOR_PRODUCT,
    ),
    "Endpoint.Filesystem": (_VENDOR_PRODUCT,),
    "Web.Web": (_unless_given("url_domain", _host_of("url")), *_BYTES[2:], _VENDOR_PRODUCT),
    "Network_Traffic.All_Traffic": _BYTES,
    "Change.All_Changes": _RESULTS,
    "Change_Analysis.All_Changes": _RESULTS,
    "Authentication.Authentication": (_APP,),
    "Alerts.Alerts": (_APP,),
    "Updates.Updates": (_VENDOR_PRODUCT,),
    "Certificates.All_Certificates": (
        _unless_given("ssl_issuer_email_domain", _after_at("ssl_issuer_email")),
        _unless_given("ssl_subject_email_domain", _after_at("ssl_subject_email")),
    ),
}

# root node -> fields that hold the length of another one
_LENGTHS: Mapping[str, Mapping[str, str]] = {
    "Web.Web": {"url_length": "url", "http_user_agent_length": "http_user_agent"},
}

# root node -> calculations on the filled fields
_AFTER: Mapping[str, tuple[tuple[str, Calculation], ...]] = {
    root: tuple((field, _length(text)) for field, text in lengths.items())
    for root, lengths in _LENGTHS.items()
}


_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")

# --- helpers -----------------------------------------------------------------------------------


def _texts(value: Any) -> Iterator[str]:
    """Yield the non-empty values of a field as text."""
    for item in value if isinstance(value, (list, tuple)) else (value,):
        if item is not None and item != "":
            yield str(item)


def _absent(value: Any) -> bool:
    if value is None or isinstance(value, str):  # nearly all values
        return not value
    return not any(True for _ in _texts(value))


def _numeric(value: Any) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _lowered(value: Any) -> Any:
    if isinstance(value, list):
        return [_lowered(item) for item in value]
    return value.lower() if isinstance(value, str) else value


def _meets(event: Event, test: tuple[str, tuple[str, ...]]) -> bool:
    field, accepted = test
    patterns = [re.escape(value.lower()).replace(r"\*", ".*") for value in accepted]
    return any(
        re.fullmatch(pattern, text.lower(), re.DOTALL)
        for text in _texts(event.get(field))
        for pattern in patterns
    )


def _strip(field: str, heads: frozenset[str]) -> str:
    """Return the field without leading node names."""
    while (parts := field.partition("."))[1] and parts[0].lower() in heads:
        field = parts[2]
    return field


def _root(path: str) -> str:
    return ".".join(path.split(".")[:2])


@cache
def _heads(path: str) -> frozenset[str]:
    """Return the node names of the path's model, in lower case."""
    model = path.partition(".")[0]
    return frozenset(
        part.lower() for key in NODES if key.startswith(f"{model}.") for part in key.split(".")[1:]
    )


@cache
def _path(model: str, node: str) -> str | None:
    """Return the key of `NODES` for a model and a node path or node name, in lower case."""
    paths = [key for key in NODES if key.lower().startswith(f"{model}.")]
    for key in paths:
        if key.lower() == f"{model}.{node}":
            return key
    leaf = node.rpartition(".")[2]
    return next((key for key in paths if key.lower().rpartition(".")[2] == leaf), None)


@cache
def _facts(path: str) -> NodeFacts:
    chain: list[Node] = []
    name: str | None = path
    while name is not None:
        chain.insert(0, NODES[name])
        name = NODES[name].parent

    def names(attribute: str) -> frozenset[str]:
        return frozenset(word for node in chain for word in getattr(node, attribute).split())

    return NodeFacts(
        path=path,
        tags=tuple(frozenset(word.split("|")) for node in chain for word in node.tags.split()),
        fields=tuple(test for node in chain for test in node.fields),
        excluded=tuple(group for node in chain for group in node.excluded),
        dash=names("dash"),
        unknown=names("unknown"),
        zero=names("zero"),
        number_or_none=names("number_or_none"),
        numbers=names("numbers"),
        lower=names("lower"),
        mv=names("mv"),
        total=names("total"),
    )
