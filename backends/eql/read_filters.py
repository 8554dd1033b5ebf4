"""What an Elastic rule asks for beside its query: filters of Kibana, new terms, indicators.

A filter is a condition like any other. New terms and indicators speak of other events than the one
that is looked at: they are kept as what they are, a further filter that is not computed here.
Source: spec/eql-semantics.md 15 and 16.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from transpile.backends.eql.read_kql import condition

from transpile.errors import ReadingError
from transpile.ir import stages as s
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import TRUE, Exists, Glob, Pred, Test, all_of, negate

_PIECE = re.compile(r"\\(?P<char>.)|(?P<wild>[*?])|(?P<text>[^\\*?]+)", re.DOTALL)
_WILDCARDS = {"*": Wild.RUN, "?": Wild.ONE}


def filters(options: Mapping[str, Any]) -> Pred:
    """Return what the filters beside a query ask for. Raises `ReadingError` CNT410."""
    return all_of(map(_filter, options.get("filters") or ()))


def _filter(item: Any) -> Pred:
    meta = item.get("meta") or {}
    if meta.get("disabled"):
        return TRUE
    query = item.get("query") or {name: item[name] for name in _FORMS if name in item}
    if len(query) != 1 or (kind := next(iter(query))) not in _FORMS:
        raise ReadingError(f"a filter of this form is not read: {', '.join(query) or 'empty'}")
    found = _FORMS[kind](query[kind])
    return negate(found) if meta.get("negate") else found


def _wildcard(asked: Mapping[str, Any]) -> Pred:
    ((name, told),) = asked.items()
    told = told if isinstance(told, Mapping) else {"value": told}
    parts = (_part(match) for match in _PIECE.finditer(str(told["value"])))
    return Test(Field(name), Glob(Pattern.of(*parts), not told.get("case_insensitive", False)))


def _part(match: re.Match[str]) -> str | Wild:
    return _WILDCARDS[match["wild"]] if match["wild"] else match["char"] or match["text"]


def _phrase(asked: Mapping[str, Any]) -> Pred:
    ((name, told),) = asked.items()
    text = told.get("query", told.get("value")) if isinstance(told, Mapping) else told
    return Test(Field(name), condition(name, Pattern.literal(str(text))))


def _exists(asked: Mapping[str, Any]) -> Pred:
    return Exists(Field(str(asked["field"])))


_FORMS: Mapping[str, Callable[[Mapping[str, Any]], Pred]] = {
    "exists": _exists,
    "match_phrase": _phrase,
    "term": _phrase,
    "wildcard": _wildcard,
}


def beyond(options: Mapping[str, Any]) -> Iterator[s.Stage]:
    """Yield what a rule of such a type asks of an event that its query finds."""
    match options.get("type"):
        case "new_terms":
            told = options.get("new_terms") or {}
            names = ", ".join(map(str, told.get("value") or ())) or "its fields"
            starts = [str(each.get("value")) for each in told.get("history_window_start") or ()]
            since = f" since {starts[0]}" if starts else ""
            reason = f"an event counts only if its {names} were not seen before{since}"
            yield s.Opaque("new_terms", reason, filters=True)
        case "threat_match":
            pairs = ", ".join(_mapped(options))
            reason = f"an event counts only if a list of indicators has its {pairs or 'values'}"
            yield s.Opaque("threat_match", reason, filters=True)
        case _:
            pass


def _mapped(options: Mapping[str, Any]) -> dict[str, None]:
    entries = (e for each in options.get("threat_mapping") or () for e in each.get("entries") or ())
    return dict.fromkeys(str(entry.get("field")) for entry in entries)
