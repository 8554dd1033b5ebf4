"""Parser of EQL: recursive descent over tokens, to the tree in `engine.tree`.

Grammar: spec/eql-semantics.md 1, 3, 8.1, 9.1 and 10.1. Anything that Elasticsearch's grammar
refuses is refused here, also where other EQL implementations accept it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn, TypeVar, cast, get_args

from transpile.backends.eql.engine import tree
from transpile.backends.eql.engine.errors import eql_error
from transpile.backends.eql.engine.lexer import Token, tokens
from transpile.backends.eql.engine.tree import Expr

T = TypeVar("T")
MAX_DEPTH = 150
MAX_COMPUTED = 300
MAX_RUNS = 100
MAX_DIGITS = 18

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY = range(1, 8)
_LEVELS: Mapping[str, int] = {
    "or": _OR, "and": _AND,
    "==": _COMPARE, "!=": _COMPARE, "<": _COMPARE, "<=": _COMPARE, ">": _COMPARE, ">=": _COMPARE,
    "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT,
}  # fmt: skip
_PREDICATES = frozenset(get_args(tree.PredicateOp))
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_CONSTANTS: Mapping[str, tree.Value] = {"true": True, "false": False, "null": None}


def parse_eql(text: str) -> tree.Query:
    """Return the tree of an EQL query.

    Raises `EqlError` with line, column and source line for a text that Elasticsearch's grammar
    refuses, and for one that nests deeper than `MAX_DEPTH` or has more arithmetic operators, which
    nest to the left, than `MAX_COMPUTED`.
    """
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0
        self.computed = 0

    # -- tokens -----------------------------------------------------------------------------------

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.here
        self.at += token.kind != "end"
        return token

    def is_at(self, *texts: str) -> bool:
        return self.here.kind in ("sign", "keyword") and self.here.text in texts

    def accept(self, text: str) -> bool:
        found = self.is_at(text)
        self.at += found
        return found

    def expect(self, text: str) -> Token:
        if not self.is_at(text):
            self.fail(f"expected '{text}'")
        return self.next()

    def fail(self, message: str, token: Token | None = None) -> NoReturn:
        token = token or self.here
        shown = "the end" if token.kind == "end" else repr(token.text)
        width = max(1, len(token.text))
        raise eql_error(f"{message}, found {shown}", self.text, token.position, width=width)

    def list_of(self, item: Callable[[], T]) -> tuple[T, ...]:
        """Parse one or more items with commas between them."""
        found = [item()]
        while self.accept(","):
            found.append(item())
        return tuple(found)

    def whole(self, token: Token) -> int:
        """Return the value of an integer token that fits Elasticsearch's `long`."""
        if token.kind != "integer" or len(token.text) > MAX_DIGITS:
            self.fail("expected a whole number", token)
        return int(token.text)

    # -- queries ----------------------------------------------------------------------------------

    def query(self) -> tree.Query:
        body: tree.EventFilter | tree.Sequence | tree.Sample
        if self.accept("sequence"):
            body = self.sequence()
        elif self.accept("sample"):
            body = self.sample()
        else:
            body = self.event_filter()
        pipes = []
        while self.accept("|"):
            pipes.append(self.pipe())
        if self.here.kind != "end":
            self.fail("expected an operator or the end of the query")
        return tree.Query(body, tuple(pipes), self.text)

    def event_filter(self) -> tree.EventFilter:
        token = self.next()
        if token.kind not in ("name", "string") and token.text != "any":
            self.fail("expected an event category", token)
        category = None if token.kind == "keyword" else token.text
        self.expect("where")
        return tree.EventFilter(category, self.expression())

    def sequence(self) -> tree.Sequence:
        shared = self.keys() if self.accept("by") else ()
        maxspan = self.maxspan() if self.accept("with") else None
        if not shared and self.is_at("by"):
            self.fail("'by' stands before 'with maxspan'")
        stages = [self.stage(shared)]
        while self.is_at("[", "!["):
            stages.append(self.stage(shared))
        until = self.stage(shared) if self.accept("until") else None
        self.check_sequence(stages, until, maxspan)
        return tree.Sequence(tuple(stages), maxspan, until)

    def check_sequence(
        self, stages: list[tree.Stage], until: tree.Stage | None, maxspan: int | None
    ) -> None:
        """Refuse what the grammar lets through: spec/eql-semantics.md 8.3, 8.10, 8.11."""
        self.check_keys([*stages, until] if until else stages)
        missing = next((stage for stage in stages if stage.missing), None)
        if sum(stage.runs for stage in stages) < 2:
            self.refuse("a sequence has at least two stages", stages[0])
        if missing and maxspan is None:
            self.refuse("a missing event needs 'with maxspan'", missing)
        if missing and all(stage.missing for stage in stages):
            self.refuse("a sequence has at least one event that is not missing", missing)
        if until and (until.missing or until.runs > 1):
            self.refuse("'until' takes one plain stage", until)

    def sample(self) -> tree.Sample:
        shared = self.keys() if self.accept("by") else ()
        stages = [self.stage(shared)]
        while self.is_at("["):
            stages.append(self.stage(shared))
        self.check_keys(stages)
        for stage in stages:
            if not stage.keys:
                self.refuse("a sample needs keys ('by')", stage)
            if stage.missing or stage.runs > 1:
                self.refuse("a sample has neither missing events nor runs", stage)
        return tree.Sample(tuple(stages))

    def check_keys(self, stages: list[tree.Stage]) -> None:
        for stage in stages:
            if len(stage.keys) != len(stages[0].keys):
                self.refuse("every stage has the same number of keys", stage)

    def refuse(self, message: str, stage: tree.Stage) -> NoReturn:
        raise eql_error(message, self.text, stage.position)

    def stage(self, shared: tuple[tree.Field, ...]) -> tree.Stage:
        position = self.here.position
        missing = self.accept("![")
        if not missing:
            self.expect("[")
        condition = self.event_filter()
        self.expect("]")
        keys = self.keys() if self.accept("by") else ()
        runs = self.runs() if self.accept("with") else 1
        return tree.Stage(condition, (*shared, *keys), runs, missing, position=position)

    def runs(self) -> int:
        if self.here.text != "runs":
            self.fail("expected 'runs'")
        self.next()
        self.expect("=")
        token = self.next()
        if not 1 <= (runs := self.whole(token)) <= MAX_RUNS:
            self.fail(f"'runs' takes a number from 1 to {MAX_RUNS}", token)
        return runs

    def maxspan(self) -> int:
        self.expect("maxspan")
        self.expect("=")
        number, unit = self.next(), self.next()
        if (count := self.whole(number)) == 0:
            self.fail("'maxspan' takes a positive number", number)
        if unit.text not in _MILLISECONDS:
            self.fail(f"'maxspan' takes one of the units {', '.join(_MILLISECONDS)}", unit)
        return count * _MILLISECONDS[unit.text]

    def keys(self) -> tuple[tree.Field, ...]:
        return self.list_of(self.field)

    def pipe(self) -> tree.Pipe:
        kind, count = self.next(), self.next()
        if kind.text not in get_args(tree.PipeKind):
            self.fail("expected the pipe 'head' or 'tail'", kind)
        return tree.Pipe(cast(tree.PipeKind, kind.text), self.whole(count))

    # -- expressions ------------------------------------------------------------------------------

    def expression(self) -> Expr:
        return self.binary(_OR)

    def binary(self, floor: int) -> Expr:
        """Parse operators that bind at least as tightly as `floor`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"the query nests deeper than {MAX_DEPTH}")
        left = self.prefix(floor)
        while (level := self.level()) >= floor:
            operator = self.next()
            if level in (_OR, _AND):
                left = self.logical(left, operator, level)
                continue
            right = self.binary(level + 1)
            self.computed += level > _COMPARE
            if self.computed > MAX_COMPUTED:
                self.fail(f"the query has more than {MAX_COMPUTED} arithmetic operators")
            left = _joined(operator, left, right)
            if level == _COMPARE and self.level() == _COMPARE:
                self.fail("comparisons cannot be chained")
        self.depth -= 1
        return left

    def level(self) -> int:
        return _LEVELS.get(self.here.text, 0) if self.here.kind in ("sign", "keyword") else 0

    def logical(self, first: Expr, operator: Token, level: int) -> Expr:
        args = [first, self.binary(level + 1)]
        while self.accept(operator.text):
            args.append(self.binary(level + 1))
        kind = tree.Or if level == _OR else tree.And
        return kind(tuple(args), position=first.position)

    def prefix(self, floor: int) -> Expr:
        token = self.here
        if self.is_at("not") and floor <= _NOT:
            self.next()
            return tree.Not(self.binary(_NOT), position=token.position)
        if self.is_at("-", "+"):
            self.next()
            return _signed(token, self.binary(_UNARY))
        return self.predicate(self.primary())

    def predicate(self, subject: Expr) -> Expr:
        """Parse what may follow a primary expression: `in (...)`, `: "x"` and their like."""
        token = self.here
        follows = self.tokens[min(self.at + 1, len(self.tokens) - 1)].text
        negated = self.is_at("not") and follows in ("in", "in~")
        if negated:
            self.next()
        name = self.here.text
        if self.here.kind not in ("sign", "keyword") or name not in _PREDICATES:
            return subject
        self.next()
        op = cast(tree.PredicateOp, name)
        options = self.members() if op in ("in", "in~") else self.constants()
        found = tree.Predicate(op, subject, options, position=subject.position)
        return tree.Not(found, position=token.position) if negated else found

    def members(self) -> tuple[Expr, ...]:
        self.expect("(")
        found = self.list_of(self.expression)
        self.expect(")")
        return found

    def constants(self) -> tuple[Expr, ...]:
        if not self.accept("("):
            return (self.constant(),)
        found = self.list_of(self.constant)
        self.expect(")")
        return found

    def constant(self) -> Expr:
        token = self.here
        if token.kind not in ("string", "integer", "decimal") and token.text not in _CONSTANTS:
            self.fail("expected a constant")
        return self.primary()

    def primary(self) -> Expr:
        token = self.here
        position = token.position
        match token.kind:
            case "string":
                return tree.Literal(self.next().text, position=position)
            case "integer":
                return tree.Literal(self.whole(self.next()), position=position)
            case "decimal":
                return tree.Literal(float(self.next().text), position=position)
            case "keyword" if token.text in _CONSTANTS:
                return tree.Literal(_CONSTANTS[self.next().text], position=position)
            case "name" if self.tokens[self.at + 1].text == "(":
                return self.call()
            case "name" | "quoted name":
                return self.field()
        if self.is_at("?"):
            return self.field()
        if self.accept("("):
            inner = self.expression()
            self.expect(")")
            return inner
        return self.fail("expected a value")

    def call(self) -> Expr:
        name = self.next()
        self.expect("(")
        args = () if self.is_at(")") else self.list_of(self.expression)
        self.expect(")")
        plain = name.text.removesuffix("~")
        return tree.Call(plain, args, plain != name.text, position=name.position)

    def field(self) -> tree.Field:
        position = self.here.position
        optional = self.accept("?")
        parts = [self.identifier()]
        while self.accept("."):
            parts.append(self.identifier())
        return tree.Field(".".join(parts), optional, position=position)

    def identifier(self) -> str:
        token = self.next()
        insensitive = token.kind == "name" and token.text.endswith("~")
        if token.kind not in ("name", "quoted name") or insensitive:
            self.fail("expected a field name", token)
        return token.text


def _joined(operator: Token, left: Expr, right: Expr) -> Expr:
    if _LEVELS[operator.text] == _COMPARE:
        op = cast(tree.CompareOp, operator.text)
        return tree.Compare(op, left, right, position=left.position)
    arithmetic = cast(tree.ArithmeticOp, operator.text)
    return tree.Arithmetic(arithmetic, left, right, position=left.position)


def _signed(sign: Token, arg: Expr) -> Expr:
    if sign.text == "+":
        return arg
    if isinstance(arg, tree.Literal) and type(arg.value) in (int, float):
        return tree.Literal(-cast(float, arg.value), position=sign.position)
    zero = tree.Literal(0, position=sign.position)
    return tree.Arithmetic("-", zero, arg, position=sign.position)
