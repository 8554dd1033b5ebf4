"""Converting a rule: IR and metadata to a backend, its draft back as a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transpile.compiled import Compiled, compile_rule, in_time_bounds
from transpile.errors import Unsupported
from transpile.fidelity import Fidelity, Loss, Observable
from transpile.ir.regex import RegexError
from transpile.ir.remember import remember
from transpile.records import dataclass
from transpile.tables import tables_for
from transpile.targets import check_choices, find, variant_of

if TYPE_CHECKING:
    from transpile.backends.base import Draft, Request, RuleInfo
    from transpile.content import Content, Rule
    from transpile.ir.stages import Pipeline

SEVERITIES = ("informational", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of one rule for one target.

    text: the query or document, "" if unsupported.  filename: safe, with suffix.  losses: what was
    left out, or for an unsupported rule the reason.  draft: the backend's own record, for `verify`.
    pipeline: what was converted: a rule of another language in its own field names, if the target
    has the same.
    """

    target: str
    text: str
    fidelity: Fidelity
    observable: Observable | None
    losses: tuple[Loss, ...]
    assumptions: tuple[str, ...]
    filename: str
    draft: Draft | None = None
    pipeline: Pipeline | None = None

    @property
    def supported(self) -> bool:
        """Whether there is an output."""
        return self.fidelity is not Fidelity.UNSUPPORTED


def convert_compiled(
    compiled: Compiled,
    target: str,
    *,
    content: Content,
    schema: str | None = None,
    strict: bool = False,
    keep_unmapped: bool = False,
    format: str = "",
) -> Conversion:
    """Return the conversion of a rule that is IR already. Raises `UsageError` OUT502."""
    backend, info = find(target)
    check_choices(info, format=format, schema=schema or "")
    pipeline, taken = compiled.in_taxonomy(schema or next(iter(info.schemas), ""))
    request = request_for(
        compiled,
        content,
        pipeline=pipeline,
        variant=variant_of(info),
        schema=schema or "",
        strict=strict,
        keep_unmapped=keep_unmapped,
        format=format,
    )
    try:
        draft = backend.emit(request)
    except (Unsupported, RegexError) as refusal:
        loss = _reason(refusal)
        stem = request.info.stem
        nothing = Fidelity.UNSUPPORTED
        return Conversion(info.name, "", nothing, None, (loss,), (), stem, pipeline=pipeline)
    return Conversion(
        info.name,
        draft.text,
        draft.fidelity,
        draft.observable,
        draft.losses,
        tuple(dict.fromkeys((*taken, *draft.assumptions))),
        (draft.stem or request.info.stem) + draft.suffix,
        draft,
        pipeline,
    )


def _reason(refusal: Unsupported | RegexError) -> Loss:
    """Return the reason of a refusal; a text may be too long for the expression made of it."""
    if isinstance(refusal, RegexError):
        return Loss("TGT605", f"a regular expression made for the target is {refusal}")
    return Loss(refusal.code, refusal.message, refusal.span)


def convert_rule(
    rule: Rule,
    target: str,
    *,
    content: Content,
    schema: str | None = None,
    strict: bool = False,
    keep_unmapped: bool = False,
    format: str = "",
    time_bounds: bool = False,
) -> Conversion:
    """Return the conversion of a rule. Raises `SplSyntaxError`, `MacroError`, `UsageError`."""
    compiled = compile_rule(rule, content)
    return convert_compiled(
        in_time_bounds(compiled, content) if time_bounds else compiled,
        target,
        content=content,
        schema=schema,
        strict=strict,
        keep_unmapped=keep_unmapped,
        format=format,
    )


def request_for(
    compiled: Compiled,
    content: Content,
    *,
    pipeline: Pipeline | None = None,
    variant: str = "",
    schema: str = "",
    strict: bool = False,
    keep_unmapped: bool = False,
    format: str = "",
) -> Request:
    """Return what a backend is asked for; pipeline: instead of the one in Splunk's view."""
    from transpile.backends.base import Request

    asked = pipeline or compiled.pipeline
    return Request(
        asked,
        info=rule_info(compiled.rule, content),
        variant=variant,
        format=format,
        schema=schema,
        source=compiled.text.original,
        lookups=tables_for(asked, content),
        strict=strict,
        keep_unmapped=keep_unmapped,
    )


@remember
def rule_info(rule: Rule, content: Content) -> RuleInfo:
    """Return the metadata that a target may print."""
    from transpile.backends.base import RuleInfo
    from transpile.content.times import Schedule, relative_seconds
    from transpile.names import slug

    deployment = content.deployment_for(rule)
    schedule = deployment.schedule if deployment else Schedule()
    window = deployment.window_seconds() if deployment else None
    return RuleInfo(
        id=rule.id,
        name=rule.name,
        stem=slug(rule.name),
        description=rule.description,
        status=rule.status,
        type=rule.type,
        author=rule.author,
        date=rule.date,
        modified=rule.modified,
        severity=severity_of(rule),
        risk_score=None if rule.risk_score is None else round(rule.risk_score),
        references=rule.references,
        false_positives=rule.false_positives or tuple(filter(None, (rule.known_false_positives,))),
        techniques=rule.mitre_attack_ids,
        stories=rule.analytic_stories,
        data_sources=rule.data_sources,
        window=None if window is None else int(window),
        interval=schedule.interval_seconds(),
        start=relative_seconds(schedule.earliest),
        end=relative_seconds(schedule.latest or "now"),
    )


def severity_of(rule: Rule) -> str:
    """Return the severity: as written, else from the risk score, else by the type of the rule."""
    if rule.severity.lower() in SEVERITIES:
        return rule.severity.lower()
    if rule.risk_score is not None:
        bounds = ((20, "informational"), (40, "low"), (60, "medium"), (80, "high"))
        return next((name for top, name in bounds if rule.risk_score <= top), "critical")
    return {"ttp": "high", "anomaly": "medium", "hunting": "low"}.get(rule.type.lower(), "medium")
