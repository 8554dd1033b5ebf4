"""Sigma's spelling of values: the one place where text becomes a detection value.

Source: Sigma specification 2.1, "Escape Character"; spec/sigma-semantics.md 2.3 to 2.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from transpile.ir.pattern import Part, Pattern, Wild

_SYMBOLS = {Wild.RUN: "*", Wild.ONE: "?"}
_SPECIAL = re.compile(r"(\\*)([*?])|\\{2,}")
_ONE_AT_END = re.compile(r"(?<!\\)\\\Z")


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
    for part, after in zip_longest(parts, parts[1:]):
        if isinstance(part, Wild):
            yield _SYMBOLS[part]
            continue
        text = _SPECIAL.sub(_escaped, part)
        yield f"{text}\\" if after is not None and _ONE_AT_END.search(part) else text


def _escaped(found: re.Match[str]) -> str:
    run, special = found.group(1), found.group(2)
    return f"{run * 2}\\{special}" if special else found.group() * 2
