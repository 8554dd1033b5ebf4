"""`transpile schemas [show NAME]`: the taxonomies that output can be written in."""

from __future__ import annotations

import argparse
from difflib import get_close_matches

from transpile.cli.terminal import Terminal, table
from transpile.errors import UsageError
from transpile.schema.datasets import Dataset, dataset, dataset_ids
from transpile.schema.fields import FieldMap
from transpile.schema.taxonomy import Schema, find_schema, schemas


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", nargs="?", choices=("list", "show"), default="list")
    parser.add_argument("name", nargs="?", help="taxonomy to show, or a YAML file of your own")
    parser.add_argument("--dataset", help="only this dataset, with its fields")


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Print the list, or the tables of one taxonomy, or the fields of one dataset."""
    if options.action == "list":
        terminal.result(table(("schema", "what it is"), schemas()))
        return 0
    if options.name is None:
        raise UsageError("no schema named", hint="transpile schemas show cim")
    schema = find_schema(options.name)
    if options.dataset:
        terminal.result(_fields(schema, _dataset(options.dataset)))
    else:
        terminal.result(_tables(schema))
    return 0


def _dataset(name: str) -> Dataset:
    found = dataset(name)
    if found is None:
        close = get_close_matches(name, dataset_ids(), 1)
        hint = f"did you mean {close[0]!r}?" if close else "`transpile schemas show cim` lists all"
        raise UsageError(f"unknown dataset {name!r}", hint=hint)
    return found


def _tables(schema: Schema) -> str:
    known = [(name, found) for name in dataset_ids() if (found := dataset(name)) is not None]
    return table(("dataset", "table"), [(name, schema.table(found) or "") for name, found in known])


def _fields(schema: Schema, source: Dataset) -> str:
    fields = FieldMap(source)
    rows = []
    for name in fields.names():
        target = schema.target(fields, name)
        rows.append((name, (target and target.field) or "", (target and target.derive) or ""))
    return table(("field", schema.name, "derived"), rows)
