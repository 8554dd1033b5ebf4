"""What the SPL documentation leaves open, decided in one place (spl-semantics, section 10).

`CHOICES` names every open point with the choice taken; `explain` and the reports cite them. Points
that are decided while rows are computed have their constants in `transpile.interpret.choices`.
"""

from __future__ import annotations

from collections.abc import Mapping

CHOICES: Mapping[str, str] = {
    "U1": "a comparison with a missing field in where is neither true nor false, as in SQL",
    "U2": "=, !=, match and like on several values ask for any value; also < and > a constant",
    "U3": "a number and a text that looks like one compare as numbers, else both as text; + adds",
    "U4": "like knows no escape character",
    "U5": "stats drops rows with a missing BY field and counts a row once per value of one",
    "U6": "percentiles by nearest rank; mode takes the smallest of equals, latest any of them",
    "U7": 'f="" asks for an empty value; NOT f=* finds events without f',
    "U8": "a keyword stands between characters that are no letter or digit",
    "U9": "tstats filters bind OR tighter than AND, as search does",
    "U10": "an unmatched lookup keeps old values; without the key field nothing is looked up",
    "U11": "rex without a match keeps old values; several input values give several results",
    "U12": "regex f!= keeps rows without f",
    "U13": "mvexpand keeps rows without the field",
    "U14": "bin with a time unit on another field than _time gives the start of the bin",
    "U15": "join replaces _time by that of the right row",
    "U16": "foreach skips fields that the row does not have",
    "U17": "the replace command compares without case",
    "U18": "tstats by _time without a span uses one second",
    "U19": "source, sourcetype and host compare without case",
    "U20": "times are shown and days begin in the time zone of the context, UTC unless it is given",
    "U21": "rename works through its pairs one after the other",
    "U22": "tostring(null()) is Null; substr counts 0 as before the first; URLs keep +",
}

TSTATS_TIME_SPAN = 1.0
"""Width in seconds of the bins of `tstats ... by _time` without a span (U18)."""
