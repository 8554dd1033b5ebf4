"""Apache Spark 4 and later. Facts: sql-semantics 4 to 13 (executed on 4.1, ANSI mode)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import OnColumn, time_pieces, time_prefix
from transpile.backends.sql.dialects.functional import Functional
from transpile.backends.sql.dialects.paths import parts, steps
from transpile.backends.sql.nodes import Sql

from transpile.ir.regex import Flavour

_FUNCTIONS = (
    "LOWER UPPER LENGTH SUBSTRING REPLACE SPLIT_PART FLOOR CEIL ABS ROUND SQRT POWER EXP LN "
    "LOG10 PI EXISTS FILTER TRANSFORM SORT_ARRAY SIZE ARRAY TRY_ELEMENT_AT ARRAY_JOIN SLICE "
    "COLLECT_SET COLLECT_LIST ARRAY_DISTINCT FLATTEN CONCAT EXPLODE MIN_BY MAX_BY STDDEV_SAMP "
    "STDDEV_POP VAR_SAMP VAR_POP DATE_FORMAT TIMESTAMP_SECONDS UNIX_MICROS NOW DAYOFWEEK "
    "REGEXP_EXTRACT REGEXP_EXTRACT_ALL REGEXP_REPLACE MD5 SHA1 SHA2 BTRIM LTRIM RTRIM TRIM SIN "
    "COS TAN ATAN ATAN2 NAMED_STRUCT GET ARRAY_POSITION ARRAY_MIN ARRAY_MAX SPLIT SEQUENCE "
    "TRY_URL_DECODE TRY_PARSE_JSON TRY_VARIANT_GET IS_VARIANT_NULL SCHEMA_OF_VARIANT "
    "GET_JSON_OBJECT UNIX_TIMESTAMP TRY_TO_TIMESTAMP MODE"
)
_DECIMAL = exp.DataType.build("DECIMAL(38, 18)")


class Spark(Functional):
    """Spark SQL; the session time zone must be UTC for times as text."""

    name = "spark"
    title = "Spark"
    flavour = Flavour.JAVA
    text_end = r"\z"
    star_except = True
    nested_lists = True
    recursive = True
    functions = frozenset(_FUNCTIONS.split())
    calls: ClassVar[Mapping[str, str]] = {
        "flatten": "FLATTEN", "distinct": "ARRAY_DISTINCT",
        "any": "EXISTS", "filter": "FILTER", "map": "TRANSFORM", "array": "ARRAY",
        "length": "SIZE", "item": "TRY_ELEMENT_AT", "join": "ARRAY_JOIN", "sort": "SORT_ARRAY",
        "set": "COLLECT_SET", "list": "COLLECT_LIST",
    }
    formats: ClassVar[Mapping[str, str]] = {
        "%Y": "yyyy", "%y": "yy", "%m": "MM", "%d": "dd", "%H": "HH", "%I": "hh", "%M": "mm",
        "%S": "ss", "%p": "a", "%j": "DDD", "%F": "yyyy-MM-dd", "%T": "HH:mm:ss", "%%": "%",
        "%A": "EEEE", "%a": "EEE", "%B": "MMMM", "%b": "MMM",
    }
    assumptions: ClassVar[Mapping[str, str]] = {
        "json": "objects in JSON arrays have their members in alphabetical order",
    }

    def finished(self, query: exp.Query) -> None:
        for name in query.find_all(exp.Identifier):
            if "${" in name.this:
                self.refuse(f"column {name.this}: it puts settings in the place of ${{...}}")
        for window in query.find_all(exp.Window):  # which must say an order, be it none
            if window.this.name == "ROW_NUMBER" and window.args.get("order") is None:
                window.set("order", n.order_by([n.null()]))

    def finished_text(self, text: str) -> str:
        # Spark puts the values of its settings in the place of ${...}, inside texts too
        return text.replace("${", "\\u0024{")

    def matches(self, value: Sql, regex: str) -> Sql:
        return n.binary(exp.RegexpLike, value, n.text(regex))

    def real_text(self, value: Callable[[], Sql]) -> Sql:
        # a cast writes 1.0E7; a decimal has all its digits, and 18 behind the point
        whole = n.cast(n.cast(value(), exp.DType.BIGINT), exp.DType.TEXT)
        is_whole = n.binary(exp.EQ, value(), n.call("FLOOR", value()))
        small = n.binary(exp.LT, n.call("ABS", value()), n.number(1e15))
        digits = n.cast(exp.Cast(this=value(), to=_DECIMAL.copy()), exp.DType.TEXT)
        plain = n.call("REGEXP_REPLACE", digits, n.text("0+$"), n.text(""))
        return n.case(
            [(n.conjunction((small, is_whole)), whole), (small.copy(), plain)],
            n.cast(value(), exp.DType.TEXT),
        )

    def trim(self, value: Sql, characters: Sql, side: str) -> Sql:
        # the characters come first in LTRIM and RTRIM
        if side == "TRIM":
            return n.call("BTRIM", value, characters)
        return n.call(side, characters, value)

    # -- lists ------------------------------------------------------------------------------------

    def list_or_null(self, values: Sql) -> Sql:
        if isinstance(values, exp.Nullif):  # which is one already
            return values
        return n.nullif(values, n.call("ARRAY"))

    def list_at(self, values: Callable[[], Sql], index: Sql) -> Sql:
        return n.call("GET", values(), n.cast(index, exp.DType.INT))

    def list_from(self, values: Callable[[], Sql], index: Callable[[], Sql]) -> Sql:
        from_start = n.binary(exp.GTE, index(), n.number(0))
        at = n.case([(from_start, n.binary(exp.Add, index(), n.number(1)))], index())
        return n.call("TRY_ELEMENT_AT", values(), n.cast(at, exp.DType.INT))

    def list_slice(self, values: Callable[[], Sql], first: int, last: int) -> Sql:
        if first >= 0:
            size = n.number(last - first + 1)
            return self.list_or_null(n.call("SLICE", values(), n.number(first + 1), size))

        def place(index: int) -> Sql:
            return n.binary(exp.Add, n.call("SIZE", values()), n.number(index))

        inside = exp.Between(this=n.identifier("i"), low=place(first), high=place(last))
        kept = exp.Lambda(this=inside, expressions=[n.identifier("x"), n.identifier("i")])
        return self.list_or_null(n.call("FILTER", values(), kept))

    def list_distinct(self, values: Callable[[], Sql]) -> Sql:
        return n.call("ARRAY_DISTINCT", values())

    def list_concat(self, lists: Sequence[Sql]) -> Sql:
        filled = [n.coalesce(one, n.call("ARRAY")) for one in lists]
        return self.list_or_null(n.call("CONCAT", *filled))

    def list_split(self, value: Sql, delimiter: Sql) -> Sql:
        if not isinstance(delimiter, exp.Literal):
            self.refuse("splitting of a text at a delimiter that is computed")
        exactly = re.sub(r"([^A-Za-z0-9 ])", r"\\\1", delimiter.this)
        return n.call("SPLIT", value, n.text(exactly), n.number(-1))

    def list_find(self, values: Sql, test: OnColumn) -> Sql:
        at = n.call("ARRAY_POSITION", self.list_map(values, test), n.boolean(True))
        return n.binary(exp.Sub, n.nullif(at, n.number(0)), n.number(1))

    def list_flat(self, values: Sql, function: OnColumn) -> Sql:
        lists = self.list_map(values, lambda item: n.coalesce(function(item), n.call("ARRAY")))
        return self.list_or_null(n.call("FLATTEN", lists))

    def list_extreme(self, values: Callable[[], Sql], *, largest: bool) -> Sql:
        def key(item: Sql) -> Sql:
            number = self.number(item.copy)
            other = n.is_null(number.copy())
            return _struct(other=other, number=number, value=item.copy())

        best = n.call("ARRAY_MAX" if largest else "ARRAY_MIN", self.list_map(values(), key))
        return _member(best, "value")

    def explode(self, values: Sql, name: str, *, outer: bool = False) -> tuple[exp.Join, Sql]:
        rows = exp.Select(expressions=[n.alias(n.call("EXPLODE", values), "value")])
        source = exp.Lateral(
            this=exp.Subquery(this=rows), alias=exp.TableAlias(this=n.identifier(name))
        )
        return n.lateral(source, outer=outer), n.column("value", name)

    def explode_numbered(
        self, values: Callable[[], Sql], name: str
    ) -> tuple[exp.Join, Sql, Sql]:
        last = n.binary(exp.Sub, n.call("SIZE", values()), n.number(1))
        join, place = self.explode(n.call("SEQUENCE", n.number(0), last), name)
        return join, place, n.call("GET", values(), place.copy())

    # -- aggregates -------------------------------------------------------------------------------

    def distinct_of_lists(self, values: Sql) -> tuple[Sql, OnColumn | None]:
        made, finish = super().distinct_of_lists(values)
        return self.list_or_null(made), finish

    def collect(
        self, value: Callable[[], Sql], order: Sql, *, limit: int = 0
    ) -> tuple[Sql, OnColumn | None]:
        pairs = n.call("COLLECT_LIST", _struct(place=order, value=value()))
        present = exp.Filter(this=pairs, expression=exp.Where(this=n.is_not_null(value())))
        ordered = n.call("SORT_ARRAY", present)
        made = self.list_map(ordered, lambda pair: _member(pair, "value"))
        if limit:
            made = n.call("SLICE", made, n.number(1), n.number(limit))
        return self.list_or_null(made), None

    def value_at(
        self, value: Callable[[], Sql], by: Callable[[], Sql], *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        made = n.call("MAX_BY" if largest else "MIN_BY", value(), by())
        present = n.is_not_null(value())  # it would take a NULL value (11.1)
        return exp.Filter(this=made, expression=exp.Where(this=present)), None

    # -- time -------------------------------------------------------------------------------------

    def strftime(self, value: Sql, form: str) -> Sql:
        moment = n.call("TIMESTAMP_SECONDS", value)
        pieces: list[Sql] = []
        for special, text in time_pieces(form, ("%w",)):
            if special:
                day = n.binary(exp.Sub, n.call("DAYOFWEEK", moment.copy()), n.number(1))
                pieces.append(n.cast(day, exp.DType.TEXT))
            else:
                pieces.append(n.call("DATE_FORMAT", moment.copy(), n.text(self._written(text))))
        return self.concat(pieces)

    def _written(self, form: str) -> str:
        return "".join(
            f"'{part}'" if part.isalpha()
            else self.time_format(part) if part[:1] == "%" else part.replace("'", "''")
            for part in re.findall(r"%.|[A-Za-z]+|[^%A-Za-z]+", form)
        )

    def strptime(self, value: Sql, form: str) -> Sql:
        prefix = time_prefix(form)
        if prefix is None:
            self.refuse(f"reading of times in the format {form}")
        text = n.call("REGEXP_EXTRACT", value, n.text(prefix), n.number(0))
        # one letter reads one digit or two
        single = re.sub("(?<![A-Za-z])([MdHms])\\1(?![A-Za-z])", "\\1", self._written(form))
        moment = n.call("TRY_TO_TIMESTAMP", n.nullif(text, n.text("")), n.text(single))
        return n.cast(n.call("UNIX_TIMESTAMP", moment), exp.DType.DOUBLE)

    def now(self) -> Sql:
        return n.binary(exp.Div, n.call("UNIX_MICROS", n.call("NOW")), n.number(1_000_000))

    # -- regular expressions, JSON ----------------------------------------------------------------

    def extract(self, value: Sql, regex: str, group: int, name: str | None) -> Sql:
        return n.call("REGEXP_EXTRACT", value, n.text(regex), n.number(group))

    def extract_all(self, value: Sql, regex: str, group: int) -> Sql:
        return n.call("REGEXP_EXTRACT_ALL", value, n.text(regex), n.number(group))

    def replace_regex(self, value: Sql, regex: str, replacement: str) -> Sql:
        return n.call("REGEXP_REPLACE", value, n.text(regex), n.text(dollar_groups(replacement)))

    def url_decoded(self, value: Sql) -> Sql:
        # the function takes `+` for a blank, and nothing with a lone `%`
        plain = self.replace_text(value, n.text("+"), n.text("%2B"))
        whole = n.call("REGEXP_REPLACE", plain, n.text("%(?![0-9A-Fa-f]{2})"), n.text("%25"))
        return n.call("TRY_URL_DECODE", whole)

    def json_text(self, value: Callable[[], Sql], path: str, *, leaf: bool = False) -> Sql:
        document = n.call("TRY_PARSE_JSON", value())
        if leaf:
            return _variant_text(document, path, leaf=True)
        found = _variant(document, path)
        written = n.call("GET_JSON_OBJECT", value(), n.text(self._json_path(path)))
        return n.case([
            (n.call("IS_VARIANT_NULL", found), n.text("null")),
            (n.is_not_null(found.copy()), written),
        ])

    def _json_path(self, path: str) -> str:
        if "'" in path:
            self.refuse(f"JSON path {path}")
        return "$" + "".join(
            f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in steps(path)
        )

    def json_texts(self, value: Sql, path: str, *, leaf: bool = False) -> Sql:
        first, *inner, last = parts(path)
        found = _variant(n.call("TRY_PARSE_JSON", value), first, "array<variant>")
        for between in inner:
            found = n.call("FLATTEN", self.list_map(
                found,
                lambda item, at=between: n.coalesce(  # type: ignore[misc]
                    _variant(item, at, "array<variant>"), n.call("ARRAY")
                ),
            ))
        texts = self.list_map(found, lambda item: _variant_text(item, last, leaf=leaf))
        return self.list_filter(texts, n.is_not_null)

    def digest(self, value: Sql, kind: str) -> Sql:
        if kind in ("md5", "sha1"):
            return n.call(kind.upper(), value)
        return n.call("SHA2", value, n.number(int(kind.removeprefix("sha"))))


def _struct(**members: Sql) -> Sql:
    args = [part for name, value in members.items() for part in (n.text(name), value)]
    return n.call("NAMED_STRUCT", *args)


def _member(struct: Sql, name: str) -> Sql:
    return exp.Dot(this=struct, expression=n.identifier(name))


def _variant(value: Sql, path: str, kind: str = "variant") -> Sql:
    """Return what a VARIANT has at a JSONPath, NULL if there is nothing or of another kind."""
    written = "$" + "".join(
        f"[{step}]" if isinstance(step, int) else f'["{step}"]' for step in steps(path)
    )
    return n.call("TRY_VARIANT_GET", value, n.text(written), n.text(kind))


def _variant_text(value: Sql, path: str, *, leaf: bool) -> Sql:
    found = _variant(value, path)
    branches: list[tuple[Sql, Sql]] = [(n.call("IS_VARIANT_NULL", found), n.text("null"))]
    if leaf:
        kind = n.call("SCHEMA_OF_VARIANT", found.copy())
        nested = n.binary(exp.RegexpLike, kind, n.text("^(OBJECT|ARRAY)<"))
        branches.append((nested, n.null()))
    return n.case(branches, _variant(value.copy(), path, "string"))


def dollar_groups(replacement: str) -> str:
    r"""Return a replacement with `$1` for `\1` and Java's own specials escaped [6.10]."""
    pieces = re.split(r"(\\[0-9])", replacement)
    return "".join(
        f"${part[1]}" if re.fullmatch(r"\\[0-9]", part) else re.sub(r"([$\\])", r"\\\1", part)
        for part in pieces
    )
