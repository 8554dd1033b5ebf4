"""Rows for the lookup tables that a rule names and the repository does not have.

Their rows are the customer's data. To see what a rule does with them, rows are made from what the
rule asks of their columns: a row for each answer that decides something, and events with its key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from transpile.ir.stages import Lookup
from transpile.records import dataclass

MOST_ROWS = 80

Row = dict[str, str]


@dataclass(slots=True)
class MadeRows:
    """Rows of missing tables, by table; they grow while events are made."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def copy(self) -> MadeRows:
        """Return the same rows, to be added to by themselves."""
        return MadeRows({name: list(rows) for name, rows in self.rows.items()})

    def answer(
        self,
        stage: Lookup,
        keys: Mapping[str, Any],
        answers: Mapping[str, str],
        example: Callable[[str, int], str],
    ) -> Mapping[str, str]:
        """Return keys by column with which a lookup finds the answers, adding a row if need be.

        keys: what the event holds already, by column.  example: a value for a field, by number.
        """
        known = self.rows.setdefault(stage.table, [])
        outputs = {column: answers.get(column, "") for column, _ in stage.outputs}
        given = {c: str(value) for c, value in keys.items() if isinstance(value, str | int)}
        for row in known:
            same = all(row.get(c) == value for c, value in (*given.items(), *outputs.items()))
            if same:
                return {column: row[column] for column, _ in stage.keys if column in row}
        number = len(known) + 1
        row = {c: given.get(c, example(name, number)) for c, name in stage.keys} | outputs
        if number <= MOST_ROWS and not any(_same_key(row, other, stage) for other in known):
            known.append(row)
        return {column: row[column] for column, _ in stage.keys}


def _same_key(row: Row, other: Row, stage: Lookup) -> bool:
    return all(row.get(column) == other.get(column) for column, _ in stage.keys)
