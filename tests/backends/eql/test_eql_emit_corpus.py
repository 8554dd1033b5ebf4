"""Every query that the public rules become is EQL, for this engine and for PyEQL."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from eql.parser import allow_runs, allow_sample, elasticsearch_syntax, parse_query
from transpile.backends.eql.engine import parse_eql, tree
from transpile.backends.eql.read import EqlReader

from transpile.content import Content, read_rule
from transpile.convert import convert_rule
from transpile.errors import TranspileError
from transpile.schema.datasets import dataset, dataset_ids
from transpile.schema.ecs import is_ecs
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
            found[path.stem] = convert_rule(read_rule(path), "eql", content=content)
        except TranspileError:
            continue  # the front end's own tests count these
    return found


def test_most_rules_have_a_query(conversions):
    assert sum(one.supported for one in conversions.values()) > 0.9 * len(conversions) > 900


def test_every_query_is_read_by_both_parsers(conversions):
    for one in conversions.values():
        if one.supported:
            parse_eql(one.text)
            with elasticsearch_syntax, allow_runs, allow_sample:
                parse_query(one.text)


def test_a_query_with_losses_is_not_called_exact(conversions):
    wrong = [name for name, one in conversions.items() if one.supported
             and (one.fidelity.value == "exact") == bool(one.losses)]  # fmt: skip
    assert wrong == []


# objects whose members ingest names by what an event holds
OBJECTS = ("o365.audit.", "aws.cloudtrail.flattened.", "kubernetes.audit.")


@pytest.fixture(scope="module")
def is_known():
    """Return whether a field is in the Elastic Common Schema or in the mapping of integrations."""
    known = {"@timestamp", "event.category"}
    for name in dataset_ids():
        source = dataset(name)
        known |= {field for where in wheres(source) for field, _ in where}
        for variant in (None, *source.elastic.variants):
            fields = FieldMap(source, variant)
            for target in (fields.lookup(one, "ecs") for one in fields.names()):
                if target is not None and target.field is not None:
                    known |= {target.field, *(also.field for also in target.also)}
    heads = {name.partition("*")[0] for name in known if "*" in name}
    return lambda path: (
        is_ecs(path) or path in known or path.startswith((*OBJECTS, *heads))
    )


@pytest.mark.parametrize("name", ["process.house_field", "Processes.user", "dest", "azure.x.y"])
def test_a_field_of_nowhere_is_not_known(is_known, name):
    assert not is_known(name)


def test_every_field_is_in_ecs_or_in_an_integration(conversions, is_known):
    queries = [parse_eql(one.text) for one in conversions.values() if one.supported]
    used = {path for query in queries for path in tree.paths(query)}
    assert len(used) > 200
    assert {path for path in used if not is_known(path)} == set()


def wheres(source):
    yield source.elastic.where
    yield source.elastic.where_extra
    yield from (where for _, where in source.elastic.selectors)
    yield from (variant.where for variant in source.elastic.variants.values())


@pytest.fixture(scope="module")
def queries_of_elastic():
    found = []
    for path in sorted(Path(CORPUS, "elastic").rglob("*.toml")):
        rule = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
        if rule.get("language") == "eql":
            found.append(rule["query"])
    return found


def refusals(queries, read):
    found = []
    for query in queries:
        try:
            read(query)
        except TranspileError as error:
            found.append(error.message)
    return found


def test_all_rules_of_elastic_are_parsed(queries_of_elastic):
    assert len(queries_of_elastic) == 1077
    assert refusals(queries_of_elastic, parse_eql) == []


def test_nearly_all_rules_of_elastic_are_lowered(queries_of_elastic):
    """Event queries and sequences become IR; the figure asked for is 99 %."""
    asked = [query for query in queries_of_elastic if not query.lstrip().startswith("sample")]
    refused = refusals(asked, EqlReader().read)
    print(f"{len(asked)} event queries and sequences, {len(refused)} refused: {refused}")
    assert len(refused) <= 0.01 * len(asked)
