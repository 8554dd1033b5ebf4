"""PostgreSQL 12 and later. Facts: sql-semantics 4, 6, 8, 9, 10, 11, 13 (observed on 15.18)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import Dialect, OnColumn, time_pieces, time_prefix
from transpile.backends.sql.dialects.paths import parts, steps
from transpile.backends.sql.nodes import Sql

from transpile.ir.regex import Flavour

_FUNCTIONS = (
    "LOWER UPPER LENGTH SUBSTRING REPLACE BTRIM LTRIM RTRIM SPLIT_PART FLOOR CEIL ABS ROUND "
    "TRUNC SQRT POWER EXP LN LOG10 PI MOD CARDINALITY ARRAY_TO_STRING STRING_TO_ARRAY "
    "ARRAY_CAT UNNEST STDDEV_SAMP STDDEV_POP VAR_SAMP VAR_POP TO_CHAR TO_TIMESTAMP TIMEZONE "
    "REGEXP_MATCH REGEXP_MATCHES REGEXP_REPLACE MD5 SHA256 SHA512 ENCODE DECODE CONVERT_TO "
    "CONVERT_FROM STRING_AGG ARRAY_AGG DATE_PART DATE_TRUNC CLOCK_TIMESTAMP SIN COS TAN ATAN "
    "ATAN2 NOW MODE JSON_AGG JSON_ARRAY_ELEMENTS JSON_ARRAY_ELEMENTS_TEXT JSON_EXTRACT_PATH "
    "JSON_TYPEOF MAKE_TIMESTAMP"
)


NO_NUL = "percent-encoded text has no NUL"
JSON_ONLY = "a text that is read as JSON and begins with { or [ is JSON"


_NAME = 63
"""Bytes of a name; the server cuts longer ones without a word."""


_NEXT = "%[89ABab][0-9A-Fa-f]"
_LEADS = (
    # the first bytes of a character, which say what the second may be; how many follow these
    ("%[Cc][2-9A-Fa-f]|%[Dd][0-9A-Fa-f]", 1),
    (f"%[Ee]0%[ABab][0-9A-Fa-f]|%[Ee][1-9A-CEFa-cef]{_NEXT}|%[Ee][Dd]%[89][0-9A-Fa-f]", 1),
    (f"%[Ff]0%[9ABab][0-9A-Fa-f]|%[Ff][1-3]{_NEXT}|%[Ff]4%8[0-9A-Fa-f]", 2),
)
_WHOLE = "|".join(
    ("%0[1-9A-Fa-f]|%[1-7][0-9A-Fa-f]", *(f"(?:{lead})(?:{_NEXT}){{{n}}}" for lead, n in _LEADS))
)
_BROKEN = f"(?:{_LEADS[2][0]}){_NEXT}|{_LEADS[2][0]}|{_LEADS[1][0]}|%[0-9A-Fa-f]{{2}}"
_ENCODED = f"((?:{_WHOLE})+)|({_BROKEN})|([^%]+|%)"
"""Percent-encoded UTF-8 in pieces: characters, what is left of one, other text. NUL is broken."""


class Postgres(Dialect):
    """PostgreSQL; lists are `text[]`."""

    name = "postgres"
    title = "PostgreSQL"
    flavour = Flavour.POSIX_ARE
    cased_names = True
    recursive = True
    nul = False
    functions = frozenset(_FUNCTIONS.split())
    formats: ClassVar[Mapping[str, str]] = {
        "%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%H": "HH24", "%I": "HH12", "%M": "MI",
        "%S": "SS", "%p": "AM", "%j": "DDD", "%F": "YYYY-MM-DD", "%T": "HH24:MI:SS", "%%": "%",
        "%A": "FMDay", "%a": "Dy", "%B": "FMMonth", "%b": "Mon", "%w": "", "%s": "",
    }
    assumptions: ClassVar[Mapping[str, str]] = {"json": JSON_ONLY, "decoded": NO_NUL}

    def finished(self, query: exp.Query) -> None:
        for name in query.find_all(exp.Identifier):
            if len(name.this.encode()) > _NAME:
                self.refuse(f"name of more than {_NAME} bytes, as {name.this}")

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
        # of an empty text it makes no piece at all
        empty = n.binary(exp.EQ, value, n.text(""))
        pieces = n.call("STRING_TO_ARRAY", value.copy(), delimiter)
        return n.case([(empty, exp.Array(expressions=[n.text("")]))], pieces)

    def list_at(self, values: Callable[[], Sql], index: Sql) -> Sql:
        return _element(values(), n.cast(n.binary(exp.Add, index, n.number(1)), exp.DType.INT))

    def list_from(self, values: Callable[[], Sql], index: Callable[[], Sql]) -> Sql:
        size = n.call("CARDINALITY", values())
        from_end = n.binary(exp.LT, index(), n.number(0))
        place = n.case([(from_end, n.binary(exp.Add, index(), size))], index())
        return self.list_at(values, place)

    def list_slice(self, values: Callable[[], Sql], first: int, last: int) -> Sql:
        def place(index: int) -> Sql:
            if index >= 0:
                return n.number(index + 1)
            return n.binary(exp.Add, n.call("CARDINALITY", values()), n.number(index + 1))

        # an array begins at 1: what is asked for before it is not there
        part = exp.Slice(this=place(first), expression=place(last))
        return self.list_or_null(exp.Bracket(this=exp.Paren(this=values()), expressions=[part]))

    def list_or_null(self, values: Sql) -> Sql:
        return n.nullif(values, _no_texts())

    def list_distinct(self, values: Callable[[], Sql]) -> Sql:
        first = n.select([n.number(1)], _numbered(values(), "before"), where=[
            n.binary(exp.LT, n.column("place", "before"), n.column("place", "each")),
            n.binary(exp.EQ, _item("before"), _item("each")),
        ])
        return _collected(_numbered(values(), "each"), n.negation(exp.Exists(this=first)))

    def list_find(self, values: Sql, test: OnColumn) -> Sql:
        first = n.binary(exp.Sub, exp.Min(this=n.column("place", "each")), n.number(1))
        rows = n.select([first], _numbered(values, "each"), where=[test(_item("each"))])
        return exp.Subquery(this=rows)

    def list_flat(self, values: Sql, function: OnColumn) -> Sql:
        inner = exp.Join(this=_numbered(function(_item("each")), "inner"), kind="CROSS")
        keys = [n.ordered(n.column("place", name)) for name in ("each", "inner")]
        rows = n.select(
            [_ordered_array(_item("inner"), keys)], _numbered(values, "each"), joins=[inner]
        )
        return exp.Subquery(this=rows)

    def list_extreme(self, values: Callable[[], Sql], *, largest: bool) -> Sql:
        number = self.number(lambda: _item("each"))
        text = self.bytewise(_item("each"))
        keys: list[Sql] = [
            exp.Ordered(this=key, desc=largest, nulls_first=largest) for key in (number, text)
        ]
        rows = n.select([_item("each")], _unnest(values(), "each"), order=keys, limit=1)
        return exp.Subquery(this=rows)

    def explode_numbered(
        self, values: Callable[[], Sql], name: str
    ) -> tuple[exp.Join, Sql, Sql]:
        place = n.binary(exp.Sub, n.column("place", name), n.number(1))
        return n.lateral(_numbered(values(), name)), place, _item(name)

    def explode(self, values: Sql, name: str, *, outer: bool = False) -> tuple[exp.Join, Sql]:
        return n.lateral(_unnest(values, name), outer=outer), _item(name)

    def distinct_values(self, value: Sql) -> tuple[Sql, OnColumn | None]:
        bytewise = self.bytewise(value)
        inner = exp.Order(
            this=exp.Distinct(expressions=[bytewise]), expressions=[n.ordered(bytewise.copy())]
        )
        return _not_null(n.call("ARRAY_AGG", inner), value.copy()), None

    def distinct_of_lists(self, values: Sql) -> tuple[Sql, OnColumn | None]:
        # an array of arrays needs them to be of one length
        made = _not_null(n.call("JSON_AGG", values), values.copy())

        def finish(column: Sql) -> Sql:
            lists = _rows_of(n.call("JSON_ARRAY_ELEMENTS", column), "list")
            items = _rows_of(n.call("JSON_ARRAY_ELEMENTS_TEXT", _item("list")), "item")
            array, _ = self.distinct_values(_item("item"))
            return exp.Subquery(this=n.select([array], lists, joins=[n.lateral(items)]))

        return made, finish

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
        pieces: list[Sql] = []
        for special, text in time_pieces(form, ("%w",)):
            if special:
                day = n.call("DATE_PART", n.text("dow"), moment.copy())
                pieces.append(n.cast(day, exp.DType.TEXT))
            else:
                shown = n.text(quoted_letters(self, text))
                pieces.append(n.call("TO_CHAR", moment.copy(), shown))
        return self.concat(pieces)

    def strptime(self, value: Sql, form: str) -> Sql:
        prefix = time_prefix(form)
        if prefix is None:
            self.refuse(f"reading of times in the format {form}")
        kinds = re.findall("%(.)", form.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S"))
        grouped = re.sub(r"(\[[^]]*\]\{[^}]*\})", r"(\1)", prefix)
        found = n.call("REGEXP_MATCH", value, n.text(grouped))

        def part(kind: str) -> Sql:
            if kind not in kinds:
                return n.number(0)
            return n.cast(_element(found.copy(), n.number(kinds.index(kind) + 1)), exp.DType.INT)

        # the function fails on the 31st of February: the days are added to the month
        tests: list[Sql] = [
            exp.Between(this=part(kind), low=n.number(low), high=n.number(high))
            for kind, low, high in _RANGES if kind in kinds
        ]
        month = n.call(
            "MAKE_TIMESTAMP", part("Y"), part("m"), n.number(1), part("H"), part("M"),
            n.cast(part("S"), exp.DType.DOUBLE),
        )
        tests.append(n.binary(exp.LTE, part("d"), _days_of(part("Y"), part("m"))))
        days = n.binary(exp.Mul, n.binary(exp.Sub, part("d"), n.number(1)), n.number(86400))
        epoch = n.binary(exp.Add, n.call("DATE_PART", n.text("epoch"), month), days)
        return n.case([(n.conjunction(tests), epoch)])

    def now(self) -> Sql:
        return n.call("DATE_PART", n.text("epoch"), n.call("NOW"))

    def extract(self, value: Sql, regex: str, group: int, name: str | None) -> Sql:
        return _element(n.call("REGEXP_MATCH", value, n.text(regex)), n.number(group))

    def extract_all(self, value: Sql, regex: str, group: int) -> Sql:
        matches = n.call("REGEXP_MATCHES", value, n.text(regex), n.text("g"))
        found = n.coalesce(_element(_item("each"), n.number(group)), n.text(""))
        return _collected(_rows_of(matches, "each", numbered=True), item=found)

    def url_decoded(self, value: Sql) -> Sql:
        def group(number: int) -> Sql:
            return _element(_item("each"), n.number(number))

        digits = self.replace_text(group(1), n.text("%"), n.text(""))
        decoded = n.call("CONVERT_FROM", n.call("DECODE", digits, n.text("hex")), n.text("UTF8"))
        piece = n.case(
            [(n.is_not_null(group(1)), decoded), (n.is_not_null(group(2)), n.text("\ufffd"))],
            group(3),
        )
        ordered = exp.Order(
            this=n.text(""), expressions=[n.ordered(n.column("place", "each"))],
        )
        pieces = n.call("REGEXP_MATCHES", value, n.text(_ENCODED), n.text("g"))
        rows = n.select([n.call("STRING_AGG", piece, ordered)],
                        _rows_of(pieces, "each", numbered=True))
        whole = n.coalesce(exp.Subquery(this=rows), n.text(""))
        return n.case([(n.is_not_null(value.copy()), whole)])

    def json_text(self, value: Callable[[], Sql], path: str, *, leaf: bool = False) -> Sql:
        return _text_of(lambda: _as_json(value()), path, leaf)

    def json_texts(self, value: Sql, path: str, *, leaf: bool = False) -> Sql:
        first, *others, last = parts(path)
        rows = [_elements(_as_json(value), first, "each")]
        for at, between in enumerate(others):
            rows.append(_elements(_item(_nested(at)), between, _nested(at + 1)))
        innermost = _nested(len(others))
        keys = [n.ordered(n.column("place", _nested(at))) for at in range(len(rows))]

        def text() -> Sql:
            return _text_of(lambda: _item(innermost), last, leaf)

        array = _not_null(_ordered_array(text(), keys), text())
        joins = [n.lateral(row) for row in rows[1:]]
        return exp.Subquery(this=n.select([array], rows[0], joins=joins))

    def replace_regex(self, value: Sql, regex: str, replacement: str) -> Sql:
        return n.call("REGEXP_REPLACE", value, n.text(regex), n.text(replacement), n.text("g"))

    def digest(self, value: Sql, kind: str) -> Sql:
        if kind == "md5":
            return n.call("MD5", value)
        if kind == "sha1":
            self.refuse("sha1 digest without an extension")
        octets = n.call("CONVERT_TO", value, n.text("UTF8"))
        return n.call("ENCODE", n.call(kind.upper(), octets), n.text("hex"))


def quoted_letters(dialect: Dialect, form: str) -> str:
    """Return a TO_CHAR format: literal letters in double quotes [13.6]."""
    return "".join(
        f'"{part}"' if part.isalpha() else dialect.time_format(part) if part[:1] == "%" else part
        for part in re.findall(r"%.|[A-Za-z]+|[^%A-Za-z]+", form)
    )


_RANGES = (("m", 1, 12), ("d", 1, 31), ("H", 0, 23), ("M", 0, 59), ("S", 0, 59))


def _days_of(year: Sql, month: Sql) -> Sql:
    """Return the number of days of a month."""
    def divides(by: int) -> Sql:
        return n.binary(exp.EQ, n.binary(exp.Mod, year.copy(), n.number(by)), n.number(0))

    leap = n.disjunction([
        n.conjunction([divides(4), n.negation(divides(100))]), divides(400)
    ])
    short = exp.In(this=month.copy(), expressions=[n.number(at) for at in (4, 6, 9, 11)])
    february = n.binary(exp.EQ, month, n.number(2))
    return n.case([
        (n.conjunction([february, leap]), n.number(29)),
        (february.copy(), n.number(28)),
        (short, n.number(30)),
    ], n.number(31))


def _as_json(value: Sql) -> Sql:
    """Return a text as JSON if it may be an object or an array; a cast of anything else fails."""
    opens = n.binary(exp.RegexpLike, value, n.text(r"^[ \t\r\n]*[[{]"))
    return n.case([(opens, exp.Cast(this=value.copy(), to=exp.DataType.build("json")))])


def _nested(depth: int) -> str:
    return f"each_{depth + 1}" if depth else "each"


def _at(value: Sql, path: str) -> Sql:
    """Return what JSON has at a path, as JSON."""
    return n.call("JSON_EXTRACT_PATH", value, *_keys(path)) if steps(path) else value


def _elements(value: Sql, path: str, name: str) -> Sql:
    """Return the elements of the array at a path as numbered rows."""
    found = _at(value, path)
    is_array = n.binary(exp.EQ, n.call("JSON_TYPEOF", found), n.text("array"))
    elements = n.call("JSON_ARRAY_ELEMENTS", n.case([(is_array, found.copy())]))
    return _rows_of(elements, name, numbered=True)


def _text_of(value: Callable[[], Sql], path: str, leaf: bool) -> Sql:
    """Return what JSON has at a path as text; leaf: NULL for an object or array."""
    kind = n.call("JSON_TYPEOF", _at(value(), path))
    nested = exp.In(this=kind.copy(), expressions=[n.text("object"), n.text("array")])
    found = n.binary(exp.JSONBExtractScalar, _at(value(), path), n.text("{}"))
    compact = n.call(
        "REGEXP_REPLACE", found.copy(), n.text(_BLANKS), n.text(r"\1"), n.text("g")
    )
    return n.case([
        (n.binary(exp.EQ, kind, n.text("null")), n.text("null")),
        (nested, n.null() if leaf else compact),
    ], found)


_BLANKS = r'''("(?:[^"\\]|\\.)*")|[ \t\r\n]+'''
"""Strings of a JSON text, which stay, and the blanks between them."""


def _keys(path: str) -> list[Sql]:
    return [n.text(str(step)) for step in steps(path)]


def _no_texts() -> Sql:
    return exp.Cast(this=n.text("{}"), to=_text_array())


def _numbered(values: Sql, name: str) -> Sql:
    """Return the elements of an array with their places from 1 as rows."""
    return _rows_of(n.call("UNNEST", values), name, numbered=True)


def _rows_of(function: Sql, name: str, *, numbered: bool = False) -> Sql:
    """Return what a function yields as rows with the column `value`, if wanted with `place`."""
    columns = ["value", "place"] if numbered else ["value"]
    return exp.Table(
        this=function,
        ordinality=numbered,
        alias=exp.TableAlias(this=n.identifier(name), columns=list(map(n.identifier, columns))),
    )


def _collected(rows: Sql, where: Sql | None = None, item: Sql | None = None) -> Sql:
    """Return an item of each of some numbered rows as an array, NULL for none."""
    array = _ordered_array(item or _item("each"), [n.ordered(n.column("place", "each"))])
    return exp.Subquery(this=n.select([array], rows, where=[] if where is None else [where]))


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
