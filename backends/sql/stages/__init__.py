"""How each stage of the IR changes the rows under construction: one table entry a stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from transpile.backends.sql.frame import Frame
from transpile.backends.sql.needs import Needs
from transpile.backends.sql.stages import (
    fields,
    groups,
    names,
    places,
    rows,
    sessions,
    sets,
    texts,
    windows,
)
from transpile.backends.sql.writer import Writer

from transpile.ir import stages as s

Emit = Callable[[Any, Frame, Writer, Needs, Needs], Frame]
"""(stage, rows before, writer, what must go in, what must come out) -> rows after"""

STAGES: Mapping[type, Emit] = {
    s.Filter: rows.keep,
    s.Compute: rows.compute,
    s.Extract: texts.extract,
    s.Parse: texts.parse,
    s.Rename: names.rename,
    s.Project: names.project,
    s.Totals: rows.totals,
    s.Fill: rows.fill,
    s.Bucket: rows.bucket,
    s.Store: rows.store,
    s.Opaque: rows.opaque,
    s.Aggregate: groups.aggregate_rows,
    s.Expand: groups.expand,
    s.Window: windows.window,
    s.Transaction: sessions.transaction,
    s.Dedup: windows.dedup,
    s.Sort: windows.sort,
    s.Limit: windows.limit,
    s.Join: sets.join,
    s.Branch: sets.branch,
    s.Lookup: sets.lookup,
    s.Geo: places.geo,
    s.ForEach: fields.foreach,
}
