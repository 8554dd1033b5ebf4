"""Every query that the public rules become is ES|QL over fields that Elastic has."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from transpile.backends.elastic.fields import required_fields
from transpile.backends.esql.engine.parser import parse_esql

from transpile.content import Content, read_rule
from transpile.convert import convert_rule
from transpile.errors import TranspileError
from transpile.schema.datasets import dataset
from transpile.schema.fields import FieldMap

CORPUS = os.environ.get("TRANSPILE_CORPUS")
SPLUNK = Path(CORPUS or "") / "splunk"

pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")]


@pytest.fixture(scope="module")
def conversions():
    content = Content.load(SPLUNK)
    found = {}
    for path in sorted((SPLUNK / "detections").rglob("*.yml")):
        try:
            found[path.stem] = convert_rule(read_rule(path), "esql", content=content)
        except TranspileError:
            continue  # the front end's own tests count these
    return found


def test_most_rules_have_a_query(conversions):
    assert sum(one.supported for one in conversions.values()) > 0.95 * len(conversions) > 900


def test_most_rules_are_exact(conversions):
    assert sum(one.fidelity == "exact" for one in conversions.values()) > 0.75 * len(conversions)


def test_every_query_is_read_by_the_engines_parser(conversions):
    for one in conversions.values():
        if one.supported:
            parse_esql(one.text)


def test_a_query_with_losses_is_not_called_exact(conversions):
    wrong = [name for name, one in conversions.items() if one.supported
             and (one.fidelity == "exact") == bool(one.losses)]  # fmt: skip
    assert wrong == []


def test_every_field_is_of_ecs_or_of_an_integration(conversions):
    unknown = {}
    for name, one in conversions.items():
        if one.draft is None:
            continue
        mapped = _mapped(one.draft.inputs)
        for field in required_fields(one.text, "esql", one.draft.inputs):
            if not field["ecs"] and not any(fnmatchcase(field["name"], m) for m in mapped):
                unknown[name] = field["name"]
    assert unknown == {}


def _mapped(inputs):
    """Return the ECS names that the field map gives to the fields of a dataset."""
    source = dataset(inputs.dataset)
    fields = FieldMap(source, inputs.variant or None)
    names = (*fields.names(), *inputs.fields)
    targets = [target for name in names if (target := fields.lookup(name, "ecs")) is not None]
    elastic = source.elastic
    selectors = [where for _, where in elastic.selectors]
    variants = [variant.where for variant in elastic.variants.values()]
    return {
        *(target.field for target in targets if target.field),
        *(also.field for target in targets for also in target.also),
        *(name for where in (elastic.where, *selectors, *variants) for name, _ in where),
    }
