"""What a query takes for granted of source fields whose values Elastic has in one list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from transpile.backends.esql.members import is_list

from transpile.ir.expr import Field
from transpile.ir.pred import Compare, Exists, Pred, all_of, any_of, negate
from transpile.schema.fields import FieldMap

SAME = frozenset({None, "host", "host_or_ip"})
"""Derives whose target holds the value itself."""


def shared_lists(
    names: Iterable[str], fields: FieldMap, chosen: Collection[frozenset[str]]
) -> Iterator[tuple[Pred, str]]:
    """Yield what fields are to each other that become one list, as a test and as a text.

    A target of one value tells by itself whether an event has one for each of them. chosen: pairs
    of fields that were renamed onto one, of which an event may lack either.
    """
    first: dict[str, str] = {}
    for name in names:
        target = _list(name, fields)
        other = name if target is None else first.setdefault(target, name)
        if other == name:
            continue
        one, two = Field(other), Field(name)
        absent = [negate(Exists(one)), negate(Exists(two))]
        same = Compare("==", one, two)
        if frozenset((other, name)) in chosen:
            text = f"where an event has both {other} and {name}, they have the same values"
            yield any_of((*absent, same)), text
        else:
            yield any_of((all_of(absent), same)), f"{other} and {name} have the same values"


def _list(name: str, fields: FieldMap) -> str | None:
    """Return the target field that holds a list of the values of a source field themselves."""
    target = fields.lookup(name, "ecs")
    if target is None or target.derive not in SAME or not target.field:
        return None
    return target.field if target.mv or is_list(Field(target.field)) else None
