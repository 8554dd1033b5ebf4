"""`Regex`, the value that the rest of the project handles, and the errors about it."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from transpile.ir.regex import tree as t
from transpile.records import dataclass


class Construct(Enum):
    """A construct that some flavour cannot say. The value is its name in messages."""

    LOOKAHEAD = "lookahead"
    LOOKBEHIND = "lookbehind"
    BACKREF = "back-reference"
    LAZY = "lazy quantifier"
    POSSESSIVE = "possessive quantifier"
    ATOMIC = "atomic group"
    WORD_BOUNDARY = "word boundary"
    NAMED_GROUP = "named group"
    UNICODE_PROP = "Unicode property"
    KEEP_OUT = r"match start \K"
    MULTILINE = "multi-line anchor"
    ANCHOR = "anchor inside the expression"
    LARGE_REPEAT = "large repeat count"
    MIXED_CASE = "case rule that changes inside the expression"
    CAPTURE = "choice of the captured text"
    NON_ASCII_CASE = "case rule for letters outside ASCII"


class RegexError(ValueError):
    """A regular expression that PCRE refuses, or (`unsupported`) that is not understood here.

    position: 0-based offset in the expression.
    """

    def __init__(self, message: str, position: int, unsupported: bool = False) -> None:
        super().__init__(message, position, unsupported)
        self.message = message
        self.position = position
        self.unsupported = unsupported

    def __str__(self) -> str:
        return f"{self.message} at position {self.position}"


class NotExpressible(ValueError):
    """A flavour has no equal of a construct; nothing was rendered."""

    def __init__(self, construct: Construct, flavour: str, detail: str = "") -> None:
        super().__init__(construct, flavour, detail)
        self.construct = construct
        self.flavour = flavour
        self.detail = detail

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.flavour} regular expressions have no {self.construct.value}{detail}"


@dataclass(frozen=True, slots=True)
class Regex:
    """A parsed regular expression. It searches: it matches anywhere unless it is anchored itself.

    tree: the meaning.  source: the text it was parsed from; parsing it again gives the same tree.
    group_names: (name, number) of the named groups in order of their numbers; a name may stand
    twice.  Two expressions are equal if their trees are.
    """

    tree: t.Node
    source: str = field(compare=False)
    group_count: int = field(compare=False)
    group_names: tuple[tuple[str, int], ...] = field(compare=False)

    @property
    def uses(self) -> frozenset[Construct]:
        """The constructs of the expression that some flavour refuses."""
        return frozenset(use for node in t.walk(self.tree) for use in _uses(node))

    def to_json(self) -> str:
        """Return the source; `parse_regex` reads it back to an equal expression."""
        return self.source


_BY_ANCHOR = {
    t.At.LINE_START: Construct.MULTILINE,
    t.At.LINE_END: Construct.MULTILINE,
    t.At.WORD_EDGE: Construct.WORD_BOUNDARY,
    t.At.WORD_INNER: Construct.WORD_BOUNDARY,
}
_BY_GREED = {t.Greed.LAZY: Construct.LAZY, t.Greed.POSSESSIVE: Construct.POSSESSIVE}


def _uses(node: t.Node) -> tuple[Construct, ...]:
    match node:
        case t.Look(_, ahead):
            return (Construct.LOOKAHEAD if ahead else Construct.LOOKBEHIND,)
        case t.BackRef():
            return (Construct.BACKREF,)
        case t.Atomic():
            return (Construct.ATOMIC,)
        case t.KeepOut():
            return (Construct.KEEP_OUT,)
        case t.Capture(_, _, str()):
            return (Construct.NAMED_GROUP,)
        case t.Anchor(at) if at in _BY_ANCHOR:
            return (_BY_ANCHOR[at],)
        case t.Repeat(greed=greed) if greed in _BY_GREED:
            return (_BY_GREED[greed],)
        case t.CharClass(items) if any(isinstance(item, t.Prop) for item in items):
            return (Construct.UNICODE_PROP,)
        case _:
            return ()
