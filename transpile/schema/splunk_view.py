"""A rule of another language in Splunk's view: dataset, fields and literals reversed.

What no field of Splunk's says stays a condition over the native field, marked `Unknown` with the
reason: the interpreter decides it, and a target without that field leaves it out with a loss. A
rule whose events no dataset of Splunk has stays as it is, in its own names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from transpile.ir import stages as s
from transpile.ir.expr import Expr, Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    FALSE,
    TRUE,
    And,
    Compare,
    Condition,
    Const,
    Exists,
    Glob,
    InRows,
    Keyword,
    Not,
    Or,
    Pred,
    Quant,
    Test,
    TextEq,
    Unknown,
    all_of,
    any_of,
    negate,
)
from transpile.ir.walk import fields_of, holds, rebuild, substitute
from transpile.records import dataclass, replace
from transpile.schema.cim import UNKNOWN, node_facts
from transpile.schema.datasets import Dataset, dataset
from transpile.schema.derived import meets
from transpile.schema.fields import FieldMap, Taxonomy
from transpile.schema.native import taxonomy_of
from transpile.schema.origins import Origin, general_origin, origin_of
from transpile.schema.reverse import Reverse

RAW = "_raw"
# A field that every language calls the same.
_SHARED = frozenset({RAW, "_time"})
# An argument is a word of the command line.
_ARGUMENTS = {
    "process.args": "process.command_line",
    "process.parent.args": "process.parent.command_line",
}
# An extension is the end of the file's name.
_EXTENSIONS = {"file.extension": "file.name", "dll.extension": "dll.name"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A pipeline over Splunk's events, and what is taken for granted of them."""

    pipeline: s.Pipeline
    assumptions: tuple[str, ...] = ()


def in_splunks_view(
    pipeline: s.Pipeline, *, models: bool = False, origin: Origin | None = None
) -> Seen:
    """Return the pipeline over Splunk's events; itself if Splunk has no such dataset.

    pipeline: starts from `Events` with an origin, in native names.  models: a data model, if it has
    all fields of the rule, stands for the raw events of the one agent that Sigma's category names.
    origin: the dataset to see it over, where that is known better than the rule tells.
    """
    source, *stages = pipeline.stages
    if not isinstance(source, s.Events) or not source.origin:
        return Seen(pipeline)
    if any(isinstance(stage, s.Sequence) for stage in stages):
        return Seen(pipeline)
    taxonomy: Taxonomy = "ecs" if taxonomy_of(source) == "ecs" else "sigma"
    first = _first_filter(stages)
    if models and origin is None and (general := general_origin(source)) is not None:
        seen = _seen(pipeline, _View.of(general, taxonomy), source, stages)
        if not holds(seen.pipeline, Unknown):
            return seen
    found = origin or origin_of(source, first)
    if found is None:
        return Seen(pipeline)
    return _seen(pipeline, _View.of(found, taxonomy), source, stages)


def _seen(
    pipeline: s.Pipeline, view: _View, source: s.Events, stages: list[s.Stage]
) -> Seen:
    wanted = view.wanted()
    chosen = (s.Filter(wanted),) if wanted != TRUE else ()
    made = (view.source(source), *chosen, *map(view.stage, stages))
    taken = [*view.origin.assumptions, *view.kept]
    if view.dataset.match.datamodel:
        taken.append(f"the events are those of {view.origin.platform} systems")
    return Seen(s.Pipeline(made, span=pipeline.span), tuple(taken))


def _first_filter(stages: list[s.Stage]) -> Pred:
    first = stages[0] if stages else None
    return first.pred if isinstance(first, s.Filter) else TRUE


@dataclass(frozen=True, slots=True)
class _View:
    """One rule's events, and how to say its fields in Splunk's names."""

    origin: Origin
    taxonomy: Taxonomy
    reverse: Reverse
    kept: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(cls, origin: Origin, taxonomy: Taxonomy) -> _View:
        separator = "\\" if origin.platform == "windows" else "/"
        return cls(origin, taxonomy, Reverse(FieldMap(origin.dataset), taxonomy, separator))

    @property
    def dataset(self) -> Dataset:
        return self.origin.dataset

    # -- sources ----------------------------------------------------------------------------------

    def source(self, native: s.Events) -> s.Source:
        match = self.dataset.match
        if match.datamodel:
            platform = self.origin.platform
            return s.DataModel(
                match.datamodel, match.node or "", platform=platform, span=native.span
            )
        base = dataset(self.dataset.parent or "") or self.dataset
        terms = [term.partition("=") for term in base.match.terms]
        scope = any_of(_literal(name, value) for name, _, value in terms) if terms else TRUE
        return s.Events(scope=scope, macros=match.macros[:1], span=native.span)

    def wanted(self) -> Pred:
        """Return the tests that choose the dataset's events among those of its source."""
        codes = self.origin.codes
        return any_of(_literal("EventCode", str(code)) for code in codes) if codes else TRUE

    # -- stages -----------------------------------------------------------------------------------

    def stage(self, stage: s.Stage) -> s.Stage:
        match stage:
            case s.Filter(pred):
                return replace(stage, pred=self.pred(pred))
            case s.Window(aggs, by):
                keys = tuple(map(self.name, by))
                return replace(stage, aggs=tuple(map(self.agg, aggs)), by=keys)
            case s.Aggregate(aggs, by):
                made = tuple(replace(k, name=self.name(k.name), expr=self.expr(k.expr)) for k in by)
                return replace(stage, aggs=tuple(map(self.agg, aggs)), by=made)
            case _:
                return stage

    def agg(self, agg: s.Agg) -> s.Agg:
        arg = None if agg.arg is None else self.expr(agg.arg)
        return replace(agg, arg=arg, where=self.pred(agg.where))

    def name(self, native: str) -> str:
        return native if native in _SHARED else self.reverse.name(native) or native

    def expr(self, expr: Expr) -> Expr:
        return substitute(expr, lambda each: replace(each, name=self.name(each.name)))

    # -- predicates -------------------------------------------------------------------------------

    def pred(self, pred: Pred) -> Pred:
        match pred:
            case And(args):
                return all_of(map(self.pred, args))
            case Or(args):
                return any_of(map(self.pred, args))
            case Not(arg):
                return negate(self.pred(arg))
            case Exists(Field(name)):
                return self.leaf(pred, name, None, Quant.ANY)
            case Test(Field(name), condition, quant):
                return self.leaf(pred, name, condition, quant)
            case Exists() | Test() | Compare():
                return self.computed(pred)
            case Unknown() if pred.decided is not None:
                return replace(pred, decided=self.pred(pred.decided))
            case Const() | Unknown() | Keyword() | InRows():
                return pred

    def leaf(self, node: Pred, name: str, condition: Condition | None, quant: Quant) -> Pred:
        """Return a test of one native field."""
        if name in _SHARED or self.is_result(name):
            return node
        fixed = self.fact(name, condition)
        if fixed is not None:
            return fixed
        said = self.reverse.test(name, condition, quant) or self.part(name, condition, quant)
        if said is None:
            return self.unsaid(node, name, condition)
        seen = self.shown(said)
        return replace(seen, span=node.span) if not isinstance(seen, Const) else seen

    def is_result(self, name: str) -> bool:
        """Return whether a name is that of an aggregate, no field of events."""
        return name.startswith(("_rule_", "matches")) or name == "event_count"

    def fact(self, name: str, condition: Condition | None) -> Pred | None:
        """Return how the dataset decides a test, None if it does not."""
        values = self.origin.facts.get(name)
        if values is None or condition is None:
            return None
        met = any(meets(condition, value) for value in values)
        return TRUE if met else None if name in self.origin.open else FALSE

    def part(self, name: str, condition: Condition | None, quant: Quant) -> Pred | None:
        """Return the test of a file's extension as one of its name."""
        whole = _EXTENSIONS.get(name)
        match condition:
            case TextEq(text, cased) if whole and "." not in text:
                ending = Glob(Pattern.of(Wild.RUN, "." + text), cased)
                return self.reverse.test(whole, ending, quant)
            case _:
                return None

    def unsaid(self, node: Pred, name: str, condition: Condition | None) -> Pred:
        """Return a test that only the interpreter decides, with what is known of it."""
        reason = f"{name} has no counterpart in Splunk's view of {self.dataset.id}"
        self.kept[f"where {name} is asked for, the events have it under that name"] = None
        unknown = Unknown(reason, code="TGT601", decided=node, span=node.span)
        line, held = _ARGUMENTS.get(name), _held(condition)
        if line is None or held is None:
            return unknown
        inside = self.reverse.test(line, held, Quant.ANY)
        return unknown if inside is None else all_of((self.shown(inside), unknown))

    def computed(self, node: Pred) -> Pred:
        """Return a test of a computed value, if Splunk has all its fields."""
        lost = [name for name in sorted(fields_of(node)) if self.own(name) is None]
        if lost:
            reason = f"{', '.join(lost)} has no counterpart in Splunk's view of {self.dataset.id}"
            return Unknown(reason, code="TGT601", decided=node, span=node.span)
        return substitute(node, lambda each: replace(each, name=self.name(each.name)))

    def own(self, native: str) -> str | None:
        return native if native in _SHARED else self.reverse.name(native)

    def shown(self, said: Pred) -> Pred:
        """Return a test in a data model, whose fields are never missing but `unknown`."""
        match = self.dataset.match
        facts = node_facts(match.datamodel, match.node or "") if match.datamodel else None
        if facts is None:
            return said
        defaults = dict.fromkeys(facts.unknown, UNKNOWN) | dict.fromkeys(facts.zero, "0")
        return _without_defaults(said, defaults.get)


def _without_defaults(said: Pred, default_of: Callable[[str], str | None]) -> Pred:
    """Return a test for which a default is no value."""
    match said:
        case Exists(Field(name)) if (default := default_of(name)) is not None:
            return negate(_literal(name, default))
        case Test(Field(name), condition) if (default := default_of(name)) is not None:
            if not meets(condition, default):
                return said
            return all_of((said, negate(_literal(name, default))))
        case And() | Or() | Not():
            return rebuild(said, lambda arg: _without_defaults(arg, default_of))  # type: ignore[arg-type]
        case _:
            return said


def _held(condition: Condition | None) -> Condition | None:
    """Return the test that a longer text holds what meets a condition."""
    match condition:
        case TextEq(text, cased):
            return Glob(Pattern.of(Wild.RUN, text, Wild.RUN), cased)
        case Glob(pattern, cased):
            return Glob(Pattern.of(Wild.RUN, *pattern.parts, Wild.RUN), cased)
        case _:
            return None


def _literal(name: str, value: str) -> Pred:
    pattern = Pattern.from_spl(value)
    return Test(Field(name), TextEq(pattern.text) if pattern.is_literal else Glob(pattern))
