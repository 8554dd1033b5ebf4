"""Filter terms of `search`, `tstats where` and their kin: a grammar element of their own.

From tight to loose: NOT, OR, AND (written or by juxtaposition); the words count in upper case only.
Source: spl-semantics 1.10, 1.11 and 2 (SM/Booleanexpressions, SR/search).
"""

from __future__ import annotations

import re
from typing import NamedTuple, cast

import pyparsing as pp

from transpile.errors import Span
from transpile.spl import ast
from transpile.spl.faults import Fault, missing
from transpile.spl.text import QUOTED, search_at, span_of, unquote

TIME_BOUNDS = frozenset(
    {
        "earliest",
        "latest",
        "_index_earliest",
        "_index_latest",
        "starttime",
        "endtime",
        "starttimeu",
        "endtimeu",
    }
)

_BARE = r'(?:\\[\\"|]|[^\s"()\[\]])'
# Atomic groups and not `(...)++`: before 3.11.5 Python takes what a failing last item had begun.
_TERM = re.compile(
    rf"""\s*(?:
      (?P<open>\() | (?P<close>\)) | (?P<comma>,)
    | (?P<search>\[\s*\])
    | (?P<field>{QUOTED}|(?>(?:\\[\\"|]|[^\s"()\[\]=<>!,]|!(?!=)|,(?=\w))+))\s*
      (?: (?P<op>!=|<=|>=|==|=|<|>) | (?P<in>\b(?:NOT\s+)?IN\s*(?=\()) )
    | (?P<special>TERM|CASE)\((?P<inside>[^()"]*|\s*{QUOTED}\s*)\)
    | (?P<phrase>{QUOTED})
    | (?P<word>(?![=<>]){_BARE}+)
    | (?P<end>$)
    )""",
    re.VERBOSE | re.DOTALL,
)
_VALUE = re.compile(
    rf"""\s*(?:
      (?P<special>TERM|CASE)\((?P<inside>[^()"]*|\s*{QUOTED}\s*)\)
    | (?P<quoted>{QUOTED})
    | (?P<bare>(?:\\[\\"|]|,(?=[^\s"()\[\]])|[^\s"()\[\],])+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ITEM = re.compile(
    rf"""\s*(?:
      (?P<special>TERM|CASE)\((?P<inside>[^()"]*|\s*{QUOTED}\s*)\)
    | (?P<quoted>{QUOTED})
    | (?P<bare>(?:\\[\\"|]|[^\s"()\[\],])+)
    | (?P<comma>,)  # empty items occur: they are no values
    )\s*""",
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"\s*")
_OPERATORS = frozenset({"AND", "OR", "NOT"})
_FIRST = {"op": "field", "in": "field", "inside": "special"}  # last group -> first group
_LAST = {"special": "inside"}


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int
    match: re.Match[str] | None


class FilterTerms(pp.Token):
    """The grammar element for a filter; its token is the `ast.Filter`.

    until: words (lower case) that end the filter outside parentheses, such as `by`.
    """

    def __init__(self, until: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.until = until
        self.set_name("search terms")

    def _generateDefaultName(self) -> str:
        return "search terms"

    def parseImpl(self, instring: str, loc: int, do_actions: bool = True) -> tuple[int, ast.Filter]:
        reader = _Reader(instring, loc, self.until)
        found = reader.conjunction()
        return reader.end, found


class _Reader:
    """State of reading one filter."""

    def __init__(self, text: str, loc: int, until: frozenset[str]) -> None:
        self.text = text
        self.until = until
        self.level = 0
        self.end = loc  # of the token before the current one
        self.token = self._read(loc)

    # --- tokens

    def _read(self, loc: int) -> _Token:
        found = _TERM.match(self.text, loc)
        if found is None:
            space = _SPACE.match(self.text, loc)
            at = space.end() if space else loc
            return _Token("other", self.text[at : at + 1], at, at + 1, None)
        kind = _kind(found)
        start = found.start(kind)
        word = found.group(kind)
        if kind == "word" and word in _OPERATORS:
            kind = word
        elif kind == "field" and word in _OPERATORS:
            return _Token(word, word, start, found.end("field"), None)
        stops = kind in ("word", "field") and self.level == 0 and word.lower() in self.until
        return _Token("end" if stops else kind, word, start, found.end(), found)

    def _next(self) -> _Token:
        token = self.token
        self.end = token.end
        self.token = self._read(token.end)
        return token

    # --- operators

    def conjunction(self) -> ast.Filter:
        """Read terms joined by AND or by juxtaposition."""
        start = self.token.start
        parts = [self._disjunction()]
        while True:
            if self.token.kind == "comma":
                self._next()
            elif self.token.kind == "AND":
                self._next()
                parts.append(self._disjunction())
            elif self.token.kind in ("end", "close", "other"):
                break
            else:
                parts.append(self._disjunction())
        return parts[0] if len(parts) == 1 else ast.And(tuple(parts), span=self._since(start))

    def _disjunction(self) -> ast.Filter:
        start = self.token.start
        parts = [self._negation()]
        while self.token.kind == "OR":
            self._next()
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else ast.Or(tuple(parts), span=self._since(start))

    def _negation(self) -> ast.Filter:
        starts: list[int] = []
        while self.token.kind == "NOT":
            starts.append(self._next().start)
        if len(starts) > 20:
            raise Fault(self.text, starts[0], "too many NOT in a row", code="SPL107")
        found = self._term()
        for start in reversed(starts):
            found = ast.Not(found, span=self._since(start))
        return found

    def _since(self, start: int) -> Span:
        return span_of(self.text, start, self.end)

    # --- terms

    def _term(self) -> ast.Filter:
        token = self.token
        match token.kind:
            case "open":
                return self._group()
            case "search":
                self._next()
                return ast.SubsearchTerm(
                    search_at(self.text, token.start), span=self._since(token.start)
                )
            case "field":
                return self._comparison(token)
            case "special":
                self._next()
                assert token.match is not None
                text, quoted = unquote(token.match.group("inside").strip())
                kind = cast(ast.TermKind, token.text.lower())
                return ast.Term(text, quoted, kind, span=self._since(token.start))
            case "phrase":
                self._next()
                return ast.Term(unquote(token.text)[0], True, span=self._since(token.start))
            case "word" if token.text == "IN":
                raise missing(self.text, token.end, "the list in parentheses after IN")
            case "word":
                self._next()
                text = token.text.rstrip(",") or token.text
                return ast.Term(unquote(text)[0], span=self._since(token.start))
        raise missing(self.text, token.start, "a search term")

    def _group(self) -> ast.Filter:
        start = self.token.start
        self.level += 1
        self._next()
        if self.token.kind == "close":
            self.level -= 1
            self._next()
            return ast.Everything(span=self._since(start))
        found = self.conjunction()
        if self.token.kind != "close":
            raise missing(self.text, self.token.start, "')'")
        self.level -= 1
        self._next()
        return found

    def _comparison(self, token: _Token) -> ast.Filter:
        assert token.match is not None
        field = unquote(token.text)[0]
        if token.match.group("in"):
            return self._in(field, token)
        value = self._value(token)
        operator = token.match.group("op").replace("==", "=")
        span = span_of(self.text, token.start, self.end)
        if operator == "=" and field.lower() in TIME_BOUNDS:
            return ast.TimeBound(field.lower(), value.text, span=span)
        return ast.Comparison(field, cast(ast.FilterOp, operator), value, span=span)

    def _value(self, token: _Token) -> ast.Value:
        found = _VALUE.match(self.text, token.end)
        bare = found.group("bare") if found else None
        stops = bare is not None and self.level == 0 and bare.lower() in self.until
        if found is None or bare in _OPERATORS or stops:
            raise missing(self.text, token.end, f"the value of '{token.text}'")
        self.end = found.end()
        self.token = self._read(self.end)
        return self._take(found)

    def _take(self, found: re.Match[str]) -> ast.Value:
        """Make the value of a match."""
        kind = _kind(found)
        written = found.group(kind)
        text, quoted = unquote(found.group("inside").strip() if kind == "special" else written)
        return ast.Value(
            text,
            quoted,
            written == "CASE" and kind == "special",
            written == "TERM" and kind == "special",
            span=span_of(self.text, found.start(kind), found.end(_LAST.get(kind, kind))),
        )

    def _in(self, field: str, token: _Token) -> ast.Filter:
        assert token.match is not None
        position = self.text.index("(", token.end) + 1
        values: list[ast.Value] = []
        while found := _ITEM.match(self.text, position):
            if not found.group("comma"):
                values.append(self._take(found))
            position = found.end()
        if not values or not self.text.startswith(")", position):
            raise missing(self.text, position, "a value of the list after IN")
        self.end = position + 1
        self.token = self._read(self.end)
        node = ast.In(field, tuple(values), span=self._since(token.start))
        negated = token.match.group("in").startswith("NOT")
        return ast.Not(node, span=node.span) if negated else node


def _kind(found: re.Match[str]) -> str:
    """Return the name of the alternative that matched."""
    last = found.lastgroup
    assert last is not None
    return _FIRST.get(last, last)


search_terms = FilterTerms()
