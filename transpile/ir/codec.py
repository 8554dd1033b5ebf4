"""The IR as JSON and back: `from_json(to_json(x)) == x` for every node, spans included.

A node becomes `{"is": class name, field: value ...}` without the fields that have their default.
Only the classes listed in `_CLASSES` are ever built, so reading is safe on untrusted text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from transpile.errors import Span
from transpile.ir import expr, pred, stages
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Quant
from transpile.ir.regex import Regex, parse_regex


def _classes() -> Mapping[str, type]:
    found: dict[str, type] = {}
    for module in (expr, pred, stages):
        for name, value in vars(module).items():
            if (
                isinstance(value, type)
                and dataclasses.is_dataclass(value)
                and value.__module__ == module.__name__
            ):
                found[name] = value
    return found


_CLASSES = _classes()


def to_json(value: Any, *, spans: bool = True) -> Any:
    """Return an IR node (or a tuple of nodes, a pattern, a constant) as JSON data.

    spans: with the places in the author's text, which are no part of the meaning.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case tuple():
            return [to_json(item, spans=spans) for item in value]
        case Span(start, end):
            return {"is": "Span", "range": [start, end]}
        case Quant():
            return {"is": "Quant", "value": value.value}
        case Pattern():
            return {"is": "Pattern", "parts": value.to_json()}
        case Regex():
            return {"is": "Regex", "source": value.source}
    name = type(value).__name__
    if name not in _CLASSES:
        raise TypeError(f"no IR node: {name}")
    data: dict[str, Any] = {"is": name}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if field.name == "span" and not spans:
            continue
        if field.default is dataclasses.MISSING or item != field.default:
            data[field.name] = to_json(item, spans=spans)
    return data


def from_json(data: Any) -> Any:
    """Return what `to_json` was given. Raises `ValueError` for data that is no IR."""
    if isinstance(data, list):
        return tuple(from_json(item) for item in data)
    if not isinstance(data, dict):
        return data
    match data.get("is"):
        case "Span":
            return Span(*data["range"])
        case "Quant":
            return Quant(data["value"])
        case "Pattern":
            return Pattern.from_json(data["parts"])
        case "Regex":
            return parse_regex(data["source"])
        case str(name) if name in _CLASSES:
            fields = {key: from_json(item) for key, item in data.items() if key != "is"}
            try:
                return _CLASSES[name](**fields)
            except TypeError as error:
                raise ValueError(f"no IR: {error}") from error
    raise ValueError(f"no IR: {data.get('is')!r}")
