"""The library calls: parse, convert, run, match, verify, explain (design, section 5).

A `rule` is a `Rule`, a path, or the text of a rule (YAML, or bare SPL). Without `content` the
repository that a path lies in is used, else the built-in macros only.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transpile.content import Content, Rule, read_rule

if TYPE_CHECKING:
    from transpile.convert import Conversion
    from transpile.explain import Explanation
    from transpile.interpret import Context
    from transpile.ir.stages import Pipeline
    from transpile.verify import Report

RuleLike = Rule | Path | str
Event = Mapping[str, Any]


def content_for(rule: RuleLike, content: Content | None) -> Content:
    """Return the content to read a rule with."""
    if content is not None:
        return content
    path = rule.path if isinstance(rule, Rule) else rule
    if path is not None and (isinstance(path, Path) or _is_path(path)):
        return Content.load(path)
    return Content.builtin()


def _is_path(text: str) -> bool:
    return os.path.exists(text)  # Path.exists raises for a text that is too long for a name


def parse(spl: RuleLike, *, content: Content | None = None) -> Pipeline:
    """Return the IR of a search. Raises `SplSyntaxError` with line, column, snippet and hint."""
    from transpile.compiled import compile_rule

    return compile_rule(read_rule(spl), content_for(spl, content)).pipeline


def convert(
    rule: RuleLike,
    target: str,
    *,
    content: Content | None = None,
    schema: str | None = None,
    strict: bool = False,
    keep_unmapped: bool = False,
    format: str = "",
    time_bounds: bool = False,
) -> Conversion:
    """Return the conversion: `.text .fidelity .observable .losses .assumptions .filename`.

    target: `sigma`, `eql`, `sql:duckdb` ... (`transpile targets`).  schema: taxonomy of the output.
    strict: turn assumptions into emitted checks.  keep_unmapped: pass unmapped fields through.
    time_bounds: search the window of the rule's deployment only (SQL: `earliest` and `latest`, as
    parameters of the query).
    A rule that the target cannot say has the fidelity `unsupported`, no text, and the reason in
    `losses`. Raises `SplSyntaxError`, `MacroError`, `ContentError`, `UsageError`.
    """
    from transpile.convert import convert_rule

    return convert_rule(
        read_rule(rule),
        target,
        content=content_for(rule, content),
        schema=schema,
        strict=strict,
        keep_unmapped=keep_unmapped,
        format=format,
        time_bounds=time_bounds,
    )


def run(
    spl_or_rule: RuleLike,
    events: Iterable[Event],
    *,
    content: Content | None = None,
    now: float | None = None,
) -> list[dict[str, Any]]:
    """Return the result rows of a rule over events, by the reference interpreter.

    events: dicts of text, number, bool, None (missing) or a list (multivalue); `_time` in epoch
    seconds. Raises `NotComputable` for a rule with a stage that cannot be computed here.
    """
    from transpile.interpret import run_pipeline

    pipeline, context = _ready(spl_or_rule, content, now)
    return run_pipeline(pipeline, events, context)


def match(
    spl_or_rule: RuleLike,
    events: Iterable[Event],
    *,
    content: Content | None = None,
    now: float | None = None,
) -> list[int]:
    """Return the indices of the events that contribute to at least one result row, ascending."""
    from transpile.interpret import matched

    pipeline, context = _ready(spl_or_rule, content, now)
    return matched(pipeline, events, context)


def _ready(
    rule: RuleLike, content: Content | None, now: float | None
) -> tuple[Pipeline, Context]:
    from transpile.compiled import compile_rule
    from transpile.running import context_for

    known = content_for(rule, content)
    compiled = compile_rule(read_rule(rule), known)
    return compiled.pipeline, context_for(compiled.pipeline, known, now=now)


def verify(
    rule: RuleLike,
    target: str,
    events: Iterable[Event] | None = None,
    *,
    content: Content | None = None,
    witness: bool = True,
) -> Report:
    """Return the verdict on a conversion: interpreter and engine run on the same events.

    events: the user's, in addition to the rule's own fixtures.  witness: whether events are made
    from the rule besides, so that each of its conditions decides.
    """
    from transpile.verify import verify_rule

    return verify_rule(
        read_rule(rule),
        target,
        list(events or ()),
        content=content_for(rule, content),
        witness=witness,
    )


def explain(rule: RuleLike, *, content: Content | None = None) -> Explanation:
    """Return stages, predicates, indicators, ATT&CK and event coverage of a rule."""
    from transpile.explain import explain_rule

    return explain_rule(read_rule(rule), content_for(rule, content))
