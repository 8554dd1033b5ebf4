"""Settings: `transpile.toml`, or `[tool.transpile]` in `pyproject.toml`, found upwards.

    content = "."                      # content repository
    targets = ["sigma", "sql:spark"]   # what `convert` does without -t
    custom_commands = ["mycommand"]    # commands of your apps: opaque stages, not errors
    opaque_macros = false              # unknown macros become opaque filters
    schema = ""                        # taxonomy of the output
    cache = true                       # keep results between runs
    rules = ["rules"]                  # what `golden` works on
    golden = "golden"                  # where golden files are

    [min_fidelity]                     # what `golden check` accepts at least, by target
    "sql:duckdb" = "exact"

Each can come from the environment as well, which wins over the file: `TRANSPILE_CONTENT`,
`TRANSPILE_TARGETS=sigma,eql` and so on.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from transpile.errors import UsageError
from transpile.records import dataclass, replace

FILES = ("transpile.toml", "pyproject.toml")
_TRUTH: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a configuration file says; `origin` is the file, "" for the defaults."""

    content: str = ""
    targets: tuple[str, ...] = ()
    custom_commands: tuple[str, ...] = ()
    opaque_macros: bool = False
    schema: str = ""
    cache: bool = True
    rules: tuple[str, ...] = ("rules",)
    golden: str = "golden"
    min_fidelity: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""


_DEFAULTS: Mapping[str, Any] = {
    f.name: getattr(Settings(), f.name) for f in fields(Settings) if f.name != "origin"
}
_PATHS = ("content", "golden")
_FIDELITIES = ("exact", "superset", "unsupported")


def load_settings(start: Path) -> Settings:
    """Return the settings that hold for a path. Raises `UsageError` OUT505."""
    return _environment(_nearest(start.resolve()))


def origins(start: Path) -> tuple[tuple[str, Any, str], ...]:
    """Return name, value and origin of each setting that holds for a path.

    origin: a variable of the environment, a file, or `default`. Raises `UsageError` OUT505.
    """
    written = _nearest(start.resolve())
    settings = _environment(written)
    named = set() if not written.origin else set(_table(Path(written.origin)) or ())
    found = []
    for name in _DEFAULTS:
        variable = _variable(name)
        origin = written.origin if name in named else "default"
        if os.environ.get(variable):
            origin = f"${variable}"
        found.append((name, getattr(settings, name), origin))
    return tuple(found)


def _nearest(start: Path) -> Settings:
    for folder in (start, *start.parents):
        for name in FILES:
            path = folder / name
            if path.is_file() and (table := _table(path)) is not None:
                return _settings(path, table)
    return Settings()


def _table(path: Path) -> Mapping[str, Any] | None:
    """Return the settings in a file, None for a `pyproject.toml` that has none."""
    ours = path.name == "transpile.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        if not ours:  # another program's file, which we only look into
            return None
        raise UsageError(
            f"the settings cannot be read: {error}", code="OUT505", path=str(path)
        ) from error
    table = data if ours else data.get("tool", {}).get("transpile")
    if table is not None and not isinstance(table, dict):
        raise UsageError("[tool.transpile] must be a table", code="OUT505", path=str(path))
    return table


def _settings(path: Path, table: Mapping[str, Any]) -> Settings:
    values = {key: _checked(path, key, value) for key, value in table.items()}
    for key in _PATHS:
        if values.get(key):
            values[key] = _placed(path, values[key])
    if "rules" in values:
        values["rules"] = tuple(_placed(path, name) for name in values["rules"])
    return Settings(**values, origin=str(path))


def _placed(path: Path, name: str) -> str:
    """Return a path beside the settings' file, relative to the current folder if it lies in it."""
    place = path.parent / name
    here = Path.cwd()
    return str(place.relative_to(here) if place.is_relative_to(here) else place)


def _checked(path: Path | None, key: str, value: Any) -> Any:
    if key not in _DEFAULTS:
        close = get_close_matches(key, _DEFAULTS, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(_DEFAULTS))}"
        raise UsageError(f"unknown setting {key!r}", code="OUT505", path=str(path), hint=hint)
    default = _DEFAULTS[key]
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif isinstance(default, dict):
        if isinstance(value, dict) and all(item in _FIDELITIES for item in value.values()):
            return value
    elif isinstance(value, type(default)):
        return value
    wanted = _WANTED[type(default)]
    place = None if path is None else str(path)
    raise UsageError(f"setting {key!r} must be {wanted}", code="OUT505", path=place)


_WANTED: Mapping[type, str] = {
    tuple: "a list of texts",
    bool: "true or false",
    str: "a text",
    dict: f"a table of targets with one of {', '.join(_FIDELITIES)}",
}


def _environment(settings: Settings) -> Settings:
    given = {key: os.environ.get(_variable(key), "") for key in _DEFAULTS}
    return replace(settings, **{key: _typed(key, text) for key, text in given.items() if text})


def _variable(key: str) -> str:
    return f"TRANSPILE_{key.upper()}"


def _typed(key: str, text: str) -> Any:
    """Return the value that an environment variable's text stands for."""
    match _DEFAULTS[key]:
        case bool():
            if text.lower() not in _TRUTH:
                message = f"{_variable(key)} must be true or false, not {text!r}"
                raise UsageError(message, code="OUT505")
            return _TRUTH[text.lower()]
        case tuple():
            return tuple(_parts(text))
        case dict():
            return _checked(None, key, dict(_pair(part) for part in _parts(text)))
        case _:
            return text


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()
