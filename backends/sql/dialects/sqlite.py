"""SQLite 3.38 and later. Lists are JSON texts; every primitive here is executed in the tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import STRFTIME, Dialect, OnColumn, like_text
from transpile.backends.sql.nodes import Sql

from transpile.ir.pattern import Pattern, Wild
from transpile.ir.regex import Flavour

_FUNCTIONS = (
    "LOWER UPPER LENGTH SUBSTR REPLACE TRIM LTRIM RTRIM FLOOR CEIL ABS ROUND SQRT POW EXP LN "
    "LOG10 PI JSON_EACH JSON_GROUP_ARRAY JSON_ARRAY JSON_ARRAY_LENGTH JSON_EXTRACT JSON_VALID "
    "JSON_TYPE JSON_QUOTE UNIXEPOCH STRFTIME GROUP_CONCAT INSTR MOD SIN COS TAN ASIN ACOS ATAN "
    "ATAN2 MIN MAX"
)


class Sqlite(Dialect):
    """SQLite, with a function for the operator REGEXP."""

    name = "sqlite"
    title = "SQLite"
    flavour = Flavour.PYTHON
    text_end = r"\Z"
    recursive = True
    nul = False
    functions = frozenset(_FUNCTIONS.split())
    formats: ClassVar[Mapping[str, str]] = STRFTIME | {"%s": "%s"}
    assumptions: ClassVar[Mapping[str, str]] = {
        "regex": "SQLite has a function for the operator REGEXP (Python's syntax)",
        "lists": "SQLite has no lists; these columns hold JSON arrays: ",
        "fold": "SQLite ignores case for ASCII letters only",
    }

    def substring(self, value: Sql, start: Sql, size: Sql | None) -> Sql:
        return n.call("SUBSTR", value, start, *([] if size is None else [size]))

    def power(self, left: Sql, right: Sql) -> Sql:
        return n.call("POW", left, right)

    def like(self, value: Sql, pattern: Pattern, *, cased: bool) -> Sql:
        if cased:
            wild = {Wild.RUN: "*", Wild.ONE: "?"}
            parts = (
                "".join(f"[{c}]" if c in "*?[" else c for c in part)
                if isinstance(part, str)
                else wild[part]
                for part in pattern.parts
            )
            return n.binary(exp.Glob, value, n.text("".join(parts)))
        return self.like_text(value, n.text(like_text(pattern.folded())), cased=True)

    def like_text(self, value: Sql, wanted: Sql, *, cased: bool) -> Sql:
        return super().like_text(value, wanted, cased=True)  # LIKE ignores case here

    def case_sensitive_like(self) -> None:
        self.refuse("LIKE that tells upper from lower case")

    def matches(self, value: Sql, regex: str) -> Sql:
        return n.binary(exp.RegexpLike, value, n.text(regex))

    def number(self, value: Callable[[], Sql]) -> Sql:
        guard = self.looks_numeric(value())
        return n.case([(guard, n.cast(value(), exp.DType.DOUBLE))])

    def dotted_part(self, value: Sql, position: int) -> Sql:
        rest: Sql = self.concat([value, n.text(".")])
        for _ in range(position - 1):
            after = n.binary(exp.Add, _instr(rest.copy()), n.number(1))
            rest = n.call("SUBSTR", rest, after)
        size = n.binary(exp.Sub, _instr(rest.copy()), n.number(1))
        return n.call("SUBSTR", rest, n.number(1), size)

    def modulo(self, left: Sql, right: Sql) -> Sql:
        return n.call("MOD", left, right)

    # -- lists: JSON arrays -----------------------------------------------------------------------

    def any_of(self, values: Sql, test: OnColumn) -> Sql:
        rows = n.select([n.number(1)], _each(values), where=[test(_value())])
        return exp.Exists(this=rows)

    def _collected(self, value: Sql, values: Sql, where: Sql | None = None) -> Sql:
        """A list made of the elements of another one, in order; NULL for none."""
        rows = n.select(
            [n.call("JSON_GROUP_ARRAY", value)],
            _each(values),
            where=[] if where is None else [where],
        )
        return _null_if_empty(exp.Subquery(this=rows))

    def list_of(self, value: Sql) -> Sql:
        return n.call("JSON_ARRAY", value)

    def list_length(self, values: Sql) -> Sql:
        return n.call("JSON_ARRAY_LENGTH", values)

    def list_item(self, values: Callable[[], Sql], index: int) -> Sql:
        if index < 0:
            return self.list_from(values, lambda: n.number(index))
        return n.call("JSON_EXTRACT", values(), n.text(f"$[{index}]"))

    def list_slice(self, values: Callable[[], Sql], first: int, last: int) -> Sql:
        def place(index: int) -> Sql:
            if index >= 0:
                return n.number(index)
            return n.binary(exp.Add, self.list_length(values()), n.number(index))

        inside = exp.Between(this=n.column("key", "each"), low=place(first), high=place(last))
        return self._collected(_value(), values(), inside)

    def list_join(self, values: Sql, delimiter: Sql) -> Sql:
        rows = n.select([n.call("GROUP_CONCAT", _value(), delimiter)], _each(values))
        return exp.Subquery(this=rows)

    def list_sorted(self, values: Sql) -> Sql:
        return _sorted_array(values)

    def list_distinct(self, values: Callable[[], Sql]) -> Sql:
        earlier = n.select(
            [n.number(1)],
            _each(values(), "before"),
            where=[
                exp.LT(this=n.column("key", "before"), expression=n.column("key", "each")),
                exp.EQ(this=n.column("value", "before"), expression=_value()),
            ],
        )
        return self._collected(_value(), values(), n.negation(exp.Exists(this=earlier)))

    def list_concat(self, lists: Sequence[Sql]) -> Sql:
        parts = [
            n.select(
                [n.alias(n.number(at), "part"), n.column("key", "each"), _value()], _each(one)
            )
            for at, one in enumerate(lists)
        ]
        union: exp.Select | exp.Union = parts[0]
        for part in parts[1:]:
            union = exp.Union(this=union, expression=part, distinct=False)
        source = exp.Subquery(
            this=n.select(
                [exp.Star()],
                exp.Subquery(this=union, alias=exp.TableAlias(this=n.identifier("all"))),
                order=[n.column("part", "all"), n.column("key", "all")],
            ),
            alias=exp.TableAlias(this=n.identifier("each")),
        )
        rows = n.select([n.call("JSON_GROUP_ARRAY", _value())], source)
        return _null_if_empty(exp.Subquery(this=rows))

    def list_filter(self, values: Sql, test: OnColumn) -> Sql:
        return self._collected(_value(), values, test(_value()))

    def list_map(self, values: Sql, function: OnColumn) -> Sql:
        return self._collected(function(_value()), values)

    def list_flat(self, values: Sql, function: OnColumn) -> Sql:
        inner = _each(function(_value()), "inner")
        rows = n.select(
            [n.call("JSON_GROUP_ARRAY", n.column("value", "inner"))],
            _each(values),
            joins=[exp.Join(this=inner, kind="CROSS")],
        )
        return _null_if_empty(exp.Subquery(this=rows))

    def list_extreme(self, values: Callable[[], Sql], *, largest: bool) -> Sql:
        return self._extreme_of(values(), lambda item: self.number(item.copy), largest=largest)

    def _extreme_of(self, values: Sql, number: OnColumn, *, largest: bool) -> Sql:
        keys = [
            exp.Ordered(this=key, desc=largest, nulls_first=largest)
            for key in (number(_value()), _value())
        ]
        return exp.Subquery(this=n.select([_value()], _each(values), order=keys, limit=1))

    def list_split(self, value: Sql, delimiter: Sql) -> Sql:
        # the text as a JSON string, cut where the delimiter stands in it
        wanted = delimiter.this if isinstance(delimiter, exp.Literal) else ""
        written = json.dumps(wanted, ensure_ascii=False)[1:-1]
        in_escapes = wanted[:1] in "bfnrtu" or wanted[:1] in "0123456789abcdefABCDEF"
        if wanted != "\\" and (written != wanted or in_escapes):
            self.refuse("splitting of a text at this delimiter")
        quoted = n.call("JSON_QUOTE", value)
        pieces = self.replace_text(quoted, n.text(written), n.text('","'))
        made = self.concat([n.text("["), pieces, n.text("]")])
        return n.case([(n.is_not_null(value.copy()), made)])

    def list_or_null(self, values: Sql) -> Sql:
        return _null_if_empty(values)

    def list_find(self, values: Sql, test: OnColumn) -> Sql:
        found = n.select([exp.Min(this=n.column("key", "each"))], _each(values),
                         where=[test(_value())])
        return exp.Subquery(this=found)

    def list_from(self, values: Callable[[], Sql], index: Callable[[], Sql]) -> Sql:
        size = n.call("JSON_ARRAY_LENGTH", values())
        from_end = n.binary(exp.LT, index(), n.number(0))
        place = n.case([(from_end, n.binary(exp.Add, index(), size))], index())
        wanted = n.binary(exp.EQ, n.column("key", "each"), place)
        return exp.Subquery(this=n.select([_value()], _each(values()), where=[wanted]))

    def json_text(self, value: Callable[[], Sql], path: str, *, leaf: bool = False) -> Sql:
        where = n.text(path)
        branches: list[tuple[Sql, Sql]] = [
            (n.binary(exp.EQ, n.call("JSON_VALID", value()), n.number(0)), n.null())
        ]

        def kind() -> Sql:
            return n.call("JSON_TYPE", value(), where.copy())

        for name in ("null", "true", "false"):
            branches.append((n.binary(exp.EQ, kind(), n.text(name)), n.text(name)))
        if leaf:
            branches.append((exp.In(this=kind(), expressions=[n.text("object"), n.text("array")]),
                             n.null()))
        found = n.cast(n.call("JSON_EXTRACT", value(), where.copy()), exp.DType.TEXT)
        return n.case(branches, found)

    def explode(self, values: Sql, name: str, *, outer: bool = False) -> tuple[exp.Join, Sql]:
        return n.lateral(_each(values, name), outer=outer), n.column("value", name)

    def explode_numbered(
        self, values: Callable[[], Sql], name: str
    ) -> tuple[exp.Join, Sql, Sql]:
        join, item = self.explode(values(), name)
        return join, n.column("key", name), item

    # -- aggregates -------------------------------------------------------------------------------

    def distinct_values(self, value: Sql) -> tuple[Sql, OnColumn | None]:
        made = n.call("JSON_GROUP_ARRAY", exp.Distinct(expressions=[value]))
        return _not_null(made, value.copy()), _sorted_array

    def distinct_of_lists(self, values: Sql) -> tuple[Sql, OnColumn | None]:
        def finish(column: Sql) -> Sql:
            item = n.column("value", "item")
            nested = exp.Join(this=_each(n.column("value", "list"), "item"), kind="CROSS")
            inner = n.select([item], _each(column, "list"), joins=[nested], order=[item.copy()])
            inner.set("distinct", exp.Distinct())
            source = exp.Subquery(this=inner, alias=exp.TableAlias(this=n.identifier("each")))
            rows = n.select([n.call("JSON_GROUP_ARRAY", _value())], source)
            return _null_if_empty(exp.Subquery(this=rows))

        return _not_null(n.call("JSON_GROUP_ARRAY", values), values.copy()), finish

    def collect(
        self, value: Callable[[], Sql], order: Sql, *, limit: int = 0
    ) -> tuple[Sql, OnColumn | None]:
        pairs = n.call("JSON_GROUP_ARRAY", n.call("JSON_ARRAY", order, value()))

        def finish(column: Sql) -> Sql:
            inner = n.select(
                [n.alias(_pair(1), "value")], _each(column),
                order=[_pair(0)], limit=limit or None,
            )
            source = exp.Subquery(this=inner, alias=exp.TableAlias(this=n.identifier("each")))
            rows = n.select([n.call("JSON_GROUP_ARRAY", _value())], source)
            return _null_if_empty(exp.Subquery(this=rows))

        return _not_null(pairs, value()), finish

    def value_at(
        self, value: Callable[[], Sql], by: Callable[[], Sql], *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        pairs = n.call("JSON_GROUP_ARRAY", n.call("JSON_ARRAY", by(), value()))
        both = n.conjunction((n.is_not_null(value()), n.is_not_null(by())))

        def finish(column: Sql) -> Sql:
            key = exp.Ordered(this=_pair(0), desc=largest, nulls_first=not largest)
            rows = n.select([_pair(1)], _each(column), order=[key], limit=1)
            return exp.Subquery(this=rows)

        return exp.Filter(this=pairs, expression=exp.Where(this=both)), finish

    def extreme(
        self, text: Callable[[], Sql], number: OnColumn, *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        made = _not_null(n.call("JSON_GROUP_ARRAY", text()), text())

        return made, lambda column: self._extreme_of(column, number, largest=largest)

    def nearest_rank(
        self, value: Callable[[], Sql], percent: float
    ) -> tuple[Sql, OnColumn | None]:
        if percent >= 100:
            return exp.Max(this=value()), None
        made = _not_null(n.call("JSON_GROUP_ARRAY", value()), value())

        def finish(column: Sql) -> Sql:
            size = n.call("JSON_ARRAY_LENGTH", column.copy())
            at = n.cast(n.binary(exp.Mul, size, n.number(percent / 100)), exp.DType.BIGINT)
            number = n.window(n.call("ROW_NUMBER"), order=[n.ordered(_value())])
            ranked = n.select([_value(), n.alias(number, "place")], _each(column))
            source = exp.Subquery(this=ranked, alias=exp.TableAlias(this=n.identifier("ranked")))
            place = n.binary(exp.Sub, n.column("place", "ranked"), n.number(1))
            wanted = n.binary(exp.EQ, place, at)
            return exp.Subquery(
                this=n.select([n.column("value", "ranked")], source, where=[wanted])
            )

        return made, finish

    def deviation(self, value: Callable[[], Sql], *, sample: bool, root: bool) -> Sql:
        size = exp.Count(this=value())
        squares = exp.Sum(this=n.binary(exp.Mul, value(), value()))
        total = exp.Sum(this=value())
        mean = n.binary(exp.Div, n.binary(exp.Mul, total, total.copy()), size)
        free = n.binary(exp.Sub, size.copy(), n.number(1)) if sample else size.copy()
        spread = n.call("MAX", n.binary(exp.Sub, squares, mean), n.number(0))
        real = n.binary(exp.Mul, spread, _real_one())
        made = n.binary(exp.Div, real, n.nullif(free, n.number(0)))
        return n.call("SQRT", made) if root else made

    def strftime(self, value: Sql, form: str) -> Sql:
        # strftime rounds to milliseconds, so that .9996 would be the next second
        seconds = n.call("FLOOR", value)
        return n.call("STRFTIME", n.text(self.time_format(form)), seconds, n.text("unixepoch"))

    def now(self) -> Sql:
        return n.call("UNIXEPOCH")


def _real_one() -> Sql:
    return exp.Literal(this="1.0", is_string=False)


def _instr(value: Sql) -> Sql:
    return n.call("INSTR", value, n.text("."))


def _each(values: Sql, name: str = "each") -> exp.Table:
    return exp.Table(
        this=n.call("JSON_EACH", values), alias=exp.TableAlias(this=n.identifier(name))
    )


def _value() -> Sql:
    return n.column("value", "each")


def _pair(index: int) -> Sql:
    return n.call("JSON_EXTRACT", _value(), n.text(f"$[{index}]"))


def _null_if_empty(values: Sql) -> Sql:
    return n.nullif(values, n.text("[]"))


def _sorted_array(values: Sql) -> Sql:
    inner = n.select([_value()], _each(values), order=[_value()])
    source = exp.Subquery(this=inner, alias=exp.TableAlias(this=n.identifier("each")))
    rows = n.select([n.call("JSON_GROUP_ARRAY", _value())], source)
    return _null_if_empty(exp.Subquery(this=rows))


def _not_null(aggregate: Sql, value: Sql) -> Sql:
    return exp.Filter(this=aggregate, expression=exp.Where(this=n.is_not_null(value)))
