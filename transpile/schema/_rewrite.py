"""The vocabulary of derives: globs, tests of target fields, and rewrites made of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from transpile.records import dataclass


class Wild(Enum):
    """A wildcard of a glob."""

    ANY = "*"
    ONE = "?"


Glob = tuple[str | Wild, ...]
Pairs = list[tuple[str, str]]
ANY = Wild.ANY


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a target field: its value matches `glob`, or with `glob` None it exists.

    negated: the field exists and does not match; with `glob` None: it is missing.
    """

    __test__ = False  # not a test case for pytest

    field: str
    glob: Glob | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Tests in conjunctive form: of each group one must hold.

    exact: the tests hold for the same events as the pattern, under `Derive.assumes`; else they can
    hold for more.  bounded: a separator that the wildcards behind the first chunk must not cross;
    a target with regular expressions that forbids it there makes an inexact rewrite exact.
    followed: a separator; what the (one) test's pattern matches is followed by it and by a text
    without it, which no wildcard says.  caseless: exact for a test that ignores case.
    """

    groups: tuple[tuple[Test, ...], ...]
    exact: bool
    bounded: str | None = None
    followed: str | None = None
    caseless: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """Where a derive is applied: the Splunk field, its target, `also` fields, path separator."""

    field: str
    target: str
    also: tuple[str, ...] = ()
    taxonomy: str = "sigma"
    separator: str = "\\"


RewriteRule = Callable[[Glob, Context], Rewrite | None]
ForwardRule = Callable[[str, Context], Pairs]


def _anything(value: str, context: Context) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Derive:
    """One way in which values change.

    computed: the target holds an expression's operand, so tests on the Splunk field become tests
    of that expression (`doc` says which), not globs.  assumes: what a rewrite takes for granted
    of the values, as an assumption to report; empty: nothing.  admits: whether a value is such.
    """

    doc: str
    rewrite: RewriteRule
    forward: ForwardRule
    computed: bool = False
    assumes: str = ""
    admits: Callable[[str, Context], bool] = _anything


def glob_of(text: str) -> Glob:
    """Return the glob of a text in which `*` is a wildcard and nothing is escaped."""
    chunks = re.split(r"(\*)", text)
    return normal(ANY if chunk == "*" else chunk for chunk in chunks)


def normal(parts: Iterable[str | Wild]) -> Glob:
    """Return the glob with neighbouring chunks joined and repeated any-runs made one."""
    out: list[str | Wild] = []
    for part in parts:
        last = out[-1] if out else None
        if part == "" or (part is ANY and last is ANY):
            continue
        if isinstance(part, str) and isinstance(last, str):
            out[-1] = last + part
        else:
            out.append(part)
    return tuple(out)


def glob_matches(glob: Glob, text: str) -> bool:
    """Return whether the whole text matches, ignoring case."""
    return _pattern(glob).fullmatch(text) is not None


@lru_cache(maxsize=8192)
def _pattern(glob: Glob) -> re.Pattern[str]:
    wild = {Wild.ANY: ".*", Wild.ONE: "."}
    parts = (wild[part] if isinstance(part, Wild) else re.escape(part) for part in glob)
    return re.compile("".join(parts), re.DOTALL | re.IGNORECASE)


def holds(rewrite: Rewrite, event: Mapping[str, Any]) -> bool:
    """Return whether an event in the target taxonomy (flat names) passes a rewrite's tests."""
    if rewrite.followed is not None:
        event = {name: _without_last(value, rewrite.followed) for name, value in event.items()}
    return all(any(_holds(test, event) for test in group) for group in rewrite.groups)


def _without_last(value: Any, separator: str) -> list[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [str(item).rpartition(separator)[0] for item in values if separator in str(item)]


def one_of(*tests: Test, exact: bool = True, bounded: str | None = None) -> Rewrite:
    return Rewrite((tests,), exact, bounded)


def _holds(test: Test, event: Mapping[str, Any]) -> bool:
    value = event.get(test.field)
    values = value if isinstance(value, list) else [] if value is None else [value]
    glob = test.glob
    if glob is None:
        return (not values) if test.negated else bool(values)
    found = any(glob_matches(glob, str(item)) for item in values)
    return bool(values) and not found if test.negated else found
