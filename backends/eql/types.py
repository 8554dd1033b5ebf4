"""Elasticsearch field types and what EQL can do with them: spec/eql-semantics.md 2.7 to 2.12."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from transpile.ir.expr import Field
from transpile.ir.pred import Not, Pred, Test, TextEq, all_of, any_of
from transpile.schema.ecs import ecs_type
from transpile.schema.fields import FieldTarget

Family = Literal["string", "number", "boolean", "ip", "date"]

_TYPES: Mapping[Family, tuple[str, ...]] = {
    "string": ("keyword", "constant_keyword", "wildcard", "flattened"),
    "number": (
        "long", "integer", "short", "byte", "unsigned_long",
        "double", "float", "half_float", "scaled_float",
    ),
    "boolean": ("boolean",),
    "ip": ("ip",),
    "date": ("date", "date_nanos"),
}  # fmt: skip
FAMILY: Mapping[str, Family] = {kind: name for name, kinds in _TYPES.items() for kind in kinds}

TEXT = frozenset({"text", "match_only_text"})
"""Types that EQL refuses to compare; queries are emitted as if they were `wildcard`."""

_PLAIN: Mapping[str, str] = {
    "string": "keyword", "int": "long", "bool": "boolean", "time": "date",
}  # fmt: skip


def elastic_type(field: str, target: FieldTarget | None = None) -> str:
    """Return the Elasticsearch type of a field: as ECS says, else its target, else keyword."""
    known = ecs_type(field)
    if known is not None:
        return known
    kind = target.type if target is not None else "keyword"
    return _PLAIN.get(kind, kind)


def spelled(name: str, *texts: str) -> Pred:
    """Return that a field of the source that has one of some values has it in this spelling."""
    field = Field(name)
    return all_of(
        any_of((Not(Test(field, TextEq(text))), Test(field, TextEq(text, cased=True))))
        for text in texts
    )


def spelled_as_boolean(name: str) -> Pred:
    """Return that a key is spelled one way: a boolean is one key however the event spells it."""
    return spelled(name, "true", "false")


def boolean_text(name: str) -> str:
    """Return the assumption of `spelled_as_boolean`."""
    return f"{name} is spelled true or false, in small letters"
