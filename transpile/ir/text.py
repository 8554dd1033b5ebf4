"""The one rule by which the project compares text without regard to case."""

from __future__ import annotations


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
