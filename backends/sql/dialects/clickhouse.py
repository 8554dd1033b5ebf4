"""ClickHouse 23 and later. Facts: sql-semantics 3, 4, 6, 8 to 14, 18 (observed on 26.9).

Columns must be declared Nullable, and outer joins need `SETTINGS join_use_nulls = 1` (18.1, 18.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import STRFTIME, OnColumn
from transpile.backends.sql.dialects.functional import Functional
from transpile.backends.sql.nodes import Sql

_FUNCTIONS = (
    "lowerUTF8 upperUTF8 lengthUTF8 substringUTF8 replaceAll replaceRegexpAll match trimBoth "
    "trimLeft trimRight splitByString toFloat64OrNull toString toFloat64 floor ceil abs round "
    "sqrt pow exp ln log10 pi length arrayExists arrayFilter arrayMap arraySort "
    "arrayElementOrNull arrayStringConcat groupUniqArray groupArray array arraySlice argMin "
    "argMax stddevSamp stddevPop varSamp varPop formatDateTime toDateTime isIPv4String "
    "IPv4StringToNumOrNull ifNotFinite now toUnixTimestamp extractGroups lower hex MD5 SHA1 "
    "SHA256 toInt64 intDiv sin cos tan atan atan2 toNullable FLOOR ROUND ABS CEIL SQRT EXP LN "
    "LOG10 PI"
)


class ClickHouse(Functional):
    """ClickHouse; lists are `Array(String)`, never NULL themselves."""

    name = "clickhouse"
    title = "ClickHouse"
    cased_names = True
    lambda_first = True
    functions = frozenset(_FUNCTIONS.split())
    calls: ClassVar[Mapping[str, str]] = {
        "any": "arrayExists", "filter": "arrayFilter", "map": "arrayMap", "array": "array",
        "length": "length", "item": "arrayElementOrNull", "join": "arrayStringConcat",
        "sort": "arraySort", "set": "groupUniqArray", "list": "groupArray",
    }
    # %M is the name of the month there
    formats: ClassVar[Mapping[str, str]] = {**STRFTIME, "%M": "%i", "%T": "%H:%i:%S"}
    assumptions: ClassVar[Mapping[str, str]] = {
        "nulls": "columns are declared Nullable; the settings join_use_nulls and "
        "prefer_column_name_to_alias are 1",
    }

    def lower(self, value: Sql) -> Sql:
        return n.call("lowerUTF8", value)

    def upper(self, value: Sql) -> Sql:
        return n.call("upperUTF8", value)

    def length(self, value: Sql) -> Sql:
        return n.call("lengthUTF8", value)

    def substring(self, value: Sql, start: Sql, size: Sql | None) -> Sql:
        return n.call("substringUTF8", value, start, *([] if size is None else [size]))

    def replace_text(self, value: Sql, old: Sql, new: Sql) -> Sql:
        return n.call("replaceAll", value, old, new)

    def trim(self, value: Sql, characters: Sql, side: str) -> Sql:
        self.refuse("trimming of a set of characters in all releases")

    def matches(self, value: Sql, regex: str) -> Sql:
        return n.call("match", value, n.text(regex))

    def number(self, value: Callable[[], Sql]) -> Sql:
        guarded = n.case([(self.looks_numeric(value()), value())])
        return n.call("toFloat64OrNull", guarded)

    def int_text(self, value: Sql) -> Sql:
        return n.call("toString", value)

    def real_text(self, value: Callable[[], Sql]) -> Sql:
        return n.call("toString", value())

    def round_half_away(self, value: Callable[[], Sql], digits: int) -> Sql:
        # round() is to even here (7.5)
        scale = n.number(10**digits)
        positive = n.binary(exp.Mul, n.call("abs", value()), scale)
        up = n.call("floor", n.binary(exp.Add, positive, n.number(0.5)))
        size = n.binary(exp.Div, up, scale.copy())
        below = n.binary(exp.LT, value(), n.number(0))
        return n.case([(below, exp.Neg(this=exp.Paren(this=size)))], size.copy())

    def power(self, left: Sql, right: Sql) -> Sql:
        return n.call("pow", left, right)

    def dotted_part(self, value: Sql, position: int) -> Sql:
        return n.call(
            "arrayElementOrNull", n.call("splitByString", n.text("."), value), n.number(position)
        )

    def list_split(self, value: Sql, delimiter: Sql) -> Sql:
        return n.call("splitByString", delimiter, value)

    def explode(self, values: Sql, name: str) -> tuple[exp.Join, Sql]:
        joined = exp.Join(
            this=exp.Alias(this=values, alias=n.identifier(name)), kind="ARRAY"
        )
        return joined, n.column(name)

    def value_at(
        self, value: Callable[[], Sql], by: Callable[[], Sql], *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        return n.call("argMax" if largest else "argMin", value(), by()), None

    def deviation(self, value: Callable[[], Sql], *, sample: bool, root: bool) -> Sql:
        made = n.call(("stddev" if root else "var") + ("Samp" if sample else "Pop"), value())
        if not sample:
            return made
        several = n.binary(exp.GT, exp.Count(this=value()), n.number(1))
        return n.case([(several, made)])  # nan for one value

    def strftime(self, value: Sql, form: str) -> Sql:
        seconds = n.call("toInt64", n.call("floor", value))
        moment = n.call("toDateTime", seconds, n.text("UTC"))
        return n.call("formatDateTime", moment, n.text(self.time_format(form)))

    def now(self) -> Sql:
        return n.call("toUnixTimestamp", n.call("now"))

    def replace_regex(self, value: Sql, regex: str, replacement: str) -> Sql:
        return n.call("replaceRegexpAll", value, n.text(regex), n.text(replacement))

    def digest(self, value: Sql, kind: str) -> Sql:
        names = {"md5": "MD5", "sha1": "SHA1", "sha256": "SHA256"}
        if kind not in names:
            self.refuse(f"{kind} digest")
        return n.call("lower", n.call("hex", n.call(names[kind], value)))


