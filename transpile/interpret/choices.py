"""Where SPL's documentation is silent: what the interpreter does, one constant per open point.

The identifiers are those of spec/spl-semantics.md 10. Open points that are decided when a search is
lowered (how NULL, `!=`, `foreach` or `regex !=` become predicates) are not repeated here.
"""

from __future__ import annotations

# U5: a multivalue grouping key puts the row into one group per value.
SPLIT_MULTIVALUE_KEYS = True

# U10: an unmatched lookup without a default leaves an existing output field as it is, and a row
# without one of the keys is not looked up, so that it does not get the default either.
KEEP_UNMATCHED_OUTPUT = True
MISSING_KEY_SKIPS_DEFAULT = True

# 5.17: an empty cell of a lookup table is no value.
EMPTY_CELL_IS_MISSING = True

# U13: a row without the field survives `mvexpand`.
EXPAND_KEEPS_MISSING = True

# U15: the right row's `_time` replaces the left one's in a join.
JOIN_OVERWRITES_TIME = True

# U22: `urldecode` leaves `+` as it is.
URLDECODE_PLUS = False

# 4.2: `list()` keeps this many values.
LIST_LIMIT = 100

# 5.12: JSON null is extracted as this text.
JSON_NULL = "null"
