"""The YAML documents of a Sigma text with the places of their parts.

Values are what PyYAML's safe loader makes of them, as in pySigma (spec/sigma-semantics.md 2.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from transpile.content.yaml import MAX_DEPTH
from transpile.errors import ReadingError, Span
from transpile.records import dataclass

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of a document stand; a part is named by its keys and list positions."""

    text: str
    node: yaml.Node

    def of(self, *path: str | int) -> Span:
        """Return the range of a part; of an entry of a mapping with its key."""
        node, start = self.node, self.node.start_mark.index
        for step in path:
            match node:
                case yaml.MappingNode():
                    found = next(((k, v) for k, v in node.value if k.value == step), None)
                case yaml.SequenceNode() if isinstance(step, int):
                    found = (node.value[step],) * 2 if step < len(node.value) else None
                case _:
                    found = None
            if found is None:
                break
            start, node = found[0].start_mark.index, found[1]
        written = self.text[start : node.end_mark.index].rstrip()  # a block ends at the next key
        return Span(start, start + max(1, len(written)))


def documents(text: str) -> Iterator[tuple[Mapping[str, Any], Places]]:
    """Yield the documents of a text.

    Raises ReadingError CNT409 for one that is no mapping or nested too deep.
    """
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            _check_depth(node)
            data = loader.construct_document(node)
            if data is None:
                continue
            if not isinstance(data, dict):
                raise ReadingError("a rule is a mapping", code="CNT409")
            yield data, Places(text, node)
    finally:
        loader.dispose()


def _check_depth(top: yaml.Node) -> None:
    level, depth = [top], 0
    while level:
        if depth > MAX_DEPTH:
            place = Span(level[0].start_mark.index, level[0].end_mark.index)
            raise refused(f"nested more than {MAX_DEPTH} levels deep", place, code="CNT409")
        level = list({id(part): part for node in level for part in _parts(node)}.values())
        depth += 1


def _parts(node: yaml.Node) -> list[yaml.Node]:
    match node:
        case yaml.MappingNode():
            return [part for entry in node.value for part in entry]
        case yaml.SequenceNode():
            return list(node.value)
        case _:
            return []


def refused(message: str, place: Span, *, code: str = "CNT410") -> ReadingError:
    """Return the error for a part of a rule."""
    return ReadingError(message, code=code, span=place, width=place.end - place.start)
