"""Elastic's rules as content: the TOML of elastic/detection-rules, one rule a file.

Source: spec/eql-semantics.md 15 and 16. The query stays in its own language (`eql`, `kuery`,
`esql`, `lucene`) for the reader that knows it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transpile.content.fields import Fields, Origin
from transpile.content.rules import Rule
from transpile.content.times import Schedule
from transpile.errors import ContentError

_IS_RULE = re.compile(r"^\[rule\]", re.MULTILINE)
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_QUERY = re.compile(r"^query[ \t]*=[ \t]*(?P<quotes>'''|\"\"\"|'|\")\n?", re.MULTILINE)
# What a reader may need to know besides the query.
_OPTIONS = (
    "type", "index", "threshold", "filters", "event_category_override", "new_terms",
    "threat_mapping",
)  # fmt: skip


def is_elastic(text: str) -> bool:
    """Return whether a TOML text is a rule of elastic/detection-rules."""
    return _IS_RULE.search(text) is not None


def elastic_rule(text: str, path: Path | None) -> Rule:
    """Return the rule of a TOML text.

    Raises ContentError: CNT401 no TOML, CNT402 without a query, CNT408 a key of the wrong type.
    """
    origin = Origin(text, str(path) if path else None)
    top = Fields(_loaded(text, origin), origin)
    rule, metadata = top.child("rule"), top.child("metadata")
    query = rule.text("query")
    if not query.strip():
        kind = rule.text("type") or "unknown type"
        message = f"a rule of the type {kind} has no query"
        raise ContentError(message, code="CNT402", path=origin.path)
    return Rule(
        id=rule.text("rule_id"),
        name=rule.text("name") or (path.stem if path else "rule"),
        search=query,
        generation="elastic",
        language=rule.text("language") or "kuery",
        options={key: rule.data[key] for key in _OPTIONS if key in rule.data},
        status=metadata.text("maturity"),
        type=rule.text("type"),
        author=", ".join(rule.texts("author")),
        date=metadata.text("creation_date").replace("/", "-"),
        modified=metadata.text("updated_date").replace("/", "-"),
        description=rule.text("description").strip(),
        how_to_implement=rule.text("setup"),
        false_positives=tuple(map(str.strip, rule.texts("false_positives"))),
        references=rule.texts("references"),
        mitre_attack_ids=tuple(dict.fromkeys(_techniques(rule))),
        severity=rule.text("severity"),
        risk_score=rule.number("risk_score"),
        schedule=_schedule(rule),
        path=origin.path,
        source=text,
        raw=top.data,
    )


def query_range(text: str) -> tuple[int, int, bool] | None:
    """Return where the query stands in a rule's text, and whether it has escapes."""
    table = _IS_RULE.search(text)
    found = _QUERY.search(text, table.end() if table else 0)
    if found is None:
        return None
    end = text.find(found["quotes"], found.end())
    return found.end(), end if end >= 0 else len(text), found["quotes"][0] == '"'


def _loaded(text: str, origin: Origin) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        from transpile.content.yaml import source_line

        place = _PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place else (None, None)
        raise ContentError(
            f"not valid TOML: {_PLACE.sub('', str(error)).strip()}",
            code="CNT401",
            path=origin.path,
            line=line,
            column=column,
            snippet=source_line(text, line) if line else "",
        ) from None


def _techniques(rule: Fields) -> Iterator[str]:
    for threat in rule.children("threat"):
        for technique in threat.children("technique"):
            below = [sub.text("id") for sub in technique.children("subtechnique")]
            yield from below or [technique.text("id")]


def _schedule(rule: Fields) -> Schedule:
    """Return the window that one run searches; by default the last six minutes."""
    start = (rule.text("from") or "now-6m").removeprefix("now")
    return Schedule("", start.partition("/")[0], "now")
