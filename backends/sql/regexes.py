"""Regular expressions in the flavour of a dialect."""

from __future__ import annotations

from transpile.backends.sql.values import Scope

from transpile.errors import Unsupported
from transpile.ir.regex import NotExpressible, Purpose, Regex, render


def regex_text(regex: Regex, scope: Scope, purpose: Purpose = Purpose.TEST) -> str:
    """Return a regular expression for the dialect. Raises Unsupported TGT605 with the construct."""
    dialect = scope.writer.dialect
    if dialect.flavour is None:
        raise Unsupported(f"{dialect.title} has no regular expressions", code="TGT605")
    try:
        text = render(regex, dialect.flavour, purpose)
    except NotExpressible as error:
        raise Unsupported(f"{dialect.title}: {error}", code="TGT605") from error
    scope.writer.assume("regex")
    return text
