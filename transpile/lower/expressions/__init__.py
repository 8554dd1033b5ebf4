"""Expressions of `where`, `eval` and `agg(eval())` as IR expressions and predicates (section 3).

The tables of functions (`functions`, `conditions`) know nothing of each other: each entry gets the
`Lowering` that called it, by which it lowers its own arguments.
"""

from __future__ import annotations

from transpile.lower.expressions.base import Truth, constant_regex
from transpile.lower.expressions.lowering import is_condition, true_of, truth, value_of

__all__ = ["Truth", "constant_regex", "is_condition", "true_of", "truth", "value_of"]
