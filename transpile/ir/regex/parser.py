"""Text of a PCRE expression to tree.

Covers what detection rules use; the rest is refused by name (`RegexError.unsupported`), and what
PCRE itself refuses is refused with the reason. Checked against libpcre2 while it was written.
"""

from __future__ import annotations

import re

from transpile.ir.regex import tree as t
from transpile.ir.regex.charclass import read_class
from transpile.ir.regex.escapes import ATOMS, UNSUPPORTED, read_escape
from transpile.ir.regex.model import Regex, RegexError
from transpile.records import dataclass, replace

MAX_LENGTH = 20_000
MAX_DEPTH = 100
MAX_COUNT = 65_535

_PLACE = t.Anchor | t.KeepOut
_QUANTIFIER = re.compile(r"(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})([+?]?)")
_SIMPLE = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_GREED = {"": t.Greed.GREEDY, "?": t.Greed.LAZY, "+": t.Greed.POSSESSIVE}
_PLAIN = re.compile(r"[^\\^$.|()\[*+?{#\s]+")
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])")
_NAMED = re.compile(r"\(\?(?:P?<(?P<a>[^>]*)>|'(?P<q>[^']*)')")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOOK = {
    "(?=": (True, False),
    "(?!": (True, True),
    "(?<=": (False, False),
    "(?<!": (False, True),
}
_NAMED_REF = re.compile(r"\(\?P=(\w+)\)")
_BACK_REF = re.compile(r"(?:g(?:\{([+-]?\d+)\}|([+-]?\d+))|([1-9]\d*))")
_BACK_NAME = re.compile(r"(?:k(?:<(\w+)>|'(\w+)'|\{(\w+)\})|g\{([A-Za-z_]\w*)\})")
_REFUSED = (
    (re.compile(r"\(\?\|"), "branch reset group (?|"),
    (re.compile(r"\(\?(?:R|[+-]?\d|&|P>)"), "recursion or subroutine call"),
    (re.compile(r"\(\?\("), "conditional group (?("),
    (re.compile(r"\(\?C"), "callout (?C"),
    (re.compile(r"\(\?\^"), "flag reset (?^"),
    (re.compile(r"\(\*[A-Za-z:]"), "control verb or spelled-out assertion (*"),
)


@dataclass(frozen=True, slots=True)
class _Flags:
    ignore_case: bool = False
    dotall: bool = False
    multiline: bool = False
    extended: bool = False
    ungreedy: bool = False


_FLAG_NAMES = {
    "i": "ignore_case",
    "s": "dotall",
    "m": "multiline",
    "x": "extended",
    "U": "ungreedy",
}


def parse_regex(text: str) -> Regex:
    """Return the meaning of a PCRE expression, given without delimiters.

    Raises RegexError: with `unsupported` for a construct that is valid but not understood here and
    for one beyond the limits (20,000 characters, 100 nested groups), else for an invalid one.
    A group name may stand twice. Source: pcre2pattern(3); spec/spl-semantics.md 3.5.
    """
    if len(text) > MAX_LENGTH:
        raise RegexError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH, unsupported=True)
    parser = _Parser(text)
    tree = parser.whole()
    return Regex(tree, text, parser.count, tuple(parser.names))


class _Parser:
    """One pass over the text; `at` is the offset of the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.flags = _Flags()
        self.depth = 0
        self.count = 0
        self.names: list[tuple[str, int]] = []
        self.closed: set[int] = set()
        self.forward: list[tuple[int, int]] = []

    def whole(self) -> t.Node:
        node = self._alternation()
        if self.at < len(self.text):
            raise RegexError("a closing parenthesis without an opening one", self.at)
        for number, position in self.forward:
            known = number <= self.count
            what = "reference to a group that is still open" if known else "no such group"
            raise RegexError(what, position, unsupported=known)
        return node

    # -- structure --------------------------------------------------------------------------------

    def _alternation(self) -> t.Node:
        branches = [self._branch()]
        while self.text.startswith("|", self.at):
            self.at += 1
            branches.append(self._branch())
        return t.Alt(tuple(branches)) if len(branches) > 1 else branches[0]

    def _branch(self) -> t.Node:
        items: list[t.Node] = []
        repeatable = False
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            if found := _QUANTIFIER.match(self.text, self.at):
                if not repeatable:
                    raise RegexError("nothing to repeat", self.at)
                items[-1] = self._repeat(items[-1], found)
                repeatable = False
                continue
            grouped = self.text[self.at] == "("
            if (atoms := self._atoms()) is not None:
                items += atoms
                repeatable = bool(atoms) and (grouped or not isinstance(atoms[-1], _PLACE))
        return t.concat(items)

    def _repeat(self, body: t.Node, found: re.Match[str]) -> t.Node:
        least, comma, most, suffix = found.groups()
        low: int
        high: int | None
        if least is None:
            low, high = _SIMPLE[found[0][0]]
        else:
            low = int(least)
            high = low if comma is None else int(most) if most else None
            if max(low, high or 0) > MAX_COUNT:
                raise RegexError(f"a repeat count is greater than {MAX_COUNT}", self.at)
            if high is not None and high < low:
                raise RegexError("the numbers of a repeat are out of order", self.at)
        self.at = found.end()
        greed = _GREED[suffix]
        if self.flags.ungreedy and greed is not t.Greed.POSSESSIVE:
            greed = t.Greed.GREEDY if greed is t.Greed.LAZY else t.Greed.LAZY
        if low == high == 1 and greed is not t.Greed.POSSESSIVE:
            return body
        return t.Repeat(body, low, high, greed)

    def _atoms(self) -> list[t.Node] | None:
        """Read the next item: its nodes (a quantifier is about the last), or None for a comment.

        No nodes: a flag was set, and a quantifier must not follow.
        """
        char = self.text[self.at]
        if char == "\\":
            return self._escape()
        if char == "(":
            return self._group()
        if char == "[":
            item, self.at = read_class(self.text, self.at, self.flags.ignore_case)
            return [item]
        if char in ".^$":
            self.at += 1
            return [self._symbol(char)]
        if self.flags.extended and (char == "#" or char.isspace()):
            end = self.text.find("\n", self.at) if char == "#" else self.at
            self.at = len(self.text) if end < 0 else end + 1
            return None
        plain = _PLAIN.match(self.text, self.at)
        text = plain[0] if plain else char
        self.at += len(text)
        return self._chars(text)

    def _symbol(self, char: str) -> t.Node:
        multiline = self.flags.multiline
        if char == ".":
            return t.Dot(self.flags.dotall)
        if char == "^":
            return t.Anchor(t.At.LINE_START if multiline else t.At.START)
        return t.Anchor(t.At.LINE_END if multiline else t.At.LAST_END)

    def _chars(self, text: str) -> list[t.Node]:
        """Return nodes for literal text, the last character on its own for a quantifier."""
        case = self.flags.ignore_case
        return [t.Chars(part, case) for part in (text[:-1], text[-1]) if part]

    # -- groups -----------------------------------------------------------------------------------

    def _group(self) -> list[t.Node] | None:
        start, text = self.at, self.text
        for pattern, what in _REFUSED:
            if pattern.match(text, start):
                raise RegexError(what, start, unsupported=True)
        if text.startswith("(?#", start):
            self.at = text.find(")", start) + 1
            if not self.at:
                raise RegexError("a comment is not closed", start)
            return None
        if found := _NAMED_REF.match(text, start):
            self.at = found.end()
            return [self._named_ref(found[1], start)]
        for opening in ("(?<=", "(?<!", "(?=", "(?!"):
            if text.startswith(opening, start):
                return [self._look(*_LOOK[opening], start, len(opening))]
        if text.startswith("(?>", start):
            return [t.Atomic(self._body(start, 3))]
        if found := _NAMED.match(text, start):
            return [self._capture(start, found.end() - start, found["a"] or found["q"] or "")]
        if found := _FLAGS.match(text, start):
            return self._flagged(found)
        if text.startswith("(?", start):
            raise RegexError("an unknown group", start)
        return [self._capture(start, 1, None)]

    def _body(self, start: int, opening: int, flags: _Flags | None = None) -> t.Node:
        """Read the inside of a group and its parenthesis; flags set inside end with it."""
        outer = self.flags
        self.flags = flags or outer
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise RegexError(f"more than {MAX_DEPTH} nested groups", start, unsupported=True)
        self.at = start + opening
        body = self._alternation()
        if not self.text.startswith(")", self.at):
            raise RegexError("a parenthesis is not closed", start)
        self.at += 1
        self.depth -= 1
        self.flags = outer
        return body

    def _capture(self, start: int, opening: int, name: str | None) -> t.Node:
        if name is not None and not _NAME.fullmatch(name):
            raise RegexError("a group name must be a letter or _ and then word characters", start)
        self.count += 1
        number = self.count
        if name is not None:
            self.names.append((name, number))
        body = self._body(start, opening)
        self.closed.add(number)
        return t.Capture(body, number, name)

    def _look(self, ahead: bool, negated: bool, start: int, opening: int) -> t.Node:
        body = self._body(start, opening)
        if any(isinstance(node, t.KeepOut) for node in t.walk(body)):
            raise RegexError(r"\K inside a lookaround", start)
        if not ahead:
            branches = body.branches if isinstance(body, t.Alt) else (body,)
            if any(least != most for least, most in map(t.width, branches)):
                raise RegexError("a branch of a lookbehind has no fixed length", start)
        return t.Look(body, ahead, negated)

    def _flagged(self, found: re.Match[str]) -> list[t.Node]:
        on, off, closing = found[1], found[2] or "", found[3]
        flags = self.flags
        for letters, value in ((on, True), (off, False)):
            for letter in letters:
                if letter == "J":  # duplicate group names, which are accepted anyway
                    continue
                if letter not in _FLAG_NAMES:
                    known = letter == "n"
                    raise RegexError(f"flag ({letter})", found.start(), unsupported=known)
                flags = replace(flags, **{_FLAG_NAMES[letter]: value})
        if "xx" in on:
            raise RegexError("flag (xx)", found.start(), unsupported=True)
        if closing == ":":
            return [self._body(found.start(), found.end() - found.start(), flags)]
        self.flags = flags
        self.at = found.end()
        return []

    # -- escapes ----------------------------------------------------------------------------------

    def _escape(self) -> list[t.Node] | None:
        start = self.at
        text = self.text
        if text.startswith("\\Q", start):
            end = text.find("\\E", start + 2)
            quoted = text[start + 2 :] if end < 0 else text[start + 2 : end]
            self.at = len(text) if end < 0 else end + 2
            return self._chars(quoted) if quoted else None
        if text.startswith("\\E", start):
            self.at += 2
            return None
        if found := _BACK_NAME.match(text, start + 1):
            self.at = found.end()
            return [self._named_ref(next(filter(None, found.groups())), start)]
        if (found := _BACK_REF.match(text, start + 1)) and self._is_reference(found):
            self.at = found.end()
            return [self._numbered_ref(found[1] or found[2] or found[3], start)]
        if escape := read_escape(text, start + 1, octal=True):
            self.at = escape.end
            if isinstance(escape.value, str):
                return self._chars(escape.value)
            return [t.CharClass((escape.value,))]
        letter = text[start + 1]
        if letter in UNSUPPORTED:
            raise RegexError(UNSUPPORTED[letter], start, unsupported=True)
        if letter == "N" and text.startswith("{", start + 2):
            raise RegexError(r"character by name \N{", start, unsupported=True)
        if letter not in ATOMS:
            raise RegexError(f"unknown escape \\{letter}", start)
        self.at += 2
        return [ATOMS[letter]]

    def _is_reference(self, found: re.Match[str]) -> bool:
        """Digits are a group number below 10, if 8 or 9 leads, or if so many groups came before."""
        digits = found[3]
        return digits is None or int(digits) < 10 or digits[0] in "89" or int(digits) <= self.count

    def _numbered_ref(self, digits: str, start: int) -> t.Node:
        number = int(digits)
        if digits[0] == "-":
            number += self.count + 1
        elif digits[0] == "+":
            number += self.count
        if number < 1:
            raise RegexError("no such group", start)
        if number not in self.closed:
            self.forward.append((number, start))
        return t.BackRef(number, self.flags.ignore_case)

    def _named_ref(self, name: str, start: int) -> t.Node:
        numbers = [number for known, number in self.names if known == name]
        if not numbers:
            raise RegexError(f"no group is named {name} so far", start)
        if len(numbers) > 1:
            raise RegexError("reference to a name that stands twice", start, unsupported=True)
        return self._numbered_ref(str(numbers[0]), start)
