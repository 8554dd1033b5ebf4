"""Frozen records that are made by the thousand: made, and made again, at a fraction of the cost.

The constructor that `dataclass` writes for a frozen class looks up `object.__setattr__` and then
the slot by its name, for each field; the one written here sets the slots. Nothing else differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")

_Again = tuple[Callable[[Any, Mapping[str, Any]], Any] | None, frozenset[str]]

_AGAIN: dict[type, _Again] = {}
"""Class -> what makes an object of it again with some fields changed, and which there are."""

_UNKNOWN: _Again = (None, frozenset())


def quick(cls: type[T]) -> type[T]:
    """Give a dataclass (frozen, slots) a faster constructor, of the same signature.

    It is written when the first object is made, for a run does not use most classes.
    """

    changed: Any = cls

    def first(self: Any, *args: Any, **named: Any) -> None:
        _write(changed)
        changed.__init__(self, *args, **named)

    changed.__init__ = update_wrapper(first, changed.__init__)
    return cls


class Quick:
    """Base of dataclasses that are all `quick`."""

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take the class that `dataclass` has made anew with slots."""
        super().__init_subclass__(**kwargs)
        if "__dataclass_fields__" in cls.__dict__:
            quick(cls)


def _write(cls: Any) -> None:
    """Write the constructor of a class, and what makes an object of it again."""
    declared = fields(cls)
    plain = [_parameter(field) for field in declared if not field.kw_only]
    named = [_parameter(field) for field in declared if field.kw_only]
    head = ", ".join(["self", *plain, *(["*", *named] if named else [])])
    end = ["self.__post_init__()"] if hasattr(cls, "__post_init__") else []
    made = [
        f"def __init__({head}):",
        *(f"_set_{field.name}(self, {_value(field)})" for field in declared),
        *end,
        "return None",
    ]
    again = ["def again(old, changes):", "self = _new(_class)"]
    for name in (field.name for field in declared):
        again.append(f"_set_{name}(self, changes['{name}'] if '{name}' in changes else old.{name})")
    again += [*end, "return self"]
    known: dict[str, Any] = {"_MISSING": MISSING, "_new": object.__new__, "_class": cls}
    for field in declared:
        known[f"_set_{field.name}"] = getattr(cls, field.name).__set__
        known[f"_default_{field.name}"] = field.default
        known[f"_make_{field.name}"] = field.default_factory
    exec("\n".join("\n ".join(lines) for lines in (made, again)), known)
    cls.__init__ = update_wrapper(known["__init__"], cls.__init__)
    _AGAIN[cls] = known["again"], frozenset(field.name for field in declared)


def _parameter(field: Field[Any]) -> str:
    if field.default_factory is not MISSING:
        return f"{field.name}=_MISSING"
    return field.name if field.default is MISSING else f"{field.name}=_default_{field.name}"


def _value(field: Field[Any]) -> str:
    if field.default_factory is MISSING:
        return field.name
    return f"_make_{field.name}() if {field.name} is _MISSING else {field.name}"


if TYPE_CHECKING:
    from dataclasses import replace as replace
else:
    from dataclasses import replace as _replace

    def replace(record, /, **changes):
        """Return `dataclasses.replace(record, **changes)`, faster for a quick class."""
        again, names = _AGAIN.get(type(record), _UNKNOWN)
        if again is None or not changes.keys() <= names:  # of an unknown name it tells
            return _replace(record, **changes)
        return again(record, changes)
