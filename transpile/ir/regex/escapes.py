"""What a backslash means in PCRE, as tables."""

from __future__ import annotations

import re

from transpile.ir.regex import tree as t
from transpile.ir.regex.model import RegexError
from transpile.records import dataclass

CONTROLS = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

_SETS = {
    "d": t.NamedSet.DIGIT,
    "w": t.NamedSet.WORD,
    "s": t.NamedSet.SPACE,
    "h": t.NamedSet.HSPACE,
    "v": t.NamedSet.VSPACE,
}
SETS = {letter: t.Named(name) for letter, name in _SETS.items()} | {
    letter.upper(): t.Named(name, negated=True) for letter, name in _SETS.items()
}

ATOMS: dict[str, t.Node] = {
    "A": t.Anchor(t.At.START),
    "z": t.Anchor(t.At.END),
    "Z": t.Anchor(t.At.LAST_END),
    "b": t.Anchor(t.At.WORD_EDGE),
    "B": t.Anchor(t.At.WORD_INNER),
    "K": t.KeepOut(),
    "N": t.Dot(),
}

UNSUPPORTED = {
    "R": r"line break \R",
    "X": r"grapheme cluster \X",
    "C": r"code unit \C",
    "G": r"start of search \G",
    "g": r"subroutine call \g",
}

_NOT_POSIX = {t.NamedSet.HSPACE, t.NamedSet.VSPACE}
POSIX_NAMES = {name.value: name for name in t.NamedSet if name not in _NOT_POSIX}

_OCTAL = re.compile(r"[0-7]{1,3}")
_BRACED_OCTAL = re.compile(r"o\{([0-7]+)\}")
_HEX = re.compile(r"x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{0,2}))")
_PROP = re.compile(r"[pP](?:\{(\^?)([A-Za-z_&*]+)\}|([A-Za-z]))")


@dataclass(frozen=True, slots=True)
class Escape:
    """A backslash sequence that means the same in and outside a character class.

    value: the character, or a class item.  end: offset behind the sequence.
    """

    value: str | t.Named | t.Prop
    end: int


def read_escape(text: str, at: int, octal: bool) -> Escape | None:
    """Return the escape whose letter stands at `at` (behind the backslash).

    octal: whether digits other than a leading 0 are an octal number here.
    None: the sequence means something else in or outside a class.  Raises RegexError.
    """
    if at >= len(text):
        raise RegexError("a backslash at the end of the expression", at - 1)
    char = text[at]
    if char in CONTROLS:
        return Escape(CONTROLS[char], at + 1)
    if char in SETS:
        return Escape(SETS[char], at + 1)
    if not (char.isascii() and char.isalnum()):
        return Escape(char, at + 1)
    if char in "xo":
        return _numbered(text, at)
    if char in "pP":
        return _property(text, at)
    if char == "c":
        return _control(text, at)
    if (char == "0" or octal) and (found := _OCTAL.match(text, at)):
        return Escape(chr(int(found[0], 8)), found.end())
    return None


def _numbered(text: str, at: int) -> Escape:
    if found := _HEX.match(text, at):
        code = int(found[1] or found[2] or "0", 16)
        if not found[1] and text.startswith("{", found.end()):
            raise RegexError(r"\x{ needs hexadecimal digits and a closing brace", at - 1)
    elif found := _BRACED_OCTAL.match(text, at):
        code = int(found[1], 8)
    else:
        raise RegexError(r"\o needs octal digits in braces", at - 1)
    if code > t.MAX_CODE or 0xD800 <= code <= 0xDFFF:
        raise RegexError("no character has this number", at - 1)
    return Escape(chr(code), found.end())


def _property(text: str, at: int) -> Escape:
    found = _PROP.match(text, at)
    if found is None:
        raise RegexError(r"\p needs the name of a Unicode property", at - 1)
    negated = (text[at] == "P") != (found[1] == "^")
    return Escape(t.Prop(found[2] or found[3].upper(), negated), found.end())


def _control(text: str, at: int) -> Escape:
    if at + 1 >= len(text) or not " " <= text[at + 1] <= "~":
        raise RegexError(r"\c needs a printable ASCII character", at - 1)
    return Escape(chr(ord(text[at + 1].upper()) ^ 0x40), at + 2)
