"""Typed access to a mapping read from a file: a wrong type is an error that names the key's place.

Absent keys and keys without a value give the empty value of the asked type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from transpile.errors import ContentError
from transpile.records import dataclass

Key = tuple[str | int, ...]

_TRUTH = {"true": True, "t": True, "1": True, "yes": True,
          "false": False, "f": False, "0": False, "no": False}  # fmt: skip
_KINDS = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false",
          int: "a number", float: "a number"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a mapping was read: the file's text and path, and the number of the YAML document."""

    text: str = ""
    path: str | None = None
    document: int = 0


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping and its place in the file. Every method raises ContentError CNT408."""

    data: Mapping[Any, Any]
    origin: Origin = field(default=Origin())
    where: Key = ()

    def text(self, key: str, default: str = "") -> str:
        """Return a text; a number is taken as the text that it was written as."""
        value = self.data.get(key)
        if value is None:
            return default
        if isinstance(value, str):
            return value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        raise self.wrong(key, "a text")

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; a single text is a list of one."""
        value = self.data.get(key)
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list):
            raise self.wrong(key, "a list of texts")
        for index, item in enumerate(value):
            if isinstance(item, (dict, list, bool)) or item is None:
                raise self.wrong(key, "a list of texts", (index,))
        return tuple(map(str, value))

    def number(self, key: str) -> float | None:
        """Return a number, also if it is written in quotes; None if absent."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, (bool, dict, list)):
            try:
                return float(value)
            except ValueError:
                pass
        raise self.wrong(key, "a number")

    def integer(self, key: str) -> int | None:
        """Return a whole number; None if absent."""
        value = self.number(key)
        if value is not None and not value.is_integer():
            raise self.wrong(key, "a whole number")
        return None if value is None else int(value)

    def truth(self, key: str, default: bool) -> bool:
        """Return true or false, also if it is written as text, as Splunk's files do."""
        value = self.data.get(key)
        if value is None:
            return default
        found = _TRUTH.get(str(value).strip().lower())
        if found is None:
            raise self.wrong(key, "true or false")
        return found

    def child(self, key: str) -> Fields:
        """Return the mapping under a key, an empty one if absent."""
        value = self.data.get(key)
        if value is None:
            return Fields({}, self.origin, (*self.where, key))
        if not isinstance(value, dict):
            raise self.wrong(key, "a mapping")
        return Fields(value, self.origin, (*self.where, key))

    def children(self, key: str) -> tuple[Fields, ...]:
        """Return the list of mappings under a key; a single mapping is a list of one."""
        value = self.data.get(key)
        if value is None:
            return ()
        if isinstance(value, dict):
            return (self.child(key),)
        if not isinstance(value, list):
            raise self.wrong(key, "a list of mappings")
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                raise self.wrong(key, "a list of mappings", (index,))
        return tuple(
            Fields(item, self.origin, (*self.where, key, index)) for index, item in enumerate(value)
        )

    def wrong(self, key: str, wanted: str, item: Key = ()) -> ContentError:
        """Return the error for a value of the wrong type, placed at the value."""
        from transpile.content.yaml import scalar_map

        place = (*self.where, key, *item)
        value: Any = self.data[key]
        for step in item:
            value = value[step]
        found = _KINDS.get(type(value), "nothing")
        message = f"'{'.'.join(map(str, place))}' must be {wanted}, not {found}"
        mapped = scalar_map(self.origin.text, self.origin.document, place)
        if mapped is None:
            return ContentError(message, code="CNT408", path=self.origin.path)
        line, column = mapped.place(mapped.start)
        return ContentError(
            message,
            code="CNT408",
            path=self.origin.path,
            line=line,
            column=column,
            snippet=mapped.line(line),
            width=max(1, mapped.end - mapped.start),
        )
