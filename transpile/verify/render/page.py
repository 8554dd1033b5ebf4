"""Verdicts as one HTML page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from transpile.verify.render.text import shown, verdict_text
from transpile.verify.report import Report, Verdict


def page(reports: Sequence[Report]) -> str:
    """Return the page: counts per target, then each rule with its verdicts; texts are escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    counts: dict[str, Counter[str]] = {}
    for report in reports:
        counts.setdefault(report.target, Counter())[str(report.verdict)] += 1
    template = environment.get_template("verify.html.j2")
    return template.render(
        reports=sorted(reports, key=lambda report: not _wrong(report)),
        counts=counts,
        verdicts=[str(verdict) for verdict in Verdict],
        wrong=_wrong,
        text=verdict_text,
        shown=shown,
    )


def _wrong(report: Report) -> bool:
    return report.verdict.bad or report.refuted
