"""The error of a run: something that cannot be computed here."""

from __future__ import annotations

from transpile.errors import TranspileError


class NotComputable(TranspileError):
    """The rule has a stage or condition whose result cannot be computed here."""

    default_code = "SPL301"
