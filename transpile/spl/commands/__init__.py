"""The commands SPL knows, one module a family; `COMMANDS` is the registry of all of them."""

from __future__ import annotations

from typing import Final

from transpile.spl.commands import (
    fields,
    filtering,
    generic,
    indexed,
    joining,
    rows,
    statistics,
)
from transpile.spl.commands.base import Spec, Table

COMMANDS: Final[Table] = {
    **generic.SPECS,
    **filtering.SPECS,
    **indexed.SPECS,
    **statistics.SPECS,
    **fields.SPECS,
    **rows.SPECS,
    **joining.SPECS,
}

for _spec in COMMANDS.values():
    _spec.grammar.parse_with_tabs()  # offsets must be those of the text

__all__ = ["COMMANDS", "Spec"]
