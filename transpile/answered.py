"""Filters by the rows of a lookup table that is known: the condition that those rows are.

`search [| inputlookup tools | fields process]` asks the same of every event, whatever the other
events are, so a target without subsearches can be told what it asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transpile.ir import stages as s
from transpile.ir.decide import text
from transpile.ir.expr import Call, Field, Node
from transpile.ir.lookup_rows import MOST_ROWS
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Glob, InRows, Pred, Test, TextEq, all_of, any_of
from transpile.ir.simplify import simplify_pred
from transpile.ir.walk import descend, holds, rebuild
from transpile.tables import Table

_BY_EVENTS = (s.Events, s.DataModel, s.ForRows)
_BY_CHANCE = frozenset({"now", "random", "time", "relative_time"})


def answered(pipeline: s.Pipeline, tables: Mapping[str, Table]) -> s.Pipeline:
    """Return a rule with its filters by the rows of known tables as conditions, else itself."""
    if all(table.rows is None for table in tables.values()):
        return pipeline
    asking = [stage for stage in pipeline.stages if isinstance(stage, s.Filter) and _asks(stage)]
    if not asking:
        return pipeline
    told = {id(stage): _told(stage, tables) for stage in asking}
    return s.Pipeline(
        tuple(told.get(id(stage), stage) for stage in pipeline.stages), span=pipeline.span
    )


def _asks(stage: s.Filter) -> bool:
    return holds(stage, InRows)


def _told(stage: s.Filter, tables: Mapping[str, Table]) -> s.Filter:
    def told(node: Node) -> Node:
        if isinstance(node, InRows):
            found = _condition(node.pipeline, tables)
            return node if found is None else found
        return rebuild(node, told)

    pred = told(stage.pred)
    assert isinstance(pred, Pred)
    return stage if pred == stage.pred else s.Filter(simplify_pred(pred), span=stage.span)


def _condition(pipeline: s.Pipeline, tables: Mapping[str, Table]) -> Pred | None:
    """Return when a row agrees with one of an inner search's, None if the events tell its rows."""
    from transpile.interpret import Context, Interpreter, NotComputable

    for node in descend(pipeline):
        match node:
            case s.LookupTable(name) | s.Lookup(name):
                table = tables.get(name)
                if table is None or table.rows is None:
                    return None
            case Call(name) if name in _BY_CHANCE:
                return None
            case _ if isinstance(node, _BY_EVENTS):
                return None
    try:
        rows = Interpreter(Context(lookups=tables)).run(pipeline, ())
    except NotComputable:
        return None
    if len(rows) > MOST_ROWS:
        return None
    return any_of(all_of(_agrees(name, value) for name, value in row.items()) for row in rows)


def _agrees(name: str, value: Any) -> Pred:
    """Return when a row has a value as the inner search's, `*` being a wildcard (`InRows`)."""
    if name.startswith("_"):
        return all_of(())
    values = value if isinstance(value, list) else [value]
    return any_of(_like(name, Pattern.from_spl(text(item))) for item in values)


def _like(name: str, pattern: Pattern) -> Pred:
    return Test(Field(name), TextEq(pattern.text) if pattern.is_literal else Glob(pattern))
