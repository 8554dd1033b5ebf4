"""Apache Spark 3.5 and later. Facts: sql-semantics 4 to 13 (observed on 4.3, ANSI mode)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import OnColumn
from transpile.backends.sql.dialects.functional import Functional
from transpile.backends.sql.nodes import Sql

from transpile.ir.regex import Flavour

_FUNCTIONS = (
    "LOWER UPPER LENGTH SUBSTRING REPLACE SPLIT_PART FLOOR CEIL ABS ROUND SQRT POWER EXP LN "
    "LOG10 PI EXISTS FILTER TRANSFORM SORT_ARRAY SIZE ARRAY TRY_ELEMENT_AT ARRAY_JOIN "
    "COLLECT_SET COLLECT_LIST ARRAY_DISTINCT FLATTEN CONCAT EXPLODE MIN_BY MAX_BY STDDEV_SAMP "
    "STDDEV_POP VAR_SAMP VAR_POP DATE_FORMAT TIMESTAMP_SECONDS UNIX_TIMESTAMP REGEXP_EXTRACT "
    "REGEXP_REPLACE MD5 SHA1 SHA2 BTRIM LTRIM RTRIM TRIM SIN COS TAN ATAN ATAN2"
)


class Spark(Functional):
    """Spark SQL; the session time zone must be UTC for times as text."""

    name = "spark"
    title = "Spark"
    flavour = Flavour.JAVA
    text_end = r"\z"
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
    }

    def matches(self, value: Sql, regex: str) -> Sql:
        return n.binary(exp.RegexpLike, value, n.text(regex))

    def real_text(self, value: Callable[[], Sql]) -> Sql:
        shown = n.cast(value(), exp.DType.TEXT)
        return n.call("REGEXP_REPLACE", shown, n.text(r"\.0$"), n.text(""))

    def trim(self, value: Sql, characters: Sql, side: str) -> Sql:
        # the characters come first in LTRIM and RTRIM
        if side == "TRIM":
            return n.call("BTRIM", value, characters)
        return n.call(side, characters, value)

    def list_distinct(self, values: Callable[[], Sql]) -> Sql:
        return n.call("ARRAY_DISTINCT", values())

    def list_concat(self, lists: Sequence[Sql]) -> Sql:
        filled = [n.coalesce(one, n.call("ARRAY")) for one in lists]
        return n.nullif(n.call("CONCAT", *filled), n.call("ARRAY"))

    def explode(self, values: Sql, name: str) -> tuple[exp.Join, Sql]:
        self.refuse("unnesting of a list beside other joins")

    def value_at(
        self, value: Callable[[], Sql], by: Callable[[], Sql], *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        made = n.call("MAX_BY" if largest else "MIN_BY", value(), by())
        present = n.is_not_null(value())  # it would take a NULL value (11.1)
        return exp.Filter(this=made, expression=exp.Where(this=present)), None

    def strftime(self, value: Sql, form: str) -> Sql:
        import re

        written = "".join(
            f"'{part}'" if part.isalpha()
            else self.time_format(part) if part[:1] == "%" else part
            for part in re.findall(r"%.|[A-Za-z]+|[^%A-Za-z]+", form)
        )
        return n.call("DATE_FORMAT", n.call("TIMESTAMP_SECONDS", value), n.text(written))

    def now(self) -> Sql:
        return n.call("UNIX_TIMESTAMP")

    def extract(self, value: Sql, regex: str, group: int, name: str | None) -> Sql:
        return n.call("REGEXP_EXTRACT", value, n.text(regex), n.number(group))

    def replace_regex(self, value: Sql, regex: str, replacement: str) -> Sql:
        return n.call("REGEXP_REPLACE", value, n.text(regex), n.text(dollar_groups(replacement)))

    def digest(self, value: Sql, kind: str) -> Sql:
        if kind in ("md5", "sha1"):
            return n.call(kind.upper(), value)
        return n.call("SHA2", value, n.number(int(kind.removeprefix("sha"))))


def dollar_groups(replacement: str) -> str:
    r"""Return a replacement with `$1` for `\1` and Java's own specials escaped [6.10]."""
    import re

    parts = re.split(r"(\\[0-9])", replacement)
    return "".join(
        f"${part[1]}" if re.fullmatch(r"\\[0-9]", part) else re.sub(r"([$\\])", r"\\\1", part)
        for part in parts
    )
