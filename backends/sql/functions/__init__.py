"""The functions of `transpile.ir.functions` in SQL: one table entry each.

An entry gets its arguments as SQL values (lists reduced as the registry of functions says). What
is not in a table here is refused by name (TGT604).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from transpile.backends.sql.expressions import Function
from transpile.backends.sql.functions.choices import CHOICES
from transpile.backends.sql.functions.lists import LISTS, mvfind
from transpile.backends.sql.functions.numbers import NUMBERS
from transpile.backends.sql.functions.structured import STRUCTURED
from transpile.backends.sql.functions.texts import TEXTS, replace_matches
from transpile.backends.sql.functions.times import TIMES
from transpile.backends.sql.values import Scope, Value

from transpile.ir.expr import Call

FUNCTIONS: Mapping[str, Function] = {
    **NUMBERS,
    **TEXTS,
    **CHOICES,
    **LISTS,
    **STRUCTURED,
    **TIMES,
}

RegexFunction = Callable[[Call, Scope], Value]

REGEX_FUNCTIONS: Mapping[str, RegexFunction] = {"replace": replace_matches, "mvfind": mvfind}
"""Functions of which an argument is a regular expression, which is no value."""
