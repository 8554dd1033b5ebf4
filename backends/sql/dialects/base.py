"""How a dialect spells each primitive that the emitter needs; the defaults are ANSI.

A method returns nodes for one primitive or raises `Unsupported` (TGT604) through `refuse`. The
emitter knows no dialect by name. Facts are those of spec/sql-semantics.md (sections in brackets).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, NoReturn

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.paths import parts
from transpile.backends.sql.nodes import Sql

from transpile.errors import Unsupported
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.regex import Flavour

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
"""What a number looks like (`transpile.ir.text.number`), in every regex flavour used here."""
ESCAPE = "!"
OnColumn = Callable[[Sql], Sql]


class Dialect:
    """One dialect. Instances have no state.

    name: of the target and of sqlglot's dialect.  functions: names that may be called as they are.
    flavour: of its regular expressions, None without any.  cased_names: quoted column names that
    differ in case only are different columns.  star_except: `SELECT *` can leave columns out.
    nested_lists: a test on the elements of a list may test those of another one.
    recursive: a CTE may read its own rows.  nul: a text in the query may have a NUL.
    one_pass: number of patterns from which one regular expression is faster than as many LIKE, 0
    for never.  formats: strftime directives to its own.  text_end: the end of a text in a regular
    expression.  parameter: how a query names one of its parameters, "" if they have no names.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    functions: ClassVar[frozenset[str]] = frozenset()
    flavour: ClassVar[Flavour | None] = Flavour.RE2
    cased_names: ClassVar[bool] = False
    star_except: ClassVar[bool] = False
    nested_lists: ClassVar[bool] = False
    recursive: ClassVar[bool] = False
    one_pass: ClassVar[int] = 0
    nul: ClassVar[bool] = True
    text_end: ClassVar[str] = "$"
    parameter: ClassVar[str] = ":{}"
    formats: ClassVar[Mapping[str, str]] = {}
    assumptions: ClassVar[Mapping[str, str]] = {}

    def refuse(self, what: str) -> NoReturn:
        """Raise Unsupported: the dialect has no such primitive."""
        raise Unsupported(f"{self.title} has no {what}", code="TGT604")

    # -- text -------------------------------------------------------------------------------------

    def lower(self, value: Sql) -> Sql:
        """Lower case, character by character."""
        return n.call("LOWER", value)

    def upper(self, value: Sql) -> Sql:
        """Upper case."""
        return n.call("UPPER", value)

    def length(self, value: Sql) -> Sql:
        """Number of characters."""
        return n.call("LENGTH", value)

    def concat(self, parts: Sequence[Sql]) -> Sql:
        """Texts joined, NULL if one is NULL [2.7]."""
        joined = parts[0]
        for part in parts[1:]:
            joined = exp.DPipe(this=joined, expression=n.tight(part))
        return joined

    def substring(self, value: Sql, start: Sql, size: Sql | None) -> Sql:
        """Characters from a 1-based position."""
        return n.call("SUBSTRING", value, start, *([] if size is None else [size]))

    def replace_text(self, value: Sql, old: Sql, new: Sql) -> Sql:
        """All occurrences of a text replaced."""
        return n.call("REPLACE", value, old, new)

    def trim(self, value: Sql, characters: Sql, side: str) -> Sql:
        """Without characters of a set at the side TRIM (both), LTRIM or RTRIM."""
        return n.call(side, value, characters)

    def bytewise(self, value: Sql) -> Sql:
        """A text that orders by its bytes [17]."""
        return value

    # -- tests ------------------------------------------------------------------------------------

    def like(self, value: Sql, pattern: Pattern, *, cased: bool) -> Sql:
        """Whole-value wildcard match [4]."""
        wanted = n.text(like_text(pattern if cased else pattern.folded()))
        return self.like_text(value, wanted, cased=cased)

    def like_text(self, value: Sql, wanted: Sql, *, cased: bool) -> Sql:
        """LIKE with `ESCAPE '!'` [4.2]."""
        kind = exp.Like if cased else exp.ILike
        made = kind(this=n.tight(value), expression=n.tight(wanted))
        return exp.Escape(this=made, expression=n.text(ESCAPE)) if _escapes(wanted) else made

    def case_sensitive_like(self) -> None:
        """Refuse if LIKE cannot tell upper from lower case."""

    def finished(self, query: exp.Query) -> None:
        """Add to the whole query what the dialect needs besides."""

    def finished_text(self, text: str) -> str:
        """Return the printed query as the engine must get it."""
        return text

    def null_of(self, kind: str) -> Sql:
        """NULL in a column of a kind (`text`, `int`, `real`, `list`) of a union."""
        return n.null()

    def matches(self, value: Sql, regex: str) -> Sql:
        """Regular expression search [6]."""
        return n.call("REGEXP_LIKE", value, n.text(regex))

    def in_network(self, value: Callable[[], Sql], low: int, high: int) -> Sql:
        """Text is a dotted IPv4 address between two numbers, both included [15.2]."""
        guard, total = self._ip_parts(value)
        between = exp.Between(this=exp.Paren(this=total), low=n.number(low), high=n.number(high))
        return n.case([(guard, between)], n.boolean(False))

    def ip_number(self, value: Callable[[], Sql]) -> Sql:
        """The number of a dotted IPv4 address, NULL for another text [15.2]."""
        return n.case([self._ip_parts(value)])

    def _ip_parts(self, value: Callable[[], Sql]) -> tuple[Sql, Sql]:
        """The test that a text is a dotted IPv4 address, and its number if it is."""
        octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
        guard = self.matches(value(), rf"^{octet}\.{octet}\.{octet}\.{octet}{self.text_end}")
        total: Sql | None = None
        for at, weight in enumerate((1 << 24, 1 << 16, 1 << 8, 1), start=1):
            part = n.cast(self.dotted_part(value(), at), exp.DType.BIGINT)
            term = n.binary(exp.Mul, part, n.number(weight)) if weight > 1 else part
            total = term if total is None else exp.Add(this=total, expression=term)
        assert total is not None
        return guard, total

    def dotted_part(self, value: Sql, position: int) -> Sql:
        """The part of a text between dots, 1-based."""
        return n.call("SPLIT_PART", value, n.text("."), n.number(position))

    # -- numbers ----------------------------------------------------------------------------------

    def number(self, value: Callable[[], Sql]) -> Sql:
        """The number that a text looks like, else NULL [7.4]."""
        guarded = n.case([(self.looks_numeric(value()), value())])
        return n.try_cast(guarded, exp.DType.DOUBLE)

    def looks_numeric(self, value: Sql) -> Sql:
        """A text is the spelling of a number, nothing before and after it."""
        return self.matches(value, _NUMBER + self.text_end)

    def int_text(self, value: Sql) -> Sql:
        """A whole number as text."""
        return n.cast(value, exp.DType.TEXT)

    def real_text(self, value: Callable[[], Sql]) -> Sql:
        """A real number as text, a whole one without decimals."""
        whole = n.cast(n.cast(value(), exp.DType.BIGINT), exp.DType.TEXT)
        is_whole = n.binary(exp.EQ, value(), n.call("FLOOR", value()))
        small = n.binary(exp.LT, n.call("ABS", value()), n.number(1e15))
        return n.case(
            [(n.conjunction((is_whole, small)), whole)], n.cast(value(), exp.DType.TEXT)
        )

    def real(self, value: Sql) -> Sql:
        """A whole number as a real one, so that division and sums do not overflow."""
        return n.cast(value, exp.DType.DOUBLE)

    def whole(self, value: Sql) -> Sql:
        """A real number without fraction as a whole one."""
        return n.cast(value, exp.DType.BIGINT)

    def modulo(self, left: Sql, right: Sql) -> Sql:
        """Remainder with the sign of the dividend [7.9]."""
        return n.binary(exp.Mod, left, right)

    def round_half_away(self, value: Callable[[], Sql], digits: int) -> Sql:
        """Rounded half away from zero."""
        return n.call("ROUND", value(), n.number(digits))

    def power(self, left: Sql, right: Sql) -> Sql:
        """Power."""
        return n.call("POWER", left, right)

    # -- lists ------------------------------------------------------------------------------------

    def any_of(self, values: Sql, test: OnColumn) -> Sql:
        """Some element of a list meets a condition [8.2]."""
        self.refuse("test on the values of a list")

    def no_list(self) -> Sql | None:
        """What stands for a missing list, None for NULL as it is."""
        return None

    def has_list(self, values: Sql) -> Sql:
        """A list is not missing."""
        return n.is_not_null(values)

    def first_list(self, lists: Sequence[Sql]) -> Sql:
        """The first list that is not missing."""
        return n.coalesce(*lists)

    def list_of(self, value: Sql) -> Sql:
        """A list of one value that is not NULL."""
        self.refuse("lists")

    def list_length(self, values: Sql) -> Sql:
        """Number of elements, NULL for NULL [8.6]."""
        self.refuse("length of a list")

    def list_item(self, values: Callable[[], Sql], index: int) -> Sql:
        """Element at a position from 0, negative from the end; NULL out of range [8.7]."""
        self.refuse("element of a list")

    def list_at(self, values: Callable[[], Sql], index: Sql) -> Sql:
        """Element at a computed position from 0 that is in range."""
        self.refuse("element of a list")

    def list_slice(self, values: Callable[[], Sql], first: int, last: int) -> Sql:
        """Elements from and to a position from 0, both included; NULL for none."""
        self.refuse("part of a list")

    def list_join(self, values: Sql, delimiter: Sql) -> Sql:
        """Elements joined to a text."""
        self.refuse("joining of a list")

    def list_sorted(self, values: Sql) -> Sql:
        """Elements in byte order."""
        self.refuse("sorting of a list")

    def list_distinct(self, values: Callable[[], Sql]) -> Sql:
        """Without later duplicates, in order."""
        self.refuse("removal of duplicates in a list")

    def list_concat(self, lists: Sequence[Sql]) -> Sql:
        """Lists one after the other, NULL ones skipped; NULL if all are."""
        self.refuse("joining of lists")

    def list_filter(self, values: Sql, test: OnColumn) -> Sql:
        """Elements that meet a condition; NULL for none."""
        self.refuse("filtering of a list")

    def list_map(self, values: Sql, function: OnColumn) -> Sql:
        """A function of each element."""
        self.refuse("mapping of a list")

    def list_split(self, value: Sql, delimiter: Sql) -> Sql:
        """Pieces of a text between delimiters [8.8]."""
        self.refuse("splitting of a text")

    def list_find(self, values: Sql, test: OnColumn) -> Sql:
        """Position from 0 of the first element that meets a condition; NULL for none."""
        self.refuse("search in a list")

    def list_from(self, values: Callable[[], Sql], index: Callable[[], Sql]) -> Sql:
        """Element at a computed position from 0, negative from the end; NULL out of range."""
        self.refuse("computed position in a list")

    def list_flat(self, values: Sql, function: OnColumn) -> Sql:
        """The elements of all lists that a function makes of each element; NULL for none."""
        self.refuse("mapping of a list to lists")

    def list_or_null(self, values: Sql) -> Sql:
        """A list, NULL if it is empty."""
        self.refuse("lists")

    def matching_columns(self, regex: str) -> Sql:
        """A list of the values of all columns whose names match a regular expression."""
        self.refuse("list of the columns of a pattern")

    def list_extreme(self, values: Callable[[], Sql], *, largest: bool) -> Sql:
        """Smallest or largest element of a list, numbers before other texts."""
        self.refuse("extreme of a list")

    def explode(self, values: Sql, name: str, *, outer: bool = False) -> tuple[exp.Join, Sql]:
        """A lateral join that yields the elements, and the element [8.5].

        A row whose list is NULL goes; outer: it stays, without an element.
        """
        self.refuse("unnesting of a list")

    def explode_numbered(
        self, values: Callable[[], Sql], name: str
    ) -> tuple[exp.Join, Sql, Sql]:
        """A lateral join that yields the elements; an element's position from 0; the element."""
        self.refuse("unnesting of a list with positions")

    # -- aggregates -------------------------------------------------------------------------------

    def distinct_values(self, value: Sql) -> tuple[Sql, OnColumn | None]:
        """Distinct values that are not NULL in byte order; NULL for none.

        As all aggregates here: what stands in the grouping SELECT, and what its column goes
        through afterwards, if anything.
        """
        self.refuse("list of distinct values")

    def distinct_of_lists(self, values: Sql) -> tuple[Sql, OnColumn | None]:
        """The distinct elements of all lists of a group in byte order; NULL for none."""
        self.refuse("values of several lists together")

    def collect(
        self, value: Callable[[], Sql], order: Sql, *, limit: int = 0
    ) -> tuple[Sql, OnColumn | None]:
        """Values that are not NULL in an order."""
        self.refuse("ordered list of values")

    def value_at(
        self, value: Callable[[], Sql], by: Callable[[], Sql], *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        """The value where `by` is smallest or largest; rows with a NULL value do not count [11]."""
        self.refuse("value at an extreme")

    def nearest_rank(
        self, value: Callable[[], Sql], percent: float
    ) -> tuple[Sql, OnColumn | None]:
        """Value at index floor(percent / 100 * count) in numeric order, the last one at most."""
        self.refuse("percentile by nearest rank")

    def extreme(
        self, text: Callable[[], Sql], number: OnColumn, *, largest: bool
    ) -> tuple[Sql, OnColumn | None]:
        """Smallest or largest of texts, numbers before other texts, spelt as found."""
        by_number, _ = self.value_at(text, lambda: number(text()), largest=largest)
        if largest:
            other = n.case([(n.is_null(number(text())), text())])
            return n.coalesce(exp.Max(this=self.bytewise(other)), by_number), None
        return n.coalesce(by_number, exp.Min(this=self.bytewise(text()))), None

    def mode(self, value: Callable[[], Sql]) -> Sql:
        """The most frequent value, the smallest of equals."""
        self.refuse("deterministic mode")

    def deviation(self, value: Callable[[], Sql], *, sample: bool, root: bool) -> Sql:
        """Standard deviation or variance; NULL for one value of a sample [10.5]."""
        name = ("STDDEV" if root else "VAR") + ("_SAMP" if sample else "_POP")
        return n.call(name, value())

    # -- time -------------------------------------------------------------------------------------

    def strftime(self, value: Sql, form: str) -> Sql:
        """Epoch seconds as text in UTC [13.5, 13.6]."""
        self.refuse("formatting of times")

    def strptime(self, value: Sql, form: str) -> Sql:
        """Text as epoch seconds in UTC; text after the format is left alone; NULL without fit."""
        self.refuse("reading of times")

    def time_format(self, form: str) -> str:
        """A strftime format in the dialect's own directives. Refuses unknown ones."""
        def own(found: re.Match[str]) -> str:
            directive = found[0]
            if directive not in self.formats:
                self.refuse(f"time directive {directive}")
            return self.formats[directive]

        return re.sub(r"%[A-Za-z%]|%\d?.", own, form)

    def now(self) -> Sql:
        """The current time in epoch seconds, with fraction."""
        self.refuse("current time")

    # -- regular expressions ----------------------------------------------------------------------

    def extract(self, value: Sql, regex: str, group: int, name: str | None) -> Sql:
        """What a group captured in the first match; empty text or NULL if it took no part."""
        self.refuse("extraction by a regular expression")

    def extract_all(self, value: Sql, regex: str, group: int) -> Sql:
        """What a group captured in each match, as a list; empty text if it took no part."""
        self.refuse("extraction of several matches")

    def replace_regex(self, value: Sql, regex: str, replacement: str) -> Sql:
        """All matches replaced; `\\1` in the replacement is a group [6.10]."""
        self.refuse("replacement by a regular expression")

    def url_decoded(self, value: Sql) -> Sql:
        """Percent-encoded text decoded, `+` as it is."""
        self.refuse("decoding of percent-encoded text")

    # -- JSON -------------------------------------------------------------------------------------

    def json_text(self, value: Callable[[], Sql], path: str, *, leaf: bool = False) -> Sql:
        """The value at a JSONPath as text, `null` for JSON's null, NULL if there is none [14].

        leaf: no objects and arrays.
        """
        self.refuse("reading of JSON")

    def json_texts(self, value: Sql, path: str, *, leaf: bool = False) -> Sql:
        """The values at a JSONPath with `[*]` as texts, in order; empty or NULL for none."""
        first, *inner, last = parts(path)
        found = self.json_array(value, first)
        for between in inner:
            found = self.list_flat(found, lambda item, at=between: self.json_array(item, at))  # type: ignore[misc]

        def at_end(item: Sql) -> Sql:
            return self.json_text(item.copy, last, leaf=leaf)

        if last == "$" and not leaf:
            return self.list_map(found, at_end)
        # not in every dialect may a lambda make NULL out of a value
        present = self.list_filter(found, lambda item: n.is_not_null(at_end(item)))
        return self.list_map(present, at_end)

    def json_array(self, value: Sql, path: str) -> Sql:
        """The elements of the array at a JSONPath, as JSON; empty or NULL if there is none."""
        self.refuse("reading of JSON arrays")

    def digest(self, value: Sql, kind: str) -> Sql:
        """md5, sha1, sha256 as lower-case hex text."""
        self.refuse(f"{kind} digest")


_READS = {"Y": "[0-9]{4}", **dict.fromkeys("mdHMS", "[0-9]{1,2}")}


def time_prefix(form: str) -> str | None:
    """Return the expression for a text that begins with a time in a format of whole dates.

    None for a format with other directives, with blanks, or without year, month and day.
    """
    expanded = form.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S")
    kinds = re.findall("%(.)", expanded)
    plain = not re.search(r"[^A-Za-z0-9%:/.-]", expanded)
    if not plain or not set("Ymd") <= set(kinds) <= _READS.keys():
        return None
    return "^" + re.sub(
        "%(.)|[./-]", lambda found: _READS[found[1]] if found[1] else f"\\{found[0]}", expanded
    )


def time_pieces(form: str, special: Sequence[str]) -> list[tuple[bool, str]]:
    """Return a format cut before and behind directives that need an expression of their own.

    Of each piece: whether it is such a directive; its text.
    """
    cut = re.split("(" + "|".join(special) + ")", form)
    return [(piece in special, piece) for piece in cut if piece]


def like_text(pattern: Pattern) -> str:
    """Return a pattern as LIKE text with `!` as its escape character."""
    wild = {Wild.RUN: "%", Wild.ONE: "_"}
    return "".join(
        re.sub(r"([!%_])", r"!\1", part) if isinstance(part, str) else wild[part]
        for part in pattern.parts
    )


def _escapes(wanted: Sql) -> bool:
    """ESCAPE stays away only if the text has neither the escape character nor a backslash."""
    if not isinstance(wanted, exp.Literal):
        return True
    return ESCAPE in wanted.this or "\\" in wanted.this


STRFTIME = {
    directive: directive
    for directive in ("%Y", "%y", "%m", "%d", "%H", "%I", "%M", "%S", "%p", "%j", "%w", "%%")
} | {"%F": "%Y-%m-%d", "%T": "%H:%M:%S"}
"""Directives that mean the same in C's strftime and in SPL."""
