"""Wildcard patterns: literal text, any run of characters, any one character.

A pattern describes a whole value. SPL's `*`, SQL's `%` and `_` and Sigma's `*` and `?` become the
same two wildcards here; each backend writes them with the escapes of its own language.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from itertools import groupby

from transpile.ir.text import fold
from transpile.records import dataclass


class Wild(Enum):
    """A wildcard. Both accept every character, newlines included."""

    RUN = "run"
    ONE = "one"

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is slow


Part = str | Wild

_DISPLAY = str.maketrans({"\\": r"\\", "*": r"\*", "?": r"\?"})
_SYMBOL = {Wild.RUN: "*", Wild.ONE: "?"}
_REGEX = {Wild.RUN: ".*", Wild.ONE: "."}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern for a whole value; build it with `of`, `literal`, `from_spl` or `from_like`.

    parts: no two literals in a row, no empty literal, at most one `RUN` between two literals, and
    `ONE` before `RUN`. So two patterns of the same shape are equal.
    """

    parts: tuple[Part, ...]

    @classmethod
    def of(cls, *parts: Part) -> Pattern:
        """Return the pattern of these parts, normalised."""
        if _is_normal(parts):
            return cls(parts)
        merged: list[Part] = []
        for wild, group in groupby(parts, key=lambda part: isinstance(part, Wild)):
            if wild:
                wilds = list(group)
                merged += [Wild.ONE] * wilds.count(Wild.ONE)
                merged += [Wild.RUN] * (Wild.RUN in wilds)
            elif text := "".join(part for part in group if isinstance(part, str)):
                merged.append(text)
        # an empty literal between two wildcards vanished: the wildcards are neighbours now
        return cls.of(*merged)

    @classmethod
    def literal(cls, text: str) -> Pattern:
        """Return the pattern that accepts `text` only."""
        return cls.of(text)

    @classmethod
    def from_spl(cls, value: str) -> Pattern:
        """Return the pattern of an SPL search value: `*` is a run, all else literal, `?` too.

        value: after the unescaping of backslashes (spec/spl-semantics.md 1.3, 1.4).
        """
        return cls.of(*(Wild.RUN if part == "*" else part for part in re.split(r"(\*)", value)))

    @classmethod
    def from_like(cls, value: str) -> Pattern:
        """Return the pattern of `like()`: `%` is a run, `_` one character, there is no escape.

        Source: spec/spl-semantics.md 3.4.
        """
        wilds = {"%": Wild.RUN, "_": Wild.ONE}
        return cls.of(*(wilds.get(part, part) for part in re.split("([%_])", value)))

    @property
    def is_literal(self) -> bool:
        """True if the pattern has no wildcard."""
        return not any(isinstance(part, Wild) for part in self.parts)

    @property
    def text(self) -> str:
        """The text that a literal pattern accepts. Raises ValueError for one with wildcards."""
        if not self.is_literal:
            raise ValueError(f"the pattern {self} has wildcards")
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def matches_all(self) -> bool:
        """True if every value matches."""
        return self.parts == (Wild.RUN,)

    def as_prefix(self) -> str | None:
        """Return `x` if the pattern is "starts with x" (x not empty), else None."""
        match self.parts:
            case (str() as text, Wild.RUN):
                return text
            case _:
                return None

    def as_suffix(self) -> str | None:
        """Return `x` if the pattern is "ends with x" (x not empty), else None."""
        match self.parts:
            case (Wild.RUN, str() as text):
                return text
            case _:
                return None

    def as_contains(self) -> str | None:
        """Return `x` if the pattern is "contains x" (x not empty), else None."""
        match self.parts:
            case (Wild.RUN, str() as text, Wild.RUN):
                return text
            case _:
                return None

    def __str__(self) -> str:
        """Wildcards as `*` and `?`; a literal `*`, `?` or backslash stands after a backslash."""
        return "".join(
            _SYMBOL[part] if isinstance(part, Wild) else part.translate(_DISPLAY)
            for part in self.parts
        )

    def folded(self) -> Pattern:
        """Return the pattern with its literals folded (`ir.text.fold`)."""
        return Pattern(tuple(fold(part) if isinstance(part, str) else part for part in self.parts))

    def matcher(self, case_sensitive: bool) -> Callable[[str], bool]:
        """Return a function that decides whether a whole value matches.

        Without `case_sensitive` both sides are folded (`ir.text.fold`).
        """
        if case_sensitive:
            return _exact_matcher(self)
        inner = _exact_matcher(self.folded())
        return lambda value: inner(fold(value))

    def to_json(self) -> list[str | dict[str, str]]:
        """Return the parts as JSON: a string is literal, `{"wild": "run"}` a wildcard."""
        return [{"wild": p.value} if isinstance(p, Wild) else p for p in self.parts]

    @classmethod
    def from_json(cls, data: list[str | dict[str, str]]) -> Pattern:
        """Return the pattern that `to_json` wrote. Raises KeyError, ValueError for other data."""
        return cls.of(*(p if isinstance(p, str) else Wild(p["wild"]) for p in data))


def _is_normal(parts: tuple[Part, ...]) -> bool:
    """Return whether parts are as `Pattern` wants them."""
    before: Part = Wild.ONE
    for part in parts:
        if isinstance(part, str):
            if not part or isinstance(before, str):
                return False
        elif before is Wild.RUN:
            return False
        before = part
    return True


def _exact_matcher(pattern: Pattern) -> Callable[[str], bool]:
    match pattern.parts:
        case ():
            return lambda value: not value
        case (str() as text,):
            return lambda value: value == text
        case (Wild.RUN,):
            return lambda value: True
        case (str() as text, Wild.RUN):
            return lambda value: value.startswith(text)
        case (Wild.RUN, str() as text):
            return lambda value: value.endswith(text)
        case (Wild.RUN, str() as text, Wild.RUN):
            return lambda value: text in value
        case _:
            search = _compile(pattern).fullmatch
            return lambda value: search(value) is not None


@lru_cache(maxsize=4096)
def _compile(pattern: Pattern) -> re.Pattern[str]:
    """Return a regular expression for the whole value that never backtracks into a past run.

    The first place where the text up to the next run occurs is always good enough, so each run is
    atomic together with the text behind it; only the last stretch is bound to the end.
    """
    runs: list[list[Part]] = [[]]
    for part in pattern.parts:
        if part is Wild.RUN:
            runs.append([])
        else:
            runs[-1].append(part)
    written = ["".join(_regex_of(part) for part in run) for run in runs]
    if len(written) == 1:
        return re.compile(written[0], re.DOTALL)
    head, *middle, tail = written
    chunks = "".join(f"(?>.*?{chunk})" for chunk in middle)
    return re.compile(f"{head}{chunks}.*{tail}", re.DOTALL)


def _regex_of(part: Part) -> str:
    return re.escape(part) if isinstance(part, str) else _REGEX[part]


# -- relations ------------------------------------------------------------------------------------


def implies(narrow: Pattern, wide: Pattern) -> bool:
    """Return True only if every text that `narrow` accepts is accepted by `wide`.

    Sound; complete if `wide` has no `ONE`. The wildcards of `narrow` stand for characters that
    occur in no literal, so only a wildcard of `wide` takes them.
    Case-sensitive: fold both patterns first for the other reading.
    """
    return _covers(_symbols(narrow), _symbols(wide))


def disjoint(left: Pattern, right: Pattern) -> bool:
    """Return True only if no text is accepted by both patterns.

    Exact. Case-sensitive: fold both patterns first for the other reading.
    """
    return not _meet(_symbols(left), _symbols(right))


def _symbols(pattern: Pattern) -> tuple[Part, ...]:
    """Return the pattern one character or wildcard at a time."""
    return tuple(
        symbol
        for part in pattern.parts
        for symbol in ((part,) if isinstance(part, Wild) else tuple(part))
    )


def _covers(narrow: tuple[Part, ...], wide: tuple[Part, ...]) -> bool:
    """Match `wide` against `narrow` read as a text whose wildcards are characters of their own."""
    states = _skip_runs({0}, wide)
    for symbol in narrow:
        following = set()
        for at in states:
            if at == len(wide):
                continue
            if wide[at] is Wild.RUN:
                following.add(at)
            elif symbol is not Wild.RUN and wide[at] in (symbol, Wild.ONE):
                following.add(at + 1)
        states = _skip_runs(following, wide)
    return len(wide) in states


def _skip_runs(states: set[int], symbols: tuple[Part, ...]) -> set[int]:
    """Return the positions reachable when a run may be empty."""
    reached = set(states)
    for at in sorted(states):
        if at < len(symbols) and symbols[at] is Wild.RUN:
            reached.add(at + 1)
    return reached


def _meet(left: tuple[Part, ...], right: tuple[Part, ...]) -> bool:
    """Decide whether some text is accepted by both, by a table over pairs of positions."""
    seen = {(0, 0)}
    todo = [(0, 0)]
    while todo:
        i, j = todo.pop()
        if (i, j) == (len(left), len(right)):
            return True
        steps = []
        a = left[i] if i < len(left) else None
        b = right[j] if j < len(right) else None
        if a is Wild.RUN:
            steps += [(i + 1, j)] + [(i, j + 1)] * (b is not None)
        if b is Wild.RUN:
            steps += [(i, j + 1)] + [(i + 1, j)] * (a is not None)
        if a is not None and b is not None and (a == b or Wild.ONE in (a, b)):
            steps.append((i + 1, j + 1))
        for step in steps:
            if step not in seen:
                seen.add(step)
                todo.append(step)
    return False
