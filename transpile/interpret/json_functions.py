"""Functions over JSON text (spl-semantics 3.9); text that is no JSON gives missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from transpile.interpret.structured import (
    Step,
    at_path,
    json_nodes,
    json_text,
    load_json,
    path_steps,
)
from transpile.ir.decide import Scalar, text


def _dump(node: Any) -> str:
    return json.dumps(node, ensure_ascii=False, separators=(",", ":"))


def _reading(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with its first argument read as JSON; missing if it is none."""

    @wraps(run)
    def read(value: Scalar, *rest: Scalar) -> Any:
        try:
            document = load_json(text(value))
        except ValueError:
            return None
        return run(document, *rest)

    return read


def _nodes(document: Any, path: str) -> list[Any]:
    return list(json_nodes(document, path_steps(path)))


def _one(found: list[Any], several: bool) -> Any:
    """Return what a path found: nothing is None, several matches are an array."""
    if not found:
        return None
    return found if several else found[0]


@_reading
def json_extract(document: Any, *paths: Scalar) -> Scalar | None:
    """Return the value at a path; of several paths an array; without one the whole document."""
    found = [_one(_nodes(document, text(p)), "{}" in text(p)) for p in paths]
    if not paths:
        return json_text(document)
    if len(paths) > 1:
        return _dump(found)
    return None if found[0] is None else json_text(found[0])


@_reading
def json_extract_exact(document: Any, *keys: Scalar) -> Scalar | None:
    """Return the member of an object by its literal name; of several names an array."""
    if not isinstance(document, dict):
        return None
    found = [document.get(text(key)) for key in keys]
    if len(keys) > 1:
        return _dump(found)
    return json_text(found[0]) if keys and found[0] is not None else None


@_reading
def json_keys(document: Any) -> str | None:
    """Return the member names of an object as a JSON array."""
    return _dump(list(document)) if isinstance(document, dict) else None


def json_valid(value: Scalar) -> int:
    """Return 1 if the text is JSON, else 0."""
    try:
        load_json(text(value))
    except ValueError:
        return 0
    return 1


def json_object(*lists: list[Scalar]) -> str | None:
    """Return a JSON object of alternating keys and values; a pair without a key is left out."""
    keys, values = lists[::2], lists[1::2]
    if len(keys) != len(values):
        return None
    return _dump({text(k[0]): _argument(v) for k, v in zip(keys, values, strict=True) if k})


def json_array(*lists: list[Scalar]) -> str:
    """Return a JSON array of all values of the arguments; a missing one is null."""
    return _dump([_native(value) for values in lists for value in values or (None,)])


def _argument(values: list[Scalar]) -> Any:
    if not values:
        return None
    return _native(values[0]) if len(values) == 1 else [_native(value) for value in values]


def _native(value: Scalar | None) -> Any:
    """Return JSON text as what it says if it is an object or array; else the value itself."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return load_json(value)
        except ValueError:
            return value
    return value


def _changing(change: Callable[[Any, Any], Any]) -> Callable[..., str | None]:
    """Return a function of (document, path, value, path, value ...) that changes each path."""

    @_reading
    def run(document: Any, *pairs: Scalar) -> str | None:
        for path, value in zip(pairs[::2], pairs[1::2], strict=False):
            document = _changed(document, path_steps(text(path)), _native(value), change)
        return _dump(document)

    return run


def _changed(
    node: Any, steps: tuple[Step, ...], value: Any, change: Callable[[Any, Any], Any]
) -> Any:
    if not steps:
        return change(node, value)
    (kind, name), rest = steps[0], steps[1:]
    if kind == "name" and isinstance(node, dict):
        return {**node, name: _changed(node.get(name), rest, value, change)}
    if kind == "name" and node is None:
        return {name: _changed(None, rest, value, change)}
    if isinstance(node, list) and kind in ("all", "index"):
        return [
            _changed(item, rest, value, change) if kind == "all" or at == int(name) else item
            for at, item in enumerate(node)
        ]
    return node


def _append(node: Any, value: Any) -> Any:
    return [*node, value] if isinstance(node, list) else node


def _extend(node: Any, value: Any) -> Any:
    more = value if isinstance(value, list) else [value]
    return [*node, *more] if isinstance(node, list) else node


JSON_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "spath": lambda value, path: at_path(text(value), text(path)),
    "json_extract": json_extract,
    "json_extract_exact": json_extract_exact,
    "json_object": json_object,
    "json_array": json_array,
    "json_keys": json_keys,
    "json_set": _changing(lambda node, value: value),
    "json_append": _changing(_append),
    "json_extend": _changing(_extend),
    "json_valid": json_valid,
}
