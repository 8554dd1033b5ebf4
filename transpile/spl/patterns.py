"""A first look at regular expressions: faults that no flavour accepts.

Compiling and translating them is the business of `transpile.ir.regex`; the front end only refuses
what cannot be a regular expression at all, so that the message points into the search.
"""

from __future__ import annotations

import re

_OPENING = re.compile(r"\((?:\?(?:#[^)]*|P?<?[^)*+]?|')|\*[A-Z_]+)?")
_NAMED_CLASS = re.compile(r"\[:\^?[a-z]+:\]")


def regex_fault(pattern: str) -> str:
    """Return what is certainly wrong with a regular expression in any flavour, or "".

    Only the faults that no flavour accepts: a class or group that does not close, a closing
    parenthesis without opening, a repetition of nothing.  Compiling is the business of the IR.
    """
    depth = position = 0
    repeatable = False
    while position < len(pattern):
        char = pattern[position]
        if pattern.startswith(r"\Q", position):
            end = pattern.find(r"\E", position)
            position, repeatable = (len(pattern) if end < 0 else end + 2), True
            continue
        if char == "\\":
            position += 2
            repeatable = True
            continue
        if char == "[":
            end = _class_end(pattern, position)
            if end < 0:
                return "a character class is never closed"
            position, repeatable = end, True
            continue
        if char in "*+?" and not repeatable:
            return f"nothing before '{char}' to repeat"
        if char == "(":
            depth += 1
            opening = _OPENING.match(pattern, position)
            position = opening.end() if opening else position + 1
            repeatable = opening is not None and len(opening.group()) > 1
            continue
        if char == ")":
            depth -= 1
            if depth < 0:
                return "a closing parenthesis was never opened"
        repeatable = char not in "|"
        position += 1
    return "a group is never closed" if depth else ""


def _class_end(pattern: str, start: int) -> int:
    """Return the offset behind the character class that begins at `start`, or -1."""
    position = start + 1
    if pattern.startswith("^", position):
        position += 1
    if pattern.startswith("]", position):
        position += 1
    while position < len(pattern):
        if pattern[position] == "\\":
            position += 2
        elif named := _NAMED_CLASS.match(pattern, position):
            position = named.end()
        elif pattern[position] == "]":
            return position + 1
        else:
            position += 1
    return -1
