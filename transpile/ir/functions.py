"""The functions an expression may call and the aggregates a stage may compute: one line each.

`multi` says what happens to a multivalue argument: "each": the function is applied to every value
and yields a list; "first": the first value is used; "list": the function takes the whole list.
`null` is True when missing arguments are the function's business; else missing in, missing out.
Sources: spl-semantics 3.9 (functions) and 4.2 (aggregates).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from transpile.records import dataclass

Multi = Literal["each", "first", "list"]


@dataclass(frozen=True, slots=True)
class Function:
    """Arity (`most` None: any number), treatment of lists and of missing arguments, meaning."""

    least: int
    most: int | None
    multi: Multi
    null: bool
    doc: str


def _f(least: int, most: int | None, multi: Multi, doc: str, *, null: bool = False) -> Function:
    return Function(least, most, multi, null, doc)


FUNCTIONS: Mapping[str, Function] = {
    # arithmetic; operands that do not look like numbers give missing
    "add": _f(2, 2, "first", "sum of two numbers"),
    "plus": _f(2, 2, "first", "SPL's +: sum if both look like numbers, text if neither, else none"),
    "sub": _f(2, 2, "first", "difference"),
    "mul": _f(2, 2, "first", "product"),
    "div": _f(2, 2, "first", "quotient as a real number; missing for a zero divisor"),
    "mod": _f(2, 2, "first", "remainder, sign of the dividend; missing for a zero divisor"),
    "neg": _f(1, 1, "first", "negated number"),
    "abs": _f(1, 1, "first", "absolute value"),
    "ceil": _f(1, 1, "first", "next integer up"),
    "floor": _f(1, 1, "first", "next integer down"),
    "round": _f(1, 2, "first", "rounded half away from zero to a number of decimals"),
    "sqrt": _f(1, 1, "first", "square root; nan below zero"),
    "pow": _f(2, 2, "first", "power"),
    "exp": _f(1, 1, "first", "e to the power"),
    "ln": _f(1, 1, "first", "natural logarithm"),
    "log": _f(1, 2, "first", "logarithm, base 10 unless given"),
    "pi": _f(0, 0, "first", "3.14159..."),
    "sin": _f(1, 1, "first", "sine"),
    "cos": _f(1, 1, "first", "cosine"),
    "tan": _f(1, 1, "first", "tangent"),
    "asin": _f(1, 1, "first", "arc sine"),
    "acos": _f(1, 1, "first", "arc cosine"),
    "atan": _f(1, 1, "first", "arc tangent"),
    "atan2": _f(2, 2, "first", "arc tangent of y/x"),
    "hypot": _f(2, 2, "first", "hypotenuse"),
    "sinh": _f(1, 1, "first", "hyperbolic sine"),
    "cosh": _f(1, 1, "first", "hyperbolic cosine"),
    "tanh": _f(1, 1, "first", "hyperbolic tangent"),
    "asinh": _f(1, 1, "first", "inverse hyperbolic sine"),
    "acosh": _f(1, 1, "first", "inverse hyperbolic cosine"),
    "atanh": _f(1, 1, "first", "inverse hyperbolic tangent"),
    "bit_and": _f(2, None, "first", "bitwise and of non-negative integers"),
    "bit_or": _f(2, None, "first", "bitwise or"),
    "bit_xor": _f(2, None, "first", "bitwise exclusive or"),
    "bit_not": _f(1, 2, "first", "bitwise not within a mask (default 53 bits)"),
    "bit_shift_left": _f(2, 2, "first", "shift left"),
    "bit_shift_right": _f(2, 2, "first", "shift right"),
    "random": _f(0, 0, "first", "a random integer below 2^31"),
    # text
    "concat": _f(2, None, "first", "texts joined; numbers as SPL prints them"),
    "lower": _f(1, 1, "each", "lower case"),
    "upper": _f(1, 1, "each", "upper case"),
    "len": _f(1, 1, "first", "number of characters"),
    "substr": _f(2, 3, "first", "from position (1-based, negative from the end), length"),
    "index_of": _f(2, 2, "first", "where a text stands in another, from 0; missing if nowhere"),
    "trim": _f(1, 2, "each", "without leading and trailing characters of a set (space and tab)"),
    "ltrim": _f(1, 2, "each", "without leading characters of a set"),
    "rtrim": _f(1, 2, "each", "without trailing characters of a set"),
    "replace": _f(3, 3, "each", "all matches of a RegexLit replaced; \\1.. are groups"),
    "sed": _f(4, 4, "each", "matches of a RegexLit replaced: text, regex, replacement, nth or 0"),
    "translate": _f(3, 3, "each", "characters of one set replaced by those of another"),
    "text_like": _f(2, 2, "each", "1 if the whole text is like a pattern with % and _, else 0"),
    "regex_found": _f(2, 2, "each", "1 if a regular expression, given as text, matches, else 0"),
    "urldecode": _f(1, 1, "each", "percent-decoded; + stays"),
    "printf": _f(1, None, "first", "formatted text"),
    "md5": _f(1, 1, "first", "lower-case hex digest"),
    "sha1": _f(1, 1, "first", "lower-case hex digest"),
    "sha256": _f(1, 1, "first", "lower-case hex digest"),
    "sha512": _f(1, 1, "first", "lower-case hex digest"),
    # conversion
    "tonumber": _f(1, 2, "each", "number, in a base; missing if it is none"),
    "tostring": _f(1, 2, "each", "text; format hex, commas, duration, binary"),
    "typeof": _f(1, 1, "first", "Number, String or Invalid", null=True),
    "unit_number": _f(2, 2, "each", "number without its unit: value, kind (convert command)"),
    # choice
    "coalesce": _f(1, None, "list", "first argument that is not missing", null=True),
    "nullif": _f(2, 2, "list", "missing if both are equal, else the first", null=True),
    # several values
    "mvappend": _f(1, None, "list", "all values of all arguments", null=True),
    "mvcount": _f(1, 1, "list", "number of values; missing for none"),
    "mvdedup": _f(1, 1, "list", "without later duplicates"),
    "mvfind": _f(2, 2, "list", "index of the first value that a RegexLit matches"),
    "mvindex": _f(2, 3, "list", "value or inclusive range, from 0, negative from the end"),
    "mvjoin": _f(2, 2, "list", "values joined by a delimiter"),
    "mvsort": _f(1, 1, "list", "in text order"),
    "mvzip": _f(2, 3, "list", "pairs joined by a delimiter (comma)"),
    "mvrange": _f(2, 3, "first", "numbers from, below, step"),
    "split": _f(2, 2, "first", "pieces between delimiters; empty delimiter: characters"),
    "mvsplit": _f(2, 3, "list", "each value split; third argument 1 keeps empty pieces"),
    "mvtokens": _f(2, 2, "list", "per match of a RegexLit its first group, or the match"),
    "mvkeyed": _f(1, 2, "list", "values as a JSON array; second argument 1: JSON values unquoted"),
    # smallest and largest of the arguments; numbers below text
    "least": _f(1, None, "list", "smallest of all values", null=True),
    "greatest": _f(1, None, "list", "largest of all values", null=True),
    "sum": _f(1, None, "list", "sum of the numeric values", null=True),
    "avg": _f(1, None, "list", "mean of the numeric values", null=True),
    "parameter": _f(2, 2, "list", "value that a run is given, else the second", null=True),
    # time; epoch seconds
    "now": _f(0, 0, "first", "start of the search"),
    "relative_time": _f(2, 2, "first", "time moved by a modifier such as -1d@d"),
    "time_bin": _f(3, 3, "first", "start of the bin of a time: time, count, calendar unit"),
    "strftime": _f(2, 2, "each", "time as text (spl-semantics 7.3)"),
    "strptime": _f(2, 2, "each", "text as time"),
    # structured text
    "spath": _f(2, 2, "first", "values at a path in JSON or XML text"),
    "json_extract": _f(1, None, "first", "value at a path in JSON text"),
    "json_extract_exact": _f(1, None, "first", "value at a key in JSON text, dots are literal"),
    "json_object": _f(0, None, "list", "JSON object of key, value pairs", null=True),
    "json_array": _f(0, None, "list", "JSON array", null=True),
    "json_keys": _f(1, 1, "first", "JSON array of the keys"),
    "json_set": _f(3, None, "first", "JSON text with a value set"),
    "json_append": _f(3, None, "first", "JSON text with a value appended"),
    "json_extend": _f(3, None, "first", "JSON text with array values appended"),
    "json_valid": _f(1, 1, "first", "1 if the text is JSON, else 0"),
}

AGGREGATES: Mapping[str, str] = {
    "count": "rows, or values of the argument",
    "dc": "distinct values as text, case-sensitive",
    "estdc": "as dc",
    "estdc_error": "0: the count is exact",
    "sum": "sum of the numeric values; missing for none",
    "sumsq": "sum of squares",
    "avg": "mean",
    "range": "largest minus smallest",
    "stdev": "sample deviation; 0 for one value",
    "stdevp": "population deviation",
    "var": "sample variance; 0 for one value",
    "varp": "population variance",
    "min": "smallest, numbers before text, spelt as found",
    "max": "largest, numbers before text, spelt as found",
    "median": "value at index floor(n/2) in numeric order",
    "perc": "value at index floor(param/100*n), nearest rank",
    "exactperc": "as perc",
    "upperperc": "as perc",
    "mode": "most frequent text, the smallest of equals",
    "first": "first value as received",
    "last": "last value as received",
    "earliest": "value of the row with the smallest _time",
    "latest": "value of the row with the largest _time",
    "earliest_time": "smallest _time of the rows that have a value",
    "latest_time": "largest _time of the rows that have a value",
    "values": "distinct values in text order",
    "list": "all values in input order, the first 100",
    "rate": "change per second between earliest and latest",
}

TOTAL = frozenset(("lower", "upper", "len", "trim", "ltrim", "rtrim", "urldecode", "concat"))
"""Functions that are missing only when an argument is."""
