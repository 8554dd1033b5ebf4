"""Settings: `transpile.toml`, or `[tool.transpile]` in `pyproject.toml`, found upwards.

    content = "."                      # content repository
    targets = ["sigma", "sql:spark"]   # what `convert` does without -t
    custom_commands = ["mycommand"]    # commands of your apps: opaque stages, not errors
    opaque_macros = false              # unknown macros become opaque filters
    schema = ""                        # taxonomy of the output
    cache = true                       # keep results between runs

Each can come from the environment as well, which wins over the file: `TRANSPILE_CONTENT`,
`TRANSPILE_TARGETS=sigma,eql` and so on.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from transpile.errors import UsageError

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
    origin: str = ""


_DEFAULTS: Mapping[str, Any] = {f.name: f.default for f in fields(Settings) if f.name != "origin"}


def load_settings(start: Path) -> Settings:
    """Return the settings that hold for a path. Raises `UsageError` OUT505."""
    return _environment(_nearest(start.resolve()))


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
    if values.get("content"):
        values["content"] = str(path.parent / values["content"])
    return Settings(**values, origin=str(path))


def _checked(path: Path, key: str, value: Any) -> Any:
    if key not in _DEFAULTS:
        close = get_close_matches(key, _DEFAULTS, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(_DEFAULTS))}"
        raise UsageError(f"unknown setting {key!r}", code="OUT505", path=str(path), hint=hint)
    default = _DEFAULTS[key]
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif isinstance(value, type(default)):
        return value
    wanted = {tuple: "a list of texts", bool: "true or false", str: "a text"}[type(default)]
    raise UsageError(f"setting {key!r} must be {wanted}", code="OUT505", path=str(path))


def _environment(settings: Settings) -> Settings:
    given = {key: os.environ.get(f"TRANSPILE_{key.upper()}", "") for key in _DEFAULTS}
    return replace(settings, **{key: _typed(key, text) for key, text in given.items() if text})


def _typed(key: str, text: str) -> Any:
    """Return the value that an environment variable's text stands for."""
    match _DEFAULTS[key]:
        case bool():
            if text.lower() not in _TRUTH:
                message = f"TRANSPILE_{key.upper()} must be true or false, not {text!r}"
                raise UsageError(message, code="OUT505")
            return _TRUTH[text.lower()]
        case tuple():
            return tuple(part.strip() for part in text.split(",") if part.strip())
        case _:
            return text
