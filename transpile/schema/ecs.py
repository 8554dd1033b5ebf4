"""The Elastic Common Schema: which fields it has, and their Elasticsearch types."""

from __future__ import annotations

from transpile.schema._data import load


def version() -> str:
    """Return the version of the field list."""
    found: str = load("ecs.json")["version"]
    return found


def is_ecs(field: str) -> bool:
    """Return whether the schema defines a field."""
    return field in load("ecs.json")["fields"]


def ecs_type(field: str) -> str | None:
    """Return the Elasticsearch type of a field (`keyword`, `long`, `ip` ...), None if unknown."""
    found: str | None = load("ecs.json")["fields"].get(field)
    return found


def fields_like(pattern: str) -> tuple[str, ...]:
    """Return the fields that a name with `*` for any run stands for."""
    from fnmatch import translate
    from re import compile

    matches = compile(translate(pattern.replace("[", "[[]").replace("?", "[?]"))).match
    return tuple(name for name in load("ecs.json")["fields"] if matches(name))
