"""Regular expressions: PCRE text to tree, tree to the flavour of each target."""

from transpile.ir.regex.model import Construct, NotExpressible, Regex, RegexError
from transpile.ir.regex.parser import parse_regex
from transpile.ir.regex.render import Purpose, Rendered, compile_python, render, render_parts
from transpile.ir.regex.shapes import as_pattern, as_patterns, is_risky
from transpile.ir.regex.syntax import Flavour

__all__ = [
    "Construct",
    "Flavour",
    "NotExpressible",
    "Purpose",
    "Regex",
    "RegexError",
    "Rendered",
    "as_pattern",
    "as_patterns",
    "compile_python",
    "is_risky",
    "parse_regex",
    "render",
    "render_parts",
]
