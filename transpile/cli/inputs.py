"""From path arguments to rules and their content."""

from __future__ import annotations

import argparse
import glob
import sys
from collections.abc import Sequence
from pathlib import Path

from transpile.config import Settings, load_settings
from transpile.content import (
    Content,
    Rule,
    load_rules,
    read_rule,
    rule_files,
    rules_of_text,
)
from transpile.errors import ContentError, TranspileError, UsageError

STDIN = "-"
_RULE_SUFFIXES = (".yml", ".yaml", ".spl", ".conf")


def add_content_option(parser: argparse.ArgumentParser) -> None:
    """Add `--content DIR`: where macros, lookups and so on are."""
    parser.add_argument(
        "--content", metavar="DIR", help="content repository (default: the one the rules lie in)"
    )


def settings_for(paths: Sequence[str]) -> Settings:
    """Return the settings found upwards from the first path, or from here."""
    return load_settings(_first(paths) or Path())


def content_for(option: str | None, paths: Sequence[str], settings: Settings) -> Content:
    """Return the content: option, then settings, then the repository of the first path."""
    named = option or settings.content
    if named:
        if not Path(named).exists():
            origin = settings.origin if not option else ""
            raise UsageError(
                f"no such content folder: {named}",
                code="CNT407",
                hint=f"it is named in {origin}" if origin else "",
            )
        return Content.load(named)
    first = _first(paths)
    return Content.builtin() if first is None else Content.load(first)


def _first(paths: Sequence[str]) -> Path | None:
    """Return the first file or folder that the arguments name, globs included."""
    for path in paths:
        if path == STDIN:
            continue
        found = path if _exists(path) else next(iter(sorted(_glob(path))), None)
        if found is not None:
            return Path(found)
    return None


def _exists(text: str) -> bool:
    """Return whether a text names a file or folder; the text of a search may be no path at all."""
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _glob(pattern: str) -> list[str]:
    return glob.glob(pattern, recursive=True) if glob.has_magic(pattern) else []


def collect(paths: Sequence[str]) -> tuple[list[Rule], list[TranspileError]]:
    """Return the rules of all paths (files, folders, globs, `-`) and the files that failed.

    A file that several paths name is read once. Raises `UsageError`: CNT406 for a path that gives
    nothing at all, CNT407 for one that is not there.
    """
    rules: list[Rule] = []
    errors: list[TranspileError] = []
    for path in dict.fromkeys(paths):
        found, failed = _stdin_rules() if path == STDIN else _rules_of(path)
        if not found and not failed:
            raise _nothing(path)
        rules += found
        errors += failed
    unique = {(r.path, r.document) if r.path else (id(r), 0): r for r in rules}
    return list(unique.values()), errors


def files_of(paths: Sequence[str]) -> list[Path]:
    """Return the files that the paths (files, folders, globs) name, each once.

    Raises `UsageError`: CNT406 for a path that names none, CNT407 for one that is not there.
    """
    files: dict[Path, None] = {}
    for path in paths:
        found = [file for name in _named(path) for file in rule_files(Path(name))]
        if not found:
            raise _nothing(path)
        files.update(dict.fromkeys(found))
    return list(files)


def _nothing(path: str) -> UsageError:
    hint = "rules are .yml and .spl files and savedsearches.conf"
    return UsageError(f"no rule found in {path}", code="CNT406", hint=hint)


def _named(path: str) -> list[str]:
    names = [path] if _exists(path) else sorted(_glob(path))
    if not names:
        raise UsageError(f"no such file or folder: {path}", code="CNT407")
    return names


def _rules_of(path: str) -> tuple[list[Rule], list[TranspileError]]:
    loaded = [load_rules(Path(name)) for name in _named(path)]
    return [r for found, _ in loaded for r in found], [e for _, failed in loaded for e in failed]


def _stdin_rules() -> tuple[list[Rule], list[TranspileError]]:
    rules, errors = rules_of_text(read_stdin())
    return list(rules), list(errors)


def read_stdin() -> str:
    """Return what is on standard input. Raises `UsageError` CNT406, `ContentError` CNT405/407."""
    from transpile.content.yaml import MAX_BYTES, decode

    data = b"" if sys.stdin is None else sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        message = f"more than {MAX_BYTES:,} bytes on standard input"
        raise ContentError(message, code="CNT405")
    text = decode(data)
    if not text.strip():
        raise UsageError("nothing on standard input", code="CNT406")
    return text


def single(argument: str) -> Rule:
    """Return the one rule of an argument (a path, `-`, or the text of a search).

    Raises `UsageError` CNT407 for a folder or a missing file, `ContentError` as `read_rule`.
    """
    if argument == STDIN:
        rules, errors = rules_of_text(read_stdin())
        if not rules:
            raise errors[0]
        return rules[0]
    if _exists(argument):
        if Path(argument).is_dir():
            raise UsageError(f"{argument} is a folder, not a rule", code="CNT407")
        return read_rule(Path(argument))
    if argument.endswith(_RULE_SUFFIXES) and not any(map(str.isspace, argument)):
        raise UsageError(f"no such file: {argument}", code="CNT407")
    return read_rule(argument)
