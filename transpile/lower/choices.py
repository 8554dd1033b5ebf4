"""What the SPL documentation leaves open, decided in one place (spl-semantics, section 10).

`CHOICES` names every open point that lowering decides, with the choice taken; `explain` and the
reports cite them. The points decided while rows are computed stand in
`transpile.interpret.choices`.
"""

from __future__ import annotations

from collections.abc import Mapping

CHOICES: Mapping[str, str] = {
    "U1": "a comparison with a missing field in where is neither true nor false, as in SQL",
    "U2": "= and != , match and like on several values ask for any value; < and > likewise",
    "U3": "a number and a text that looks like one compare as numbers, else both as text",
    "U4": "like knows no escape character",
    "U5": "stats drops rows with a missing BY field and counts a row once per value of one",
    "U7": "f=\"\" asks for an empty value; NOT f=* finds events without f",
    "U9": "tstats filters bind OR tighter than AND, as search does",
    "U12": "regex f!= keeps rows without f",
    "U15": "join replaces _time by that of the right row",
    "U17": "the replace command compares without case",
    "U18": "tstats by _time without a span uses one second",
    "U21": "rename works through its pairs one after the other",
}

TSTATS_TIME_SPAN = 1.0
"""Width in seconds of the bins of `tstats ... by _time` without a span (U18)."""
