"""Groups events into transactions (spl-semantics 5.19).

Events arrive newest first, so a transaction is opened by its last event and closed by its first:
an event that meets `ends` opens, one that meets `starts` closes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field

from transpile.interpret.context import Scope
from transpile.interpret.events import time_of
from transpile.interpret.predicates import Decide, compile_pred
from transpile.interpret.values import Row, field_names, items, marked, pack
from transpile.ir import stages as s
from transpile.ir.decide import Scalar, text
from transpile.ir.text import whole
from transpile.records import dataclass

Transform = Callable[[Iterator[Row]], Iterator[Row]]


@dataclass(slots=True, eq=False)
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
        work = _Work(stage, starts, ends)
        for row in rows:
            work.take(row)
        found = [
            _row(item, stage, scope.track)
            for item in work.finished + work.going
            if item.complete or stage.keep_evicted
        ]
        if stage.keep_orphans:
            found += work.orphans
        found.sort(key=lambda row: -(time_of(row) or 0))
        return iter(found)

    return run


@dataclass(slots=True, eq=False)
class _Work:
    """Transactions while events come in. going: open ones, the one touched last at the end."""

    stage: s.Transaction
    starts: Decide | None
    ends: Decide | None
    going: list[_Open] = field(default_factory=list)
    finished: list[_Open] = field(default_factory=list)
    orphans: list[Row] = field(default_factory=list)

    def take(self, row: Row) -> None:
        """Put an event into its transaction, a new one, or among the orphans."""
        self.close_late(row)
        opens = self.ends is None or self.ends(row)
        home = self.home_of(row)
        if home is not None:
            self.going.remove(home)
            if self.ends is not None and opens:  # another last event: the open one is over
                self.finished.append(home)
                home = None
        if home is None and (not opens or self.has_no_field(row)):
            self.orphans.append(row)
            return
        home = home or _Open(complete=self.starts is None)
        home.add(row, self.stage.fields)
        closes = self.starts is not None and self.starts(row)
        home.complete = home.complete or closes
        full = 0 < self.stage.max_events <= len(home.members)
        (self.finished if closes or full else self.going).append(home)

    def has_no_field(self, row: Row) -> bool:
        names = self.stage.fields
        return bool(names) and not any(items(row.get(name)) for name in names)

    def home_of(self, row: Row) -> _Open | None:
        """Return the open transaction, touched last, that the event agrees with."""
        if self.has_no_field(row):
            return None
        names, connected = self.stage.fields, self.stage.connected
        return next((o for o in reversed(self.going) if o.accepts(row, names, connected)), None)

    def close_late(self, row: Row) -> None:
        """Finish the transactions that the event is too far from in time."""
        if self.stage.max_span <= 0 and self.stage.max_pause <= 0:
            return
        late = [item for item in self.going if _too_late(item, row, self.stage)]
        self.finished += late
        self.going = [item for item in self.going if item not in late]


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
