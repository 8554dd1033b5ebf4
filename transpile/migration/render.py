"""The migration report as HTML (one file, no script, no network), CSV and JSON.

Rule text is hostile: HTML escapes all of it, and no cell of the CSV is a formula.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version

from transpile.migration import EFFORTS, Migration


def to_html(report: Migration) -> str:
    """Return a page that is whole in itself."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("transpile.migration"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2")
    return page.render(report=report, efforts=EFFORTS, version=version("transpile")) + "\n"


def to_csv(report: Migration) -> str:
    """Return a line for each rule and target."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("rule", "path", "target", "status", "effort", "reasons", "assumptions"))
    for rule in report.rules:
        for moved in rule.moved:
            reasons = "; ".join(f"{reason.code} {reason.message}" for reason in moved.reasons)
            assumed = "; ".join(moved.assumptions)
            cells = (rule.name, rule.path, moved.target, moved.status, str(moved.effort))
            writer.writerow(tuple(map(plain_cell, (*cells, reasons, assumed))))
    return out.getvalue()


def to_json(report: Migration) -> str:
    """Return the report as it is, in JSON."""
    return json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n"


def plain_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


FORMATS: Mapping[str, Callable[[Migration], str]] = {
    "html": to_html,
    "csv": to_csv,
    "json": to_json,
}
