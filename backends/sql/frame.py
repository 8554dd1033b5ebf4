"""A SELECT under construction: what the rows so far are, before they become a CTE.

Renaming, projecting and computing only change the map from field names to SQL values; conditions
collect in `where`. A stage that needs finished rows asks the writer to flush the frame, which
writes one CTE and gives back a frame over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from sqlglot import exp
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.values import Value, null_value

from transpile.records import dataclass, replace

Rest = Callable[[str], Value | None]


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One key of the row order. natural: numbers before text (order of grouping keys)."""

    value: Value
    descending: bool = False
    natural: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows of `source` under `where`, seen through `columns`.

    rest: how a name that is not in `columns` resolves (an open table), None if no other field
    exists.  gone: names that an open table may have but the rows no longer do.  order: of the rows.
    label: what the CTE will be called.  comments: texts of the stages it stands for.
    """

    source: str
    columns: Mapping[str, Value]
    rest: Rest | None = None
    gone: frozenset[str] = frozenset()
    where: tuple[Sql, ...] = ()
    order: tuple[OrderKey, ...] = ()
    joins: tuple[exp.Join, ...] = ()
    label: str = "selected"
    comments: tuple[str, ...] = field(default=())

    def value(self, name: str) -> Value:
        """Return a field; the missing value if the rows do not have it."""
        return self.find(name) or null_value()

    def find(self, name: str) -> Value | None:
        """Return a field, None if the rows cannot have it."""
        if name in self.columns:
            return self.columns[name]
        if self.rest is None or name in self.gone:
            return None
        return self.rest(name)

    def with_column(self, name: str, value: Value) -> Frame:
        """Return the frame with a field set; the missing value removes it."""
        if value.is_null:
            columns = {k: v for k, v in self.columns.items() if k != name}
            return replace(self, columns=columns, gone=self.gone | {name})
        return replace(self, columns={**self.columns, name: value}, gone=self.gone - {name})

    def without(self, name: str) -> Frame:
        """Return the frame without a field."""
        return self.with_column(name, null_value())

    def filtered(self, condition: Sql) -> Frame:
        """Return the frame with one more condition."""
        if isinstance(condition, exp.Boolean) and condition.this:
            return self
        if isinstance(condition, exp.Is) and condition in self.where:
            return self
        parts: tuple[Sql, ...] = (condition,)
        return replace(self, where=self.where + parts)

    def with_present(self, names: frozenset[str]) -> Frame:
        """Return the frame of whose rows the conditions say that these columns are not NULL."""
        if not names:
            return self
        rest = self.rest
        columns = {name: value.with_present(names) for name, value in self.columns.items()}

        def resolve(name: str) -> Value | None:
            value = None if rest is None else rest(name)
            return None if value is None else value.with_present(names)

        return replace(self, columns=columns, rest=None if rest is None else resolve)

    @property
    def plain(self) -> bool:
        """True if the frame shows its source as it is: nothing computed, filtered or joined."""
        return (
            not self.where
            and not self.joins
            and all(isinstance(v.node, exp.Column) for v in self.columns.values())
        )


def computed(frame: Frame, names: frozenset[str]) -> bool:
    """Return whether some of these fields is more than a column, so that reading it twice costs."""
    return any(name in frame.columns and not frame.columns[name].simple for name in names)


