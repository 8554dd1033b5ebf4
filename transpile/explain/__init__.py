"""Explaining one rule: stages, predicates, indicators, ATT&CK and event coverage.

`explain_rule` gathers the facts, `render` lays them out as text, Markdown or JSON.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from transpile.compiled import Compiled, compile_rule
from transpile.convert import severity_of
from transpile.explain.coverage import (
    EventCoverage,
    TacticCoverage,
    attack_coverage,
    event_coverage,
)
from transpile.explain.flow import Flow, flow_of
from transpile.explain.indicators import Indicator, indicators
from transpile.explain.words import in_words
from transpile.ir import stages as s
from transpile.ir.show import show_pipeline, show_pred
from transpile.ir.walk import conjuncts
from transpile.lower import lower
from transpile.records import dataclass
from transpile.spl import ast

if TYPE_CHECKING:
    from transpile.content import Content, Rule


@dataclass(frozen=True, slots=True)
class Step:
    """What a stage does first, then, last: one line of words, for a filter its conditions.

    flow: the fields that it reads, writes and removes.  predicates: with macros expanded; all of
    them hold for the rows that are kept.
    """

    words: str
    flow: Flow
    predicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage of the search: its command, its text with macros kept, what it does."""

    number: int
    kind: str
    text: str
    steps: tuple[Step, ...]

    @property
    def predicates(self) -> tuple[str, ...]:
        """Return the conditions of all its filters."""
        return tuple(condition for step in self.steps for condition in step.predicates)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What can be said about one rule."""

    name: str
    id: str
    status: str
    severity: str
    type: str
    author: str
    source: str
    description: str
    group_by: tuple[str, ...]
    attack: tuple[TacticCoverage, ...]
    events: tuple[EventCoverage, ...]
    search: str
    stages: tuple[StageView, ...]
    indicators: tuple[Indicator, ...]
    false_positives: str
    references: tuple[str, ...]
    plan: str

    @property
    def header(self) -> tuple[tuple[str, str], ...]:
        """Return the labels and values of the page's head, without those that are empty."""
        pairs = (
            ("Status", self.status),
            ("Severity", self.severity),
            ("Type", self.type),
            ("Group by", ", ".join(self.group_by)),
            ("Author", self.author),
            ("Source", self.source),
        )
        return tuple((label, value) for label, value in pairs if value)

    def to_json(self) -> dict[str, Any]:
        """Return the explanation as JSON data."""
        return asdict(self)

    def to_text(self) -> str:
        """Return the explanation for a terminal."""
        from transpile.explain.render import render

        return render(self, "text")

    def to_markdown(self) -> str:
        """Return the explanation as a Markdown page."""
        from transpile.explain.render import render

        return render(self, "markdown")


def explain_rule(rule: Rule, content: Content) -> Explanation:
    """Return what can be said about a rule. Raises as `compile_rule` does."""
    return explain_compiled(compile_rule(rule, content))


def explain_compiled(compiled: Compiled) -> Explanation:
    """Return what can be said about a rule that is IR already."""
    rule = compiled.rule
    return Explanation(
        name=rule.name,
        id=rule.id,
        status=rule.status,
        severity=severity_of(rule),
        type=rule.type,
        author=rule.author,
        source="" if rule.path is None else str(rule.path),
        description=rule.description,
        group_by=_group_by(compiled.pipeline),
        attack=attack_coverage(rule.mitre_attack_ids),
        events=event_coverage(compiled),
        search=rule.search,
        stages=tuple(_stages(compiled)),
        indicators=indicators(compiled.pipeline),
        false_positives="\n".join(rule.false_positives) or rule.known_false_positives,
        references=rule.references,
        plan=show_pipeline(compiled.pipeline),
    )


def _group_by(pipeline: s.Pipeline) -> tuple[str, ...]:
    for stage in pipeline.stages:
        if isinstance(stage, s.Aggregate):
            prefix = getattr(pipeline.stages[0], "prefix", "")
            return tuple(key.name.removeprefix(prefix) for key in stage.by)
    return ()


def _stages(compiled: Compiled) -> list[StageView]:
    """Return the author's stages: commands that one macro call wrote are one stage.

    A rule of another language is one stage.
    """
    if compiled.tree is None:
        return [_whole(compiled)]
    groups: list[list[ast.Command]] = []
    for command in compiled.tree.commands:
        if groups and groups[-1][-1].span == command.span:
            groups[-1].append(command)
        else:
            groups.append([command])
    return [_view(number, group, compiled) for number, group in enumerate(groups, 1)]


def _view(number: int, group: list[ast.Command], compiled: Compiled) -> StageView:
    span = group[0].span
    lowered = [
        stage
        for stage in lower(ast.Search(commands=tuple(group), span=span)).stages
        if number == 1 or not isinstance(stage, s.Events)
    ]
    steps = tuple(map(_step, lowered))
    return StageView(number, group[0].name, compiled.source_of(span).strip(), steps)


def _whole(compiled: Compiled) -> StageView:
    own = compiled.native or compiled.pipeline
    steps = tuple(map(_step, own.stages))
    return StageView(1, compiled.rule.language, compiled.text.original.strip(), steps)


def _step(stage: s.Stage) -> Step:
    if not isinstance(stage, s.Filter):
        return Step(in_words(stage), flow_of(stage))
    predicates = tuple(map(show_pred, conjuncts(stage.pred)))
    several = " all of these hold" if len(predicates) > 1 else ""
    return Step(f"keeps rows where{several}", flow_of(stage), predicates)
