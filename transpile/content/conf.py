"""Splunk's `.conf` files: stanzas of `key = value` lines.

A backslash at the end of a line continues the value on the next one; a line that begins with `#`
or `;` is a comment. Settings before the first stanza belong to `default`, and every stanza inherits
what `default` sets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from transpile.content.positions import ScalarMap
from transpile.errors import ContentError
from transpile.records import dataclass

_LINE = re.compile(
    r"(?P<line>[^\r\n\\]*+(?:\\(?:\r\n|[\s\S])?[^\r\n\\]*+)*+)(?:\r\n|\n|\r|\Z)"
)
_STANZA = re.compile(r"\s*\[(?P<name>.*)\]\s*")
_SETTING = re.compile(
    r"[ \t]*(?P<key>[^=\s][^=\r\n]*?)[ \t]*=[ \t]*(?P<value>.*?)[ \t]*", re.DOTALL
)
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Stanza:
    """One stanza: its name and its settings; each value knows where it stands in the file."""

    name: str
    settings: Mapping[str, ScalarMap]

    def values(self) -> dict[str, str]:
        """Return the settings as plain texts."""
        return {key: value.value() for key, value in self.settings.items()}


@lru_cache(maxsize=8)
def read_conf(text: str, path: str | None = None) -> tuple[Stanza, ...]:
    """Return the stanzas of a `.conf` text in file order, a later setting replacing an earlier one.

    Raises ContentError CNT407 for a line that is neither stanza, setting nor comment.
    """
    found: dict[str, dict[str, ScalarMap]] = {DEFAULT: {}}
    current = found[DEFAULT]
    for line in _LINE.finditer(text):
        content = line["line"]
        if not content.strip() or content.lstrip()[0] in "#;":
            continue
        stanza = _STANZA.fullmatch(content)
        if stanza is not None:
            current = found.setdefault(stanza["name"], {})
            continue
        setting = _SETTING.fullmatch(content)
        if setting is None:
            raise _unread(text, line.start(), path)
        start = line.start()
        current[setting["key"]] = ScalarMap(
            text, start + setting.start("value"), start + setting.end("value"), "conf"
        )
    shared = found.pop(DEFAULT)
    return tuple(Stanza(name, {**shared, **own}) for name, own in found.items())


def _unread(text: str, start: int, path: str | None) -> ContentError:
    place = ScalarMap(text, start, start, "text")
    line, column = place.place(start)
    return ContentError(
        "neither a stanza, a setting nor a comment",
        code="CNT407",
        path=path,
        line=line,
        column=column,
        snippet=place.line(line),
        hint="write [stanza] or key = value",
    )
