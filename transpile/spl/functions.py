"""Tables of the functions SPL knows: eval functions with their arity, statistical functions.

Sources: SRF (evaluation functions), SRS (statistical and charting functions), BNF/stats-agg.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

ANY: Final = 1_000  # no upper limit

# name -> (fewest, most) arguments
EVAL_FUNCTIONS: Final[Mapping[str, tuple[int, int]]] = {
    # comparison and conditions
    "case": (2, ANY),
    "cidrmatch": (2, 2),
    "coalesce": (1, ANY),
    "false": (0, 0),
    "if": (3, 3),
    "in": (2, ANY),
    "like": (2, 2),
    "lookup": (2, 4),
    "match": (2, 2),
    "null": (0, 0),
    "nullif": (2, 2),
    "searchmatch": (1, 1),
    "true": (0, 0),
    "validate": (2, ANY),
    # information
    "cluster": (2, 5),
    "getfields": (0, 1),
    "isarray": (1, 1),
    "isbool": (1, 1),
    "isdouble": (1, 1),
    "isint": (1, 1),
    "ismv": (1, 1),
    "isnotnull": (1, 1),
    "isnull": (1, 1),
    "isnum": (1, 1),
    "isobject": (1, 1),
    "isstr": (1, 1),
    "typeof": (1, 1),
    # conversion
    "ipmask": (2, 2),
    "printf": (1, ANY),
    "toarray": (1, 1),
    "tobool": (1, 1),
    "todouble": (1, 2),
    "toint": (1, 2),
    "tomv": (1, 1),
    "tonumber": (1, 2),
    "toobject": (1, 1),
    "tostring": (1, 2),
    # text
    "len": (1, 1),
    "lower": (1, 1),
    "ltrim": (1, 2),
    "replace": (3, 3),
    "rtrim": (1, 2),
    "spath": (2, 2),
    "substr": (2, 3),
    "trim": (1, 2),
    "upper": (1, 1),
    "urldecode": (1, 1),
    # multivalue
    "commands": (1, 1),
    "mv_to_json_array": (1, 2),
    "mvappend": (1, ANY),
    "mvcount": (1, 1),
    "mvdedup": (1, 1),
    "mvfilter": (1, 1),
    "mvfind": (2, 2),
    "mvindex": (2, 3),
    "mvjoin": (2, 2),
    "mvmap": (2, 3),
    "mvrange": (2, 3),
    "mvsort": (1, 1),
    "mvzip": (2, 3),
    "split": (2, 2),
    # JSON
    "json": (1, 1),
    "json_append": (3, ANY),
    "json_array": (0, ANY),
    "json_array_to_mv": (1, 2),
    "json_delete": (2, ANY),
    "json_entries": (1, 1),
    "json_extend": (3, ANY),
    "json_extract": (1, ANY),
    "json_extract_exact": (1, ANY),
    "json_has_key_exact": (2, 2),
    "json_keys": (1, 1),
    "json_object": (0, ANY),
    "json_set": (3, ANY),
    "json_set_exact": (3, ANY),
    "json_valid": (1, 1),
    # numbers
    "abs": (1, 1),
    "avg": (1, ANY),
    "bit_and": (2, ANY),
    "bit_not": (1, 2),
    "bit_or": (2, ANY),
    "bit_shift_left": (2, 3),
    "bit_shift_right": (2, 3),
    "bit_xor": (2, ANY),
    "ceil": (1, 1),
    "ceiling": (1, 1),
    "exact": (1, 1),
    "exp": (1, 1),
    "floor": (1, 1),
    "ln": (1, 1),
    "log": (1, 2),
    "max": (1, ANY),
    "min": (1, ANY),
    "pi": (0, 0),
    "pow": (2, 2),
    "random": (0, 0),
    "round": (1, 2),
    "sigfig": (1, 1),
    "sqrt": (1, 1),
    "sum": (1, ANY),
    # trigonometry
    "acos": (1, 1),
    "acosh": (1, 1),
    "asin": (1, 1),
    "asinh": (1, 1),
    "atan": (1, 1),
    "atan2": (2, 2),
    "atanh": (1, 1),
    "cos": (1, 1),
    "cosh": (1, 1),
    "hypot": (2, 2),
    "sin": (1, 1),
    "sinh": (1, 1),
    "tan": (1, 1),
    "tanh": (1, 1),
    # hashes
    "md5": (1, 1),
    "sha1": (1, 1),
    "sha256": (1, 1),
    "sha512": (1, 1),
    # time
    "now": (0, 0),
    "relative_time": (2, 2),
    "strftime": (2, 2),
    "strptime": (2, 2),
    "time": (0, 0),
}

# statistical function as written -> canonical name
STATS_FUNCTIONS: Final[Mapping[str, str]] = {
    "avg": "avg",
    "c": "count",
    "count": "count",
    "dc": "dc",
    "distinct_count": "dc",
    "earliest": "earliest",
    "earliest_time": "earliest_time",
    "estdc": "estdc",
    "estdc_error": "estdc_error",
    "first": "first",
    "last": "last",
    "latest": "latest",
    "latest_time": "latest_time",
    "list": "list",
    "max": "max",
    "mean": "avg",
    "median": "median",
    "min": "min",
    "mode": "mode",
    "per_day": "per_day",
    "per_hour": "per_hour",
    "per_minute": "per_minute",
    "per_second": "per_second",
    "range": "range",
    "rate": "rate",
    "rate_avg": "rate_avg",
    "rate_sum": "rate_sum",
    "sparkline": "sparkline",
    "stdev": "stdev",
    "stdevp": "stdevp",
    "sum": "sum",
    "sumsq": "sumsq",
    "values": "values",
    "var": "var",
    "varp": "varp",
}

_PERCENTILE = re.compile(r"(perc|p|exactperc|upperperc)(\d+(?:\.\d+)?)")


def stats_function(word: str) -> tuple[str, float | None] | None:
    """Return canonical name and percentile of a statistical function, or None.

    word: any case.  `p95` and `perc95` give ("perc", 95.0).  A percentile over 100 is no function.
    """
    name = word.lower()
    if name in STATS_FUNCTIONS:
        return STATS_FUNCTIONS[name], None
    found = _PERCENTILE.fullmatch(name)
    if found is None or float(found.group(2)) > 100:
        return None
    kind = "perc" if found.group(1) == "p" else found.group(1)
    return kind, float(found.group(2))
