"""The window of a scheduled search put on its sources (spl-semantics 7.1)."""

from __future__ import annotations

from transpile.ir.expr import Call, Expr, Lit, Node
from transpile.ir.stages import DataModel, Events, Pipeline
from transpile.ir.walk import rebuild
from transpile.lower.common import time_bound
from transpile.records import replace


def scheduled(pipeline: Pipeline, earliest: str, latest: str) -> Pipeline:
    """Return the pipeline over the events of one run, subsearches too.

    earliest, latest: time modifiers of the schedule ("-70m@m"), "" for none. A source that is
    bounded in the search itself stays as it is: what the search says wins over its schedule. The
    bounds are parameters of the same names, which are these modifiers if nobody gives them.
    """
    begin = _parameter("earliest", time_bound(_modifier(earliest), begin=True))
    end = _parameter("latest", time_bound(_modifier(latest) or "now"))

    def change(node: Node) -> Node:
        if not isinstance(node, Events | DataModel):
            return rebuild(node, change)
        if node.earliest is not None or node.latest is not None:
            return node
        return replace(node, earliest=begin, latest=end)

    return rebuild(pipeline, change)


def _modifier(written: str) -> str:
    """Return a modifier without the mark of a real-time search, whose window moves."""
    return written.strip().removeprefix("rt")


def _parameter(name: str, default: Expr | None) -> Expr | None:
    return None if default is None else Call("parameter", (Lit(name), default))
