"""Which of two fields the events of a dataset have, where a wildcard renamed both onto one name.

`rename properties.* as *` makes `user` of `properties.user` or leaves the event's own `user`: an
event has one of them, and the field map knows which.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import cast

from transpile.ir.events import EventRule, Threshold
from transpile.ir.events.rule import presence_text
from transpile.ir.expr import Call, Field, Node
from transpile.ir.pred import FALSE, TRUE, Exists, Pred, Test, all_of, negate
from transpile.ir.simplify import simplify_pred
from transpile.ir.walk import conjuncts, disjuncts, rebuild
from transpile.records import replace
from transpile.schema.fields import FieldMap, Taxonomy
from transpile.schema.resolve import Resolution


def settled(rule: EventRule, resolution: Resolution, taxonomy: Taxonomy) -> EventRule:
    """Return the rule with each choice made, as an assumption about the events.

    A pair of which the dataset has both fields, or none of them a counterpart, stays as it is in
    the filter; in groups and threshold its first field then has no counterpart either.
    """
    taken: dict[str, str] = {}
    missing: dict[str, None] = {}
    for pair in rule.choices:
        chosen = _chosen(pair, resolution.fields, taxonomy)
        if chosen is not None:
            taken[pair[0]] = chosen
            missing[pair[0] if chosen == pair[1] else pair[1]] = None
    if not taken:
        return rule
    absent = [negate(Exists(Field(name))) for name in missing]
    present, others = _presence(rule.required)
    decided = _decided(present, rule, taken, missing)
    texts = [
        presence_text(decided) if text == presence_text(present) else text
        for text in rule.assumptions
        if text != presence_text(present) or decided != TRUE
    ]

    def decide(threshold: Threshold) -> Threshold:
        where = _decided(threshold.where, rule, taken, missing)
        return replace(_renamed(threshold, taken), where=where)

    return replace(
        rule,
        pred=_decided(rule.pred, rule, taken, missing),
        groups=tuple(taken.get(name, name) for name in rule.groups),
        required=all_of((decided, *others, *absent)),
        threshold=rule.threshold and decide(rule.threshold),
        further=tuple(map(decide, rule.further)),
        assumptions=(*texts, *(f"events have no field {name} of their own" for name in missing)),
    )


def _presence(required: Pred) -> tuple[Pred, list[Pred]]:
    """Return what asks for fields, and what else is required."""
    parts = conjuncts(required)
    asking = [part for part in parts if _asks(part)]
    return all_of(asking), [part for part in parts if not _asks(part)]


def _asks(part: Pred) -> bool:
    return all(isinstance(each, Exists) for each in disjuncts(part))


def _chosen(pair: tuple[str, str], fields: FieldMap, taxonomy: Taxonomy) -> str | None:
    """Return the field that events have: the one that the dataset lists, else the renamed one."""
    listed = [name for name in pair if fields.strip(name) in fields.names()]
    if len(listed) == 2:
        return None
    name = listed[0] if listed else pair[0]
    target = fields.lookup(name, taxonomy)
    return name if target is not None and target.none is None else None


def _decided(
    pred: Pred, rule: EventRule, taken: Mapping[str, str], missing: Collection[str]
) -> Pred:
    """Return a predicate with the chosen fields, and without tests on those that are missing."""

    def change(node: Node) -> Node:
        match node:
            case Call("coalesce", (Field(one), Field(other))) if (one, other) in rule.choices:
                return Field(taken[one], span=node.span) if one in taken else node
            case Exists(Field(name)) | Test(Field(name)) if name in missing:
                return FALSE
            case _:
                return rebuild(node, change)

    return simplify_pred(cast(Pred, change(pred)))


def _renamed(threshold: Threshold, taken: Mapping[str, str]) -> Threshold:
    name = partial(_name, taken)
    return replace(threshold, field=name(threshold.field), by=tuple(map(name, threshold.by)))


def _name(taken: Mapping[str, str], name: str) -> str:
    return taken.get(name, name)
