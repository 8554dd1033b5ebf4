"""Trino. Facts: its documentation, sql-semantics 2 to 13 (not executed here)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import STRFTIME, OnColumn
from transpile.backends.sql.dialects.functional import Functional
from transpile.backends.sql.dialects.spark import dollar_groups
from transpile.backends.sql.nodes import Sql

from transpile.ir.regex import Flavour

_FUNCTIONS = (
    "LOWER UPPER LENGTH SUBSTRING REPLACE REGEXP_LIKE REGEXP_EXTRACT REGEXP_REPLACE "
    "SPLIT_PART SPLIT FLOOR CEIL ABS ROUND SQRT POWER EXP LN LOG10 PI ANY_MATCH FILTER "
    "TRANSFORM ARRAY_SORT ARRAY_DISTINCT FLATTEN CARDINALITY ELEMENT_AT ARRAY_JOIN ARRAY_AGG "
    "CONCAT SEQUENCE MIN_BY MAX_BY STDDEV_SAMP STDDEV_POP VAR_SAMP VAR_POP DATE_FORMAT "
    "FROM_UNIXTIME TO_UNIXTIME NOW SIN COS TAN ATAN ATAN2 REPEAT TRIM_ARRAY MD5 SHA1 SHA256 "
    "SHA512 TO_UTF8 TO_HEX"
)


class Trino(Functional):
    """Trino SQL."""

    name = "trino"
    title = "Trino"
    flavour = Flavour.JAVA
    parameter = ""
    functions = frozenset(_FUNCTIONS.split())
    calls: ClassVar[Mapping[str, str]] = {
        "flatten": "FLATTEN", "distinct": "ARRAY_DISTINCT",
        "any": "ANY_MATCH", "filter": "FILTER", "map": "TRANSFORM", "length": "CARDINALITY",
        "item": "ELEMENT_AT", "join": "ARRAY_JOIN", "sort": "ARRAY_SORT", "array": "REPEAT",
    }
    formats: ClassVar[Mapping[str, str]] = {**STRFTIME, "%M": "%i", "%S": "%s", "%T": "%H:%i:%s"}

    def like_text(self, value: Sql, wanted: Sql, *, cased: bool) -> Sql:
        # there is no ILIKE; the pattern is folded already
        return super().like_text(value if cased else self.lower(value), wanted, cased=True)

    def trim(self, value: Sql, characters: Sql, side: str) -> Sql:
        self.refuse("trimming of a set of characters by a function")

    def list_of(self, value: Sql) -> Sql:
        return n.call("REPEAT", value, n.number(1))

    def list_filter(self, values: Sql, test: OnColumn) -> Sql:
        def kept() -> Sql:
            return self._with("filter", values.copy(), test)

        some = n.binary(exp.GT, n.call("CARDINALITY", kept()), n.number(0))
        return n.case([(some, kept())])

    def list_distinct(self, values: Callable[[], Sql]) -> Sql:
        return n.call("ARRAY_DISTINCT", values())

    def list_concat(self, lists: Sequence[Sql]) -> Sql:
        self.refuse("joining of lists of which some are missing")

    def list_split(self, value: Sql, delimiter: Sql) -> Sql:
        return n.call("SPLIT", value, delimiter)

    def explode(self, values: Sql, name: str, *, outer: bool = False) -> tuple[exp.Join, Sql]:
        unnest = exp.Unnest(
            expressions=[values],
            alias=exp.TableAlias(this=n.identifier(name), columns=[n.identifier("value")]),
        )
        return n.lateral(unnest, outer=outer), n.column("value", name)

    def distinct_values(self, value: Sql) -> tuple[Sql, OnColumn | None]:
        made = _not_null(n.call("ARRAY_AGG", exp.Distinct(expressions=[value])), value.copy())
        return n.call("ARRAY_SORT", made), None

    def values_of(self, value: Sql) -> Sql:
        return _not_null(n.call("ARRAY_AGG", value), value.copy())

    def value_at(
        self, value: Callable[[], Sql], by: Callable[[], Sql], *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        made = n.call("MAX_BY" if largest else "MIN_BY", value(), by())
        return _not_null(made, value()), None

    def strftime(self, value: Sql, form: str) -> Sql:
        moment = n.call("FROM_UNIXTIME", value, n.text("UTC"))
        return n.call("DATE_FORMAT", moment, n.text(self.time_format(form)))

    def now(self) -> Sql:
        return n.call("TO_UNIXTIME", n.call("NOW"))

    def extract(self, value: Sql, regex: str, group: int, name: str | None) -> Sql:
        return n.call("REGEXP_EXTRACT", value, n.text(regex), n.number(group))

    def replace_regex(self, value: Sql, regex: str, replacement: str) -> Sql:
        return n.call("REGEXP_REPLACE", value, n.text(regex), n.text(dollar_groups(replacement)))

    def digest(self, value: Sql, kind: str) -> Sql:
        return self.lower(n.call("TO_HEX", n.call(kind.upper(), n.call("TO_UTF8", value))))


def _not_null(aggregate: Sql, value: Sql) -> Sql:
    return exp.Filter(this=aggregate, expression=exp.Where(this=n.is_not_null(value)))
