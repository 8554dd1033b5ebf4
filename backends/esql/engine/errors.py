"""The error of the ES|QL engine: a query that Elasticsearch would refuse, with the place in it."""

from __future__ import annotations

from transpile.errors import RejectedText


class EsqlError(RejectedText):
    """A text is no ES|QL, or asks of a column what its type does not allow."""


def esql_error(message: str, text: str, position: int) -> EsqlError:
    """Return the error at a character offset of a query, with line, column and source line."""
    before = text[:position]
    start = before.rfind("\n") + 1
    end = text.find("\n", position)
    return EsqlError(
        message,
        line=before.count("\n") + 1,
        column=position - start + 1,
        snippet=text[start : end if end >= 0 else len(text)],
    )
