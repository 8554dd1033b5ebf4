"""How each flavour spells what it can say: one table entry a flavour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum

from transpile.ir.regex.model import Construct
from transpile.ir.regex.tree import At, NamedSet
from transpile.records import dataclass


class Flavour(Enum):
    """A regular-expression language. The value is its name in messages."""

    PYTHON = "Python"
    PCRE = "PCRE"
    RE2 = "RE2"
    JAVA = "Java"
    POSIX_ARE = "PostgreSQL"
    LUCENE = "Lucene"
    SIGMA = "Sigma"


class CaseStyle(Enum):
    """Where a flavour can say that case is ignored."""

    SCOPED = "(?i) at the start and (?i:...) anywhere"
    PREFIX = "(?i) at the start only"
    OUTSIDE = "not in the expression: by the operator around it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """The spelling of one flavour.

    refused: constructs without any equal.  anchors: places that it has.  sets: named sets that it
    has an ASCII-only short form for (negated: upper case); the others are written as ranges.
    group: opening of a group that does not capture.  named: opening of a named group, "" if none.
    escapes: control characters with a letter.  codes: formats of other unprintable characters below
    U+0100 and above, "" to write them as they are.  special: characters that need a backslash.
    case: where the case rule stands.  folds_ascii_only, folds_ranges, folds_sets: what the flag
    covers (the set of ASCII word characters is not to be folded, or it takes U+017F and U+212A).
    max_count: largest number in a repeat, counts of nested repeats multiplied.
    """

    refused: frozenset[Construct]
    anchors: Mapping[At, str]
    dot: str = "."
    dot_newline: str = "(?s:.)"
    sets: Mapping[NamedSet, str] = field(default_factory=dict)
    group: str = "(?:"
    named: str = ""
    escapes: Mapping[str, str] = field(
        default_factory=lambda: {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\f": r"\f"}
    )
    codes: tuple[str, str] = (r"\x%02x", r"\x{%x}")
    special: frozenset[str] = frozenset(r"\^$.|?*+()[]{}")
    case: CaseStyle = CaseStyle.SCOPED
    folds_ascii_only: bool = False
    folds_ranges: bool = True
    folds_sets: bool = False
    max_count: int = 65_535


_AUTOMATON = frozenset(
    {
        Construct.LOOKAHEAD,
        Construct.LOOKBEHIND,
        Construct.BACKREF,
        Construct.ATOMIC,
        Construct.POSSESSIVE,
    }
)
_ASCII_SETS = {NamedSet.DIGIT: r"\d", NamedSet.WORD: r"\w", NamedSet.SPACE: r"\s"}

SYNTAX: Mapping[Flavour, Syntax] = {
    # Python 3.11 `re` on str; \d \w \s \b are Unicode there, hence ranges and (?a:...).
    # \B does not match the empty subject there, "not \b" does.
    Flavour.PYTHON: Syntax(
        refused=frozenset({Construct.UNICODE_PROP}),
        anchors={
            At.START: "^",
            At.END: r"\Z",
            At.LAST_END: "$",
            At.LINE_END: "(?m:$)",
            At.WORD_EDGE: r"(?a:\b)",
            At.WORD_INNER: r"(?!(?a:\b))",
        },
        named="(?P<{}>",
        codes=(r"\x%02x", r"\U%08x"),
        folds_sets=True,
    ),
    Flavour.PCRE: Syntax(
        refused=frozenset(),
        anchors={
            At.START: "^",
            At.END: r"\z",
            At.LAST_END: "$",
            At.LINE_START: "(?m:^)",
            At.LINE_END: "(?m:$)",
            At.WORD_EDGE: r"\b",
            At.WORD_INNER: r"\B",
        },
        sets=_ASCII_SETS | {NamedSet.HSPACE: r"\h", NamedSet.VSPACE: r"\v"},
        named="(?<{}>",
    ),
    # google/re2 syntax page: \d \w \b are ASCII, \s lacks the vertical tab, $ is the very end.
    # \B matches between the bytes of one character there (seen), so it is left out.
    # ClickHouse turns dot-takes-newline on, so no bare dot.
    Flavour.RE2: Syntax(
        refused=_AUTOMATON,
        anchors={
            At.START: "^",
            At.END: r"\z",
            At.LINE_START: "(?m:^)",
            At.LINE_END: "(?m:$)",
            At.WORD_EDGE: r"\b",
        },
        dot=r"[^\n]",
        sets={NamedSet.DIGIT: r"\d", NamedSet.WORD: r"\w"},
        named="(?P<{}>",
        folds_sets=True,
        max_count=1000,
    ),
    # java.util.regex (Spark) and Joni in its Java syntax (Trino): dot and $ know other line ends,
    # \b and in Joni \d \w \s are Unicode, hence ranges and lookarounds only.
    Flavour.JAVA: Syntax(
        refused=frozenset(),
        anchors={
            At.START: "^",
            At.END: r"\z",
            At.LAST_END: r"(?=\n?\z)",
            At.LINE_END: r"(?=\n|\z)",
        },
        dot=r"[^\n]",
        folds_ascii_only=True,
    ),
    # PostgreSQL manual, "Regular Expression Details": dot takes newlines, ^ and $ are the ends of
    # the subject, one greediness for the whole expression, counts up to 255, \d \w by locale.
    Flavour.POSIX_ARE: Syntax(
        refused=frozenset({Construct.ATOMIC, Construct.POSSESSIVE, Construct.UNICODE_PROP}),
        anchors={
            At.START: r"\A",
            At.END: r"\Z",
            At.LAST_END: r"(?=\n?\Z)",
            At.LINE_END: r"(?=\n|\Z)",
        },
        dot=r"[^\n]",
        dot_newline=".",
        codes=(r"\u%04x", r"\U%08x"),
        case=CaseStyle.PREFIX,
        folds_ascii_only=True,
        max_count=255,
    ),
    # spec/eql-semantics.md 4.7: whole value, no anchors, a backslash makes any character literal.
    Flavour.LUCENE: Syntax(
        refused=_AUTOMATON | {Construct.UNICODE_PROP},
        anchors={},
        dot="[^\n]",
        dot_newline=".",
        group="(",
        escapes={},
        codes=("", ""),
        special=frozenset(r"\^$.|?*+()[]{}#@&<>~" + '"'),
        case=CaseStyle.OUTSIDE,
        folds_ascii_only=True,
        folds_ranges=False,
        max_count=1000,
    ),
    # spec/sigma-semantics.md 3.3-3.5: the common part of Python's `re` and RE2.
    Flavour.SIGMA: Syntax(
        refused=_AUTOMATON | {Construct.UNICODE_PROP},
        anchors={At.START: "^", At.LAST_END: "$"},
        dot_newline=r"(.|\n)",
        group="(",
        codes=(r"\x%02x", ""),
        case=CaseStyle.OUTSIDE,
        max_count=1000,
    ),
}
