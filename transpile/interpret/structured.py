"""Structured text: JSON and XML, paths into them, key/value pairs (spl-semantics 5.12, 5.24).

A path is names separated by dots; `{}` takes all elements of an array, `{2}` one of them (JSON
counts from 0, XML from 1), `{@x}` an attribute of an XML element.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from transpile.interpret.choices import JSON_NULL
from transpile.ir.decide import Scalar

Step = tuple[str, str]  # ("name", n), ("all", ""), ("index", n), ("attribute", n)
_STEP = re.compile(r"\{(@?)([^{}]*)\}|([^.{}]+)|\.")


@lru_cache(maxsize=1024)
def path_steps(path: str) -> tuple[Step, ...]:
    """Return the steps of a path."""
    return tuple(_step(found) for found in _STEP.finditer(path) if found[0] != ".")


def _step(found: re.Match[str]) -> Step:
    attribute, inner, name = found.groups()
    if name is not None:
        return "name", name
    if attribute:
        return "attribute", inner
    return ("index", inner) if inner.isdecimal() else ("all", "")


def load_json(text: str) -> Any:
    """Return a JSON document. Raises ValueError for anything else."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def json_text(node: Any) -> Scalar:
    """Return a JSON value as a field shows it: objects and arrays as JSON text."""
    match node:
        case bool():
            return "true" if node else "false"
        case None:
            return JSON_NULL
        case str() | int() | float():
            return node
        case _:
            return json.dumps(node, ensure_ascii=False, separators=(",", ":"))


def at_path(text: str, path: str) -> list[Scalar]:
    """Return the values at a path in JSON or XML text, in document order; nothing if none is there.

    Text that is not well-formed has no values.
    """
    if text.lstrip().startswith("<"):
        root = load_xml(text)
        return [] if root is None else list(_xml_at([root], path_steps(path)))
    try:
        document = load_json(text)
    except ValueError:
        return []
    return [json_text(node) for node in json_nodes(document, path_steps(path))]


def json_nodes(node: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    """Yield the nodes that a path leads to.

    A name that itself contains dots is found too: the longest member name wins.
    """
    if not steps:
        yield node
        return
    (kind, name), rest = steps[0], steps[1:]
    if kind == "all":
        for child in node if isinstance(node, list) else ():
            yield from json_nodes(child, rest)
    elif kind == "index":
        if isinstance(node, list) and int(name) < len(node):
            yield from json_nodes(node[int(name)], rest)
    elif kind == "name" and isinstance(node, dict):
        for length in range(_names_ahead(steps), 0, -1):
            key = ".".join(step for _, step in steps[:length])
            if key in node:
                yield from json_nodes(node[key], steps[length:])
                return


def _names_ahead(steps: tuple[Step, ...]) -> int:
    return next((at for at, (kind, _) in enumerate(steps) if kind != "name"), len(steps))


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Scalar]]:
    """Yield every leaf of a JSON document with its path: `a.b` for members, `a{}` for elements."""
    match node:
        case dict():
            for key, child in node.items():
                yield from leaves(child, f"{path}.{key}" if path else str(key))
        case list():
            for child in node:
                yield from leaves(child, path + "{}")
        case _:
            yield path, json_text(node)


def all_leaves(text: str) -> Iterator[tuple[str, Scalar]]:
    """Yield every leaf of a JSON or XML text with its path; nothing if it is not well-formed."""
    if text.lstrip().startswith("<"):
        root = load_xml(text)
        if root is not None:
            yield from _xml_leaves(root, _local(root.tag))
        return
    try:
        document = load_json(text)
    except ValueError:
        return
    if isinstance(document, (dict, list)):
        yield from leaves(document)


# -- XML -----------------------------------------------------------------------------------------


def load_xml(text: str) -> ElementTree.Element | None:
    """Return the root of an XML text, None if it is not well-formed or declares entities."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        return ElementTree.fromstring(text.strip())
    except (ElementTree.ParseError, ValueError):
        return None


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _xml_at(nodes: list[ElementTree.Element], steps: tuple[Step, ...]) -> Iterator[Scalar]:
    """Walk a path; `nodes` are the candidates for its first name."""
    (kind, name), rest = steps[0] if steps else ("", ""), steps[1:]
    if kind != "name":
        return
    found = [node for node in nodes if _local(node.tag) == name]
    while rest and rest[0][0] in ("index", "all"):
        if rest[0][0] == "index":
            found = found[int(rest[0][1]) - 1 : int(rest[0][1])] if int(rest[0][1]) else []
        rest = rest[1:]
    for node in found:
        if not rest:
            yield _xml_value(node)
        elif rest[0][0] == "attribute":
            value = {_local(key): value for key, value in node.attrib.items()}.get(rest[0][1])
            if value is not None:
                yield value
        else:
            yield from _xml_at(list(node), rest)


def _xml_value(node: ElementTree.Element) -> str:
    if len(node):
        return "".join(ElementTree.tostring(child, encoding="unicode") for child in node).strip()
    return (node.text or "").strip()


def _xml_leaves(node: ElementTree.Element, path: str) -> Iterator[tuple[str, Scalar]]:
    for key, value in node.attrib.items():
        yield f"{path}{{@{_local(key)}}}", value
    for child in node:
        yield from _xml_leaves(child, f"{path}.{_local(child.tag)}")
    if not len(node) and (node.text or "").strip():
        yield path, (node.text or "").strip()


# -- pairs ---------------------------------------------------------------------------------------

_XML_PAIR = re.compile(r"<([A-Za-z_][\w.:-]*)(?:\s[^<>]*)?>([^<]*)</\1\s*>")
_AUTO_PAIR = re.compile(r"""([A-Za-z_][\w.:-]*)=("(?:[^"\\]|\\.)*"|[^\s,;"]+)""")


def xml_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of each innermost element, `<a>b</a>` as (a, b)."""
    return ((name, value) for name, value in _XML_PAIR.findall(text))


def pairs(text: str, between: str, inside: str) -> Iterator[tuple[str, str]]:
    """Yield key/value pairs; each character of `between` ends a pair, of `inside` a key.

    Without delimiters: `key=value` and `key="a value"`, apart by spaces, commas or semicolons.
    """
    if not between or not inside:
        for name, value in _AUTO_PAIR.findall(text):
            yield name, _unquoted(value)
        return
    value_delimiter = re.compile(f"[{re.escape(inside)}]+")
    for piece in re.split(f"[{re.escape(between)}]+", text):
        parts = value_delimiter.split(piece, maxsplit=1)
        name = parts[0].strip().strip('"')
        if len(parts) == 2 and name and (value := _unquoted(parts[1].strip())):
            yield name, value


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value
