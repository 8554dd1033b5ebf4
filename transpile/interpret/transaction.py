"""Groups events into transactions (spl-semantics 5.19).

Events arrive newest first, so a transaction is opened by its last event and closed by its first:
an event that meets `ends` opens, one that meets `starts` closes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from transpile.interpret.context import Scope
from transpile.interpret.events import time_of
from transpile.interpret.predicates import Decide, compile_pred
from transpile.interpret.values import Row, Scalar, field_names, items, marked, pack, text
from transpile.ir import stages as s
from transpile.ir.text import whole

Transform = Callable[[Iterator[Row]], Iterator[Row]]


@dataclass(slots=True)
class _Open:
    """A transaction in the making; members newest first.

    known: per field the values that its events have.  complete: it has the events it asks for.
    """

    members: list[Row] = field(default_factory=list)
    known: dict[str, set[str]] = field(default_factory=dict)
    complete: bool = False

    def add(self, row: Row, names: tuple[str, ...]) -> None:
        """Take in an event."""
        self.members.append(row)
        for name in names:
            found = set(map(text, items(row.get(name))))
            if found:
                self.known.setdefault(name, set()).update(found)

    def accepts(self, row: Row, names: tuple[str, ...], connected: bool) -> bool:
        """Return whether an event agrees on the fields that both have, on one at least."""
        shared = False
        for name in names:
            values = items(row.get(name))
            if values and name in self.known:
                if self.known[name].isdisjoint(map(text, values)):
                    return False
                shared = True
        return shared or not names or not connected


def transaction(stage: s.Transaction, scope: Scope) -> Transform:
    """Make one row per transaction, newest first.

    With `starts` or `ends` only transactions that have those events are closed; the others are
    evicted and left out unless `keep_evicted`. Events in no transaction are orphans.
    """
    starts = None if stage.starts is None else compile_pred(stage.starts, scope)
    ends = None if stage.ends is None else compile_pred(stage.ends, scope)

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        finished, orphans = _grouped(rows, stage, starts, ends)
        found = [
            _row(item, stage, scope.track)
            for item in finished
            if item.complete or stage.keep_evicted
        ]
        if stage.keep_orphans:
            found += orphans
        found.sort(key=lambda row: -(time_of(row) or 0))
        return iter(found)

    return run


def _grouped(
    rows: Iterator[Row], stage: s.Transaction, starts: Decide | None, ends: Decide | None
) -> tuple[list[_Open], list[Row]]:
    names = stage.fields
    going: list[_Open] = []  # the one touched last at the end
    finished: list[_Open] = []
    orphans: list[Row] = []
    for row in rows:
        for late in [item for item in going if _too_late(item, row, stage)]:
            going.remove(late)
            finished.append(late)
        if names and not any(items(row.get(name)) for name in names):
            orphans.append(row)
            continue
        home = next((o for o in reversed(going) if o.accepts(row, names, stage.connected)), None)
        opens = ends is None or ends(row)
        if home is not None and ends is not None and opens:
            going.remove(home)
            finished.append(home)
            home = None
        if home is None and not opens:
            orphans.append(row)
            continue
        if home is None:
            home = _Open(complete=starts is None)
        else:
            going.remove(home)
        home.add(row, names)
        closes = starts is not None and starts(row)
        home.complete = home.complete or closes
        full = 0 < stage.max_events <= len(home.members)
        (finished if closes or full else going).append(home)
    return finished + going, orphans


def _too_late(item: _Open, row: Row, stage: s.Transaction) -> bool:
    """Return whether an event is too far from a transaction's newest or oldest event."""
    time, newest, oldest = time_of(row), time_of(item.members[0]), time_of(item.members[-1])
    if time is None or newest is None or oldest is None:
        return False
    return (0 < stage.max_span < abs(newest - time)) or (0 < stage.max_pause < abs(oldest - time))


def _row(item: _Open, stage: s.Transaction, track: bool) -> Row:
    """Return the row of a transaction: its fields united, `_time` of the earliest event."""
    ordered = item.members[::-1]
    values: dict[str, list[Scalar]] = {}
    for member in ordered:
        for name in field_names(member):
            if name not in ("_time", "_raw"):
                values.setdefault(name, []).extend(items(member[name]))
    merged: Row = {
        name: pack(found if stage.as_list else _distinct(found)) for name, found in values.items()
    }
    times = [time for time in map(time_of, ordered) if time is not None]
    raws = [text(raw) for member in ordered for raw in items(member.get("_raw"))]
    if times:
        merged["_time"] = min(times)
    if raws:
        merged["_raw"] = "\n".join(raws)
    merged["duration"] = whole(float(max(times) - min(times))) if times else 0
    merged["eventcount"] = len(ordered)
    merged["closed_txn"] = int(item.complete)
    return marked(merged, ordered, track=track)


def _distinct(values: list[Scalar]) -> list[Scalar]:
    found = {text(value): value for value in values}
    return [found[key] for key in sorted(found)]
