"""Targets: found through the entry-point group `transpile.backends`, loaded when asked for.

A target is named `backend` or `backend:variant` (`sql:duckdb`). A backend that cannot be imported
is reported by name, never left out in silence.
"""

from __future__ import annotations

import difflib
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from transpile.errors import ReadingError, UsageError

if TYPE_CHECKING:
    from transpile.backends.base import Backend, Open, Reader, TargetInfo

GROUP = "transpile.backends"


@lru_cache(maxsize=1)
def _entry_points() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def names() -> tuple[str, ...]:
    """Return the names of the installed backends, sorted."""
    return tuple(sorted(_entry_points()))


@lru_cache(maxsize=64)
def backend(name: str) -> Backend:
    """Return a backend by its name. Raises `UsageError` OUT502 (unknown) or OUT503 (broken)."""
    entry = _entry_points().get(name)
    if entry is None:
        close = difflib.get_close_matches(name, names(), 1)
        known = ", ".join(names()) or "none; is the package installed?"
        hint = f"did you mean {close[0]!r}?" if close else f"installed targets: {known}"
        raise UsageError(f"unknown target {name!r}", code="OUT502", hint=hint)
    try:
        loaded: Backend = entry.load()
    except ImportError as error:
        raise UsageError(
            f"the backend {name!r} cannot be loaded: {error}", code="OUT503"
        ) from error
    return loaded


def find(target: str) -> tuple[Backend, TargetInfo]:
    """Return the backend and the declaration of a target such as `sql:duckdb`."""
    name, _, variant = target.partition(":")
    found = backend(name)
    declared = found.targets()
    for info in declared:
        if info.name == target or (not variant and info is declared[0]):
            return found, info
    if variant and isinstance(found, _open_kind()):
        return found, found.target(variant)
    variants = ", ".join(info.name for info in declared)
    raise UsageError(f"unknown target {target!r}", code="OUT502", hint=f"it can be {variants}")


def _open_kind() -> type[Open]:
    from transpile.backends.base import Open

    return Open


def reader_for(language: str) -> Reader:
    """Return the reader of a language. Raises `ReadingError` CNT410 if no backend reads it."""
    found = _readers().get(language)
    if found is None:
        known = ", ".join(sorted(_readers()))
        message = f"rules in the language {language!r} are not read"
        raise ReadingError(message, hint=f"those in spl, {known} are")
    return found


@lru_cache(maxsize=1)
def _readers() -> dict[str, Reader]:
    from transpile.backends.base import Reads

    loaded = (backend(name) for name in names())
    readers = [each.reader() for each in loaded if isinstance(each, Reads)]
    return {language: reader for reader in readers for language in reader.languages}


def check_choices(info: TargetInfo, *, format: str = "", schema: str = "") -> None:
    """Raise `UsageError` OUT502 unless the target declares the format and the schema; "" is any."""
    for what, asked, known in (("format", format, info.formats), ("schema", schema, info.schemas)):
        own = what == "schema" and asked.lower().endswith((".yml", ".yaml")) and "*.yml" in known
        if asked and asked not in known and not own:
            named = ", ".join(name for name in known if name)
            raise UsageError(
                f"target {info.name!r} has no {what} {asked!r}",
                code="OUT502",
                hint=f"it has: {named}" if named else f"it has one {what} only; leave it out",
            )


def variant_of(info: TargetInfo) -> str:
    """Return what follows the colon of a target name."""
    return info.name.partition(":")[2]


def all_targets() -> tuple[TargetInfo, ...]:
    """Return the declarations of all installed targets, in the order of their names."""
    return tuple(info for name in names() for info in backend(name).targets())
