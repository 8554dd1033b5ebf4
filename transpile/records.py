"""Data classes that are made by the thousand, in a program that starts often.

`dataclass` here does what `dataclasses.dataclass` does, at a fraction of two costs. The other
writes six functions per class when a module is imported, of which a run uses few: here the
constructor is written when the first object is made, what changes one when the first is changed,
and the rest is shared. And its constructor of
a frozen class looks up `object.__setattr__` and then the slot by its name, for each field: the one
written here sets the slots.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from dataclasses import dataclass as _dataclass
from operator import attrgetter
from reprlib import recursive_repr
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

_Again = tuple[Callable[[Any, Mapping[str, Any]], Any] | None, frozenset[str]]

_UNKNOWN: _Again = (None, frozenset())


class _Changers(dict[type, _Again]):
    """Class -> what makes an object of it again with some fields changed, and which there are."""

    def __missing__(self, kind: type) -> _Again:
        if kind not in _WRITTEN:
            return _UNKNOWN
        self[kind] = _changer(kind)
        return self[kind]


_AGAIN = _Changers()
_WRITTEN: set[type] = set()
"""Classes that have their constructor."""


class _Factory:
    """Stands for a default that is made for each object."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


def _record(cls: Any, *, frozen: bool, eq: bool, **options: Any) -> Any:
    """Return the class as a data class; what it writes itself stays.

    `keep_hash` of a base is given what takes an object's values, and returns the hash function.
    """
    own = frozenset(vars(cls))
    made: Any = _dataclass(init=False, repr=False, eq=False, **options)(cls)
    shared: dict[str, Any] = {"__init__": _constructor(made), "__repr__": _told}
    if eq:
        values = _values(tuple(field.name for field in fields(made) if field.compare))
        shared |= {"__eq__": _equality(values), "__hash__": None}
        if frozen:
            shared["__hash__"] = getattr(made, "keep_hash", _hash)(values)
    if frozen:
        shared |= {"__setattr__": _refuse, "__delattr__": _refuse}
        shared |= {"__getstate__": _state, "__setstate__": _with_state}
    for name, function in shared.items():
        if name not in own:
            setattr(made, name, function)
    if "__init__" not in own:
        made.__signature__ = _Signature()
    return made


# -- what a class is given -------------------------------------------------------------------------


def _constructor(cls: Any) -> Callable[..., None]:
    """Return the constructor until there is one: it writes that."""

    def first(self: Any, *args: Any, **named: Any) -> None:
        _write(cls)
        cls.__init__(self, *args, **named)

    return first


class _Signature:
    """The signature of a class, which its written constructor has."""

    def __get__(self, item: object, cls: Any) -> inspect.Signature:
        if item is not None:
            raise AttributeError("__signature__")
        if cls not in _WRITTEN:
            _write(cls)
        signature = inspect.signature(cls.__init__)
        return signature.replace(parameters=tuple(signature.parameters.values())[1:])


@recursive_repr()
def _told(self: Any) -> str:
    shown = (field.name for field in fields(self) if field.repr)
    text = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({text})"


def _values(names: tuple[str, ...]) -> Callable[[Any], Any]:
    """Return what takes the values of the fields from an object."""
    return attrgetter(*names) if names else lambda _: ()


def _equality(values: Callable[[Any], Any]) -> Callable[[Any, object], Any]:
    def equal(self: Any, other: object) -> Any:
        if self is other:
            return True
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    return equal


def _hash(values: Callable[[Any], Any]) -> Callable[[Any], int]:
    def hashed(self: Any) -> int:
        return hash(values(self))

    return hashed


def _refuse(self: Any, name: str, *_: object) -> None:
    raise FrozenInstanceError(f"cannot assign to or delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in fields(self)]


def _with_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


# -- what is written when the first object is made, or changed -------------------------------------


def _write(cls: Any) -> None:
    """Write the constructor of a class."""
    given = [field for field in fields(cls) if field.init]
    plain = [_parameter(field) for field in given if not field.kw_only]
    named = [_parameter(field) for field in given if field.kw_only]
    head = ", ".join(["self", *plain, *(["*", *named] if named else [])])
    made = _setter(cls, f"__init__({head})", [], {f.name: _value(f) for f in given})
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    types = {field.name: field.type for field in given}
    made.__annotations__ = {**types, "return": None}
    cls.__init__ = made
    _WRITTEN.add(cls)


def _changer(cls: Any) -> _Again:
    """Return what makes an object again with some fields changed, and the names of all."""
    names = [field.name for field in fields(cls) if field.init]
    values = {name: f"changes['{name}'] if '{name}' in changes else old.{name}" for name in names}
    made = _setter(cls, "again(old, changes)", ["self = _new(_class)"], values, "return self")
    return made, frozenset(names)


def _setter(
    cls: Any, head: str, begin: list[str], values: Mapping[str, str], end: str = "return None"
) -> Any:
    """Return a function of this head that sets the fields of `self`: to the values, else preset."""
    declared = fields(cls)
    preset = {f.name: _preset(f) for f in declared if not f.init and _has_default(f)}
    lines = [
        f"def {head}:",
        *begin,
        *(_setting(cls, name, value) for name, value in {**values, **preset}.items()),
        *(["self.__post_init__()"] if hasattr(cls, "__post_init__") else []),
        end,
    ]
    known: dict[str, Any] = {
        "_FACTORY": _FACTORY,
        "_class": cls,
        "_new": object.__new__,
        "_put": object.__setattr__,
    }
    for field in declared:
        known[f"_set_{field.name}"] = getattr(getattr(cls, field.name, None), "__set__", None)
        known[f"_default_{field.name}"] = field.default
        known[f"_make_{field.name}"] = field.default_factory
    exec("\n ".join(lines), known)
    return known[head.partition("(")[0]]


def _setting(cls: Any, name: str, value: str) -> str:
    """Return the line that sets a field: a slot by its own function."""
    if isinstance(getattr(cls, name, None), MemberDescriptorType):
        return f"_set_{name}(self, {value})"
    return f"_put(self, '{name}', {value})"


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _preset(field: Field[Any]) -> str:
    """Return the value of a field that the constructor does not take."""
    made = field.default is MISSING
    return f"_make_{field.name}()" if made else f"_default_{field.name}"


def _parameter(field: Field[Any]) -> str:
    if field.default_factory is not MISSING:
        return f"{field.name}=_FACTORY"
    return field.name if field.default is MISSING else f"{field.name}=_default_{field.name}"


def _value(field: Field[Any]) -> str:
    if field.default_factory is MISSING:
        return field.name
    return f"_make_{field.name}() if {field.name} is _FACTORY else {field.name}"


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import replace as replace
else:
    from dataclasses import replace as _replace

    def dataclass(*, frozen=False, eq=True, **options):
        """Return `dataclasses.dataclass(...)`, of a class that is made faster and starts faster."""
        return lambda cls: _record(cls, frozen=frozen, eq=eq, **options)

    def replace(record, /, **changes):
        """Return `dataclasses.replace(record, **changes)`, faster for a class of this module."""
        again, names = _AGAIN[type(record)]
        if again is None or not changes.keys() <= names:  # of an unknown name it tells
            return _replace(record, **changes)
        return again(record, changes)
