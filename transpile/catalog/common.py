"""Fields, tests and sources of all languages under names that they share.

A field is called as Elastic calls what holds the same value, else as Sigma does, else by its own
name. A program asked for by the end of its path is asked for by its name, which each language's
fields agree on (`Image` ends with `\\cmd.exe`, `process_name` is `cmd.exe`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal as Choice

from transpile.catalog.logic import Leaf, Literal, Node, Tree, filters_of, leaves
from transpile.ir.events import EventRule
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import TRUE
from transpile.ir.stages import DataModel, Events
from transpile.ir.text import fold
from transpile.schema.datasets import dataset, find_macro, find_terms
from transpile.schema.resolve import EVENT_CODE_FIELDS, Resolution, resolve
from transpile.schema.reverse import Reverse
from transpile.schema.windows import MODEL_EVENTS

_TAXONOMIES: tuple[Choice["ecs", "sigma"], ...] = ("ecs", "sigma")
NAME_OF: Mapping[str, str] = {
    "process.executable": "process.name",
    "process.parent.executable": "process.parent.name",
    "dll.path": "dll.name",
}
"""Field of a path -> field of the name that it ends with."""


def common_name(field: str, resolution: Resolution | None, taxonomy: str = "splunk") -> str:
    """Return the name that a field has in every language. taxonomy: whose name is given."""
    if taxonomy == "ecs":
        return field
    if field in EVENT_CODE_FIELDS:
        return "event.code"
    if taxonomy == "sigma" and resolution is not None:
        field = Reverse(resolution.fields, "sigma").name(field) or field
    if resolution is not None:
        for taxonomy in _TAXONOMIES:
            target = resolution.fields.lookup(field, taxonomy)
            if target is not None and target.field is not None and target.derive is None:
                return target.field
    return field


def common_test(literal: Literal, resolution: Resolution | None) -> Literal:
    """Return a test under common names."""
    if literal.kind in ("source", "other", "unknown"):
        return literal
    return literal._replace(subject=common_name(literal.subject, resolution))


def last_part(literal: Literal) -> str | None:
    """Return the name that a path is asked to end with, None if more or less is asked."""
    if literal.kind != "like":
        return None
    match Pattern.from_json(json.loads(literal.value)).parts:
        case (Wild.RUN, str() as text) if text[:1] in ("\\", "/"):
            name = text[1:]
            return name if name and not set(name) & set("\\/") else None
        case _:
            return None


def renamed(tree: Tree, resolution: Resolution | None) -> Tree:
    """Return a tree under common names.

    A program asked for by the end of its path is asked for by its name as well, which follows; not
    the other way round, since the sign before the name is the system's.
    """
    if isinstance(tree, Node):
        return Node(tree.join, tuple(renamed(part, resolution) for part in tree.parts))
    found = Leaf(common_test(tree.literal, resolution), tree.holds)
    name = NAME_OF.get(found.literal.subject)
    ending = last_part(found.literal) if name and found.holds else None
    if name is None or ending is None:
        return found
    return Node("and", (found, Leaf(found.literal._replace(subject=name, kind="eq", value=ending))))


def value_key(name: str, kind: str, text: str) -> str:
    """Return the key under which a value is counted: case and language do not matter.

    name: a common one.  text: with `*` for any run.
    """
    short = NAME_OF.get(name)
    if short and kind in ("eq", "ne") and text[:2] in ("*\\", "*/") and not set(text[2:]) & _MORE:
        name, text = short, text[2:]
    return f"{name}\n{kind}\n{fold(text)}"


_MORE = frozenset("*?\\/")


# -- sources -------------------------------------------------------------------------------------


def scope_of(
    rule: EventRule, labels: Sequence[str]
) -> tuple[tuple[Tree, ...], tuple[Leaf, ...], Resolution | None]:
    """Return which events a rule reads, what is known of them all, and the dataset if one is known.

    labels: the data sources that the rule's author names.
    """
    resolution = resolve(rule.source, rule.pred, labels)
    if isinstance(rule.source, DataModel):
        node, *above = reversed(list(_nodes(rule.source)))
        platform = _source(f"{rule.source.platform} systems") if rule.source.platform else None
        return (node, *((platform,) if platform else ())), tuple(above), resolution
    known = resolution if _is_named(rule.source) else None
    if known is None:
        return tuple(_own_scope(rule.source)), (), resolution
    base = known.dataset.parent or known.dataset.id
    others = (tree for tree in filters_of(rule.source.scope) if _is_about_index(tree))
    scope = (_source(f"the data set {base}"), *(others if rule.source.scope != TRUE else ()))
    return scope, tuple(_models(base, known)), resolution


def is_event_code(tree: Tree) -> bool:
    """Return whether a filter says nothing but which event codes are meant."""
    return all(leaf.holds and leaf.literal.subject in EVENT_CODE_FIELDS for leaf in leaves(tree))


def _source(text: str) -> Leaf:
    return Leaf(Literal("", "source", text))


def _nodes(source: DataModel) -> Iterator[Leaf]:
    """Yield the node of a data model that is read, after those above it."""
    parts = (source.model, *filter(None, source.node.split(".")))
    for at in range(1, len(parts)):
        yield _source(f"the data model {'.'.join(parts[: at + 1])}")
    if len(parts) == 1:
        yield _source(f"the data model {source.model}")


def _is_named(source: Events) -> bool:
    """Return whether the search itself, not just its author's labels, names the dataset."""
    if any(map(find_macro, source.macros)):
        return True
    terms = [
        (leaf.literal.subject, leaf.literal.value)
        for tree in filters_of(source.scope)
        for leaf in leaves(tree)
        if leaf.holds and leaf.literal.kind == "eq"
    ]
    return bool(terms) and find_terms(terms) is not None


def _is_about_index(tree: Tree) -> bool:
    return any(leaf.literal.subject == "index" for leaf in leaves(tree))


def _own_scope(source: Events) -> Iterator[Tree]:
    """Yield what a source says of itself where no dataset is known."""
    yield from (_source(f"`{name}`") for name in source.macros)
    if source.scope != TRUE:
        yield from filters_of(source.scope)
    places: dict[str, list[Tree]] = {}
    for key, value in source.origin:
        places.setdefault(key, []).append(_source(f"{key} {value}"))
    for several in places.values():
        yield several[0] if len(several) == 1 else Node("or", tuple(several))


def _models(base: str, resolution: Resolution) -> Iterator[Leaf]:
    """Yield the data models that all events of a rule over one channel of Windows are in too."""
    codes = {int(code) for code in resolution.codes}
    channel = base.removeprefix("windows.")
    if not codes or not base.startswith("windows."):
        return
    yield _source("windows systems")
    for (name, _), channels in MODEL_EVENTS.items():
        if codes <= channels.get(channel, frozenset()):
            match = found.match if (found := dataset(name)) else None
            if match is not None and match.datamodel:
                yield _source(f"the data model {match.datamodel}.{match.node}")

