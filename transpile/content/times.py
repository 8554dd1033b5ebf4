"""Schedules: when a search runs and which window of events it looks at."""

from __future__ import annotations

import re
from functools import lru_cache

from transpile.records import dataclass

_RELATIVE = re.compile(
    r"(?P<sign>[-+])?(?P<number>\d+)?(?P<unit>[a-z]+)?(?:@(?P<snap>[a-z]+\d?))?", re.IGNORECASE
)
_EVERY = re.compile(r"\*(?:/(\d+))?")
# Units of fixed length, in seconds; months and longer have none.
_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
    **dict.fromkeys(("w", "week", "weeks"), 604800),
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a search runs (cron) and its window, as relative times of Splunk ("-70m@m")."""

    cron: str = ""
    earliest: str = ""
    latest: str = ""

    def interval_seconds(self) -> int | None:
        """Return the time between two runs; None for a cron line that has no regular one."""
        minute, hour, *days = [*self.cron.split(), "", "", "", "", ""][:5]
        if days != ["*", "*", "*"]:
            return None
        for field, other, size in ((minute, hour, 60), (hour, minute, 3600)):
            if size == 60 and other != "*":
                continue
            if size == 3600 and not other.isdigit():
                return None
            found = _EVERY.fullmatch(field)
            if found is not None:
                return size * int(found[1] or 1)
        return 3600 if hour == "*" and minute.isdigit() else 86400 if hour.isdigit() else None

    def window_seconds(self) -> int | None:
        """Return the length of the window in seconds; None if it is open or not of fixed length.

        Snapping to a unit moves both ends and may lengthen a window by less than that unit; the
        length without snapping is returned.
        """
        start, end = relative_seconds(self.earliest), relative_seconds(self.latest or "now")
        return end - start if start is not None and end is not None and start < end else None


@lru_cache(maxsize=256)
def relative_seconds(text: str) -> int | None:
    """Return the offset from now of a relative time, snapping aside; None if it has none."""
    written = text.strip()
    if written.lower() in ("now", "now()"):
        return 0
    found = _RELATIVE.fullmatch(written)
    if found is None or not written:
        return None
    if found["unit"] is None:
        # "@d" is a snap of now; a bare number is an epoch time.
        return 0 if found["snap"] and found["number"] is None and found["sign"] is None else None
    size = _SECONDS.get(found["unit"].lower())
    if size is None or found["sign"] is None:
        return None
    amount = int(found["number"] or 1) * size
    return -amount if found["sign"] == "-" else amount
