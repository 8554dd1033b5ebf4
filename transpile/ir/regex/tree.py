"""The tree of a regular expression: what it means, free of any flavour's spelling.

Flags are resolved: a node says itself whether it ignores case or whether its dot takes a newline.
Semantics are PCRE's in UTF mode without UCP: `\\d`, `\\w`, `\\s` and `\\b` are ASCII, the only line
end is `\\n`, and case is compared by Unicode's simple folding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from operator import attrgetter
from typing import Any, assert_never

from transpile.records import dataclass

MAX_CODE = 0x10FFFF


class NamedSet(Enum):
    """A set of characters with a name; `RANGES` says which characters."""

    DIGIT = "digit"
    WORD = "word"
    SPACE = "space"
    HSPACE = "hspace"
    VSPACE = "vspace"
    ALPHA = "alpha"
    ALNUM = "alnum"
    ASCII = "ascii"
    BLANK = "blank"
    CNTRL = "cntrl"
    GRAPH = "graph"
    LOWER = "lower"
    PRINT = "print"
    PUNCT = "punct"
    UPPER = "upper"
    XDIGIT = "xdigit"


def _ranges(*spans: str) -> tuple[tuple[int, int], ...]:
    return tuple((ord(span[0]), ord(span[-1])) for span in spans)


RANGES: dict[NamedSet, tuple[tuple[int, int], ...]] = {
    NamedSet.DIGIT: _ranges("09"),
    NamedSet.WORD: _ranges("09", "AZ", "_", "az"),
    NamedSet.SPACE: _ranges("\t\r", " "),
    NamedSet.HSPACE: _ranges(
        "\t", " ", "\xa0", "\u1680", "\u180e", "\u2000\u200a", "\u202f", "\u205f", "\u3000"
    ),
    NamedSet.VSPACE: _ranges("\n\r", "\x85", "\u2028\u2029"),
    NamedSet.ALPHA: _ranges("AZ", "az"),
    NamedSet.ALNUM: _ranges("09", "AZ", "az"),
    NamedSet.ASCII: _ranges("\0\x7f"),
    NamedSet.BLANK: _ranges("\t", " "),
    NamedSet.CNTRL: _ranges("\0\x1f", "\x7f"),
    NamedSet.GRAPH: _ranges("!~"),
    NamedSet.LOWER: _ranges("az"),
    NamedSet.PRINT: _ranges(" ~"),
    NamedSet.PUNCT: _ranges("!/", ":@", "[`", "{~"),
    NamedSet.UPPER: _ranges("AZ"),
    NamedSet.XDIGIT: _ranges("09", "AF", "af"),
}


@dataclass(frozen=True, slots=True)
class Range:
    """The code points from `low` to `high`, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Named:
    """The characters of a named set, or all others."""

    name: NamedSet
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Prop:
    """The characters with a Unicode property such as `L` or `Greek`, or all others."""

    name: str
    negated: bool = False


ClassItem = Range | Named | Prop


@dataclass(frozen=True, slots=True)
class Chars:
    """These characters one after the other; never empty."""

    text: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """Any one character; a newline only if `newline`."""

    newline: bool = False


@dataclass(frozen=True, slots=True)
class CharClass:
    """One character that is in one of the items, or in none if `negated`.

    `ignore_case` is about the ranges; named sets and properties are taken as they are.
    """

    items: tuple[ClassItem, ...]
    negated: bool = False
    ignore_case: bool = False


class At(Enum):
    """A place in the subject."""

    START = "start of the subject"
    END = "end of the subject"
    LAST_END = "end of the subject, or before a newline that ends it"
    LINE_START = "start of a line: of the subject, or after a newline that does not end it"
    LINE_END = "end of a line: of the subject, or before a newline"
    WORD_EDGE = "between a word character (ASCII) and another or none"
    WORD_INNER = "not at a word edge"


@dataclass(frozen=True, slots=True)
class Anchor:
    """Matches the empty text at a place."""

    at: At


@dataclass(frozen=True, slots=True)
class Capture:
    """A capturing group; `number` counts opening parentheses from 1."""

    body: Node
    number: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Atomic:
    """A group that is not entered again once it has matched."""

    body: Node


@dataclass(frozen=True, slots=True)
class Look:
    """A lookaround: `body` matches (or not, if `negated`) ahead of here or behind."""

    body: Node
    ahead: bool
    negated: bool = False


@dataclass(frozen=True, slots=True)
class BackRef:
    """The text that group `number` captured; no match if it has not captured."""

    number: int
    ignore_case: bool = False


class Greed(Enum):
    """Which number of repetitions is tried first, and whether another one is tried at all."""

    GREEDY = "greedy"
    LAZY = "lazy"
    POSSESSIVE = "possessive"


@dataclass(frozen=True, slots=True)
class Repeat:
    """`body` from `low` to `high` times; no upper bound if `high` is None."""

    body: Node
    low: int
    high: int | None
    greed: Greed = Greed.GREEDY


@dataclass(frozen=True, slots=True)
class Concat:
    """The items in a row; without items the empty text. Never one item, never nested."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    """The first branch that leads to a match; at least two branches."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class KeepOut:
    """`\\K`: the reported match starts here."""


Node = (
    Chars
    | Dot
    | CharClass
    | Anchor
    | Capture
    | Atomic
    | Look
    | BackRef
    | Repeat
    | Concat
    | Alt
    | KeepOut
)

EMPTY = Concat(())


def concat(items: list[Node]) -> Node:
    """Return the items in a row: texts of the same case rule are joined, nested rows opened."""
    flat: list[Node] = []
    for item in items:
        for part in item.items if isinstance(item, Concat) else (item,):
            last = flat[-1] if flat else None
            if (
                isinstance(part, Chars)
                and isinstance(last, Chars)
                and part.ignore_case == last.ignore_case
            ):
                flat[-1] = Chars(last.text + part.text, part.ignore_case)
            else:
                flat.append(part)
    return flat[0] if len(flat) == 1 else Concat(tuple(flat))


def _nothing(node: Node) -> tuple[Node, ...]:
    return ()


_BELOW: Mapping[type[Node], Callable[[Any], tuple[Node, ...]]] = {
    Concat: attrgetter("items"),
    Alt: attrgetter("branches"),
    **dict.fromkeys((Capture, Atomic, Look, Repeat), lambda node: (node.body,)),
    **dict.fromkeys((Chars, Dot, CharClass, Anchor, BackRef, KeepOut), _nothing),
}


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly below, in the order in which they are written."""
    return _BELOW[type(node)](node)


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and all nodes below, in the order in which they are written."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        yield item
        waiting += reversed(children(item))


def width(node: Node) -> tuple[int, int | None]:
    """Return the least and the greatest number of characters that the node can match.

    None is "no upper bound". A back-reference counts as (0, None).
    """
    match node:
        case Chars(text):
            return len(text), len(text)
        case Dot() | CharClass():
            return 1, 1
        case Anchor() | Look() | KeepOut():
            return 0, 0
        case BackRef():
            return 0, None
        case Capture(body) | Atomic(body):
            return width(body)
        case Repeat(body, low, high):
            least, most = width(body)
            if most == 0 or high == 0:
                return 0, 0
            return least * low, None if most is None or high is None else most * high
        case Concat(items):
            widths = [width(item) for item in items]
            tops = [most for _, most in widths if most is not None]
            least = sum(low for low, _ in widths)
            return least, sum(tops) if len(tops) == len(widths) else None
        case Alt(branches):
            widths = [width(branch) for branch in branches]
            tops = [most for _, most in widths if most is not None]
            least = min(low for low, _ in widths)
            return least, max(tops) if len(tops) == len(widths) else None
        case _:
            assert_never(node)
