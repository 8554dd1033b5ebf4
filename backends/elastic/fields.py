"""The fields that a query reads, with their types: what Kibana calls required fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from transpile.backends.base import Inputs
from transpile.backends.eql.types import elastic_type

from transpile.schema.datasets import dataset
from transpile.schema.ecs import is_ecs
from transpile.schema.fields import FieldMap, FieldTarget


def required_fields(text: str, language: str, inputs: Inputs) -> list[dict[str, Any]]:
    """Return name, type and whether ECS defines it of each field that a query reads, sorted."""
    targets = _targets(inputs)
    read = _read_by_esql(text, inputs) if language == "esql" else _read_by_eql(text)
    names = sorted(set(read))
    return [
        {"name": name, "type": elastic_type(name, targets.get(name)), "ecs": is_ecs(name)}
        for name in names
    ]


def _targets(inputs: Inputs) -> dict[str, FieldTarget]:
    source = dataset(inputs.dataset)
    if source is None:
        return {}
    fields = FieldMap(source, inputs.variant or None)
    found = (fields.lookup(name, "ecs") for name in inputs.fields)
    return {target.field: target for target in found if target is not None and target.field}


def _read_by_eql(text: str) -> Iterator[str]:
    from transpile.backends.eql.engine import tree
    from transpile.backends.eql.engine.parser import parse_eql

    yield from tree.paths(parse_eql(text))


def _read_by_esql(text: str, inputs: Inputs) -> Iterator[str]:
    """Yield the columns that neither the query makes nor a lookup: those before the first STATS."""
    from transpile.backends.esql.engine import tree
    from transpile.backends.esql.engine.parser import parse_esql

    made: set[str] = set()
    for command in parse_esql(text):
        names = (node.name for node in tree.nodes((command,)) if isinstance(node, tree.Name))
        yield from (name for name in names if name not in made)
        match command:
            case tree.Eval(assignments):
                made |= {name for name, _ in assignments}
            case tree.Stats(measures, _, True):
                made |= {measure.name for measure in measures}
            case tree.Lookup(index):
                made |= set(inputs.columns.get(index, ()))
            case tree.Stats():
                return
            case _:
                pass
