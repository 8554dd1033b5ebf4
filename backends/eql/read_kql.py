"""KQL, Kibana's query language, as predicates over ECS fields.

`field : value` finds documents one of whose values is the text, with case; an unquoted `*` is a
wildcard, a field with `*` alone asks for existence. `and`, `or`, `not` are two-valued, in any case
of the letters; a list in parentheses is about one field. Numbers, addresses and truth values are
told by the field's type in ECS. A wildcard in a field's name stands for the fields that ECS has,
one between two dots for the members of a list. A field of the type text is searched for words, read
as a text that holds them under an assumption that is stated. Nested queries and words without a
field are refused by name.
Source: elastic.co/docs/explore-analyze/query-filter/languages/kql.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_network
from typing import Literal, NoReturn, cast

from transpile.backends.eql.types import FAMILY, TEXT

from transpile.errors import ReadingError, Span
from transpile.ir.expr import Field
from transpile.ir.pattern import Part, Pattern, Wild
from transpile.ir.pred import (
    Condition,
    Exists,
    Glob,
    InNetwork,
    NumEq,
    Order,
    OrderOp,
    Pred,
    Test,
    TextEq,
    all_of,
    any_of,
    negate,
)
from transpile.ir.text import number
from transpile.records import dataclass
from transpile.schema.ecs import ecs_type, fields_like

MAX_DEPTH = 100
Kind = Literal["text", "word", "sign", "end"]
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>"(?:[^"\\]|\\.)*")
    |(?P<sign><=|>=|[<>:(){}])
    |(?P<word>(?:[^\s"\\<>:(){}]|\\.)+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = {"t": "\t", "n": "\n", "r": "\r"}
_PIECE = re.compile(r"\\(?P<char>.)|(?P<run>\*)|(?P<text>[^\\*]+)", re.DOTALL)
_JOINS = frozenset({"and", "or", "not"})
_SEARCHED = frozenset({"powershell.file.script_block_text"})
"""Fields of the type text that ECS does not list."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Kind
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The word in lower case, "" for anything else."""
        return self.text.lower() if self.kind == "word" else ""


def read_kql(text: str, assumptions: dict[str, None] | None = None) -> Pred:
    """Return the predicate of a KQL query; assumptions: takes what is assumed of the fields.

    Raises `ReadingError` with the place.
    """
    return _Parser(text, {} if assumptions is None else assumptions).whole()


class _Parser:
    def __init__(self, text: str, assumptions: dict[str, None]) -> None:
        self.text = text
        self.assumptions = assumptions
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    @property
    def here(self) -> _Token:
        return self.tokens[self.at]

    def next(self) -> _Token:
        token = self.here
        self.at += token.kind != "end"
        return token

    def accept(self, sign: str) -> bool:
        found = self.here.kind == "sign" and self.here.text == sign
        self.at += found
        return found

    def accept_word(self, word: str) -> bool:
        found = self.here.word == word
        self.at += found
        return found

    def fail(self, message: str, code: Literal["CNT409", "CNT410"] = "CNT409") -> NoReturn:
        token = self.here
        raise ReadingError(message, code=code, span=Span(token.start, token.end))

    # -- structure --------------------------------------------------------------------------------

    def whole(self) -> Pred:
        found = self.either(self.test)
        if self.here.kind != "end":
            self.fail(f"expected 'and', 'or' or the end of the query, found {self.here.text!r}")
        return found

    def either(self, item: Callable[[], Pred]) -> Pred:
        """Parse alternatives of conjunctions; item: reads what stands between the words."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"the query nests deeper than {MAX_DEPTH}")
        found = [self.every(item)]
        while self.accept_word("or"):
            found.append(self.every(item))
        self.depth -= 1
        return any_of(found)

    def every(self, item: Callable[[], Pred]) -> Pred:
        found = [self.single(item)]
        while self.accept_word("and"):
            found.append(self.single(item))
        return all_of(found)

    def single(self, item: Callable[[], Pred]) -> Pred:
        negated = False
        while self.accept_word("not"):
            negated = not negated
        found = self.bare(item)
        return negate(found) if negated else found

    def bare(self, item: Callable[[], Pred]) -> Pred:
        if self.accept("("):
            inner = self.either(item)
            if not self.accept(")"):
                self.fail(f"expected ')', found {self.here.text or 'the end'!r}")
            return inner
        return item()

    # -- tests ------------------------------------------------------------------------------------

    def test(self) -> Pred:
        name = self.next()
        if name.kind not in ("word", "text") or name.word in _JOINS:
            self.at -= name.kind != "end"
            self.fail(f"expected a field, found {name.text or 'the end'!r}")
        field = _plain(name)
        operator = self.here
        if operator.text not in (":", "<", "<=", ">", ">=") or operator.kind != "sign":
            self.at -= 1
            self.fail("words without a field are not read", "CNT410")
        fields: tuple[str, ...] = (field,)
        if name.kind == "word" and "*" in name.text:
            fields = self.named(field)
        self.next()
        if operator.text != ":":
            return self.order(fields, name, cast(OrderOp, operator.text))
        if self.here.text == "{" and self.here.kind == "sign":
            self.fail("a nested query is not read", "CNT410")
        if self.accept("("):
            found = self.either(lambda: self.value(fields, name))
            if not self.accept(")"):
                self.fail(f"expected ')', found {self.here.text or 'the end'!r}")
            return found
        return self.value(fields, name)

    def named(self, pattern: str) -> tuple[str, ...]:
        """Return the fields that a name with wildcards stands for; it is the last token."""
        if "*" not in pattern.replace(".*.", "."):
            return (pattern,)  # a name that every layer knows for the members of a list
        found = fields_like(pattern)
        if not found:
            self.at -= 1
            self.fail(f"no field of ECS is called {pattern}", "CNT410")
        self.assumptions[f"{pattern} stands for the fields of ECS that are called so"] = None
        return found

    def order(self, fields: Sequence[str], name: _Token, op: OrderOp) -> Pred:
        bound = self.next()
        text = _plain(bound)
        amount = number(text)
        if bound.kind not in ("word", "text"):
            self.fail("expected a value")
        span = Span(name.start, bound.end)
        order = Order(op, text if amount is None else amount)
        return any_of(Test(Field(field, span=span), order, span=span) for field in fields)

    def value(self, fields: Sequence[str], name: _Token) -> Pred:
        """Parse one value: a quoted text, or the words up to the next sign or joining word."""
        first = self.here
        if first.kind not in ("word", "text") or first.word in _JOINS:
            self.fail(f"expected a value, found {first.text or 'the end'!r}")
        last = self.next()
        words = [first]
        if first.kind == "text":
            pattern = Pattern.literal(_plain(first))
        else:
            while self.here.kind == "word" and self.here.word not in _JOINS:
                last = self.next()
                words.append(last)
            parts = [part for at, word in enumerate(words)
                     for part in ((" ",) if at else ()) + _parts(word.text)]  # fmt: skip
            pattern = Pattern.of(*parts)
        span = Span(name.start if name.end <= first.start else first.start, last.end)
        if pattern.matches_all:
            return any_of(Exists(Field(field, span=span), span=span) for field in fields)
        return any_of(
            Test(Field(field, span=span), asked, span=span)
            for field in fields
            for asked in self.conditions(field, pattern, words)
        )

    def conditions(
        self, field: str, pattern: Pattern, words: Sequence[_Token]
    ) -> Iterator[Condition]:
        """Yield what a value asks of a field, of which any will do."""
        if not is_searched(field):
            yield condition(field, pattern)
            return
        self.assumptions[searched_for_words(field)] = None
        alone = [Pattern.of(*_parts(word.text)) for word in words] if len(words) > 1 else [pattern]
        for each in alone:
            yield Glob(Pattern.of(Wild.RUN, *each.parts, Wild.RUN))


def is_searched(field: str) -> bool:
    """Return whether a field is of a type that is searched for words, not compared."""
    return field in _SEARCHED or ecs_type(field) in TEXT


def searched_for_words(field: str) -> str:
    """Return what is assumed of a field that is searched for words."""
    return f"{field} is searched for words: it holds them as they are written"


def _tokens(text: str) -> tuple[_Token, ...]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            what = "a quote is not closed" if text[at] == '"' else f"unexpected {text[at]!r}"
            raise ReadingError(what, code="CNT409", span=Span(at, at + 1))
        if match.lastgroup != "space":
            found.append(_Token(cast(Kind, match.lastgroup), match[0], at, match.end()))
        at = match.end()
    return (*found, _Token("end", "", len(text), len(text) + 1))


def _plain(token: _Token) -> str:
    """Return a quoted text, or a word, with its escapes undone."""
    inner = token.text[1:-1] if token.kind == "text" else token.text
    return _ESCAPED.sub(lambda m: _CONTROL.get(m[1], m[1]), inner)


def _parts(word: str) -> tuple[Part, ...]:
    return tuple(
        Wild.RUN if match["run"] else _CONTROL.get(match["char"], match["char"])
        if match["char"] else match["text"]
        for match in _PIECE.finditer(word)
    )  # fmt: skip


def condition(field: str, pattern: Pattern) -> Condition:
    """Return the condition that a value is for a field of such a type."""
    if not pattern.is_literal:
        return Glob(pattern, cased=True)
    text = pattern.text
    match FAMILY.get(ecs_type(field) or ""):
        case "number" if (amount := number(text)) is not None:
            return NumEq(amount)
        case "boolean":
            return TextEq(text.lower())
        case "ip" if _is_network(text):
            return InNetwork(text)
        case _:
            return TextEq(text, cased=True)


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text
