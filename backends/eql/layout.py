"""Conditions on the page: precedence, parentheses and line breaks, decided in one place."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from transpile.records import dataclass, replace

WIDTH = 100
INDENT = "  "


class Strength(IntEnum):
    """How tightly an expression holds together (spec/eql-semantics.md 1.10)."""

    OR = 1
    AND = 2
    NOT = 3
    TEST = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A condition: its text on one line and what it is made of, where it can be broken.

    parts: of an `and`, `or` or `not`.  items: of a test with a list, the values; the text ends with
    them and a closing parenthesis.
    """

    text: str
    strength: Strength = Strength.TEST
    parts: tuple[Piece, ...] = ()
    items: tuple[str, ...] = ()


def joined(strength: Strength, parts: Sequence[Piece]) -> Piece:
    """Return the conjunction (AND) or disjunction (OR) of conditions; a single one as it is."""
    if len(parts) == 1:
        return parts[0]
    inner = tuple(guarded(part, strength) for part in parts)
    word = f" {strength.name.lower()} "
    return Piece(word.join(part.text for part in inner), strength, inner)


def negated(part: Piece) -> Piece:
    """Return the negation; a single test needs no parentheses, as `not` binds less tightly."""
    if part.strength is Strength.TEST and not part.parts:
        return replace(part, text=f"not {part.text}", strength=Strength.NOT)
    return Piece(f"not ({part.text})", Strength.NOT, (part,))


def guarded(part: Piece, around: Strength) -> Piece:
    """Return a condition in parentheses if it binds no tighter than what stands around it.

    An `and` inside an `or` gets them too: nobody has to know which of the two binds tighter.
    """
    if part.strength > around and part.strength is not Strength.AND:
        return part
    return Piece(f"({part.text})", Strength.TEST, (part,))


def laid_out(piece: Piece, indent: str = "") -> str:
    """Return a condition broken into lines of at most `WIDTH` characters where its parts allow it.

    indent: what the lines after the first begin with.
    """
    if len(indent) + len(piece.text) <= WIDTH or not (piece.parts or piece.items):
        return piece.text
    if piece.items:
        return _listed(piece, indent)
    if piece.strength in (Strength.AND, Strength.OR):
        return one_per_line(piece, indent)
    deeper = indent + INDENT
    opening = "not (" if piece.strength is Strength.NOT else "("
    return f"{opening}\n{deeper}{laid_out(piece.parts[0], deeper)}\n{indent})"


def _listed(piece: Piece, indent: str) -> str:
    """Return a test with its list of values on lines of their own, filled up to `WIDTH`."""
    deeper = indent + INDENT
    opening = piece.text.removesuffix(f"{', '.join(piece.items)})")
    lines, line = [opening], deeper
    for at, item in enumerate(piece.items):
        shown = item if at == len(piece.items) - 1 else f"{item},"
        if line != deeper and len(line) + 1 + len(shown) > WIDTH:
            lines.append(line)
            line = deeper
        line += shown if line == deeper else f" {shown}"
    return "\n".join((*lines, line, f"{indent})"))


def one_per_line(piece: Piece, indent: str) -> str:
    """Return the parts of an `and` or `or` on lines of their own, however short they are."""
    word = f" {piece.strength.name.lower()}\n{indent}"
    return word.join(laid_out(part, indent) for part in piece.parts)
