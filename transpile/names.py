"""Names for files, safe on every system whatever a rule is called; and texts cut to a width."""

from __future__ import annotations

import re
import unicodedata

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def slug(text: str, limit: int = 120) -> str:
    """Return lower-case ASCII letters, digits and underscores; never empty, never a path."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", ascii_text.lower()).strip("_")[:limit].strip("_")
    return f"rule_{name}".rstrip("_") if not name or _RESERVED.fullmatch(name) else name


def shorten(text: str, width: int) -> str:
    """Return the text, cut to `width` characters of which the last says so."""
    return text if len(text) <= width else text[: width - 1] + "…"
