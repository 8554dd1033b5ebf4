"""Regular expressions: PCRE text to tree, tree to the flavour of each target."""

from transpile.ir.regex.model import Construct, NotExpressible, Regex, RegexError
from transpile.ir.regex.parser import parse_regex

__all__ = [
    "Construct",
    "NotExpressible",
    "Regex",
    "RegexError",
    "parse_regex",
]
