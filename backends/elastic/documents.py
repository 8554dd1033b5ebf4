"""Rule objects as NDJSON for Kibana's import and as TOML of elastic/detection-rules, and back.

The formats are written by `json` and `tomli_w`; the query is read out of them again for the engine.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from transpile.backends.base import Draft, RuleInfo
from transpile.backends.elastic.rule import Document, indices, rule_object

from transpile.errors import UsageError
from transpile.records import replace

FORMATS = ("query", "ndjson", "toml")

_STATUS: Mapping[str, str] = {
    "production": "production", "experimental": "experimental", "validation": "development",
    "deprecated": "deprecated",
}  # fmt: skip
_NO_DATE = "1970/01/01"


def packaged(draft: Draft, info: RuleInfo, format: str, language: str) -> Draft:
    """Return a draft in one of the formats; `query` and "" leave it as it is."""
    writer = _WRITERS.get(format)
    if writer is None:
        return draft
    text = writer(rule_object(draft, info, language), draft, info)
    return replace(draft, text=text, suffix=f".{format}")


def _ndjson(rule: Document, draft: Draft, info: RuleInfo) -> str:
    """Return one line for Kibana's import; the rule is not enabled by it."""
    return json.dumps({**rule, "enabled": False}, ensure_ascii=False) + "\n"


def _toml(rule: Document, draft: Draft, info: RuleInfo) -> str:
    try:
        import tomli_w
    except ImportError as error:
        raise UsageError(
            "the format toml needs the package tomli-w", code="OUT504",
            hint="pip install tomli-w",
        ) from error
    created = _date(info.date)
    metadata = {
        "creation_date": created,
        "integration": integrations(indices(draft)),
        "maturity": _STATUS.get(info.status, "development"),
        "updated_date": _date(info.modified) if info.modified else created,
    }
    known = {key: value for key, value in metadata.items() if value}
    document = {"metadata": known, "rule": {"author": [], **rule}}
    return tomli_w.dumps(document, multiline_strings=True)


def _date(text: str) -> str:
    found = re.match(r"(\d{4})[-/](\d{2})[-/](\d{2})", text)
    return "/".join(found.groups()) if found else _NO_DATE


def integrations(patterns: tuple[str, ...]) -> list[str]:
    """Return the integrations that fill `logs-NAME.…` indices, in order.

    >>> integrations(("logs-endpoint.events.process-*", "winlogbeat-*", "logs-system.security*"))
    ['endpoint', 'system']
    """
    found = (re.match(r"logs-([a-z0-9_]+)\.", index) for index in patterns)
    return list(dict.fromkeys(match[1] for match in found if match))


_WRITERS: Mapping[str, Callable[[Document, Draft, RuleInfo], str]] = {
    "ndjson": _ndjson,
    "toml": _toml,
}


def opened(text: str, suffix: str) -> tuple[str, str]:
    """Return language and query of an emitted text, by the suffix of its format."""
    match suffix:
        case ".ndjson":
            rule: Any = json.loads(text)
        case ".toml":
            rule = tomllib.loads(text)["rule"]
        case _:
            return suffix.removeprefix("."), text
    return rule["language"], rule["query"]
