"""Field names with wildcards: `*` stands for any run of characters and carries it over."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

NAME_PART = re.compile(r"\{([^{}]+)\}")
"""A part of a name that stands for the value of another field: `{f}`."""


@lru_cache(maxsize=4096)
def name_matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Return a function that matches a field name; each `*` is a group of the match.

    A leading `*` does not take in internal names (those that begin with `_`).
    """
    first, *parts = [re.escape(part) for part in pattern.split("*")]
    guard = "(?!_)" if pattern.startswith("*") else ""
    # The first place of each part but the last is as good as any: atomic, so none is tried twice.
    inner = "".join(f"(?>(.*?){part})" for part in parts[:-1])
    last = f"(.*?){parts[-1]}" if parts else ""
    return re.compile(guard + first + inner + last, re.DOTALL).fullmatch


def match_name(pattern: str, name: str) -> re.Match[str] | None:
    """Return the match of a name (its groups are what each `*` stands for), or None."""
    return name_matcher(pattern)(name)


def carried(pattern: str, found: re.Match[str]) -> str:
    """Return a pattern whose `*` are replaced, in order, by the matched parts."""
    parts = pattern.split("*")
    filled = [parts[0]]
    for part, group in zip(parts[1:], (*found.groups(), *[""] * len(parts)), strict=False):
        filled += [group, part]
    return "".join(filled)


def rename_name(name: str, old: str, new: str) -> str:
    """Return the name after `rename old AS new`; a name that does not match stays."""
    found = match_name(old, name)
    return name if found is None else carried(new, found)


def unrename(name: str, old: str, new: str) -> str | None:
    """Return the name that `rename old AS new` would turn into `name`, None if there is none."""
    found = match_name(new, name)
    return None if found is None else carried(old, found)
