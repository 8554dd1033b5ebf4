"""Sigma's spelling of values: the one place where text becomes a detection value.

Source: Sigma specification 2.1, "Escape Character"; spec/sigma-semantics.md 2.3 to 2.7.
"""

from __future__ import annotations

from collections.abc import Iterator

from transpile.ir.pattern import Part, Pattern, Wild

_SYMBOLS = {Wild.RUN: "*", Wild.ONE: "?"}
_SPECIAL = frozenset("*?")


def literal(text: str) -> str:
    """Return the detection value that is this text and nothing else.

    >>> literal("a*b"), literal("C:\\\\x"), literal("\\\\\\\\srv")
    ('a\\\\*b', 'C:\\\\x', '\\\\\\\\\\\\\\\\srv')
    """
    return "".join(_encoded((text,)))


def wildcards(pattern: Pattern) -> tuple[tuple[str, ...], str]:
    """Return the modifiers and the value of a pattern, with the shortest exact modifier.

    A run at an edge becomes `startswith`, `endswith` or `contains`; a run alone has no value form
    (it asks for existence) and must not come here.
    """
    parts = pattern.parts
    first, last = parts[0] is Wild.RUN, parts[-1] is Wild.RUN
    core = parts[first : len(parts) - last]
    value = "".join(_encoded(core))
    if first and last:
        return ("contains",), value
    if first:
        return ("endswith",), value
    return (("startswith",) if last else ()), value


def _encoded(parts: tuple[Part, ...]) -> Iterator[str]:
    """Yield the value in pieces.

    `\\\\` is one backslash and `\\*` a literal star, any other backslash is itself. So backslashes
    are doubled in a run of several, and before a wildcard or an escaped character.
    """
    symbols: list[tuple[str, bool]] = []
    for part in parts:
        if isinstance(part, Wild):
            symbols.append((_SYMBOLS[part], True))
        else:
            symbols += [(char, False) for char in part]
    at = 0
    while at < len(symbols):
        char, wild = symbols[at]
        if char != "\\":
            yield char if wild or char not in _SPECIAL else f"\\{char}"
            at += 1
            continue
        end = at
        while end < len(symbols) and symbols[end][0] == "\\":
            end += 1
        special = end < len(symbols) and symbols[end][0] in _SPECIAL
        yield "\\" * (end - at) * (2 if special or end - at > 1 else 1)
        at = end
