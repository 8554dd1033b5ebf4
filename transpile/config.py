"""Settings: `transpile.toml`, or `[tool.transpile]` in `pyproject.toml`, found upwards.

    content = "."                      # content repository
    targets = ["sigma", "sql:spark"]   # what `convert` does without -t
    custom_commands = ["mycommand"]    # commands of your apps: opaque stages, not errors
    opaque_macros = false              # unknown macros become opaque filters
    schema = ""                        # taxonomy of the output
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from transpile.errors import UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """What a configuration file says; `origin` is the file, "" for the defaults."""

    content: str = ""
    targets: tuple[str, ...] = ()
    custom_commands: tuple[str, ...] = ()
    opaque_macros: bool = False
    schema: str = ""
    origin: str = ""


def load_settings(start: Path) -> Settings:
    """Return the settings that hold for a path. Raises `UsageError` OUT505."""
    for folder in (start.resolve(), *start.resolve().parents):
        for name in ("transpile.toml", "pyproject.toml"):
            path = folder / name
            if path.is_file():
                table = _table(path)
                if table is not None:
                    return _environment(_settings(path, table))
    return _environment(Settings())


def _table(path: Path) -> dict[str, Any] | None:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        if path.name == "pyproject.toml":
            return None
        raise UsageError(f"{path}: {error}", code="OUT505") from error
    if path.name == "transpile.toml":
        return data
    table = data.get("tool", {}).get("transpile")
    return table if isinstance(table, dict) else None


def _settings(path: Path, table: dict[str, Any]) -> Settings:
    known = {f.name: f.default for f in fields(Settings) if f.name != "origin"}
    values: dict[str, Any] = {"origin": str(path)}
    for key, value in table.items():
        if key not in known:
            names = ", ".join(sorted(known))
            raise UsageError(f"{path}: unknown setting {key!r}", code="OUT505", hint=names)
        values[key] = _checked(path, key, value, known[key])
    if values.get("content"):
        values["content"] = str(path.parent / values["content"])
    return Settings(**values)


def _checked(path: Path, key: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif isinstance(value, type(default)):
        return value
    raise UsageError(f"{path}: {key!r} has the wrong type", code="OUT505")


def _environment(settings: Settings) -> Settings:
    content = os.environ.get("TRANSPILE_CONTENT")
    if not content:
        return settings
    values = {f.name: getattr(settings, f.name) for f in fields(Settings)}
    return Settings(**{**values, "content": content})
