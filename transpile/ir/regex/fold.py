"""Letter case as regular expressions see it: one character to one character."""

from __future__ import annotations

from functools import lru_cache

_MANY = 512  # a range of so many characters is taken to have letters in it


@lru_cache(maxsize=4096)
def variants(char: str) -> str:
    """Return the character and its lower and upper case where these are one character, sorted.

    The two signs that fold to an ASCII letter, U+017F and U+212A, are not variants of that letter.
    """
    both = {char} | {other for other in (char.lower(), char.upper()) if len(other) == 1}
    return "".join(sorted(both if not char.isascii() else {c for c in both if c.isascii()}))


def is_cased(char: str) -> bool:
    """Return True if another character equals `char` without regard to case."""
    return len(variants(char)) > 1


def is_cased_range(low: int, high: int) -> bool:
    """Return True if some character of the range may be cased."""
    return high - low > _MANY or any(is_cased(chr(code)) for code in range(low, high + 1))
