"""`transpile schemas [show NAME [--ddl DIALECT [PATH...]]]`: taxonomies and their tables."""

from __future__ import annotations

import argparse
from difflib import get_close_matches
from typing import TYPE_CHECKING

from transpile.cli.inputs import add_content_option, collect, content_for, settings_for
from transpile.cli.terminal import Terminal, table
from transpile.convert import convert_rule
from transpile.errors import TranspileError, UsageError
from transpile.schema.datasets import Dataset, dataset, dataset_ids
from transpile.schema.fields import FieldMap
from transpile.schema.taxonomy import Schema, find_schema, schemas
from transpile.targets import check_choices, find

if TYPE_CHECKING:
    from transpile.backends.base import Inputs


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", nargs="?", choices=("list", "show"), default="list")
    parser.add_argument("name", nargs="?", help="taxonomy to show, or a YAML file of your own")
    parser.add_argument("--dataset", help="only this dataset, with its fields")
    parser.add_argument(
        "--ddl", nargs="+", metavar=("DIALECT", "PATH"),
        help="print CREATE TABLE statements: of the tables that the rules read, else of all tables",
    )  # fmt: skip
    add_content_option(parser)


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """Print the list, or the tables of one taxonomy, or the fields of one dataset."""
    if options.action == "list":
        terminal.result(table(("schema", "what it is"), schemas()))
        return 0
    if options.name is None:
        raise UsageError("no schema named", hint="transpile schemas show cim")
    schema = find_schema(options.name)
    if options.ddl:
        terminal.result(_ddl(options, terminal).rstrip("\n"))
        return 0
    if options.dataset:
        terminal.result(_fields(schema, _dataset(options.dataset)))
    else:
        terminal.result(_tables(schema))
    return 0


def _ddl(options: argparse.Namespace, terminal: Terminal) -> str:
    """Return the statements that make the tables of some rules, a dataset, or all datasets."""
    from transpile.backends.base import Inputs, MakesTables

    dialect, *paths = options.ddl
    backend, info = find(f"sql:{dialect}")
    check_choices(info, schema=options.name)
    assert isinstance(backend, MakesTables)
    if paths:
        inputs = _read_by_rules(paths, info.name, options, terminal)
    else:
        names = [_dataset(options.dataset).id] if options.dataset else dataset_ids()
        inputs = [Inputs(dataset=name) for name in names]
    return backend.event_tables(dialect, inputs, options.name)


def _read_by_rules(
    paths: list[str], target: str, options: argparse.Namespace, terminal: Terminal
) -> list[Inputs]:
    """Return what the queries of rules read; a rule without one has no tables."""
    content = content_for(options.content, paths, settings_for(paths))
    rules, unread = collect(paths)
    for error in unread:
        terminal.error(error)
    found: list[Inputs] = []
    for rule in rules:
        try:
            made = convert_rule(rule, target, content=content, schema=options.name)
        except TranspileError as error:
            terminal.error(error)
            continue
        if made.draft is not None:
            found.append(made.draft.inputs)
    return found


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
