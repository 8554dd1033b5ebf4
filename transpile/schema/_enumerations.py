"""Derives over enumerations: words of a Splunk field and the target's words for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from transpile.schema._data import load
from transpile.schema._rewrite import (
    ANY,
    Context,
    ForwardRule,
    Glob,
    Pairs,
    Rewrite,
    RewriteRule,
    Test,
    glob_matches,
    glob_of,
    one_of,
)

FieldPattern = tuple[str, str]
Admits = Callable[[str, Context], bool]


def enumerated(name: str) -> tuple[RewriteRule, ForwardRule, Admits]:
    """Return the rules of a value that is one of the words of an enumeration, and which those are.

    A word stands for its key and, in a vendor's field, the vendor's spellings of it. The rewrite is
    exact when every spelling was meant and no other key has the same word in the target.
    """

    def change(glob: Glob, context: Context) -> Rewrite | None:
        if glob == (ANY,):
            return one_of(Test(context.target))
        keys = _keys(name, context)
        hit = [key for key, (words, _) in keys.items() if any(glob_matches(glob, w) for w in words)]
        pairs = dict.fromkeys(pair for key in hit for pair in keys[key][1])
        if not pairs:
            return None
        others = {pair for key in keys if key not in hit for pair in keys[key][1]}
        spelled = all(glob_matches(glob, word) for key in hit for word in keys[key][0])
        tests = (_pattern_test(field, text) for field, text in pairs)
        return one_of(*tests, exact=spelled and not others & pairs.keys())

    def place(value: str, context: Context) -> Pairs:
        for words, pairs in _keys(name, context).values():
            if value.lower() in map(str.lower, words):
                return [(field, _sample(text)) for field, text in pairs[:1]]
        return []

    def known(value: str, context: Context) -> bool:
        return bool(place(value, context))

    return change, place, known


def words(name: str, context: Context) -> tuple[str, ...]:
    """Return the words of an enumeration that are known for a field."""
    return tuple(word for spelled, _ in _keys(name, context).values() for word in spelled)


@lru_cache(maxsize=4096)
def _keys(
    name: str, context: Context
) -> Mapping[str, tuple[tuple[str, ...], tuple[FieldPattern, ...]]]:
    """Return key -> (its words, the target's (field, pattern) pairs), where there are any."""
    facts: Mapping[str, Any] = load("enums.json")[name]
    found = {key: (_spellings(key, body, context.field), tuple(_values(body, context)))
             for key, body in facts.items()}
    return {key: entry for key, entry in found.items() if entry[1]}


# Splunk fields that hold a vendor's own words; the others hold those of the data models
_SPELLED_BY: Mapping[str, str] = {"ResultStatus": "o365", "outcome.result": "okta"}


def _spellings(key: str, body: Any, field: str) -> tuple[str, ...]:
    """Return the words of an entry: its key and, in a vendor's field, that vendor's spellings."""
    vendor = _SPELLED_BY.get(field)
    extra = body.get(vendor, ()) if isinstance(body, dict) and vendor else ()
    words = [extra] if isinstance(extra, str) else list(extra)
    return tuple({word.lower(): word for word in (*words, key)}.values())


_OCSF_KEYS = ("ocsf", "ocsf_action_id", "ocsf_status_id")


def _values(body: Any, context: Context) -> Iterator[tuple[str, str]]:
    keys = _OCSF_KEYS if context.taxonomy == "ocsf" else (context.taxonomy,)
    if isinstance(body, dict) and not body.keys() & {"sigma", "ecs", *_OCSF_KEYS}:
        yield from body.items()
        return
    if isinstance(body, dict):
        vendor = next(
            (word for word, mark in _VENDOR_FIELDS.items() if context.target in mark), None
        )
        body = next((body[key] for key in (vendor, *keys) if key in body), ())
    for item in body if isinstance(body, (list, tuple)) else (body,):
        yield context.target, str(item)


_VENDOR_FIELDS: Mapping[str, frozenset[str]] = {
    "okta": frozenset({"outcome.result", "okta.outcome.result"}),
    "sigma": frozenset({"winlog.event_data.EventType"}),
    "o365": frozenset({"ResultStatus", "o365.audit.ResultStatus"}),
}


def _pattern_test(field: str, text: str) -> Test:
    """Return the test of an enumeration's pattern: `A*`, `A`, or `not A`."""
    if text.startswith("not "):
        return Test(field, (text[4:],), negated=True)
    return Test(field, glob_of(text))


def _sample(text: str) -> str:
    """Return a value that meets an enumeration's pattern."""
    return "1" if text.startswith("not ") else text.replace("*", "")
