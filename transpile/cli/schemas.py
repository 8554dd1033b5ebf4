"""`transpile schemas [show NAME]`: the taxonomies that output can be written in."""

from __future__ import annotations

import argparse

from transpile.cli.terminal import Terminal, table
from transpile.schema.datasets import dataset, dataset_ids
from transpile.schema.fields import FieldMap
from transpile.schema.taxonomy import Schema, find_schema, schemas


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", nargs="?", choices=("list", "show"), default="list")
    parser.add_argument("name", nargs="?", help="taxonomy to show, or a YAML file of your own")
    parser.add_argument("--dataset", help="only this dataset, with its fields")


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Print the list, or the tables of one taxonomy."""
    if options.action == "list" or options.name is None:
        print(table(("schema", "what it is"), schemas()))
        return 0
    schema = find_schema(options.name)
    if options.dataset:
        return _show_fields(schema, options.dataset, terminal)
    rows = [(name, schema.table(found)) for name in dataset_ids() if (found := dataset(name))]
    print(table(("dataset", "table"), [(a, b or "") for a, b in rows]))
    return 0


def _show_fields(schema: Schema, name: str, terminal: Terminal) -> int:
    found = dataset(name)
    if found is None:
        terminal.error(f"error: unknown dataset {name!r}")
        return 2
    fields = FieldMap(found)
    rows = []
    for field in fields.names():
        target = schema.target(fields, field)
        rows.append((field, target.field or "" if target else "", (target.derive or "") if target else ""))
    print(table(("field", schema.name, "derived"), rows))
    return 0
