"""Google BigQuery. Facts: GoogleSQL documentation, sql-semantics 4 to 13 (not executed here)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import STRFTIME, Dialect, OnColumn
from transpile.backends.sql.nodes import Sql

from transpile.ir.pattern import Pattern, Wild

_FUNCTIONS = (
    "LOWER UPPER LENGTH SUBSTR REPLACE REGEXP_CONTAINS REGEXP_EXTRACT REGEXP_REPLACE SPLIT "
    "FLOOR CEIL ABS ROUND SQRT POW EXP LN LOG10 ACOS TRIM LTRIM RTRIM MOD ARRAY_LENGTH "
    "ARRAY_TO_STRING ARRAY_AGG ARRAY STDDEV_SAMP STDDEV_POP VAR_SAMP VAR_POP FORMAT_TIMESTAMP "
    "TIMESTAMP_MICROS UNIX_MICROS CURRENT_TIMESTAMP TO_HEX MD5 SHA1 SHA256 SHA512 STARTS_WITH "
    "ENDS_WITH STRPOS SAFE_OFFSET CONCAT SIN COS TAN ATAN ATAN2"
)


class BigQuery(Dialect):
    """GoogleSQL; a column name holds no dot."""

    name = "bigquery"
    title = "BigQuery"
    star_except = True
    parameter = "@{}"
    functions = frozenset(_FUNCTIONS.split())
    formats: ClassVar[Mapping[str, str]] = STRFTIME

    def substring(self, value: Sql, start: Sql, size: Sql | None) -> Sql:
        return n.call("SUBSTR", value, start, *([] if size is None else [size]))

    def power(self, left: Sql, right: Sql) -> Sql:
        return n.call("POW", left, right)

    def modulo(self, left: Sql, right: Sql) -> Sql:
        exact = exp.DType.BIGDECIMAL
        return n.call("MOD", n.cast(left, exact), n.cast(right, exact))

    def like(self, value: Sql, pattern: Pattern, *, cased: bool) -> Sql:
        """LIKE has no ESCAPE clause here: simple shapes by functions, the rest by backslashes."""
        if not cased:
            value, pattern = self.lower(value), pattern.folded()
        shapes = (
            ("STARTS_WITH", pattern.as_prefix()),
            ("ENDS_WITH", pattern.as_suffix()),
        )
        for name, text in shapes:
            if text is not None:
                return n.call(name, value, n.text(text))
        inside = pattern.as_contains()
        if inside is not None:
            return n.binary(exp.GT, n.call("STRPOS", value, n.text(inside)), n.number(0))
        wild = {Wild.RUN: "%", Wild.ONE: "_"}
        escaped = "".join(
            "".join(f"\\{c}" if c in "%_\\" else c for c in part)
            if isinstance(part, str) else wild[part]
            for part in pattern.parts
        )
        return exp.Like(this=n.tight(value), expression=n.text(escaped))

    def like_text(self, value: Sql, wanted: Sql, *, cased: bool) -> Sql:
        self.refuse("LIKE with a pattern from a column and an escape character")

    def matches(self, value: Sql, regex: str) -> Sql:
        return n.call("REGEXP_CONTAINS", value, n.text(regex))

    def number(self, value: Callable[[], Sql]) -> Sql:
        guarded = n.case([(self.looks_numeric(value()), value())])
        return exp.TryCast(this=guarded, to=exp.DataType(this=exp.DType.DOUBLE), safe=True)

    def real_text(self, value: Callable[[], Sql]) -> Sql:
        return n.cast(value(), exp.DType.TEXT)

    def dotted_part(self, value: Sql, position: int) -> Sql:
        pieces = n.call("SPLIT", value, n.text("."))
        return exp.Bracket(
            this=pieces, expressions=[n.number(position - 1)], offset=0, safe=True
        )

    def any_of(self, values: Sql, test: OnColumn) -> Sql:
        rows = n.select([n.number(1)], _unnest(values, "each"), where=[test(n.identifier("each"))])
        return exp.Exists(this=rows)

    def list_of(self, value: Sql) -> Sql:
        return exp.Array(expressions=[value])

    def list_length(self, values: Sql) -> Sql:
        return n.nullif(n.call("ARRAY_LENGTH", values), n.number(0))

    def list_item(self, values: Callable[[], Sql], index: int) -> Sql:
        at: Sql = n.number(index)
        if index < 0:
            at = n.binary(exp.Add, n.call("ARRAY_LENGTH", values()), n.number(index))
        return exp.Bracket(this=values(), expressions=[at], offset=0, safe=True)

    def list_join(self, values: Sql, delimiter: Sql) -> Sql:
        return n.call("ARRAY_TO_STRING", values, delimiter)

    def list_split(self, value: Sql, delimiter: Sql) -> Sql:
        return n.call("SPLIT", value, delimiter)

    def explode(self, values: Sql, name: str, *, outer: bool = False) -> tuple[exp.Join, Sql]:
        return n.lateral(_unnest(values, name), outer=outer), n.column(name)

    def distinct_values(self, value: Sql) -> tuple[Sql, OnColumn | None]:
        inner = exp.Order(
            this=exp.IgnoreNulls(this=exp.Distinct(expressions=[value])),
            expressions=[exp.Ordered(this=value.copy(), nulls_first=True)],
        )
        return n.call("ARRAY_AGG", inner), None

    def value_at(
        self, value: Callable[[], Sql], by: Callable[[], Sql], *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        key = exp.Ordered(this=by(), desc=largest, nulls_first=not largest)
        array = n.call(
            "ARRAY_AGG", exp.Order(this=exp.IgnoreNulls(this=value()), expressions=[key])
        )
        return exp.Bracket(this=array, expressions=[n.number(0)], offset=0, safe=True), None

    def nearest_rank(
        self, value: Callable[[], Sql], percent: float
    ) -> tuple[Sql, OnColumn | None]:
        if percent >= 100:
            return exp.Max(this=value()), None
        key = exp.Ordered(this=value(), nulls_first=True)
        array = n.call(
            "ARRAY_AGG", exp.Order(this=exp.IgnoreNulls(this=value()), expressions=[key])
        )
        place = n.binary(exp.Mul, exp.Count(this=value()), n.number(percent / 100))
        at = n.cast(n.call("FLOOR", place), exp.DType.BIGINT)
        return exp.Bracket(this=array, expressions=[at], offset=0, safe=True), None

    def strftime(self, value: Sql, form: str) -> Sql:
        micros = n.cast(n.binary(exp.Mul, value, n.number(1_000_000)), exp.DType.BIGINT)
        moment = n.call("TIMESTAMP_MICROS", micros)
        return n.call("FORMAT_TIMESTAMP", n.text(self.time_format(form)), moment)

    def now(self) -> Sql:
        micros = n.call("UNIX_MICROS", n.call("CURRENT_TIMESTAMP"))
        return n.binary(exp.Div, micros, n.number(1_000_000))

    def extract(self, value: Sql, regex: str, group: int, name: str | None) -> Sql:
        if group != 1:
            self.refuse("extraction of a group after the first")
        return n.call("REGEXP_EXTRACT", value, n.text(regex))

    def replace_regex(self, value: Sql, regex: str, replacement: str) -> Sql:
        return n.call("REGEXP_REPLACE", value, n.text(regex), n.text(replacement))

    def digest(self, value: Sql, kind: str) -> Sql:
        return n.call("TO_HEX", n.call(kind.upper(), value))


def _unnest(values: Sql, name: str) -> Sql:
    return exp.Unnest(expressions=[values], alias=exp.TableAlias(columns=[n.identifier(name)]))
