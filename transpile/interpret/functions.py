"""Where each function of `transpile.ir.functions.FUNCTIONS` is implemented.

An implementation takes arguments as `multi` says: single values for "first" and "each", lists for
"list"; a missing argument reaches it only if the function is marked `null`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from transpile.interpret.json_functions import JSON_FUNCTIONS
from transpile.interpret.list_functions import LIST_FUNCTIONS
from transpile.interpret.number_functions import NUMBER_FUNCTIONS
from transpile.interpret.text_functions import TEXT_FUNCTIONS
from transpile.interpret.time_functions import TIME_FUNCTIONS

if TYPE_CHECKING:
    from transpile.interpret.context import Context

Implementation = Callable[..., Any]

PLAIN: Mapping[str, Implementation] = {
    **NUMBER_FUNCTIONS,
    **TEXT_FUNCTIONS,
    **LIST_FUNCTIONS,
    **JSON_FUNCTIONS,
}
# name -> context -> implementation
BOUND: Mapping[str, Callable[[Context], Implementation]] = TIME_FUNCTIONS


def implementation(name: str, context: Context) -> Implementation:
    """Return the implementation of a function of the IR. Raises KeyError for any other name."""
    return BOUND[name](context) if name in BOUND else PLAIN[name]
