"""Tests on a text that is written in hexadecimal, as tests on the digits.

Audit logs write command lines as hexadecimal bytes; searches turn them into text by `replace` and
`urldecode` and look into that. The digits themselves can be asked: `*a b*` is `6120` or `6100`
62 at an even place. The bytes 00 between arguments count as blanks, as `replace` makes of them.
"""

from __future__ import annotations

from typing import cast

from transpile.ir.expr import Call, Case, Expr, Field, Lit, Node, RegexLit
from transpile.ir.given import decided
from transpile.ir.pattern import Part, Pattern, Wild
from transpile.ir.pred import (
    And,
    Condition,
    Exists,
    Glob,
    Matches,
    Not,
    Or,
    Pred,
    Test,
    TextEq,
    any_of,
    negate,
)
from transpile.ir.regex import parse_regex
from transpile.ir.simplify import simplify_pred
from transpile.ir.walk import rebuild
from transpile.records import replace

_BYTE = "(?:[0-9A-F]{2})"
_DIGITS = frozenset("0123456789ABCDEF")
ONLY_DIGITS = parse_regex("^[0-9A-F]+$")
_PAIRS = parse_regex("([0-9A-F]{2})")
# each visible byte may be followed by one zero byte
_WHOLE = parse_regex("^(?:[2-9A-F][0-9A-F](?:00)?)+$")


def on_digits(pred: Pred) -> tuple[Pred, frozenset[str]]:
    """Return an equivalent predicate without decoding, and the fields that it takes for granted.

    Of those fields `whole_bytes` must hold.
    """
    decoded: set[str] = set()
    known: dict[Node, Node] = {}  # the choices of a decoding repeat each other

    def change(node: Node) -> Node:
        found = known.get(node)
        if found is None:
            found = known[node] = changed(node)
        return found

    def changed(node: Node) -> Node:
        match node:
            case And() | Or() | Not():
                return rebuild(node, change)
            case Test(Call("replace" | "urldecode") as subject) if isinstance(
                chosen := _through(subject), Case
            ):
                return change(simplify_pred(replace(node, subject=chosen)))
            case Test(Call("replace") as subject, Matches(regex)) if regex == ONLY_DIGITS:
                return Test(_undone(subject), Matches(regex), span=node.span)
            case Test(Call("urldecode", (subject,)), condition):
                found = _field_of(subject)
                said = None if found is None else _in_digits(condition)
                if found is None or said is None:
                    return node
                decoded.add(found.name)
                return Test(found, said, span=node.span)
            case _:
                return node

    said = change(pred)
    return pred if said is pred else decided(cast(Pred, said)), frozenset(decoded)


def _through(subject: Expr) -> Expr:
    """Return a function of a choice as the choice between the function's values."""
    match subject:
        case Call("replace" | "urldecode", (inner, *rest)):
            inner = _through(inner)
        case _:
            return subject

    def of(value: Expr) -> Expr:
        return _through(Call(subject.name, (value, *rest)))

    if isinstance(inner, Case):
        branches = tuple((pred, of(value)) for pred, value in inner.branches)
        return Case(branches, of(inner.default))
    return Lit(None) if inner == Lit(None) else Call(subject.name, (inner, *rest))


def whole_bytes(name: str) -> Pred:
    """Return the test that a field, if it is written in digits, holds whole visible bytes.

    Zero bytes stand alone between them.
    """
    found = Field(name)
    return any_of(
        (
            negate(Exists(found)),
            negate(Test(found, Matches(ONLY_DIGITS))),
            Test(found, Matches(_WHOLE)),
        )
    )


def _undone(subject: Expr) -> Expr:
    """Return what digits were made from by replacing digits by digits, which leaves them digits."""
    match subject:
        case Call("replace", (inner, RegexLit(regex), Lit(str() as text))) if (
            text and _DIGITS.issuperset(text) and _DIGITS.issuperset(regex.source)
        ):
            return _undone(inner)
        case _:
            return subject


def _field_of(subject: Expr) -> Field | None:
    """Return the field whose digits a text with percent signs is made of."""
    match subject:
        case Call("replace", (inner, RegexLit(regex), Lit("%\\1"))) if regex == _PAIRS:
            pass
        case _:
            return None
    zeros = {("000", "020"), ("00", "20")}
    while isinstance(inner, Call):
        match inner:
            case Call("replace", (deeper, RegexLit(regex), Lit(str() as text))) if (
                (regex.source, text) in zeros
            ):
                inner = deeper
            case _:
                return None
    return inner if isinstance(inner, Field) else None


def _in_digits(condition: Condition) -> Matches | None:
    """Return the condition on the digits of a text that meets a condition."""
    match condition:
        case Glob(pattern, cased):
            pass
        case TextEq(text, cased):
            pattern = Pattern.literal(text)
        case _:
            return None
    parts = pattern.parts
    end = "" if parts[-1:] == (Wild.RUN,) else "$"
    body = "".join(_digits(part, cased) for part in (parts[:-1] if not end else parts))
    return Matches(parse_regex(f"^{body}{end}"))


def _digits(part: Part, cased: bool) -> str:
    match part:
        case Wild.RUN:
            return f"{_BYTE}*"
        case Wild.ONE:
            return _BYTE
        case str():
            return "".join(_bytes(character, cased) for character in part)


def _bytes(character: str, cased: bool) -> str:
    """Return the digits of a character, of each case it may have, and of the zero for a blank."""
    if character == " ":
        return "(?:20|00)"
    cases = {character} if cased else {character.lower(), character.upper()}
    found = sorted(case.encode().hex().upper() for case in cases)
    return found[0] if len(found) == 1 else f"(?:{'|'.join(found)})"
