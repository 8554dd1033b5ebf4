"""ClickHouse 24 and later. Facts: sql-semantics 3, 4, 6, 8 to 14, 18 (observed on 26.9).

An array is never NULL there: a missing list is the empty one. Columns must be declared Nullable
(18.1); what the query needs of the settings stands in it (18.2, 18.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import STRFTIME, OnColumn, time_prefix
from transpile.backends.sql.dialects.functional import Functional
from transpile.backends.sql.dialects.paths import steps
from transpile.backends.sql.nodes import Sql

_FUNCTIONS = (
    "lowerUTF8 upperUTF8 lengthUTF8 substringUTF8 replaceAll replaceRegexpAll match trimBoth "
    "trimLeft trimRight splitByString toFloat64OrNull toString toFloat64 floor ceil abs round "
    "sqrt pow exp ln log10 pi length arrayExists arrayFilter arrayMap arraySort notEmpty "
    "arrayElementOrNull arrayStringConcat groupUniqArray groupArray array arraySlice argMin "
    "argMax stddevSamp stddevPop varSamp varPop formatDateTime toDateTime64 arrayFirstIndex "
    "now64 toUnixTimestamp64Micro lower hex MD5 SHA1 SHA256 SHA512 toInt64 sin "
    "cos tan atan atan2 toNullable FLOOR ROUND ABS CEIL SQRT EXP LN LOG10 PI arrayFlatten "
    "arrayDistinct arrayConcat arrayEnumerate groupArrayIf tuple tupleElement regexpExtract "
    "extractAllGroupsVertical arrayElement decodeURLComponent isValidJSON JSONHas JSONType "
    "JSONExtractString JSONExtractRaw JSONExtractArrayRaw parseDateTime64OrNull assumeNotNull "
    "isNull extract"
)
_SETTINGS = ("join_use_nulls", "prefer_column_name_to_alias")


class ClickHouse(Functional):
    """ClickHouse; lists are `Array(String)`."""

    name = "clickhouse"
    title = "ClickHouse"
    cased_names = True
    star_except = True
    lambda_first = True
    nested_lists = True
    parameter = "{{{}:Float64}}"
    functions = frozenset(_FUNCTIONS.split())
    calls: ClassVar[Mapping[str, str]] = {
        "any": "arrayExists", "filter": "arrayFilter", "map": "arrayMap", "array": "array",
        "length": "length", "item": "arrayElementOrNull", "join": "arrayStringConcat",
        "sort": "arraySort", "set": "groupUniqArray", "list": "groupArray",
        "find": "arrayFirstIndex", "flatten": "arrayFlatten", "distinct": "arrayDistinct",
    }
    # %M is the name of the month there, %W that of the day
    formats: ClassVar[Mapping[str, str]] = {
        **STRFTIME, "%M": "%i", "%T": "%H:%i:%S", "%A": "%W", "%a": "%a", "%b": "%b", "%B": "%M",
    }
    assumptions: ClassVar[Mapping[str, str]] = {
        "nulls": "columns are declared Nullable, those of lists as Array(String)",
        "dotted": "lists with a dot in their name are columns of a view (those of a table that "
        "share what stands before the dot must have the same length)",
    }

    def finished(self, query: exp.Query) -> None:
        # without a name of its own a column of a join may be called after its table, too
        for select in query.find_all(exp.Select):
            for item in select.expressions:
                if isinstance(item, exp.Column) and item.table:
                    item.replace(exp.Alias(this=item.copy(), alias=n.identifier(item.name)))
        for setting in _SETTINGS:
            query.append("settings", exp.EQ(this=exp.var(setting), expression=n.number(1)))

    # -- text -------------------------------------------------------------------------------------

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
        # a second argument of trimBoth is younger than regular expressions
        inside = "".join(f"\\x{{{ord(c):X}}}" for c in characters.name)
        ends = {"LTRIM": f"^[{inside}]+", "RTRIM": f"[{inside}]+$"}
        ends["TRIM"] = f"{ends['LTRIM']}|{ends['RTRIM']}"
        return n.call("replaceRegexpAll", value, n.text(ends[side]), n.text(""))

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

    # -- lists ------------------------------------------------------------------------------------

    def no_list(self) -> Sql:
        return n.call("array")

    def null_of(self, kind: str) -> Sql:
        return self.no_list() if kind == "list" else n.null()

    def has_list(self, values: Sql) -> Sql:
        return n.call("notEmpty", values)

    def first_list(self, lists: Sequence[Sql]) -> Sql:
        return n.case([(self.has_list(one), one.copy()) for one in lists[:-1]], lists[-1])

    def list_or_null(self, values: Sql) -> Sql:
        return values

    def list_length(self, values: Sql) -> Sql:
        return n.nullif(n.call("length", values), n.number(0))

    def list_at(self, values: Callable[[], Sql], index: Sql) -> Sql:
        return n.call("arrayElementOrNull", values(), _whole(n.binary(exp.Add, index, n.number(1))))

    def list_from(self, values: Callable[[], Sql], index: Callable[[], Sql]) -> Sql:
        from_start = n.binary(exp.GTE, index(), n.number(0))
        at = n.case([(from_start, n.binary(exp.Add, index(), n.number(1)))], index())
        return n.call("arrayElementOrNull", values(), _whole(at))

    def list_slice(self, values: Callable[[], Sql], first: int, last: int) -> Sql:
        if first >= 0:
            return n.call("arraySlice", values(), n.number(first + 1), n.number(last - first + 1))

        def place(index: int) -> Sql:
            return n.binary(exp.Add, n.call("length", values()), n.number(index + 1))

        inside = exp.Between(this=n.identifier("i"), low=place(first), high=place(last))
        kept = exp.Lambda(this=inside, expressions=[n.identifier("x"), n.identifier("i")])
        return n.call("arrayFilter", kept, values(), n.call("arrayEnumerate", values()))

    def list_join(self, values: Sql, delimiter: Sql) -> Sql:
        joined = n.call("arrayStringConcat", values, delimiter)
        return n.case([(self.has_list(values.copy()), joined)])

    def list_distinct(self, values: Callable[[], Sql]) -> Sql:
        return n.call("arrayDistinct", values())

    def list_concat(self, lists: Sequence[Sql]) -> Sql:
        return n.call("arrayConcat", *lists)

    def list_filter(self, values: Sql, test: OnColumn) -> Sql:
        return self._with("filter", values, test)

    def list_split(self, value: Sql, delimiter: Sql) -> Sql:
        pieces = n.call("splitByString", delimiter, n.call("assumeNotNull", value))
        return n.case([(n.is_not_null(value.copy()), pieces)], self.no_list())

    def list_find(self, values: Sql, test: OnColumn) -> Sql:
        at = n.nullif(self._with("find", values, test), n.number(0))
        return n.binary(exp.Sub, at, n.number(1))

    def list_flat(self, values: Sql, function: OnColumn) -> Sql:
        return n.call("arrayFlatten", self.list_map(values, function))

    def list_extreme(self, values: Callable[[], Sql], *, largest: bool) -> Sql:
        def key(item: Sql) -> Sql:
            number = self.number(item.copy)
            filled = n.coalesce(number.copy(), n.number(0))
            return n.call("tuple", n.call("isNull", number), filled, item.copy())

        ranked = self._with("sort", values(), key)
        return n.call("arrayElementOrNull", ranked, n.number(-1 if largest else 1))

    def explode(self, values: Sql, name: str, *, outer: bool = False) -> tuple[exp.Join, Sql]:
        items = values
        if outer:  # elements that may be NULL: else an empty list would give an empty text
            items = self.list_map(values, lambda item: n.call("toNullable", item))
        elif isinstance(values, exp.Case):  # which sqlglot cannot read there
            items = self.list_concat([values])
        joined = exp.Join(
            this=exp.Alias(this=items, alias=n.identifier(name)),
            side="LEFT" if outer else None,
            kind="ARRAY",
        )
        return joined, n.column(name)

    def explode_numbered(
        self, values: Callable[[], Sql], name: str
    ) -> tuple[exp.Join, Sql, Sql]:
        places, place = self.explode(n.call("arrayEnumerate", values()), name)
        item = n.call("arrayElement", values(), place.copy())
        return places, n.binary(exp.Sub, place, n.number(1)), item

    # -- aggregates -------------------------------------------------------------------------------

    def distinct_values(self, value: Sql) -> tuple[Sql, OnColumn | None]:
        return n.call("arraySort", self.distinct_set(value)), None

    def collect(
        self, value: Callable[[], Sql], order: Sql, *, limit: int = 0
    ) -> tuple[Sql, OnColumn | None]:
        pairs = n.call(
            "groupArrayIf", n.call("tuple", order, value()), n.is_not_null(value())
        )
        ordered = self._with("sort", pairs, lambda pair: _member(pair, 1))
        made = self.list_map(ordered, lambda pair: _member(pair, 2))
        return (n.call("arraySlice", made, n.number(1), n.number(limit)) if limit else made), None

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

    # -- time -------------------------------------------------------------------------------------

    def strftime(self, value: Sql, form: str) -> Sql:
        seconds = _whole(n.call("floor", value))
        moment = n.call("toDateTime64", seconds, n.number(0), n.text("UTC"))
        return n.call("formatDateTime", moment, n.text(self.time_format(form)))

    def strptime(self, value: Sql, form: str) -> Sql:
        prefix = time_prefix(form)
        if prefix is None:
            self.refuse(f"reading of times in the format {form}")
        text = n.call("extract", value, n.text(prefix))
        # it wants both digits of a month
        text = n.call(
            "replaceRegexpAll", text, n.text(r"(^|[^0-9])([0-9])\b"), n.text(r"\10\2")
        )
        moment = n.call(
            "parseDateTime64OrNull", text, n.text(self.time_format(form)), n.text("UTC")
        )
        return n.call("toFloat64", _whole(moment))

    def now(self) -> Sql:
        micros = n.call("toUnixTimestamp64Micro", n.call("now64", n.number(6)))
        return n.binary(exp.Div, micros, n.number(1_000_000))

    # -- regular expressions, JSON ----------------------------------------------------------------

    def extract(self, value: Sql, regex: str, group: int, name: str | None) -> Sql:
        return n.call("regexpExtract", value, n.text(_unnamed(regex)), n.number(group))

    def extract_all(self, value: Sql, regex: str, group: int) -> Sql:
        text = n.coalesce(value, n.text(""))
        groups = n.call("extractAllGroupsVertical", text, n.text(_unnamed(regex)))
        return self.list_map(groups, lambda found: n.call("arrayElement", found, n.number(group)))

    def replace_regex(self, value: Sql, regex: str, replacement: str) -> Sql:
        return n.call("replaceRegexpAll", value, n.text(regex), n.text(replacement))

    def url_decoded(self, value: Sql) -> Sql:
        return n.call("decodeURLComponent", value)

    def json_text(self, value: Callable[[], Sql], path: str, *, leaf: bool = False) -> Sql:
        def read(function: str) -> Sql:
            return n.call(function, value(), *_keys(path))

        def is_kind(*kinds: str) -> Sql:
            return exp.In(this=n.call("toString", read("JSONType")),
                          expressions=[n.text(kind) for kind in kinds])

        there = [n.binary(exp.EQ, n.call("isValidJSON", value()), n.number(1))]
        if steps(path):
            there.append(n.binary(exp.EQ, read("JSONHas"), n.number(1)))
        if leaf:
            there.append(n.negation(is_kind("Object", "Array")))
        text = n.case([(is_kind("String"), read("JSONExtractString"))], read("JSONExtractRaw"))
        return n.case([(n.conjunction(there), text)])

    def json_array(self, value: Sql, path: str) -> Sql:
        return n.call("JSONExtractArrayRaw", n.coalesce(value, n.text("")), *_keys(path))

    def digest(self, value: Sql, kind: str) -> Sql:
        return n.call("lower", n.call("hex", n.call(kind.upper(), value)))


def _unnamed(regex: str) -> str:
    """Return an expression without names: with one, an extraction inside CASE may find nothing."""
    return re.sub(r"(?<!\\)((?:\\\\)*)\(\?P<\w+>", r"\1(", regex)


def _keys(path: str) -> list[Sql]:
    return [n.number(at + 1) if isinstance(at, int) else n.text(at) for at in steps(path)]


def _member(pair: Sql, place: int) -> Sql:
    return n.call("tupleElement", pair, n.number(place))


def _whole(value: Sql) -> Sql:
    return n.call("toInt64", value)
