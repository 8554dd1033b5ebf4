"""From a rule to its IR: macros expanded, search parsed, lowered and simplified.

Errors point into the rule's file: through YAML folding and macro expansion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from transpile.errors import ReadingError, Span, SplSyntaxError
from transpile.ir.simplify import simplify
from transpile.ir.stages import Pipeline
from transpile.ir.walk import weight
from transpile.lower import lower
from transpile.records import dataclass, replace
from transpile.spl import ast
from transpile.spl import parse as parse_text
from transpile.spl.source import OPAQUE_COMMAND, SourceText

if TYPE_CHECKING:
    from transpile.content import Content, Rule


MOST_NODES = 100_000
"""Parts of a search, each counted as often as it stands in its meaning; public rules have 400."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule with its expanded search text, its syntax tree and its IR.

    pipeline: in Splunk's view.  For a rule of another language there is no tree; native: the
    pipeline in its own field names, those of `taxonomy`.  assumptions: of reading it; seen: of
    seeing it over Splunk's events.
    """

    rule: Rule
    text: SourceText
    tree: ast.Search | None
    pipeline: Pipeline
    native: Pipeline | None = None
    taxonomy: str = ""
    assumptions: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()

    def in_taxonomy(self, taxonomy: str) -> tuple[Pipeline, tuple[str, ...]]:
        """Return the pipeline to convert for a taxonomy, and what it takes for granted.

        A rule's own names need no mapping; Elastic's events are those of any agent.
        """
        if self.native is None or taxonomy == self.taxonomy:
            return self.native or self.pipeline, self.assumptions
        if taxonomy == "ecs":
            from transpile.schema.splunk_view import in_splunks_view

            general = in_splunks_view(self.native, models=True)
            return simplify(general.pipeline), (*self.assumptions, *general.assumptions)
        return self.pipeline, (*self.assumptions, *self.seen)

    def source_of(self, span: Span | None) -> str:
        """Return the author's text of a span, "" without one."""
        return "" if span is None else self.text.original[span.start : span.end]

    def place_of(self, span: Span | None) -> tuple[int, int] | None:
        """Return line and column in the rule's file (or text) where a span begins."""
        return None if span is None else self.rule.position(span.start)


def in_time_bounds(compiled: Compiled, content: Content) -> Compiled:
    """Return the rule over the window of its deployment's schedule; see `lower.schedule`."""
    from transpile.lower.schedule import scheduled

    deployment = content.deployment_for(compiled.rule)
    if deployment is None:
        note = "no schedule is known: the query covers all of time"
        return replace(compiled, assumptions=(*compiled.assumptions, note))
    schedule = deployment.schedule
    native = compiled.native

    def bounded(pipeline: Pipeline) -> Pipeline:
        return scheduled(pipeline, schedule.earliest, schedule.latest)

    return replace(
        compiled,
        pipeline=bounded(compiled.pipeline),
        native=None if native is None else bounded(native),
    )


def compile_rule(
    rule: Rule,
    content: Content,
    *,
    opaque_macros: bool = False,
    custom_commands: frozenset[str] = frozenset(),
) -> Compiled:
    """Return the IR of a rule.

    Raises `SplSyntaxError` or `MacroError`, placed in the rule's file, or in the text without one;
    for a rule of another language `ReadingError`.
    """
    if rule.language != "spl":
        return _compile_foreign(rule)
    from transpile.content import expand

    unknown: Literal["opaque", "error"] = "opaque" if opaque_macros else "error"
    if opaque_macros:
        custom_commands |= {OPAQUE_COMMAND}
    try:
        text = expand(rule.search, content, rule_name=rule.name, unknown=unknown)
    except SplSyntaxError as error:
        raise _placed(error, rule) from None
    try:
        tree = parse_text(text, custom_commands=custom_commands)
    except SplSyntaxError as error:
        raise _placed(_in_macro(error, text), rule) from None
    lowered = lower(tree)
    if weight(lowered) > MOST_NODES:
        raise _placed(_too_large(text), rule)
    return Compiled(rule, text, tree, simplify(lowered))


def _too_large(text: SourceText) -> SplSyntaxError:
    return SplSyntaxError(
        f"written out, the search has more than {MOST_NODES:,} parts",
        code="SPL107",
        span=Span(0, len(text.original)),
        hint="a condition that is the value of another one stands in it several times",
    )


def _compile_foreign(rule: Rule) -> Compiled:
    """Return the IR of a rule that a backend reads."""
    from transpile.schema.splunk_view import in_splunks_view
    from transpile.targets import reader_for

    try:
        reading = reader_for(rule.language).read(rule.search, rule.language, rule.options)
    except ReadingError as error:
        raise _found_in(rule, error) from None
    native = simplify(reading.pipeline)
    text = SourceText.plain(rule.search)
    seen = in_splunks_view(native)
    return Compiled(
        rule,
        text,
        None,
        simplify(seen.pipeline),
        native,
        reading.taxonomy,
        reading.assumptions,
        seen.assumptions,
    )


def _found_in(rule: Rule, error: ReadingError) -> ReadingError:
    """Return an error of a reader, placed in the rule's file (or text)."""
    path = None if rule.path is None else str(rule.path)
    offset = _offset(rule.search, error)
    if offset is None:
        return error.moved(path=path)
    line, column = rule.position(offset)
    return error.moved(path=path, line=line, column=column, snippet=rule.line(line))


def _offset(text: str, error: ReadingError) -> int | None:
    """Return where in the text an error is."""
    if error.span is not None:
        return error.span.start
    if error.line is None or error.column is None:
        return None
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: error.line - 1])) + error.column - 1


def _placed(error: SplSyntaxError, rule: Rule) -> SplSyntaxError:
    if rule.path is None or error.span is None:
        return error
    line, column = rule.position(error.span.start)
    return error.moved(path=str(rule.path), line=line, column=column, snippet=rule.line(line))


def _in_macro(error: SplSyntaxError, text: SourceText) -> SplSyntaxError:
    """Return the error with a hint at the macro whose definition is wrong, if one is."""
    call = next((call for call in text.calls if call.span == error.span), None)
    if call is None:
        return error
    where = f"look into the definition of the macro '{call.name}'"
    return error.moved(hint=f"{error.hint}; {where}" if error.hint else where)
