"""DuckDB. Every primitive here is executed in the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import STRFTIME, Dialect, OnColumn, time_prefix
from transpile.backends.sql.nodes import Sql

_FUNCTIONS = (
    "LOWER UPPER LENGTH SUBSTRING REPLACE TRIM LTRIM RTRIM REGEXP_MATCHES REGEXP_EXTRACT "
    "REGEXP_REPLACE SPLIT_PART STRING_SPLIT FLOOR CEIL ABS ROUND SQRT POWER EXP LN LOG10 PI "
    "LEN LIST_FILTER LIST_TRANSFORM LIST_SORT LIST_CONCAT LIST_VALUE LIST_SLICE LIST_EXTRACT "
    "ARRAY_TO_STRING LIST_POSITION LIST LIST_DISTINCT UNNEST ARG_MIN ARG_MAX STDDEV_SAMP "
    "LIST_MIN LIST_MAX TRY_STRPTIME "
    "STDDEV_POP VAR_SAMP VAR_POP STRFTIME MAKE_TIMESTAMP EPOCH NOW MD5 SHA1 SHA256 LEAST "
    "REGEXP_EXTRACT_ALL URL_DECODE JSON_EXTRACT JSON_EXTRACT_STRING JSON_TYPE JSON_VALID TRY "
    "GREATEST RANGE MODE SIN COS TAN ASIN ACOS ATAN ATAN2 LIST_SUM LIST_UNIQUE FLATTEN"
)


class DuckDb(Dialect):
    """DuckDB 1.3 and later (lambda syntax with the keyword)."""

    name = "duckdb"
    title = "DuckDB"
    star_except = True
    nested_lists = True
    recursive = True
    one_pass = 7  # measured by tools/bench_sql.py
    parameter = "${}"
    functions = frozenset(_FUNCTIONS.split())
    formats: ClassVar[Mapping[str, str]] = STRFTIME | {
        directive: directive for directive in ("%b", "%B", "%a", "%A", "%s")
    }

    def matches(self, value: Sql, regex: str) -> Sql:
        return n.call("REGEXP_MATCHES", value, n.text(regex))

    def number(self, value: Callable[[], Sql]) -> Sql:
        # the cast takes blanks, inf, nan and 1_000 too: those have other characters
        plain = self.matches(value(), "^[0-9eE.+-]+$")
        return n.try_cast(n.case([(plain, value())]), exp.DType.DOUBLE)

    def real_text(self, value: Callable[[], Sql]) -> Sql:
        return n.call(
            "REGEXP_REPLACE", n.cast(value(), exp.DType.TEXT), n.text(r"\.0$"), n.text("")
        )

    def any_of(self, values: Sql, test: OnColumn) -> Sql:
        kept = self._filter(values, test)
        return exp.GT(this=n.call("LEN", kept), expression=n.number(0))

    def _filter(self, values: Sql, test: OnColumn) -> Sql:
        return n.call("LIST_FILTER", values, _lambda(test))

    def list_of(self, value: Sql) -> Sql:
        return n.call("LIST_VALUE", value)

    def list_length(self, values: Sql) -> Sql:
        return n.call("LEN", values)

    def list_item(self, values: Callable[[], Sql], index: int) -> Sql:
        return n.call("LIST_EXTRACT", values(), n.number(index + 1 if index >= 0 else index))

    def list_at(self, values: Callable[[], Sql], index: Sql) -> Sql:
        at = n.cast(n.binary(exp.Add, index, n.number(1)), exp.DType.BIGINT)
        return n.call("LIST_EXTRACT", values(), at)

    def list_slice(self, values: Callable[[], Sql], first: int, last: int) -> Sql:
        low = n.number(first + 1 if first >= 0 else first)
        high = n.number(last + 1 if last >= 0 else last)
        return _null_if_empty(n.call("LIST_SLICE", values(), low, high))

    def list_join(self, values: Sql, delimiter: Sql) -> Sql:
        return n.call("ARRAY_TO_STRING", values, delimiter)

    def list_sorted(self, values: Sql) -> Sql:
        return n.call("LIST_SORT", values)

    def list_distinct(self, values: Callable[[], Sql]) -> Sql:
        first = exp.Lambda(
            this=exp.EQ(
                this=n.call("LIST_POSITION", values(), n.identifier("x")),
                expression=n.identifier("i"),
            ),
            expressions=[n.identifier("x"), n.identifier("i")],
            colon=True,
        )
        return n.call("LIST_FILTER", values(), first)

    def list_concat(self, lists: Sequence[Sql]) -> Sql:
        empty = [n.coalesce(one, n.call("LIST_VALUE")) for one in lists]
        joined = empty[0]
        for one in empty[1:]:
            joined = n.call("LIST_CONCAT", joined, one)
        return _null_if_empty(joined)

    def list_filter(self, values: Sql, test: OnColumn) -> Sql:
        return _null_if_empty(self._filter(values, test))

    def list_map(self, values: Sql, function: OnColumn) -> Sql:
        return n.call("LIST_TRANSFORM", values, _lambda(function))

    def list_split(self, value: Sql, delimiter: Sql) -> Sql:
        return n.call("STRING_SPLIT", value, delimiter)

    def list_find(self, values: Sql, test: OnColumn) -> Sql:
        flags = n.call("LIST_TRANSFORM", values, _lambda(test))
        at = n.nullif(n.call("LIST_POSITION", flags, n.boolean(True)), n.number(0))
        return n.binary(exp.Sub, at, n.number(1))

    def list_from(self, values: Callable[[], Sql], index: Callable[[], Sql]) -> Sql:
        from_start = n.binary(exp.GTE, index(), n.number(0))
        at = n.case([(from_start, n.binary(exp.Add, index(), n.number(1)))], index())
        return n.call("LIST_EXTRACT", values(), at)

    def list_flat(self, values: Sql, function: OnColumn) -> Sql:
        lists = n.call("LIST_TRANSFORM", values, _lambda(function))
        return _null_if_empty(n.call("FLATTEN", lists))

    def list_or_null(self, values: Sql) -> Sql:
        return _null_if_empty(values)

    def matching_columns(self, regex: str) -> Sql:
        # DuckDB takes no function around the unpacked columns but the list itself
        return exp.Array(expressions=[exp.Columns(this=n.text(regex), unpack=True)])

    def list_extreme(self, values: Callable[[], Sql], *, largest: bool) -> Sql:
        def texts() -> Sql:
            return self._filter(values(), lambda item: n.is_null(self.number(item.copy)))

        numbers = self.list_map(values(), lambda item: self.number(item.copy))
        best = n.call("LIST_MAX" if largest else "LIST_MIN", numbers)
        equal = self._filter(
            values(), lambda item: n.binary(exp.EQ, self.number(item.copy), best)
        )
        by_number = n.call("LIST_EXTRACT", equal, n.number(1))
        by_text = n.call("LIST_MAX" if largest else "LIST_MIN", texts())
        return n.coalesce(*((by_text, by_number) if largest else (by_number, by_text)))

    def explode(self, values: Sql, name: str, *, outer: bool = False) -> tuple[exp.Join, Sql]:
        unnest = exp.Unnest(
            expressions=[values],
            alias=exp.TableAlias(this=n.identifier(name), columns=[n.identifier("value")]),
        )
        return n.lateral(unnest, outer=outer), n.column("value", name)

    def explode_numbered(
        self, values: Callable[[], Sql], name: str
    ) -> tuple[exp.Join, Sql, Sql]:
        places = n.call("RANGE", n.call("LEN", values()))
        join, place = self.explode(places, name)
        at = n.binary(exp.Add, place.copy(), n.number(1))
        return join, place, n.call("LIST_EXTRACT", values(), at)

    def distinct_values(self, value: Sql) -> tuple[Sql, OnColumn | None]:
        # sorting once at the end is faster than an ORDER BY inside
        found = n.call("LIST", exp.Distinct(expressions=[value]))
        return n.call("LIST_SORT", _not_null(found, value.copy())), None

    def distinct_of_lists(self, values: Sql) -> tuple[Sql, OnColumn | None]:
        flat = n.call("FLATTEN", _not_null(n.call("LIST", values), values.copy()))
        return n.call("LIST_SORT", n.call("LIST_DISTINCT", flat)), None

    def collect(
        self, value: Callable[[], Sql], order: Sql, *, limit: int = 0
    ) -> tuple[Sql, OnColumn | None]:
        inner = exp.Order(this=value(), expressions=[n.ordered(order)])
        made = _not_null(n.call("LIST", inner), value())
        if limit:
            made = n.call("LIST_SLICE", made, n.number(1), n.number(limit))
        return made, None

    def value_at(
        self, value: Callable[[], Sql], by: Callable[[], Sql], *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        return n.call("ARG_MAX" if largest else "ARG_MIN", value(), by()), None

    def nearest_rank(
        self, value: Callable[[], Sql], percent: float
    ) -> tuple[Sql, OnColumn | None]:
        def numbers() -> Sql:
            inner = exp.Order(this=value(), expressions=[n.ordered(value())])
            return _not_null(n.call("LIST", inner), value())

        if percent >= 100:
            return exp.Max(this=value()), None
        size = exp.Count(this=value())
        at = n.call("FLOOR", n.binary(exp.Mul, size, n.number(percent / 100)))
        return self.list_at(numbers, at), None

    def mode(self, value: Callable[[], Sql]) -> Sql:
        inner = exp.Order(this=value(), expressions=[n.ordered(value())])
        return n.call("MODE", inner)

    def strftime(self, value: Sql, form: str) -> Sql:
        micros = n.cast(n.binary(exp.Mul, value, n.number(1_000_000)), exp.DType.BIGINT)
        return n.call("STRFTIME", n.call("MAKE_TIMESTAMP", micros), n.text(self.time_format(form)))

    def strptime(self, value: Sql, form: str) -> Sql:
        prefix = time_prefix(form)
        if prefix is None:
            self.refuse(f"reading of times in the format {form}")
        text = n.call("REGEXP_EXTRACT", value, n.text(prefix))
        return n.call("EPOCH", n.call("TRY_STRPTIME", text, n.text(form)))

    def now(self) -> Sql:
        return n.call("EPOCH", n.call("NOW"))

    def extract(self, value: Sql, regex: str, group: int, name: str | None) -> Sql:
        return n.call("REGEXP_EXTRACT", value, n.text(regex), n.number(group))

    def extract_all(self, value: Sql, regex: str, group: int) -> Sql:
        return n.call("REGEXP_EXTRACT_ALL", value, n.text(regex), n.number(group))

    def url_decoded(self, value: Sql) -> Sql:
        # the function takes `+` for a blank
        return n.call("TRY", n.call("URL_DECODE", self.replace_text(
            value, n.text("+"), n.text("%2B")
        )))

    def json_text(self, value: Callable[[], Sql], path: str, *, leaf: bool = False) -> Sql:
        found = n.call("TRY", n.call("JSON_EXTRACT", value(), n.text(path)))
        return _json_value(lambda: found.copy(), leaf)

    def json_texts(self, value: Sql, path: str, *, leaf: bool = False) -> Sql:
        found = n.call("TRY", n.call("JSON_EXTRACT", value, n.text(path)))
        texts = self.list_map(found, lambda item: _json_value(item.copy, leaf))
        return self._filter(texts, n.is_not_null) if leaf else texts

    def replace_regex(self, value: Sql, regex: str, replacement: str) -> Sql:
        return n.call(
            "REGEXP_REPLACE", value, n.text(regex), n.text(replacement), n.text("g")
        )

    def digest(self, value: Sql, kind: str) -> Sql:
        if kind == "sha512":
            self.refuse("sha512 digest")
        return n.call(kind.upper(), value)


def _json_value(node: Callable[[], Sql], leaf: bool) -> Sql:
    """A JSON value as text; leaf: NULL for an object or array."""
    branches = [(_is_json(node(), "NULL"), n.text("null"))]
    if leaf:
        kinds = n.disjunction(_is_json(node(), kind) for kind in ("OBJECT", "ARRAY"))
        branches.append((kinds, n.null()))
    return n.case(branches, n.call("JSON_EXTRACT_STRING", node(), n.text("$")))


def _is_json(node: Sql, kind: str) -> Sql:
    return n.binary(exp.EQ, n.call("JSON_TYPE", node), n.text(kind))


def _lambda(function: OnColumn) -> Sql:
    name, body = n.lambda_body(function)
    return exp.Lambda(this=body, expressions=[n.identifier(name)], colon=True)


def _null_if_empty(values: Sql) -> Sql:
    return n.nullif(values, n.call("LIST_VALUE"))


def _not_null(aggregate: Sql, value: Sql) -> Sql:
    return exp.Filter(this=aggregate, expression=exp.Where(this=n.is_not_null(value)))
