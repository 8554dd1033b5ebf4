"""ES|QL text to a tree: recursive descent, with the precedence of Elasticsearch's grammar.

Only the commands that the emitter writes are read; anything else is an error, never skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from transpile.backends.esql.engine import tree as t
from transpile.backends.esql.engine.errors import EsqlError, esql_error
from transpile.backends.esql.engine.lexer import Token, TokenKind, index_pattern, tokens

_RESERVED = frozenset(
    {
        "and", "as", "asc", "by", "desc", "false", "first", "in", "is", "last", "like", "metadata",
        "not", "null", "nulls", "on", "or", "rlike", "true", "where", "with",
    }
)  # fmt: skip
_COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">=", ":"))
_UNITS = frozenset(["second", "minute", "hour", "day", "week", "month", "quarter", "year"])
MAX_DEPTH = 200
_KQL = re.compile(r'([\w.@-]+): (?:\*|"((?:[^"\\]|\\.)*)")', re.DOTALL)
T = TypeVar("T")


def parse_esql(text: str) -> t.Query:
    """Return the commands of a query. Raises `EsqlError` with the place of what is wrong."""
    return _Parser(text).query()


def parse_condition(text: str) -> t.Node:
    """Return the tree of an expression alone. Raises `EsqlError` with its place in the text."""
    parser = _Parser(text)
    parser.tokens = tokens(text)
    found = parser.expression()
    if parser.now.kind != "end":
        raise parser.error("the end is expected")
    return found


def _kql(args: list[t.Node], parser: _Parser) -> t.Node:
    """Return a KQL query of the form `field: "value"` or `field: *` with its field as a column."""
    text = args[0].value if len(args) == 1 and isinstance(args[0], t.Value) else None
    found = _KQL.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise parser.error("a KQL query of one field is expected")
    field, quoted = found.groups()
    wanted = None if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    return t.Apply("KQL", (t.Name(field), t.Value(wanted, "keyword")))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: tuple[Token, ...] = ()
        self.at = 0
        self.depth = 0

    # -- tokens ----------------------------------------------------------------------------------

    def error(self, message: str) -> EsqlError:
        """Return the error at the token that is not what was expected."""
        return esql_error(message, self.text, self.now.position)

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.now
        self.at += token.kind != "end"
        return token

    def is_sign(self, *signs: str) -> bool:
        return self.now.kind == "sign" and self.now.text in signs

    def is_word(self, *words: str, ahead: int = 0) -> bool:
        token = self.tokens[min(self.at + ahead, len(self.tokens) - 1)]
        return token.kind == "name" and token.text.lower() in words

    def sign(self, text: str) -> None:
        if not self.is_sign(text):
            raise self.error(f"{text!r} is expected")
        self.take()

    def word(self, text: str) -> None:
        if not self.is_word(text):
            raise self.error(f"{text.upper()} is expected")
        self.take()

    def kind(self, kind: TokenKind) -> str:
        if self.now.kind != kind:
            raise self.error(f"a {kind} is expected")
        return self.take().text

    def took(self, sign: str) -> bool:
        if self.is_sign(sign):
            self.take()
            return True
        return False

    # -- commands --------------------------------------------------------------------------------

    def query(self) -> t.Query:
        source = self.source()
        found: list[t.Command] = [source]
        while self.took("|"):
            found.append(self.command())
        if self.now.kind != "end":
            raise self.error("a pipe is expected")
        return tuple(found)

    def source(self) -> t.From:
        """Index patterns are not made of tokens: they are read first, the rest is cut up then."""
        text = self.text
        at = len(text) - len(text.lstrip())
        if text[at : at + 5].upper() != "FROM ":
            raise esql_error("FROM is expected", text, at)
        at += 5
        indices = []
        while True:
            at += len(text[at:]) - len(text[at:].lstrip())
            name, at = index_pattern(text, at)
            indices.append(name)
            rest = text[at:].lstrip()
            if not rest.startswith(","):
                break
            at = len(text) - len(rest) + 1
        self.tokens = tokens(" " * at + text[at:])
        metadata: list[str] = []
        if self.is_word("metadata"):
            self.take()
            metadata = self.listed(self.column)
        return t.From(tuple(indices), tuple(metadata))

    def command(self) -> t.Command:
        word = self.kind("name").upper()
        match word:
            case "WHERE":
                return t.Where(self.expression())
            case "EVAL":
                return t.Eval(tuple(self.listed(self.assignment)))
            case "STATS":
                return self.stats(inline=False)
            case "INLINE":
                self.word("stats")
                return self.stats(inline=True)
            case "KEEP":
                return t.Keep(tuple(self.listed(self.kept)))
            case "SORT":
                return t.Sort(tuple(self.listed(self.sort_key)))
            case "LIMIT":
                return t.Limit(int(self.kind("integer")))
            case "MV_EXPAND":
                return t.Expand(self.column())
            case "LOOKUP":
                self.word("join")
                index, end = index_pattern(self.text, self.now.position)
                while self.now.position < end:
                    self.take()
                self.word("on")
                return t.Lookup(index, tuple(self.listed(self.column)))
        self.at -= 1
        raise self.error(f"the command {word} is not known here")

    def listed(self, item: Callable[[], T]) -> list[T]:
        found = [item()]
        while self.took(","):
            found.append(item())
        return found

    def kept(self) -> str:
        return "*" if self.took("*") else self.column()

    def assignment(self) -> tuple[str, t.Node]:
        name = self.column()
        self.sign("=")
        return name, self.expression()

    def stats(self, *, inline: bool) -> t.Stats:
        measures: list[t.Measure] = []
        if not self.is_word("by"):
            measures = self.listed(self.measure)
        by: list[tuple[str, t.Node]] = []
        if self.is_word("by"):
            self.take()
            by = self.listed(self.key)
        return t.Stats(tuple(measures), tuple(by), inline)

    def measure(self) -> t.Measure:
        name, expr = self.assignment()
        where = None
        if self.is_word("where"):
            self.take()
            where = self.expression()
        return t.Measure(name, expr, where)

    def key(self) -> tuple[str, t.Node]:
        at = self.at
        name = self.column()
        if self.took("="):
            return name, self.expression()
        self.at = at
        expr = self.expression()
        if not isinstance(expr, t.Name):
            raise self.error("a key that is computed needs a name")
        return expr.name, expr

    def sort_key(self) -> tuple[str, bool, bool]:
        name = self.column()
        descending = False
        if self.is_word("asc", "desc"):
            descending = self.take().text.lower() == "desc"
        first = descending
        if self.is_word("nulls"):
            self.take()
            if not self.is_word("first", "last"):
                raise self.error("FIRST or LAST is expected")
            first = self.take().text.lower() == "first"
        return name, descending, first

    def column(self) -> str:
        parts = [self.part()]
        while self.took("."):
            parts.append(self.part())
        return ".".join(parts)

    def part(self) -> str:
        if self.now.kind == "name" and self.now.text.lower() in _RESERVED:
            raise self.error(f"{self.now.text!r} is a reserved word")
        if self.now.kind not in ("name", "quoted name"):
            raise self.error("a column is expected")
        return self.take().text

    # -- expressions -----------------------------------------------------------------------------

    def expression(self) -> t.Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error("the expression is nested too deeply")
        found = self.alternatives()
        self.depth -= 1
        return found

    def alternatives(self) -> t.Node:
        return self.chain("or", lambda: self.chain("and", self.negation))

    def chain(self, word: str, operand: Callable[[], t.Node]) -> t.Node:
        args = [operand()]
        while self.is_word(word):
            self.take()
            args.append(operand())
        return args[0] if len(args) == 1 else t.Apply(word.upper(), tuple(args))

    def negation(self) -> t.Node:
        if self.is_word("not"):
            self.take()
            return t.Apply("NOT", (self.negation(),))
        return self.test()

    def test(self) -> t.Node:
        left = self.sum()
        at = self.now.position
        if self.now.kind == "sign" and self.now.text in _COMPARISONS:
            return t.Apply(self.take().text, (left, self.sum()), at)
        if self.is_word("is"):
            self.take()
            negated = self.is_word("not")
            if negated:
                self.take()
            self.word("null")
            return t.Apply("IS NOT NULL" if negated else "IS NULL", (left,), at)
        negated = self.is_word("not") and self.is_word("in", "like", "rlike", ahead=1)
        if negated:
            self.take()
        if self.is_word("in", "like", "rlike"):
            word = self.take().text.upper()
            found: t.Node = t.Apply(word, (left, *self.options(word)), at)
            return t.Apply("NOT", (found,), at) if negated else found
        return left

    def options(self, word: str) -> list[t.Node]:
        if word == "IN" or self.is_sign("("):
            self.sign("(")
            found = self.listed(self.sum)
            self.sign(")")
        else:
            found = [self.atom()]
        if word != "IN" and not all(isinstance(n, t.Value) and n.type == "keyword" for n in found):
            raise self.error("a pattern is a constant text")
        return found

    def sum(self) -> t.Node:
        return self.binary(("+", "-"), lambda: self.binary(("*", "/", "%"), self.signed))

    def binary(self, signs: tuple[str, ...], operand: Callable[[], t.Node]) -> t.Node:
        found = operand()
        while self.is_sign(*signs):
            at = self.now.position
            found = t.Apply(self.take().text, (found, operand()), at)
        return found

    def signed(self) -> t.Node:
        if self.took("-"):
            inner = self.signed()
            if isinstance(inner, t.Value) and isinstance(inner.value, (int, float)):
                return t.Value(-inner.value, inner.type)
            return t.Apply("NEG", (inner,))
        return self.atom()

    def atom(self) -> t.Node:
        token = self.now
        match token.kind:
            case "string":
                self.take()
                return t.Value(token.text, "keyword")
            case "integer":
                self.take()
                return self.interval(int(token.text))
            case "decimal":
                self.take()
                return t.Value(float(token.text), "double")
            case "sign" if token.text == "(":
                self.take()
                found = self.expression()
                self.sign(")")
                return found
            case "name" if token.text.lower() in ("true", "false", "null"):
                self.take()
                known = {"true": (True, "boolean"), "false": (False, "boolean")}
                return t.Value(*known.get(token.text.lower(), (None, "null")))
            case "name" | "quoted name":
                return self.named()
        raise self.error("an expression is expected")

    def interval(self, count: int) -> t.Node:
        unit = self.now.text.lower().removesuffix("s") if self.now.kind == "name" else ""
        if unit in _UNITS:
            self.take()
            return t.Interval(count, unit)
        return t.Value(count, "long")

    def named(self) -> t.Node:
        position = self.now.position
        following = self.tokens[self.at + 1]
        is_call = following.kind == "sign" and following.text == "("
        if self.now.kind == "name" and is_call:
            name = self.take().text.upper()
            self.take()
            args: list[t.Node] = []
            if self.is_sign("*"):
                self.take()
                args = [t.Star()]
            elif not self.is_sign(")"):
                args = self.listed(self.expression)
            self.sign(")")
            return _kql(args, self) if name == "KQL" else t.Apply(name, tuple(args), position)
        return t.Name(self.column(), position)
