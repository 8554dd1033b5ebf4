"""The error of the EQL engine: a query that Elasticsearch would refuse, with the place in it."""

from __future__ import annotations

from transpile.errors import RejectedText


class EqlError(RejectedText):
    """An EQL text is wrong, or a function of it fails on a document."""


def eql_error(message: str, text: str, position: int, *, width: int = 1) -> EqlError:
    """Return the error at a character offset of a query, with line, column and source line."""
    before = text[:position]
    start = before.rfind("\n") + 1
    end = text.find("\n", position)
    return EqlError(
        message,
        line=before.count("\n") + 1,
        column=position - start + 1,
        snippet=text[start : end if end >= 0 else len(text)],
        width=width,
    )
