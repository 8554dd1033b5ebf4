"""Snowflake. Facts: its documentation, sql-semantics 3 to 13 (not executed here)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import OnColumn
from transpile.backends.sql.dialects.functional import Functional
from transpile.backends.sql.dialects.postgres import quoted_letters
from transpile.backends.sql.nodes import Sql

from transpile.ir.regex import Flavour

_FUNCTIONS = (
    "LOWER UPPER LENGTH SUBSTRING REPLACE REGEXP_INSTR REGEXP_REPLACE SPLIT_PART SPLIT FLOOR "
    "CEIL ABS ROUND SQRT POWER EXP LN LOG PI TRIM LTRIM RTRIM TRY_TO_DOUBLE TO_VARCHAR FILTER "
    "TRANSFORM ARRAY_SIZE ARRAY_SORT ARRAY_AGG ARRAY_TO_STRING ARRAY_CONSTRUCT ARRAY_DISTINCT "
    "GET ARRAY_CAT MIN_BY MAX_BY STDDEV_SAMP STDDEV_POP VAR_SAMP VAR_POP TO_CHAR TO_TIMESTAMP "
    "DATE_PART CURRENT_TIMESTAMP MD5 SHA1 SHA2 SIN COS TAN ATAN ATAN2 IFF"
)


class Snowflake(Functional):
    """Snowflake; lists are ARRAY."""

    name = "snowflake"
    title = "Snowflake"
    # POSIX ERE with \d \w \s \b: no lookaround, back-reference or atomic group, as RE2
    flavour = Flavour.RE2
    cased_names = True
    star_except = True
    functions = frozenset(_FUNCTIONS.split())
    calls: ClassVar[Mapping[str, str]] = {
        "filter": "FILTER", "map": "TRANSFORM", "array": "ARRAY_CONSTRUCT",
        "length": "ARRAY_SIZE", "join": "ARRAY_TO_STRING", "sort": "ARRAY_SORT",
        "list": "ARRAY_AGG",
    }
    formats: ClassVar[Mapping[str, str]] = {
        "%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%H": "HH24", "%I": "HH12", "%M": "MI",
        "%S": "SS", "%p": "AM", "%F": "YYYY-MM-DD", "%T": "HH24:MI:SS", "%%": "%",
    }

    def matches(self, value: Sql, regex: str) -> Sql:
        # REGEXP_LIKE is anchored at both ends (6.3)
        flag = "i" if regex.startswith("(?i)") else "c"
        found = n.call(
            "REGEXP_INSTR", value, n.text(self._plain(regex)), n.number(1), n.number(1),
            n.number(0), n.text(flag),
        )
        return n.binary(exp.GT, found, n.number(0))

    def _plain(self, regex: str) -> str:
        """The expression without the RE2 syntax that POSIX lacks."""
        bare = regex.removeprefix("(?i)").replace("(?:", "(")
        if "(?" in bare or r"\z" in bare:
            self.refuse("regular expression with scoped flags or the very end of the text")
        return bare

    def number(self, value: Callable[[], Sql]) -> Sql:
        return n.call("TRY_TO_DOUBLE", n.case([(self.looks_numeric(value()), value())]))

    def real_text(self, value: Callable[[], Sql]) -> Sql:
        return n.call("TO_VARCHAR", value())

    def any_of(self, values: Sql, test: OnColumn) -> Sql:
        return n.binary(
            exp.GT, n.call("ARRAY_SIZE", self._with("filter", values, self._text(test))),
            n.number(0),
        )

    def _text(self, function: OnColumn) -> OnColumn:
        """A function of an element, which is a VARIANT, as text."""
        return lambda item: function(n.cast(item, exp.DType.TEXT))

    def list_filter(self, values: Sql, test: OnColumn) -> Sql:
        return super().list_filter(values, self._text(test))

    def list_map(self, values: Sql, function: OnColumn) -> Sql:
        return super().list_map(values, self._text(function))

    def list_item(self, values: Callable[[], Sql], index: int) -> Sql:
        at: Sql = n.number(index)
        if index < 0:
            at = n.binary(exp.Add, n.call("ARRAY_SIZE", values()), n.number(index))
        return n.cast(n.call("GET", values(), at), exp.DType.TEXT)

    def list_distinct(self, values: Callable[[], Sql]) -> Sql:
        return n.call("ARRAY_DISTINCT", values())

    def list_split(self, value: Sql, delimiter: Sql) -> Sql:
        return n.call("SPLIT", value, delimiter)

    def distinct_set(self, value: Sql) -> Sql:
        return n.call("ARRAY_AGG", exp.Distinct(expressions=[value]))

    def nearest_rank(
        self, value: Callable[[], Sql], percent: float
    ) -> tuple[Sql, OnColumn | None]:
        if percent >= 100:
            return exp.Max(this=value()), None
        place = n.binary(exp.Mul, exp.Count(this=value()), n.number(percent / 100))
        array = n.call("ARRAY_SORT", n.call("ARRAY_AGG", value()))
        return n.cast(n.call("GET", array, n.call("FLOOR", place)), exp.DType.DOUBLE), None

    def value_at(
        self, value: Callable[[], Sql], by: Callable[[], Sql], *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        only = n.case([(n.is_not_null(value()), by())])  # rows with a NULL key do not count
        return n.call("MAX_BY" if largest else "MIN_BY", value(), only), None

    def strftime(self, value: Sql, form: str) -> Sql:
        moment = n.call("TO_TIMESTAMP", n.call("FLOOR", value))
        return n.call("TO_CHAR", moment, n.text(quoted_letters(self, form)))

    def now(self) -> Sql:
        return n.call("DATE_PART", n.text("epoch_second"), n.call("CURRENT_TIMESTAMP"))

    def digest(self, value: Sql, kind: str) -> Sql:
        if kind in ("md5", "sha1"):
            return n.call(kind.upper(), value)
        return n.call("SHA2", value, n.number(int(kind.removeprefix("sha"))))
