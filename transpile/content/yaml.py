"""Reading YAML written by people: strict where YAML is lax, and exact about positions.

Differences from a plain safe load: duplicate keys are refused, aliases and nesting are bounded,
dates stay the text that was written, and only null, true/false and decimal numbers are not text.
Positions are not kept while loading; `scalar_map` reads the text again when one is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import field
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

import yaml

from transpile.content.positions import ScalarMap, Style
from transpile.errors import ContentError
from transpile.records import dataclass

MAX_BYTES = 5_000_000
MAX_DEPTH = 100
MAX_NODES = 200_000

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CORE = "tag:yaml.org,2002:"
_FIRST_OF_NO_TEXT = frozenset("~ntfNTF.+-0123456789")
_PLAIN_TAGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"~|null|Null|NULL"), "null"),
    (re.compile(r"true|True|TRUE|false|False|FALSE"), "bool"),
    (re.compile(r"[-+]?(?:0|[1-9][0-9]*)"), "int"),
    (re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"), "float"),
    (re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"), "float"),
)
_STYLES: dict[str | None, Style] = {
    "|": "literal",
    ">": "folded",
    '"': "double",
    "'": "single",
    "": "plain",
    None: "plain",
}

KeyPath = tuple[str | int, ...]


def read_text(path: Path) -> str:
    """Return a file's text without its byte order mark.

    Raises ContentError: CNT405 over 5 MB, CNT407 unreadable or not UTF-8 (with line and column).
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ContentError(
            f"the file cannot be read: {reason}", code="CNT407", path=str(path)
        ) from None
    if len(data) > MAX_BYTES:
        raise _too_large(str(path))
    return decode(data, str(path))


def decode(data: bytes, path: str | None = None) -> str:
    """Return bytes as text without a byte order mark. Raises ContentError CNT407 with the place."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        raise ContentError(
            f"{'the file' if path else 'the text'} is not UTF-8: byte 0x{data[error.start]:02x}",
            code="CNT407",
            path=path,
            line=before.count("\n") + 1,
            column=len(before) - before.rfind("\n"),
            hint="save it as UTF-8",
        ) from None


def load_yaml(path: Path) -> Any:
    """Return the first document of a file, None if it has none. Raises ContentError."""
    return next(documents(read_text(path), str(path)), None)


def documents(text: str, path: str | None = None) -> Iterator[Any]:
    """Yield the documents of a YAML text as plain Python values; errors come when they are reached.

    Raises ContentError: CNT401 not YAML (line, column, snippet), CNT403 duplicate key, CNT404 alias
    bomb, CNT405 too large.
    """
    if len(text) > MAX_BYTES:
        raise _too_large(path)
    reader = _Reader(text, path)
    try:
        yield from reader.documents()
    except yaml.YAMLError as error:
        raise _not_yaml(error, text, path) from None
    finally:
        reader.close()


def _too_large(path: str | None) -> ContentError:
    return ContentError(f"more than {MAX_BYTES:,} bytes", code="CNT405", path=path)


def _not_yaml(error: yaml.YAMLError, text: str, path: str | None) -> ContentError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    message = f"not valid YAML: {problem}"
    if mark is None:
        return ContentError(message, path=path)
    return ContentError(
        message, path=path, line=mark.line + 1, column=mark.column + 1,
        snippet=source_line(text, mark.line + 1),
    )


def source_line(text: str, line: int) -> str:
    """Return a line of a text by its 1-based number, "" beyond the end."""
    lines = _LINE_BREAK.split(text, line)
    return lines[line - 1] if line <= len(lines) else ""


_LINE_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(slots=True)
class _Value:
    """A finished node: its value and how many nodes it stands for with its aliases expanded."""

    value: Any
    size: int


@dataclass(slots=True)
class _Reader:
    """Builds Python values straight from YAML's events."""

    text: str
    path: str | None
    loader: Any = field(init=False)
    anchors: dict[str, _Value | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.loader = Loader(self.text)

    def close(self) -> None:
        self.loader.dispose()

    def documents(self) -> Iterator[Any]:
        while not isinstance(event := self.loader.get_event(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors.clear()
                yield self._node(self.loader.get_event(), 0).value

    def _node(self, event: Any, depth: int) -> _Value:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            found = _Value(self._scalar(event), 1)
        elif kind is yaml.AliasEvent:
            return self._alias(event)
        else:
            if depth >= MAX_DEPTH:
                self._fail(event, f"nested more than {MAX_DEPTH} levels deep", "CNT401")
            if event.anchor is not None:
                self.anchors[event.anchor] = None
            collection = self._mapping if kind is yaml.MappingStartEvent else self._sequence
            self._check_tag(event, "map" if kind is yaml.MappingStartEvent else "seq")
            found = collection(event, depth + 1)
        if event.anchor is not None:
            self.anchors[event.anchor] = found
        return found

    def _item(self, event: Any, depth: int) -> tuple[Any, int]:
        """Return the value and the size of a node inside a collection; nearly all are scalars."""
        if type(event) is yaml.ScalarEvent and event.anchor is None:
            return self._scalar(event), 1
        found = self._node(event, depth)
        return found.value, found.size

    def _alias(self, event: Any) -> _Value:
        if event.anchor not in self.anchors:
            self._fail(event, f"unknown alias '*{event.anchor}'", "CNT401")
        found = self.anchors[event.anchor]
        if found is None:
            self._fail(event, f"alias '*{event.anchor}' contains itself", "CNT404")
        return found

    def _check_tag(self, event: Any, wanted: str) -> None:
        if event.tag not in (None, "!", _CORE + wanted):
            self._fail(event, f"unexpected tag '{event.tag}'", "CNT401")

    def _scalar(self, event: Any) -> Any:
        text, tag = event.value, event.tag
        if tag is None or tag == "!":
            if tag is None and event.implicit[0]:
                return _plain_value(text)
            return text
        convert = _TAGGED.get(tag)
        if convert is None:
            self._fail(event, f"unexpected tag '{tag}'", "CNT401")
        try:
            return convert(text)
        except (ValueError, KeyError):
            self._fail(event, f"{text!r} is no {tag.removeprefix(_CORE)}", "CNT401")

    def _sequence(self, start: Any, depth: int) -> _Value:
        values: list[Any] = []
        size = 1
        while type(event := self.loader.get_event()) is not yaml.SequenceEndEvent:
            value, inner = self._item(event, depth)
            values.append(value)
            size = self._grown(event, size + inner)
        return _Value(values, size)

    def _mapping(self, start: Any, depth: int) -> _Value:
        values: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        size = 1
        while type(event := self.loader.get_event()) is not yaml.MappingEndEvent:
            key, own = self._item(event, depth)
            value, inner = self._item(self.loader.get_event(), depth)
            size = self._grown(event, size + own + inner)
            if key == "<<" and getattr(event, "style", None) in ("", None):
                self._merge(event, merged, value)
            elif type(key) is not str and not isinstance(key, Hashable):
                self._fail(event, "a mapping or a list cannot be a key", "CNT401")
            elif key in values:
                self._fail(event, f"key '{key}' stands twice in one mapping", "CNT403")
            else:
                values[key] = value
        return _Value({**merged, **values} if merged else values, size)

    def _merge(self, event: Any, merged: dict[Any, Any], value: Any) -> None:
        parts = value if isinstance(value, list) else [value]
        for part in parts:
            if not isinstance(part, dict):
                self._fail(event, "'<<' merges mappings only", "CNT401")
            for name, inner in part.items():
                merged.setdefault(name, inner)

    def _grown(self, event: Any, size: int) -> int:
        if size > MAX_NODES:
            self._fail(event, f"more than {MAX_NODES:,} values with aliases expanded", "CNT404")
        return size

    def _fail(self, event: Any, message: str, code: str) -> NoReturn:
        mark = event.start_mark
        raise ContentError(
            message,
            code=code,
            path=self.path,
            line=mark.line + 1,
            column=mark.column + 1,
            snippet=source_line(self.text, mark.line + 1),
            width=max(1, event.end_mark.index - mark.index),
        )


def _plain_value(text: str) -> Any:
    if not text:
        return None
    if text[0] not in _FIRST_OF_NO_TEXT:
        return text
    for pattern, kind in _PLAIN_TAGS:
        if pattern.fullmatch(text):
            return _TAGGED[_CORE + kind](text)
    return text


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_TAGGED: dict[str, Any] = {
    _CORE + "str": str,
    _CORE + "timestamp": str,
    _CORE + "null": lambda text: None,
    _CORE + "bool": lambda text: {"true": True, "false": False}[text.lower()],
    _CORE + "int": int,
    _CORE + "float": _float,
}


@lru_cache(maxsize=256)
def scalar_map(text: str, document: int, path: KeyPath) -> ScalarMap | None:
    """Return where the characters of a scalar stand in the file; aliases are followed.

    text: one that `documents` has read, so that its depth is bounded.  document: index in the
    stream.  path: keys and list positions from the top.  A path to a mapping or a list gives its
    whole range.  None if there is nothing at the path.
    """
    loader = Loader(text)
    try:
        node = None
        for _ in range(document + 1):
            node = loader.get_node() if loader.check_node() else None
        for step in path:
            node = _child(node, step)
    finally:
        loader.dispose()
    if node is None:
        return None
    style = _STYLES[node.style] if isinstance(node, yaml.ScalarNode) else "plain"
    return ScalarMap(text, node.start_mark.index, node.end_mark.index, style)


def _child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((v for k, v in node.value if k.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return next(iter(node.value[step : step + 1]), None)
    return None
