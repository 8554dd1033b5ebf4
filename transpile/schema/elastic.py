"""A log source in Elastic: its event category, the constraints that make it, its index patterns."""

from __future__ import annotations

from transpile.errors import Unsupported
from transpile.ir.pred import Pred
from transpile.ir.walk import fields_of
from transpile.records import dataclass
from transpile.schema.datasets import Where
from transpile.schema.resolve import EVENT_CODE_FIELDS, Resolution, implied_literals


@dataclass(frozen=True, slots=True)
class Selection:
    """What selects the events of a rule's log source.

    category: the value of `event.category`, `any` for all.  where: constraints, each field with its
    accepted values.  index: index patterns, none if they are not known.
    """

    category: str
    where: Where
    index: tuple[str, ...]
    assumptions: tuple[str, ...] = ()


def selection(resolution: Resolution, pred: Pred) -> Selection:
    """Return what selects the events that a filter is about.

    pred: over the source's own field names. A selector of the dataset counts only if every event
    that the rule finds meets it. Raises `Unsupported` TGT602 if Elastic has no such events.
    """
    elastic = resolution.dataset.elastic
    variant = elastic.variants.get(resolution.variant or "")
    category = (variant.category if variant else None) or elastic.event_category
    if category is None:
        raise Unsupported(
            f"Elastic has no known events like those of {resolution.dataset.id or 'the rule'}",
            code="TGT602",
        )
    literals = {name: found or () for name, found in implied_literals(pred).items()}
    base = elastic.resolve(literals)
    index = elastic.platform_index.get(resolution.platform, elastic.index)
    chosen = (*(variant.where if variant else ()), *base)
    assumptions = []
    if base != elastic.where:
        assumptions.append(f"the events that the rule asks for have {_listed(base)}")
    elif "event.code" in dict(base) and not fields_of(pred) & set(EVENT_CODE_FIELDS):
        codes = " or ".join(dict(base)["event.code"])
        assumptions.append(f"the events that the rule asks for have the event code {codes}")
    if not chosen and category == "any" and elastic.index:
        assumptions.append(f"the query is run over {', '.join(elastic.index)} only")
    return Selection(
        category, chosen, (variant.index if variant else ()) or index, tuple(assumptions)
    )


def _listed(where: Where) -> str:
    return " and ".join(f"{name} {' or '.join(values)}" for name, values in where)
