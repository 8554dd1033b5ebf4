"""What a rule is run with: its lookup tables and its clock, taken from the content."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from transpile.interpret import Context
from transpile.ir.stages import Pipeline
from transpile.tables import tables_for

if TYPE_CHECKING:
    from transpile.content import Content


def context_for(pipeline: Pipeline, content: Content, *, now: float | None = None) -> Context:
    """Return the context of a run: tables that the pipeline names, the front end for `map`."""

    def front_end(search: str) -> Pipeline:
        from transpile.compiled import compile_rule
        from transpile.content import read_rule

        return compile_rule(read_rule(search), content).pipeline

    return Context(
        now=time.time() if now is None else now,
        lookups=tables_for(pipeline, content),
        front_end=front_end,
    )
