"""Files of rules: which there are, whose language they are in, what stands in one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from transpile.cache import digest, digest_of_files
from transpile.catalog.entry import Entry, Sheet
from transpile.content import Content, load_rules
from transpile.content.reading import OTHER_FOLDERS, RULE_FOLDER, YAML_SUFFIXES
from transpile.content.yaml import MAX_BYTES
from transpile.errors import BugError, ContentError, TranspileError
from transpile.records import dataclass

_SUFFIXES = frozenset((*YAML_SUFFIXES, ".toml", ".spl", ".conf"))
_SIGMA = re.compile(r"^(?:detection|correlation)[ \t]*:", re.MULTILINE)
_SPLUNK = re.compile(r"""^["']?search["']?[ \t]*:""", re.MULTILINE)
_ELASTIC = re.compile(r"^\[rule\]", re.MULTILINE)
_DEFINITIONS = ("macros", "lookups", "data_sources", "deployments", "default", "local")
_NO_RULES = frozenset((*OTHER_FOLDERS, ".git", "node_modules", "__pycache__"))


@dataclass(frozen=True, slots=True)
class File:
    """A file that may hold rules.

    real: its path without links.  collection: the path argument that it was found by, by its last
    name.  name: its path below it.
    """

    path: Path
    real: Path
    collection: str
    name: str


def files_of(paths: Sequence[Path | str]) -> list[File]:
    """Return the files of all paths, each once, in a fixed order. Raises ContentError CNT407."""
    found: dict[Path, File] = {}
    for top in map(Path, paths):
        if not top.exists():
            raise ContentError("no such file or folder", code="CNT407", path=str(top))
        here = top.resolve()
        if top.is_file():
            found.setdefault(here, File(top, here, here.parent.name, top.name))
            continue
        start = top / RULE_FOLDER if (top / RULE_FOLDER).is_dir() else top
        for path, real in _walk(start, start.resolve(), set()):
            found.setdefault(real, File(path, real, here.name, path.relative_to(top).as_posix()))
    return list(found.values())


def _walk(folder: Path, real: Path, walked: set[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield the files below a folder, each with its path without links.

    real: the folder's.  walked: folders, without links, that are not walked again.  A folder that
    cannot be read is yielded itself, so that it is told.
    """
    walked.add(real)
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        yield folder, real
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        beyond = Path(os.path.realpath(path)) if entry.is_symlink() else real / entry.name
        if os.path.isdir(path) if entry.is_symlink() else entry.is_dir():
            if entry.name not in _NO_RULES and beyond not in walked:
                yield from _walk(path, beyond, walked)
        elif path.suffix in _SUFFIXES:
            yield path, beyond


def read_bytes(path: Path) -> tuple[bytes, ContentError | None]:
    """Return what stands in a file, or nothing and why: an error CNT405 or CNT407."""
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or error}"
        return b"", ContentError(message, code="CNT407", path=str(path))
    if len(data) > MAX_BYTES:
        message = f"more than {MAX_BYTES:,} bytes"
        return b"", ContentError(message, code="CNT405", path=str(path))
    return data, None


def supposed_language(path: Path) -> str:
    """Return the language that a file or folder which cannot be read is listed under."""
    return "elastic" if path.suffix == ".toml" else "splunk"


def language_of(data: bytes, path: Path) -> str:
    """Return the language of the rules in a file, "" if it seems to hold none."""
    text = data.decode("utf-8", "replace")
    match path.suffix:
        case ".toml":
            return "elastic" if _ELASTIC.search(text) else ""
        case ".spl" | ".conf":
            return "splunk" if path.suffix == ".spl" or path.name == "savedsearches.conf" else ""
        case _ if _SIGMA.search(text):
            return "sigma"
        case _:
            return "splunk" if _SPLUNK.search(text) else ""


def definitions_digest(path: Path) -> str:
    """Return a digest of what a Splunk rule's file depends on: macros, lookups and so on."""
    return _folder_digest(_content(path.parent).root)


@lru_cache(maxsize=64)
def _folder_digest(root: Path | None) -> str:
    folders = () if root is None else (root / name for name in _DEFINITIONS)
    files = (f for folder in folders if folder.is_dir() for f in sorted(folder.iterdir()))
    return digest_of_files(file for file in files if file.is_file())


def forget() -> None:
    """Forget the definitions read so far, which may have changed since."""
    _content.cache_clear()
    _root_content.cache_clear()
    _folder_digest.cache_clear()


@lru_cache(maxsize=4096)
def _content(folder: Path) -> Content:
    found = Content.load(folder)
    return found if found.root is None else _root_content(found.root)


@lru_cache(maxsize=64)
def _root_content(root: Path) -> Content:
    return Content.load(root)


def read_rules(
    file: File, language: str, targets: Sequence[str]
) -> list[tuple[Entry, Sheet]]:
    """Return what the catalogue says of the rules of a file; an error in one stops nothing else."""
    data, fault = read_bytes(file.path)
    try:
        if fault is not None:
            raise fault
        found = list(_read(file, data, language, targets))
    except TranspileError as error:
        found = [_broken(file, data, language, error)]
    except Exception as error:
        found = [_broken(file, data, language, BugError.of(error))]
    for entry, _ in found:
        entry.collection, entry.path, entry.digest = file.collection, file.name, digest(data)
        entry.name = entry.name or file.path.stem
    return found


def _read(
    file: File, data: bytes, language: str, targets: Sequence[str]
) -> Iterator[tuple[Entry, Sheet]]:
    from transpile.catalog.describing import described

    content = _content(file.path.parent) if language == "splunk" else Content.builtin()
    rules, errors = load_rules(file.path)
    for rule in rules:
        yield described(rule, content, targets)
    for error in errors:
        yield _broken(file, data, language, error)


def _broken(
    file: File, data: bytes, language: str, error: TranspileError
) -> tuple[Entry, Sheet]:
    entry = Entry("", language, "", "", "", id="", name=file.path.stem)
    entry.error, entry.code = error.message, error.code
    return entry, Sheet(body=data.decode("utf-8", "replace"), body_format="text")
