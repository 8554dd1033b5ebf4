"""Single tests in EQL: which operator says a condition on a field of which type.

`Vocabulary.bounds` answers for one leaf of a filter: the same leaf in a shape that `atom` can
print, or the bounds of what EQL cannot say, for `schema.bounds.widen`.
Sources: spec/eql-semantics.md 2.7 to 2.12, 3, 4 and 7.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import assert_never

from transpile.backends.eql import text
from transpile.backends.eql.types import FAMILY, TEXT, Family, elastic_type

from transpile.errors import Span
from transpile.fidelity import Loss
from transpile.ir.decide import compile_condition
from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.pattern import Wild
from transpile.ir.pred import (
    FALSE,
    TRUE,
    And,
    Compare,
    CompareOp,
    Condition,
    Const,
    Exists,
    Glob,
    InNetwork,
    InRows,
    Keyword,
    Matches,
    Not,
    NumEq,
    Or,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
    Unknown,
    any_of,
)
from transpile.ir.text import number as number_of
from transpile.records import dataclass, replace
from transpile.schema.bounds import Bounds
from transpile.schema.fields import FieldTarget


@dataclass(frozen=True, slots=True)
class Atom:
    """A test of one subject: `subject op value`, or of several values any of which suffices.

    op: an EQL operator, `cidrMatch`, or `exists`.  values: literals as EQL text.
    """

    op: str
    subject: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        values = ", ".join(self.values)
        match self.op:
            case "exists":
                return f"{self.subject} != null"
            case "missing":
                return f"{self.subject} == null"
            case "cidrMatch":
                return f"cidrMatch({self.subject}, {values})"
            case "==" if len(self.values) > 1:
                return f"{self.subject} in ({values})"
            case _ if len(self.values) > 1 or self.op == "in~":
                return f"{self.subject} {self.op} ({values})"
            case _:
                return f"{self.subject} {self.op} {values}"

    @property
    def joins(self) -> bool:
        """True if tests of this kind on one subject can share a list of values."""
        return self.op in _LISTS


_HELD: Mapping[Family, str] = {
    "ip": "IP addresses", "number": "numbers", "boolean": "true and false", "date": "dates",
}  # fmt: skip
# Regular expressions stay apart: Elasticsearch joins those of a list to one, and bounds its length.
_LISTS = frozenset({"==", ":", "like", "in~", "cidrMatch"})
MAX_REGEX = 1000
"""Characters of a regular expression (`index.max_regex_length` where nobody changed it)."""


MEMBERS = 5
"""Members of a list, as an object keyed by their number, that a query asks for each."""


def member_name(name: str, number: int) -> str:
    """Return the field of a member where ingest makes objects of lists: `a.*.b` is `a.0.b`.

    Of several lists, one in the other, the outer ones are taken to have one member.
    """
    head, _, last = name.rpartition("*")
    return f"{head.replace('*', '0')}{number}{last}"


class CannotSay(Exception):
    """EQL has no words for a test; `code` and `message` as in `Loss`."""

    def __init__(self, message: str, code: str = "TGT604") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(slots=True)
class Vocabulary:
    """What the tests of one query are said with.

    fields: targets by name, for type and multivalue flag.  optional: fields written `?f`.
    assumptions: what was assumed on the way, in order.
    """

    fields: Mapping[str, FieldTarget]
    optional: frozenset[str] = frozenset()
    assumptions: dict[str, None] = field(default_factory=dict)
    single: dict[str, None] = field(default_factory=dict)

    # -- bounds ----------------------------------------------------------------------------------

    def bounds(self, node: Pred) -> Bounds:
        """Return the bounds of a leaf in EQL; the predicates in them can be printed by `atom`."""
        try:
            return Bounds.exact(self._sayable(node))
        except CannotSay as reason:
            loss = Loss(reason.code, f"{reason.message}; the test is left out", node.span)
            if isinstance(node, Test) and node.quant is Quant.ALL:
                return self._all_values(node, loss)
            return Bounds(TRUE, FALSE, (loss,))

    def _all_values(self, node: Test, loss: Loss) -> Bounds:
        """Return the bounds of a test of all values: it implies the test of any value."""
        try:
            return Bounds(self._sayable(replace(node, quant=Quant.ANY)), FALSE, (loss,))
        except CannotSay:
            return Bounds(TRUE, FALSE, (loss,))

    def _sayable(self, node: Pred) -> Pred:
        """Return an equal predicate whose tests `atom` can print. Raises `CannotSay`."""
        match node:
            case Const():
                return node
            case Exists(Field(name)) | Test(Field(name), quant=Quant.ANY) if "*" in name:
                self.assume(f"{name} has at most {MEMBERS} members")
                members = (Field(member_name(name, number)) for number in range(MEMBERS))
                return any_of(self._sayable(replace(node, subject=one)) for one in members)
            case Test(Call("mvindex", (Field(name), Lit(int() as at), *_))) if "*" in name:
                return self._sayable(replace(node, subject=Field(member_name(name, at))))
            case Exists():
                self.atom(node)
                return node
            case Test():
                return self._test(node)
            case Compare(op, left, Lit(value)) if value is not None:
                return self._sayable(_compared(op, left, value, node.span))
            case Compare(op, Lit(value), right) if value is not None:
                return self._sayable(_compared(_MIRRORED[op], right, value, node.span))
            case Compare():
                raise CannotSay("EQL cannot compare two fields")
            case Keyword(pattern):
                raise CannotSay(f"EQL cannot search the raw text ({pattern})")
            case InRows():
                raise CannotSay("EQL has no subsearch")
            case Unknown(reason, code):
                raise CannotSay(reason, code)
            case And() | Or() | Not():
                raise TypeError("a leaf of the filter is expected")
            case _:
                assert_never(node)

    def _test(self, node: Test) -> Pred:
        if node.quant is Quant.ALL and isinstance(node.subject, Field):
            name = node.subject.name
            target = self.fields.get(name)
            if target is not None and target.mv:
                raise CannotSay(f"EQL cannot ask all values of {name}")
            self.single[name] = None
        node = node if node.quant is Quant.ANY else replace(node, quant=Quant.ANY)
        match node.subject, node.condition:
            case Field(name), Glob(pattern) if pattern.matches_all:
                return Exists(node.subject, span=node.span)
            case Field(name), condition if self.family(name) == "boolean":
                return _truths(node, condition)
            case Field(name), TextEq(value) if self.family(name) == "ip" and not _is_address(value):
                self.subject(node.subject)  # assumes that the field holds addresses
                return FALSE
            case _:
                self.atom(node)
                return node

    # -- atoms -----------------------------------------------------------------------------------

    def atom(self, node: Exists | Test) -> Atom:
        """Return a test as EQL says it. Raises `CannotSay`."""
        subject, family = self.subject(node.subject)
        if isinstance(node, Exists):
            return Atom("exists", subject)
        return _SAY[family](self, subject, node.condition)

    def subject(self, expr: Expr) -> tuple[str, Family]:
        """Return an expression as EQL text, and the family of its value."""
        match expr:
            case Field(name):
                family = self.family(name)
                if family in _HELD:
                    self.assume(f"{name} holds {_HELD[family]} only")
                return text.field(name, optional=name in self.optional), family
            case Call("len", (Field() as inner,)):
                return f"length({self.words(inner)})", "number"
            case Call("substr", (Field() as inner, Lit(int() as start), *rest)) if start >= 1:
                return f"substring({self.words(inner)}, {_slice(start, rest)})", "string"
            case Call(name):
                raise CannotSay(f"EQL has no function for {name} here")
            case _:
                raise CannotSay("EQL cannot compute this value")

    def words(self, expr: Field) -> str:
        """Return a field as text for a function; that function sees one value at a time."""
        subject, family = self.subject(expr)
        self.single[expr.name] = None
        return subject if family == "string" else f"string({subject})"

    def family(self, name: str) -> Family:
        """Return the family of a field's type. Raises `CannotSay` for one that EQL cannot read."""
        kind = elastic_type(name, self.fields.get(name))
        if kind in TEXT:
            self.assume(
                f"{name} is mapped as keyword or wildcard: EQL cannot compare a field of type "
                f"{kind} (target esql can)"
            )
            return "string"
        if kind not in FAMILY:
            raise CannotSay(f"EQL cannot compare {name}, a field of type {kind}")
        return FAMILY[kind]

    def assume(self, assumption: str) -> None:
        """Note an assumption once."""
        self.assumptions[assumption] = None

    # -- conditions by family --------------------------------------------------------------------

    def on_string(self, subject: str, condition: Condition) -> Atom:
        """Return a condition on a text."""
        match condition:
            case TextEq(value, cased):
                self._folds(value, cased)
                op = "==" if cased else "in~" if re.search(r"[*?]", value) else ":"
                return Atom(op, subject, (text.string(value),))
            case Glob() as glob:
                return self._glob(subject, glob)
            case Matches():
                return self._regex(subject, condition)
            case NumEq(number):
                self.assume(f"numbers in {subject.lstrip('?')} are written plainly (5, not 5.0)")
                return Atom("==", subject, (text.string(_plain(number)),))
            case Order(op, str() as bound):
                return Atom(op, subject, (text.string(bound),))
            case Order():
                raise CannotSay(f"{subject} is text in Elastic and cannot be ordered as a number")
            case InNetwork():
                raise CannotSay(f"{subject} is text in Elastic, not an address")
            case _:
                assert_never(condition)

    def on_number(self, subject: str, condition: Condition) -> Atom:
        """Return a condition on a number; its text is what Elasticsearch's `string` gives."""
        match condition:
            case TextEq(value) if (number := _written(value)) is not None:
                return Atom("==", subject, (text.number(number),))
            case NumEq(number):
                return Atom("==", subject, (text.number(number),))
            case Order(op, int() | float() as bound):
                return Atom(op, subject, (text.number(bound),))
            case Glob() | Matches() | Order():
                return self.on_string(f"string({subject})", condition)
            case TextEq() | InNetwork():
                raise CannotSay(f"{subject} is a number in Elastic")
            case _:
                assert_never(condition)

    def on_address(self, subject: str, condition: Condition) -> Atom:
        """Return a condition on an IP address."""
        match condition:
            case TextEq(value) if _is_address(value):
                return Atom("==", subject, (text.string(value),))
            case InNetwork(network):
                return Atom("cidrMatch", subject, (text.string(network),))
            case Glob(pattern) if (block := _octets(pattern.parts)) is not None:
                return Atom("cidrMatch", subject, (text.string(block),))
            case TextEq() | Glob() | Matches() | NumEq() | Order():
                raise CannotSay(f"{subject} is an IP address in Elastic and has no text")
            case _:
                assert_never(condition)

    def on_boolean(self, subject: str, condition: Condition) -> Atom:
        """Return a condition on a truth value (`_truths` leaves equalities only)."""
        match condition:
            case TextEq("true" | "false" as value):
                return Atom("==", subject, (value,))
            case _:
                raise CannotSay(f"{subject} is true or false in Elastic")

    def on_date(self, subject: str, condition: Condition) -> Atom:
        """Raise `CannotSay`: Splunk's texts of a time are not Elastic's."""
        raise CannotSay(f"{subject} is a date in Elastic")

    def _glob(self, subject: str, glob: Glob) -> Atom:
        pattern = glob.pattern
        literals = "".join(part for part in pattern.parts if isinstance(part, str))
        self._folds(literals, glob.cased)
        if re.search(r"[*?]", literals):
            written = "".join(_in_lucene(part) for part in pattern.parts)
            return _bounded(subject, written, ignore_case=not glob.cased)
        spelled = "".join(_WILDCARDS[p] if isinstance(p, Wild) else p for p in pattern.parts)
        return Atom("like" if glob.cased else ":", subject, (text.string(spelled),))

    def _regex(self, subject: str, condition: Matches) -> Atom:
        from transpile.backends.eql.engine.lucene import LuceneError, compile_lucene

        from transpile.ir.regex import Flavour, NotExpressible, render_parts

        try:
            found = render_parts(condition.regex, Flavour.LUCENE)
            compile_lucene(found.text, found.ignore_case)  # what Lucene refuses is never emitted
        except (NotExpressible, LuceneError) as error:
            raise CannotSay(f"the regular expression on {subject}: {error}", "TGT605") from error
        self._folds(found.text, not found.ignore_case)
        return _bounded(subject, found.text, ignore_case=found.ignore_case)

    def _folds(self, value: str, cased: bool) -> None:
        if not cased and not value.isascii():
            self.assume("Elasticsearch folds the case of letters outside ASCII as Unicode does")


_SAY: Mapping[Family, Callable[[Vocabulary, str, Condition], Atom]] = {
    "string": Vocabulary.on_string,
    "number": Vocabulary.on_number,
    "boolean": Vocabulary.on_boolean,
    "ip": Vocabulary.on_address,
    "date": Vocabulary.on_date,
}
_WILDCARDS = {Wild.RUN: "*", Wild.ONE: "?"}
_LUCENE_WILDCARDS = {Wild.RUN: ".*", Wild.ONE: "."}


def _bounded(subject: str, written: str, *, ignore_case: bool) -> Atom:
    """Return the test by a regular expression. Raises `CannotSay` for one that is too long."""
    if len(written) > MAX_REGEX:
        raise CannotSay(f"the regular expression on {subject} is too long", "TGT605")
    return Atom("regex~" if ignore_case else "regex", subject, (text.string(written),))


def _in_lucene(part: str | Wild) -> str:
    return _LUCENE_WILDCARDS[part] if isinstance(part, Wild) else text.lucene_literal(part)


_MIRRORED: Mapping[CompareOp, CompareOp] = {
    "==": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<=",
}  # fmt: skip


def _compared(op: CompareOp, left: Expr, value: str | int | float, span: Span | None) -> Test:
    """Return a comparison with a constant as a test: numbers if both look like numbers."""
    number = number_of(value) if isinstance(value, str) else value
    if op == "==":
        equal = TextEq(str(value), cased=True) if number is None else NumEq(number)
        return Test(left, equal, span=span)
    bound = value if number is None else number
    return Test(left, Order(op, bound), span=span)


def _truths(node: Test, condition: Condition) -> Pred:
    """Return a condition on a boolean field as the truth values that meet it."""
    meets = compile_condition(condition)
    wanted = [value for value in ("true", "false") if meets(value)]
    if len(wanted) == 2:
        return Exists(node.subject, span=node.span)
    if not wanted:
        raise CannotSay("neither true nor false meets the condition on a boolean field")
    return any_of(replace(node, condition=TextEq(value)) for value in wanted)


def _plain(number: int | float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def _written(value: str) -> int | None:
    """Return the whole number that a text is the plain spelling of, else None."""
    return int(value) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", value) else None


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _octets(parts: tuple[str | Wild, ...]) -> str | None:
    """Return the IPv4 network of a pattern such as `10.1.*`, None for other patterns."""
    match parts:
        case (str() as head, Wild.RUN) if re.fullmatch(r"(?:(?:0|[1-9]\d{0,2})\.){1,3}", head):
            octets = head.rstrip(".").split(".")
            if max(map(int, octets)) > 255:
                return None
            padded = octets + ["0"] * (4 - len(octets))
            return f"{'.'.join(padded)}/{8 * len(octets)}"
        case _:
            return None


def _slice(start: int, rest: list[Expr]) -> str:
    """Return the zero-based bounds of a part of text that begins at the 1-based `start`."""
    match rest:
        case []:
            return str(start - 1)
        case [Lit(int() as length)] if length >= 1:
            return f"{start - 1}, {start - 1 + length}"
        case _:
            raise CannotSay("EQL needs constant bounds for a part of a text")
