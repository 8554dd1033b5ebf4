"""Texts written so that a part of them is found: by a regular expression, or at a JSON path."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from transpile.ir.decide import compile_condition
from transpile.ir.pred import Matches
from transpile.ir.regex import Regex
from transpile.ir.regex import tree as t
from transpile.ir.regex.render import compile_python
from transpile.verify.samples import matching
from transpile.verify.witness.wishes import Wishes


def put_json(wishes: Wishes, source: str, path: str, value: Any) -> None:
    """Wish a JSON text with a value at a path; one that is wished already is added to."""
    try:
        whole = json.loads(wishes.values.get(source, "{}"))
    except (ValueError, TypeError):
        whole = {}
    steps = [step for step in path.replace("{}", ".{}").split(".") if step]
    wishes.values[source] = json.dumps(_placed(whole, steps, value))


def _placed(whole: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    head, *rest = steps
    if head.startswith("{"):
        items = whole if isinstance(whole, list) else []
        return [_placed(items[0] if items else None, rest, value), *items[1:]]
    known = whole if isinstance(whole, dict) else {}
    return {**known, head: _placed(known.get(head), rest, value)}


def merged(base: str, wished: str) -> str:
    """Return a JSON text with what another one holds besides; a text that is none stays."""
    if not (wished.startswith("{") and base.startswith("{")):
        return wished
    try:
        return json.dumps(_over(json.loads(base), json.loads(wished)))
    except ValueError:
        return wished


def _over(base: Any, wished: Any) -> Any:
    match base, wished:
        case dict(), dict():
            return {**base, **{key: _over(base.get(key), value) for key, value in wished.items()}}
        case [first, *rest], [other, *more]:
            return [_over(first, other), *(more or rest)]
        case _:
            return wished


def matching_with(regex: Regex, given: Mapping[int, str]) -> str | None:
    """Return a text that an expression matches, with these groups if it can, else None."""
    text = _written(regex.tree, given)
    if text is not None and groups_of(regex, text, given):
        return text
    check = compile_condition(Matches(regex))
    return next(filter(check, matching(regex.tree)), None)


def _written(node: t.Node, given: Mapping[int, str]) -> str | None:
    match node:
        case t.Capture(_, at) if at in given:
            return given[at]
        case t.Capture(body) | t.Atomic(body):
            return _written(body, given)
        case t.Repeat(body, low) if any(
            isinstance(each, t.Capture) and each.number in given for each in t.walk(body)
        ):
            once = _written(body, given)
            return None if once is None else once * max(low, 1)
        case t.Concat(items):
            return _row(_written(item, given) for item in items)
        case t.Alt(branches):
            return next((x for x in (_written(b, given) for b in branches) if x is not None), None)
        case _:
            return next(iter(matching(node)), "")


def _row(parts: Iterable[str | None]) -> str | None:
    found = list(parts)
    return None if None in found else "".join(part for part in found if part is not None)


_BETWEEN = (", ", " ", "\n", "; ", "")
"""What stands between two parts of a text."""


def put_together(text: str, known: Any, checks: Sequence[Callable[[str], bool]]) -> str:
    """Return a text in which both stand, so that all checks find their parts in it if it can be."""
    if not isinstance(known, str):
        return text
    tried = [
        sign.join(pair) for pair in ((text, known), (known, text)) for sign in _BETWEEN
    ]
    return next((each for each in tried if all(check(each) for check in checks)), tried[0])


def groups_of(regex: Regex, text: str, given: Mapping[int, str]) -> bool:
    """Return whether an expression takes these groups out of a text, first of all."""
    found = compile_python(regex).search(text)
    return found is not None and all(found[at] == value for at, value in given.items())
