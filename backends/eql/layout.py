"""Conditions on the page: precedence, parentheses and line breaks, decided in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

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
    """A condition: its text on one line and, for `and`, `or` and `not`, what it is made of."""

    text: str
    strength: Strength = Strength.TEST
    parts: tuple[Piece, ...] = ()


def joined(strength: Strength, parts: Sequence[Piece]) -> Piece:
    """Return the conjunction (AND) or disjunction (OR) of conditions; a single one as it is."""
    if len(parts) == 1:
        return parts[0]
    inner = tuple(guarded(part, strength) for part in parts)
    word = f" {strength.name.lower()} "
    return Piece(word.join(part.text for part in inner), strength, inner)


def negated(part: Piece) -> Piece:
    """Return the negation, with parentheses always."""
    return Piece(f"not ({part.text})", Strength.NOT, (part,))


def guarded(part: Piece, around: Strength) -> Piece:
    """Return a condition in parentheses if it binds no tighter than what stands around it."""
    if part.strength > around:
        return part
    return Piece(f"({part.text})", Strength.TEST, (part,))


def laid_out(piece: Piece, indent: str = "") -> str:
    """Return a condition broken into lines of at most `WIDTH` characters where its parts allow it.

    indent: what the lines after the first begin with.
    """
    if len(indent) + len(piece.text) <= WIDTH or not piece.parts:
        return piece.text
    if piece.strength in (Strength.AND, Strength.OR):
        return one_per_line(piece, indent)
    deeper = indent + INDENT
    opening = "not (" if piece.strength is Strength.NOT else "("
    return f"{opening}\n{deeper}{laid_out(piece.parts[0], deeper)}\n{indent})"


def one_per_line(piece: Piece, indent: str) -> str:
    """Return the parts of an `and` or `or` on lines of their own, however short they are."""
    word = f" {piece.strength.name.lower()}\n{indent}"
    return word.join(laid_out(part, indent) for part in piece.parts)
