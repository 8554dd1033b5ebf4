"""From a Sigma or an Elastic rule to its entry and sheet."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from transpile.catalog.entry import Entry, Sheet
from transpile.errors import ContentError

_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)


def sigma_rules(text: str, path: str) -> Iterator[tuple[Entry, Sheet]]:
    """Yield what the catalogue says of the Sigma rules of a file, of correlations too.

    Raises ContentError for what is no YAML.
    """
    from transpile.content.yaml import documents

    for data in documents(text, path):
        if isinstance(data, dict) and ("detection" in data or "correlation" in data):
            yield _sigma(data, text)


def _sigma(data: Mapping[str, Any], text: str) -> tuple[Entry, Sheet]:
    tags = _texts(data.get("tags"))
    entry = Entry(
        key="",
        language="sigma",
        collection="",
        path="",
        digest="",
        id=_text(data.get("id")),
        name=_text(data.get("title")),
        status=_text(data.get("status")),
        severity=_text(data.get("level")),
        author=_text(data.get("author")),
        date=_text(data.get("date")),
        modified=_text(data.get("modified")),
        techniques=tuple(m[1].upper() for m in map(_TECHNIQUE.fullmatch, tags) if m),
        false_positives=_texts(data.get("falsepositives")),
    )
    asked = {key: data[key] for key in ("logsource", "detection", "correlation") if key in data}
    sheet = Sheet(
        description=_text(data.get("description")),
        references=_texts(data.get("references")),
        body=text.strip("\n"),
        search=_dumped(asked),
        search_format="yaml",
    )
    return entry, sheet


def _dumped(data: Mapping[str, Any]) -> str:
    import yaml

    dumped: str = yaml.dump(
        data, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False,
        allow_unicode=True, width=120,
    )  # fmt: skip
    return dumped.strip()


_FENCE_WORD = {"eql": "eql", "esql": "esql", "kuery": "kql", "lucene": "lucene"}


def elastic_rules(text: str, path: str) -> Iterator[tuple[Entry, Sheet]]:
    """Yield what the catalogue says of the Elastic rule of a TOML file.

    Raises ContentError for what is no TOML.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ContentError(f"not TOML: {error}", code="CNT401", path=path) from None
    rule = data.get("rule")
    if not isinstance(rule, dict):
        return
    metadata = data.get("metadata", {})
    query = _text(rule.get("query")).strip("\n")
    entry = Entry(
        key="",
        language="elastic",
        collection="",
        path="",
        digest="",
        id=_text(rule.get("rule_id")),
        name=_text(rule.get("name")),
        status=_text(metadata.get("maturity")),
        severity=_text(rule.get("severity")),
        type=_text(rule.get("type")),
        author=", ".join(_texts(rule.get("author"))),
        date=_text(metadata.get("creation_date")),
        modified=_text(metadata.get("updated_date")),
        techniques=tuple(dict.fromkeys(_techniques(rule.get("threat", ())))),
        false_positives=tuple(" ".join(t.split()) for t in _texts(rule.get("false_positives"))),
    )
    sheet = Sheet(
        description=" ".join(_text(rule.get("description")).split()),
        references=_texts(rule.get("references")),
        body=text.strip("\n"),
        body_format="toml",
        search=query,
        search_format=_FENCE_WORD.get(_text(rule.get("language")), "text"),
    )
    yield entry, sheet


def _techniques(threats: Sequence[Any]) -> Iterator[str]:
    for threat in threats:
        for technique in threat.get("technique", ()):
            parts = technique.get("subtechnique", ())
            yield from (str(part["id"]) for part in parts)
            if not parts:
                yield str(technique["id"])


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        return tuple(_text(item) for item in value if item is not None)
    return (_text(value),)
