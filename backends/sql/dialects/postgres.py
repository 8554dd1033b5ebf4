"""PostgreSQL 12 and later. Facts: sql-semantics 4, 6, 8, 9, 10, 11, 13 (observed on 15.18)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import Dialect, OnColumn
from transpile.backends.sql.nodes import Sql

from transpile.ir.regex import Flavour

_FUNCTIONS = (
    "LOWER UPPER LENGTH SUBSTRING REPLACE BTRIM LTRIM RTRIM SPLIT_PART FLOOR CEIL ABS ROUND "
    "TRUNC SQRT POWER EXP LN LOG10 PI MOD CARDINALITY ARRAY_TO_STRING STRING_TO_ARRAY "
    "ARRAY_CAT UNNEST STDDEV_SAMP STDDEV_POP VAR_SAMP VAR_POP TO_CHAR TO_TIMESTAMP TIMEZONE "
    "REGEXP_MATCH REGEXP_REPLACE MD5 ARRAY_AGG DATE_PART CLOCK_TIMESTAMP SIN COS TAN ATAN "
    "ATAN2 NOW"
)


class Postgres(Dialect):
    """PostgreSQL; lists are `text[]`."""

    name = "postgres"
    title = "PostgreSQL"
    flavour = Flavour.POSIX_ARE
    cased_names = True
    recursive = True
    functions = frozenset(_FUNCTIONS.split())
    formats: ClassVar[Mapping[str, str]] = {
        "%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%H": "HH24", "%I": "HH12", "%M": "MI",
        "%S": "SS", "%p": "AM", "%j": "DDD", "%F": "YYYY-MM-DD", "%T": "HH24:MI:SS", "%%": "%",
    }

    def bytewise(self, value: Sql) -> Sql:
        return exp.Collate(this=n.tight(value), expression=n.identifier("C"))

    def trim(self, value: Sql, characters: Sql, side: str) -> Sql:
        return n.call("BTRIM" if side == "TRIM" else side, value, characters)

    def matches(self, value: Sql, regex: str) -> Sql:
        return n.binary(exp.RegexpLike, value, n.text(regex))

    def number(self, value: Callable[[], Sql]) -> Sql:
        return n.case([(self.looks_numeric(value()), n.cast(value(), exp.DType.DOUBLE))])

    def real_text(self, value: Callable[[], Sql]) -> Sql:
        return n.cast(n.cast(value(), exp.DType.DOUBLE), exp.DType.TEXT)

    def modulo(self, left: Sql, right: Sql) -> Sql:
        # % is not defined for double precision
        return n.call("MOD", n.cast(left, exp.DType.DECIMAL), n.cast(right, exp.DType.DECIMAL))

    def round_half_away(self, value: Callable[[], Sql], digits: int) -> Sql:
        return n.call("ROUND", n.cast(value(), exp.DType.DECIMAL), n.number(digits))

    def null_of(self, kind: str) -> Sql:
        types = {"text": exp.DType.TEXT, "int": exp.DType.BIGINT, "real": exp.DType.DOUBLE}
        if kind in types:
            return n.cast(n.null(), types[kind])
        return exp.Cast(this=n.null(), to=_text_array())

    def any_of(self, values: Sql, test: OnColumn) -> Sql:
        rows = n.select([n.number(1)], _unnest(values, "each"), where=[test(_item("each"))])
        return exp.Exists(this=rows)

    def list_of(self, value: Sql) -> Sql:
        return exp.Array(expressions=[value])

    def list_length(self, values: Sql) -> Sql:
        return n.call("CARDINALITY", values)

    def list_item(self, values: Callable[[], Sql], index: int) -> Sql:
        at: Sql = n.number(index + 1)
        if index < 0:
            at = n.binary(exp.Add, n.call("CARDINALITY", values()), n.number(index + 1))
        return _element(values(), at)

    def list_join(self, values: Sql, delimiter: Sql) -> Sql:
        return n.call("ARRAY_TO_STRING", values, delimiter)

    def list_sorted(self, values: Sql) -> Sql:
        return self._made(_item("each"), values, order=True)

    def list_concat(self, lists: Sequence[Sql]) -> Sql:
        joined = lists[0]
        for one in lists[1:]:
            joined = n.call("ARRAY_CAT", joined, one)  # NULL is skipped
        return joined

    def list_filter(self, values: Sql, test: OnColumn) -> Sql:
        return self._made(_item("each"), values, where=test(_item("each")))

    def list_map(self, values: Sql, function: OnColumn) -> Sql:
        return self._made(function(_item("each")), values)

    def _made(
        self, item: Sql, values: Sql, *, where: Sql | None = None, order: bool = False
    ) -> Sql:
        inner = item
        if order:
            inner = exp.Order(this=item, expressions=[n.ordered(self.bytewise(item.copy()))])
        rows = n.select(
            [n.call("ARRAY_AGG", inner)],
            _unnest(values, "each"),
            where=[] if where is None else [where],
        )
        return exp.Subquery(this=rows)

    def list_split(self, value: Sql, delimiter: Sql) -> Sql:
        return n.call("STRING_TO_ARRAY", value, delimiter)

    def explode(self, values: Sql, name: str) -> tuple[exp.Join, Sql]:
        return exp.Join(this=_unnest(values, name), kind="CROSS"), _item(name)

    def distinct_values(self, value: Sql) -> tuple[Sql, OnColumn | None]:
        bytewise = self.bytewise(value)
        inner = exp.Order(
            this=exp.Distinct(expressions=[bytewise]), expressions=[n.ordered(bytewise.copy())]
        )
        return _not_null(n.call("ARRAY_AGG", inner), value.copy()), None

    def collect(
        self, value: Callable[[], Sql], order: Sql, *, limit: int = 0
    ) -> tuple[Sql, OnColumn | None]:
        made = _not_null(_ordered_array(value(), [n.ordered(order)]), value())
        if not limit:
            return made, None
        part = exp.Slice(this=n.number(1), expression=n.number(limit))
        return exp.Bracket(this=exp.Paren(this=made), expressions=[part]), None

    def value_at(
        self, value: Callable[[], Sql], by: Callable[[], Sql], *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        both = n.conjunction((n.is_not_null(value()), n.is_not_null(by())))
        array = _ordered_array(value(), [n.ordered(by(), descending=largest)])
        made = exp.Filter(this=array, expression=exp.Where(this=both))
        return _element(made, n.number(1)), None

    def nearest_rank(
        self, value: Callable[[], Sql], percent: float
    ) -> tuple[Sql, OnColumn | None]:
        if percent >= 100:
            return exp.Max(this=value()), None
        array = _not_null(_ordered_array(value(), [n.ordered(value())]), value())
        place = n.binary(exp.Mul, exp.Count(this=value()), n.number(percent / 100))
        at = n.binary(exp.Add, n.cast(n.call("FLOOR", place), exp.DType.INT), n.number(1))
        return _element(array, at), None

    def strftime(self, value: Sql, form: str) -> Sql:
        moment = n.call("TIMEZONE", n.text("UTC"), n.call("TO_TIMESTAMP", value))
        return n.call("TO_CHAR", moment, n.text(quoted_letters(self, form)))

    def now(self) -> Sql:
        return n.call("DATE_PART", n.text("epoch"), n.call("NOW"))

    def extract(self, value: Sql, regex: str, group: int, name: str | None) -> Sql:
        return _element(n.call("REGEXP_MATCH", value, n.text(regex)), n.number(group))

    def replace_regex(self, value: Sql, regex: str, replacement: str) -> Sql:
        return n.call("REGEXP_REPLACE", value, n.text(regex), n.text(replacement), n.text("g"))

    def digest(self, value: Sql, kind: str) -> Sql:
        if kind != "md5":
            self.refuse(f"{kind} digest without an extension")
        return n.call("MD5", value)


def quoted_letters(dialect: Dialect, form: str) -> str:
    """Return a TO_CHAR format: literal letters in double quotes [13.6]."""
    import re

    return "".join(
        f'"{part}"' if part.isalpha() else dialect.time_format(part) if part[:1] == "%" else part
        for part in re.findall(r"%.|[A-Za-z]+|[^%A-Za-z]+", form)
    )


def _text_array() -> exp.DataType:
    text = exp.DataType(this=exp.DType.TEXT)
    return exp.DataType(this=exp.DType.ARRAY, expressions=[text], nested=True)


def _unnest(values: Sql, name: str) -> Sql:
    return exp.Unnest(
        expressions=[values],
        alias=exp.TableAlias(this=n.identifier(name), columns=[n.identifier("value")]),
    )


def _item(name: str) -> Sql:
    return n.column("value", name)


def _element(array: Sql, at: Sql) -> Sql:
    # sqlglot counts from the offset that it is told: leave the number as it is
    return exp.Bracket(this=exp.Paren(this=array), expressions=[at], offset=1)


def _ordered_array(value: Sql, keys: list[Sql]) -> Sql:
    return n.call("ARRAY_AGG", exp.Order(this=value, expressions=keys))


def _not_null(aggregate: Sql, value: Sql) -> Sql:
    return exp.Filter(this=aggregate, expression=exp.Where(this=n.is_not_null(value)))
