"""The one rule for comparing text without case, and the one for looking like a number."""

from __future__ import annotations

import re


def fold(text: str) -> str:
    """Return `text` with each character lower-cased on its own, so that the length never changes.

    Two texts are equal without regard to case if and only if their folds are equal.

    The engines disagree outside ASCII (SQLite folds ASCII only, DuckDB and PostgreSQL fold Unicode,
    `İ` becomes two characters in some), see spec/sql-semantics.md 3.2. Folding one character at a
    time is what all of them do inside ASCII and what most of them do outside; a character whose
    lower case is longer than itself stays as it is, so that `Wild.ONE` keeps its meaning.
    """
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def number(text: str) -> int | float | None:
    """Return the number that a text looks like, or None.

    A number is an optional sign, ASCII digits with at most one decimal point, and an optional
    exponent; no spaces, no `0x`, no `inf`. Numbers are double precision as in SPL
    (spec/spl-semantics.md 3.1): a whole one up to 2**53 comes as `int`, any other as `float`.
    """
    if _NUMBER.fullmatch(text) is None:
        return None
    return whole(float(text))


def whole(value: float) -> int | float:
    """Return a whole number that doubles hold exactly as `int`, any other as it is."""
    return int(value) if value.is_integer() and abs(value) <= _EXACT else value


_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_EXACT = 2**53
