"""Eval expressions: a grammar element that reads one expression by precedence climbing.

From tight to loose: sign, `* / %`, `+ -`, `.`, comparison (`= == != < > <= >= LIKE IN`), NOT, AND,
OR, XOR; words in any case.  Source: spl-semantics 1.11 and 3.3 (SR/where, SR/eval).

One element instead of a rule per level: its time is linear in the text, parentheses cost two Python
frames a level, and a message can say which operand is missing.
"""

from __future__ import annotations

import re
from typing import NamedTuple, cast

import pyparsing as pp

from transpile.errors import Span
from transpile.spl import ast
from transpile.spl.faults import Fault, missing, suggestion
from transpile.spl.functions import ANY, EVAL_FUNCTIONS, stats_function
from transpile.spl.text import QUOTED, SINGLE, search_at, span_of, unescape, unquote_name

MAX_DIGITS = 300
MAX_TREE = 200  # levels of the tree, so that later passes may recurse

_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<number>(?:\d+(?:\.\d+)?|(?<![\w)"'\]])\.\d+)(?:[eE][+-]?\d+)?(?![\w{{]))
    | (?P<string>{QUOTED})
    | (?P<field>{SINGLE})
    | (?P<name>(?:[A-Za-z_]|\d+[A-Za-z_])[\w:@\#]*(?:\{{[^{{}}\s]*\}}[\w.:@\#]*)*|\$\w+\$|<<\w+>>)
    | (?P<search>\[\s*\])
    | (?P<op>==|!=|<>|<=|>=|[-+*/%.<>=!(),])
    | (?P<end>$)
    )""",
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"\s*")

# operator -> binding strength, name in the tree
_OPERATORS: dict[str, tuple[int, str]] = {
    "XOR": (1, "XOR"),
    "OR": (2, "OR"),
    "AND": (3, "AND"),
    "=": (5, "="),
    "==": (5, "="),
    "!=": (5, "!="),
    "<>": (5, "!="),
    "<": (5, "<"),
    "<=": (5, "<="),
    ">": (5, ">"),
    ">=": (5, ">="),
    "LIKE": (5, "LIKE"),
    "IN": (5, "IN"),
    "NOT": (5, "NOT"),  # infix: `a NOT IN (...)`, `a NOT LIKE "..."`
    ".": (6, "."),
    "+": (7, "+"),
    "-": (7, "-"),
    "*": (8, "*"),
    "/": (8, "/"),
    "%": (8, "%"),
}
_NOT_OPERAND = 5
_WORDS = frozenset({"AND", "OR", "XOR", "NOT", "LIKE", "IN"})
_ASSOCIATIVE = frozenset({"AND", "OR", "XOR", "."})
_LONG_CHAIN = 16


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


class _Part(NamedTuple):
    """A node and the number of levels of its tree."""

    node: ast.Expr
    depth: int
    start: int
    end: int


class Expression(pp.Token):
    """The grammar element for one expression; its token is the `ast.Expr`.

    aggregations: statistical functions may be called (inside `eval(...)` of `chart`).
    """

    def __init__(self, *, aggregations: bool = False) -> None:
        super().__init__()
        self.aggregations = aggregations
        self.set_name("expression")

    def _generateDefaultName(self) -> str:
        return "expression"

    def parseImpl(self, instring: str, loc: int, do_actions: bool = True) -> tuple[int, ast.Expr]:
        climber = _Climber(instring, loc, self.aggregations)
        part = climber.climb(1)
        return part.end, part.node


class _Climber:
    """State of reading one expression."""

    def __init__(self, text: str, loc: int, aggregations: bool) -> None:
        self.text = text
        self.aggregations = aggregations
        self.end = loc  # of the token before the current one
        self.token = self._read(loc)

    # --- tokens

    def _read(self, loc: int) -> _Token:
        found = _TOKEN.match(self.text, loc)
        if found is None:
            space = _SPACE.match(self.text, loc)
            at = space.end() if space else loc
            return _Token("other", self.text[at : at + 1], at, at + 1)
        kind = found.lastgroup
        assert kind is not None
        text, start, end = found.group(kind), found.start(kind), found.end(kind)
        if kind == "name" and text.upper() in _WORDS:
            return _Token("op", text.upper(), start, end)
        return _Token(kind, text, start, end)

    def _next(self) -> _Token:
        token = self.token
        self.end = token.end
        self.token = self._read(token.end)
        return token

    def _is(self, text: str) -> bool:
        return self.token.kind == "op" and self.token.text == text

    def _before_parenthesis(self) -> bool:
        return self.text.startswith("(", self._read(self.token.end).start)

    def _expect(self, char: str, what: str) -> None:
        if not self._is(char):
            raise missing(self.text, self.token.start, what)
        self._next()

    # --- operators

    def climb(self, strength: int) -> _Part:
        """Read an expression whose operators bind at least this tight."""
        left = self._prefixed(strength)
        while self.token.kind == "op":
            binding, operator = _OPERATORS.get(self.token.text, (0, ""))
            if binding < strength or not operator:
                break
            if operator in _ASSOCIATIVE:
                left = self._chain(left, operator, binding)
            elif operator in ("IN", "NOT"):
                left = self._word_operator(left)
            else:
                self._next()
                left = self._binary(operator, left, self.climb(binding + 1))
        return left

    def _chain(self, first: _Part, operator: str, binding: int) -> _Part:
        """Read `a OR b OR c ...`; a long chain becomes a tree of small depth."""
        parts = [first]
        while self._is(operator):
            self._next()
            parts.append(self.climb(binding + 1))
        while len(parts) > _LONG_CHAIN:
            pairs = [self._fold(operator, parts[i : i + 2]) for i in range(0, len(parts), 2)]
            parts = pairs
        return self._fold(operator, parts)

    def _fold(self, operator: str, parts: list[_Part]) -> _Part:
        whole = parts[0]
        for part in parts[1:]:
            whole = self._binary(operator, whole, part)
        return whole

    def _binary(self, operator: str, left: _Part, right: _Part) -> _Part:
        span = span_of(self.text, left.start, right.end)
        node = ast.Binary(cast(ast.BinaryOp, operator), left.node, right.node, span=span)
        return self._part(node, max(left.depth, right.depth) + 1, left.start, right.end)

    def _part(self, node: ast.Expr, depth: int, start: int, end: int) -> _Part:
        if depth > MAX_TREE:
            message = f"the expression is deeper than {MAX_TREE} levels"
            raise Fault(self.text, start, message, code="SPL107")
        return _Part(node, depth, start, end)

    def _word_operator(self, left: _Part) -> _Part:
        """Read `IN (...)`, `NOT IN (...)` or `NOT LIKE x` after its left side."""
        negated = self._is("NOT")
        if negated:
            self._next()
        if self._is("IN"):
            found = self._in_list(left)
        elif negated and self._is("LIKE"):
            self._next()
            found = self._binary("LIKE", left, self.climb(_NOT_OPERAND + 1))
        else:
            raise missing(self.text, self.token.start, "IN or LIKE after NOT")
        if not negated:
            return found
        node = ast.Unary("NOT", found.node, span=span_of(self.text, left.start, found.end))
        return self._part(node, found.depth + 1, left.start, found.end)

    def _in_list(self, left: _Part) -> _Part:
        self._next()
        if not self._is("("):
            raise missing(self.text, self.token.start, "the list in parentheses after IN")
        items, depth = self._arguments()
        if not items:
            raise missing(self.text, self.end - 1, "a value in the list after IN")
        span = span_of(self.text, left.start, self.end)
        node = ast.InList(left.node, items, span=span)
        return self._part(node, max(depth, left.depth) + 1, left.start, self.end)

    # --- operands

    def _prefixed(self, strength: int) -> _Part:
        """Read an operand with the signs and negations before it."""
        prefixes: list[_Token] = []
        while self.token.kind == "op" and self.token.text in ("NOT", "!", "-", "+"):
            prefixes.append(self._next())
        if not prefixes:
            return self._operand()
        is_not = prefixes[-1].text in ("NOT", "!")
        part = self.climb(max(strength, _NOT_OPERAND)) if is_not else self._operand()
        for index in range(len(prefixes) - 1, -1, -1):
            prefix = prefixes[index]
            operator = cast(ast.UnaryOp, "NOT" if prefix.text == "!" else prefix.text)
            span = span_of(self.text, prefix.start, part.end)
            node = ast.Unary(operator, part.node, span=span)
            part = self._part(node, part.depth + 1, prefix.start, part.end)
        return part

    def _operand(self) -> _Part:
        token = self.token
        match token.kind:
            case "number":
                self._next()
                return self._leaf(self._numeric(token), token)
            case "string":
                self._next()
                text = unescape(token.text[1:-1])
                return self._leaf(ast.Literal(text, span=self._span(token)), token)
            case "field":
                self._next()
                name = unquote_name(token.text)
                return self._leaf(ast.FieldRef(name, True, span=self._span(token)), token)
            case "name":
                if self._before_parenthesis():
                    return self._call()
                self._next()
                return self._leaf(ast.FieldRef(token.text, span=self._span(token)), token)
            case "search":
                self._next()
                search = search_at(self.text, token.start)
                return self._leaf(ast.SubsearchExpr(search, span=self._span(token)), token)
            case "op" if token.text == "(":
                self._next()
                inner = self.climb(1)
                self._expect(")", "an operator or ')'")
                return inner._replace(start=token.start, end=self.end)
            case "op" if token.text in ("LIKE", "IN") and self._before_parenthesis():
                return self._call()
        raise missing(self.text, token.start, "an operand")

    def _numeric(self, token: _Token) -> ast.Literal:
        return ast.Literal(self._number(token), token.text, span=self._span(token))

    def _number(self, token: _Token) -> int | float:
        if len(token.text) > MAX_DIGITS:
            message = f"a number of more than {MAX_DIGITS} characters"
            raise Fault(self.text, token.start, message, code="SPL107", end=token.end)
        return int(token.text) if token.text.isdecimal() else float(token.text)

    def _span(self, token: _Token) -> Span:
        return span_of(self.text, token.start, token.end)

    def _leaf(self, node: ast.Expr, token: _Token) -> _Part:
        return _Part(node, 1, token.start, token.end)

    def _arguments(self) -> tuple[tuple[ast.Expr, ...], int]:
        """Read `(a, b, ...)`; return the arguments and the depth of the deepest."""
        self._next()
        parts: list[_Part] = []
        if not self._is(")"):
            parts.append(self.climb(1))
            while self._is(","):
                self._next()
                parts.append(self.climb(1))
        self._expect(")", "',' or ')'")
        return tuple(p.node for p in parts), max((p.depth for p in parts), default=0)

    def _call(self) -> _Part:
        name = self._next()
        lower = name.text.lower()
        self._known(name, lower)
        args, depth = self._arguments()
        self._arity(name, lower, len(args))
        node = ast.Call(lower, args, span=span_of(self.text, name.start, self.end))
        return self._part(node, depth + 1, name.start, self.end)

    def _known(self, token: _Token, name: str) -> None:
        if name in EVAL_FUNCTIONS or (self.aggregations and _is_aggregation(name)):
            return
        hint = suggestion(name, EVAL_FUNCTIONS)
        if not hint and stats_function(name):
            hint = "this is a statistical function; eval works on one row"
        message = f"unknown eval function '{token.text}'"
        raise Fault(self.text, token.start, message, code="SPL105", hint=hint, end=token.end)

    def _arity(self, token: _Token, name: str, count: int) -> None:
        fewest, most = EVAL_FUNCTIONS.get(name, (0, ANY))
        if self.aggregations and _is_aggregation(name):
            fewest = 0
        wanted = ""
        if not fewest <= count <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            wanted = f"at least {fewest}" if most == ANY else wanted
        elif name in ("case", "validate") and count % 2:
            wanted = "an even number of"
        if wanted:
            message = f"{name}() takes {wanted} arguments, not {count}"
            raise Fault(self.text, token.start, message, code="SPL106", end=token.end)


def _is_aggregation(name: str) -> bool:
    return name == "eval" or stats_function(name) is not None


expression = Expression()
aggregate_expression = Expression(aggregations=True)
