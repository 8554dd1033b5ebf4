"""From path arguments to rules and their content."""

from __future__ import annotations

import argparse
import glob
import sys
from collections.abc import Sequence
from pathlib import Path

from transpile.config import Settings, load_settings
from transpile.content import Content, Rule, load_rules, read_rule
from transpile.errors import ContentError, TranspileError, UsageError


def add_content_option(parser: argparse.ArgumentParser) -> None:
    """Add `--content DIR`: where macros, lookups and so on are."""
    parser.add_argument(
        "--content", metavar="DIR", help="content repository (default: the one the rules lie in)"
    )


def settings_for(paths: Sequence[str]) -> Settings:
    """Return the settings found upwards from the first path, or from here."""
    first = next((p for p in paths if p != "-"), ".")
    return load_settings(Path(glob.escape(first)) if Path(first).exists() else Path())


def content_for(option: str | None, paths: Sequence[str], settings: Settings) -> Content:
    """Return the content: option, then settings, then the repository of the first path."""
    if option:
        if not Path(option).exists():
            raise UsageError(f"no such folder: {option}", code="CNT407")
        return Content.load(option)
    if settings.content:
        return Content.load(settings.content)
    first = next((p for p in paths if p != "-" and Path(p).exists()), None)
    return Content.load(first) if first else Content.builtin()


def collect(paths: Sequence[str]) -> tuple[list[Rule], list[TranspileError]]:
    """Return the rules of all paths (files, folders, globs, `-`) and the files that failed.

    Raises `UsageError` CNT406 for a path or glob that gives nothing at all.
    """
    rules: list[Rule] = []
    errors: list[TranspileError] = []
    for path in paths:
        found, failed = _collect(path)
        if not found and not failed:
            raise UsageError(f"no rule found in {path}", code="CNT406")
        rules += found
        errors += failed
    return rules, errors


def _collect(path: str) -> tuple[list[Rule], list[TranspileError]]:
    if path == "-":
        text = sys.stdin.read()
        if not text.strip():
            raise UsageError("nothing on standard input", code="CNT406")
        return _one(text)
    if Path(path).exists():
        found, failed = load_rules(Path(path))
        return list(found), list(failed)
    names = sorted(glob.glob(path, recursive=True))
    if not names:
        raise UsageError(f"no such file or folder: {path}", code="CNT407")
    rules: list[Rule] = []
    errors: list[TranspileError] = []
    for name in names:
        found, failed = load_rules(Path(name))
        rules += found
        errors += failed
    return rules, errors


def _one(text: str) -> tuple[list[Rule], list[TranspileError]]:
    try:
        return [read_rule(text)], []
    except ContentError as error:
        return [], [error]


def single(argument: str) -> Rule:
    """Return the one rule of an argument (a path, `-`, or the text of a search)."""
    if argument == "-":
        text = sys.stdin.read()
        if not text.strip():
            raise UsageError("nothing on standard input", code="CNT406")
        return read_rule(text)
    if Path(argument).exists():
        return read_rule(Path(argument))
    if argument.endswith((".yml", ".yaml", ".spl")) and " " not in argument:
        raise UsageError(f"no such file: {argument}", code="CNT407")
    return read_rule(argument)
