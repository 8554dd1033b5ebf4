"""Rules in their own taxonomy: the log source that they name themselves, and fields as they are.

A source with an `origin` (a Sigma rule, an Elastic rule) needs no mapping for a target of the same
taxonomy: its dataset is made of what the rule says, and every field is called what it is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from transpile.ir.expr import Field
from transpile.ir.pred import NumEq, Order, Pred, Test, TextEq
from transpile.ir.stages import Events
from transpile.ir.walk import conjuncts, descend
from transpile.schema.datasets import Dataset, ElasticSource, LogSource, Match, SigmaSource

CATEGORY = "event.category"
Origin = tuple[tuple[str, str], ...]


def native_source(source: Events, pred: Pred) -> tuple[Dataset, tuple[tuple[str, str], ...]]:
    """Return the dataset that a rule of another language names, and the fields that it fixes.

    pred: its filter; an Elastic query says there of which category its events are.
    """
    if taxonomy_of(source) != "ecs":
        return native_dataset(source.origin), ()
    category = next(_categories(pred), "")
    fixed = ((CATEGORY, category),) if category else ()
    return native_dataset(source.origin, category, frozenset(_numbers(pred))), fixed


def taxonomy_of(source: Events) -> str:
    """Return whose field names a source has, "" for Splunk's own."""
    return dict(source.origin).get("taxonomy", "")


def _categories(pred: Pred) -> Iterator[str]:
    """Yield the categories that every event of a filter must be of."""
    for part in conjuncts(pred):
        match part:
            case Test(Field(name), TextEq(text, cased=True)) if name == CATEGORY:
                yield text


def _numbers(pred: Pred) -> Iterator[str]:
    """Yield the fields that are compared with numbers."""
    for node in descend(pred):
        match node:
            case Test(Field(name), NumEq() | Order(_, int() | float())):
                yield name


@lru_cache(maxsize=256)
def native_dataset(
    origin: Origin, category: str = "", numbers: frozenset[str] = frozenset()
) -> Dataset:
    """Return the dataset of an origin; it has no id, and only its own taxonomy knows it."""
    said = dict(origin)
    taxonomy = said.get("taxonomy", "")
    index = tuple(value for key, value in origin if key == "index")
    return Dataset(
        id="",
        parent=None,
        match=Match(None, None, (), (), None),
        prefix=None,
        event=None,
        sigma=_sigma(said if taxonomy == "sigma" else {}),
        elastic=_elastic(category or "any", index) if taxonomy == "ecs" else _elastic(None, ()),
        ocsf=None,
        sql_table=None,
        native=taxonomy,
        numbers=numbers,
    )


def _sigma(said: Mapping[str, str]) -> SigmaSource:
    parts = LogSource(said.get("product"), said.get("category"), said.get("service"))
    return SigmaSource(
        logsource=parts if parts != LogSource() else None,
        status="native" if said else "none",
        why=None if said else "the rule's events are described in another taxonomy",
        selection={},
        selectors=(),
        platforms={},
        variants={},
    )


def _elastic(category: str | None, index: tuple[str, ...]) -> ElasticSource:
    return ElasticSource(
        event_category=category,
        fallback_category=None,
        where=(),
        where_extra=(),
        event_type=(),
        event_action=None,
        event_dataset=None,
        index=index,
        platform_field=None,
        platform_index={},
        selectors=(),
        variants={},
    )
