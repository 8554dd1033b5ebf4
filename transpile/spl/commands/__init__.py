"""The commands SPL knows, one module a family; `COMMANDS` is the registry of all of them."""

from __future__ import annotations

from typing import Final

import pyparsing as pp

from transpile.records import replace
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


def _complete(spec: Spec) -> Spec:
    """Return the specification with a grammar for all the text behind a command's name."""
    whole = spec.grammar + pp.StringEnd()
    return replace(spec, grammar=whole.parse_with_tabs())  # offsets must be those of the text


COMMANDS: Final[Table] = {
    name: _complete(spec)
    for family in (generic, filtering, indexed, statistics, fields, rows, joining)
    for name, spec in family.SPECS.items()
}
CUSTOM: Final = _complete(generic.CUSTOM)

__all__ = ["COMMANDS", "CUSTOM", "Spec"]
