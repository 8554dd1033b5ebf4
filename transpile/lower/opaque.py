"""Commands that are recognised but cannot be computed here, each with its reason (section 9)."""

from __future__ import annotations

from collections.abc import Mapping

from transpile.ir.stages import Opaque
from transpile.lower.common import where_is
from transpile.spl import ast

MODEL = "it needs a trained model that is not part of the rule"
STATISTICS = "its statistics are not documented well enough to reproduce them"

ADDS_AND_FILTERS: Mapping[str, tuple[str, str]] = {
    "apply": (MODEL, "5.30"),
    "fit": (MODEL, "5.30"),
    "anomalydetection": (STATISTICS, "5.29"),
    "anomalies": (STATISTICS, "5.29"),
    "outlier": (STATISTICS, "5.29"),
    "cluster": (STATISTICS, "5.29"),
    "predict": (STATISTICS, "5.29"),
    "cyberchef": ("it belongs to an app that is not part of the rule", "9"),
}
"""Commands that write unknown fields and may remove rows, but bring no new ones."""

CHANGES: Mapping[str, tuple[str, str]] = {
    "summary": (MODEL, "9"),
    "multikv": ("the layout of the table depends on the event", "5.24"),
    "rest": ("it asks the Splunk server", "9"),
    "dbinspect": ("it asks the Splunk server", "9"),
    "metadata": ("it asks the Splunk server", "9"),
    "script": ("it runs a program", "9"),
    "savedsearch": ("the saved search is not part of the rule", "9"),
    "loadjob": ("the results of another search are not part of the rule", "9"),
}
"""Commands about whose result nothing can be said. Name -> (reason, section)."""

UNKNOWN = ("this command is not computed here", "")


def opaque(command: ast.Command) -> Opaque:
    """Return the opaque stage of a command."""
    span = where_is(command)
    if command.name in ADDS_AND_FILTERS:
        reason, section = ADDS_AND_FILTERS[command.name]
        return Opaque(command.name, reason, adds=("*",), filters=True, section=section, span=span)
    reason, section = CHANGES.get(command.name, UNKNOWN)
    return Opaque(command.name, reason, changes=True, section=section, span=span)
