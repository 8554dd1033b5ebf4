"""Sigma as input: a rule, or a correlation with its rules, through pySigma's parse to the IR.

Meaning: spec/sigma-semantics.md with the readings of section 9.1.1, the same as the engine's
(`evaluate`, `windows`): two-valued `not`, text without case, any of several values. What has no
exact form is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import yaml
from transpile.backends.base import Reading
from transpile.backends.sigma.contain import packrat
from transpile.backends.sigma.read_detection import DetectionReader
from transpile.backends.sigma.read_places import Places, documents, refused

from transpile.errors import ReadingError, Span
from transpile.ir import stages as s
from transpile.ir.expr import Expr, Field
from transpile.ir.pred import Order, Pred, Test, all_of, any_of
from transpile.ir.regex import RegexError, parse_regex
from transpile.records import dataclass

# a pattern of names in a condition, as pySigma writes it
_NAMES = re.compile(r"[\w.-]*(?:\.\*[\w.-]*)*")
_LOGSOURCE = ("product", "category", "service")
_NO_RULES = {"action": "a global or repeated document (action)", "filter": "a filter document"}


@dataclass(frozen=True, slots=True)
class _Document:
    """A YAML document: its content and where its parts stand."""

    data: Mapping[str, Any]
    places: Places


@dataclass(frozen=True, slots=True)
class _Rule:
    """A detection rule that was read."""

    source: s.Events
    pred: Pred
    names: frozenset[str]
    assumptions: tuple[str, ...]


class SigmaReader:
    """Reads Sigma YAML: one rule, or one outermost correlation and the rules it refers to."""

    __slots__ = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The one language."""
        return ("sigma",)

    def read(
        self, text: str, language: str = "", options: Mapping[str, Any] | None = None
    ) -> Reading:
        """Return the meaning of a text. Raises `ReadingError`."""
        with _refusals(text):
            found = [_Document(data, places) for data, places in documents(text)]
            for document in found:
                _check_kind(document)
            correlations = [each for each in found if "correlation" in each.data]
            rules = [_rule(each) for each in found if "correlation" not in each.data]
            if correlations:
                return _correlated(correlations, rules)
        if len(rules) != 1:
            message = f"{len(rules)} rules in one text: which is meant?" if rules else "no rule"
            raise ReadingError(message, code="CNT409")
        only = rules[0]
        stages = (only.source, s.Filter(only.pred, span=only.pred.span))
        return Reading(s.Pipeline(stages), "sigma", only.assumptions)


@contextmanager
def _refusals(text: str) -> Iterator[None]:
    """Turn the errors of pySigma and of YAML into `ReadingError` CNT409."""
    with packrat():
        from sigma.exceptions import SigmaError

        try:
            yield
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise ReadingError(
                f"not valid YAML: {error.problem}",
                code="CNT409",
                line=mark.line + 1 if mark else None,
                column=mark.column + 1 if mark else None,
            ) from error
        except (SigmaError, yaml.YAMLError) as error:
            raise ReadingError(f"pySigma refuses the rule: {error}", code="CNT409") from error


def _check_kind(document: _Document) -> None:
    for key, what in _NO_RULES.items():
        if key in document.data:
            raise refused(f"{what} is not read", document.places.of(key))
    detection = document.data.get("detection")
    for name in detection if isinstance(detection, Mapping) else ():
        if not isinstance(name, str):
            message = f"{name!r} is no name of a search: write it in quotes"
            raise refused(message, document.places.of("detection"))
    if isinstance(detection, Mapping) and "condition" in detection:
        _check_condition(detection["condition"], document.places.of("detection", "condition"))
    if isinstance(detection, Mapping) and "timeframe" in detection:
        place = document.places.of("detection", "timeframe")
        raise refused("a timeframe is not read: write a correlation", place)


def _check_condition(condition: Any, place: Span) -> None:
    if not condition:
        raise refused("the condition is empty", place)
    conditions = condition if isinstance(condition, list) else [condition]
    if not all(isinstance(each, str) for each in conditions):
        raise refused("the condition is no text", place)


def _rule(document: _Document) -> _Rule:
    from sigma.exceptions import SigmaError
    from sigma.rule import SigmaRule

    try:
        parsed = SigmaRule.from_dict(dict(document.data), **_policy())
    except SigmaError:
        raise
    except (AttributeError, TypeError, ValueError) as error:  # of a value of another type
        raise ReadingError(f"pySigma cannot read the rule: {error}", code="CNT409") from error
    reader = DetectionReader(parsed.detection, document.places)
    pred = reader.read()
    source = s.Events(
        origin=(("taxonomy", "sigma"), *_logsource(parsed.logsource)),
        span=document.places.of("logsource"),
    )
    names = {str(name) for name in (parsed.name, parsed.id) if name}
    return _Rule(source, pred, frozenset(names), tuple(reader.assumptions))


@cache
def _policy() -> Mapping[str, Any]:
    """Return how pySigma 2 compiles expressions: those of values are checked by our reader.

    RE2 refuses what Sigma's PCRE has, lookahead for one, and prints its errors; it matches the
    names that a condition asks for.
    """
    try:
        from sigma.policy import SigmaPolicy
        from sigma.policy.regex_engine import RE2RegexEngine
    except ImportError:  # pySigma 1 takes Python's
        return {}

    class Checked(RE2RegexEngine):
        def compile(self, pattern: str, flags: int = 0) -> Any:
            checked = parse_regex(pattern)
            return super().compile(pattern, flags) if _NAMES.fullmatch(pattern) else checked

        @property
        def error(self) -> type[RegexError]:
            return RegexError

    return {"policy": SigmaPolicy(regex_engine=Checked())}


def _logsource(source: Any) -> Iterator[tuple[str, str]]:
    for part in _LOGSOURCE:
        value = getattr(source, part)
        if value:
            yield part, str(value)


# -- correlations ---------------------------------------------------------------------------------

_MATCHES = "event_count"
# type -> aggregate and the name of its result
_COUNTS: Mapping[str, str] = {
    "EVENT_COUNT": "count",
    "VALUE_COUNT": "dc",
    "VALUE_SUM": "sum",
    "VALUE_AVG": "avg",
    "VALUE_MEDIAN": "median",
    "VALUE_PERCENTILE": "perc",
}
# numbers that further events may make smaller as well: it matters when a window ends
_NOT_GROWING: Mapping[str, str] = {
    "sum": "{} is never negative",
    "avg": "a window ends with an event, and no two of {}'s events come at once",
    "median": "a window ends with an event, and no two of {}'s events come at once",
    "perc": "a window ends with an event, and no two of {}'s events come at once",
}
_AT_LEAST = {"GT": ">", "GTE": ">="}


def _correlated(correlations: list[_Document], rules: list[_Rule]) -> Reading:
    """Return the meaning of the one correlation: the groups for which it holds in some window.

    A window slides and is closed at both ends. Where more events can but fulfil a test it does not
    matter at which of its events a window begins or ends; for other numbers that is assumed.
    """
    from sigma.correlations import SigmaCorrelationRule

    if len(correlations) > 1:
        raise refused("a correlation of correlations is not read", correlations[1].places.of())
    document = correlations[0]
    parsed = SigmaCorrelationRule.from_dict(dict(document.data))
    place = document.places.of("correlation")
    if parsed.aliases and getattr(parsed.aliases, "aliases", None):
        raise refused("aliases of a correlation are not read", place)
    named = _referred(parsed, rules, document)
    source = named[0].source
    if any(rule.source.origin != source.origin for rule in named):
        raise refused("a correlation over several log sources is not read", place)
    keys = tuple(parsed.group_by or ())
    seconds = float(parsed.timespan.seconds)
    kind = parsed.type.name
    if kind == "TEMPORAL_ORDERED":
        steps = tuple(s.Step(r.pred, keys, (False,) * len(keys)) for r in named)
        stages: tuple[s.Stage, ...] = (s.Sequence(steps, seconds, span=place),)
    elif kind == "TEMPORAL":
        stages = _window(_each_once(named), keys, seconds)
    else:
        stages = _window(_counted(parsed, kind, document), keys, seconds)
    wanted = s.Filter(any_of(rule.pred for rule in named))
    taken = dict.fromkeys(text for rule in named for text in rule.assumptions)
    if (text := _NOT_GROWING.get(_COUNTS.get(kind, ""))) is not None:
        taken[text.format(getattr(parsed.condition, "fieldref", ""))] = None
    return Reading(s.Pipeline((source, wanted, *stages)), "sigma", tuple(taken))


def _referred(parsed: Any, rules: list[_Rule], document: _Document) -> list[_Rule]:
    found = []
    for reference in parsed.rules or ():
        name = str(reference.reference)
        rule = next((rule for rule in rules if name in rule.names), None)
        if rule is None:
            place = document.places.of("correlation", "rules")
            raise refused(f"the rule {name!r} is not in this text", place, code="CNT409")
        found.append(rule)
    return found


Measured = tuple[tuple[s.Agg, ...], Pred]


def _each_once(named: list[_Rule]) -> Measured:
    """Return a count of each rule's events, none of which may be zero."""
    aggs = tuple(s.Agg("count", None, f"_rule_{i}", rule.pred) for i, rule in enumerate(named))
    return aggs, all_of(Test(Field(agg.name), Order(">", 0)) for agg in aggs)


def _counted(parsed: Any, kind: str, document: _Document) -> Measured:
    condition = parsed.condition
    place = document.places.of("correlation", "condition")
    func = _COUNTS.get(kind)
    if func is None:
        raise refused(f"the correlation type {kind.lower()} is not read", place)
    op = _AT_LEAST.get(condition.op.name)
    if op is None:
        raise refused(f"the condition {condition.op.name.lower()} of a window is not read", place)
    arg: Expr | None = None
    if func != "count":
        if not isinstance(condition.fieldref, str):
            raise refused("a measure of several fields together is not read", place)
        arg = Field(condition.fieldref)
    param = None
    if func == "perc":
        if condition.percentile is None:
            raise refused("a percentile without its number is not read", place)
        param = float(condition.percentile)
    measure = s.Agg(func, arg, _MATCHES, param=param)
    bound = condition.count
    return (measure,), Test(Field(_MATCHES), Order(">=" if op == ">=" else ">", bound), span=place)


def _window(measured: Measured, keys: tuple[str, ...], seconds: float) -> tuple[s.Stage, ...]:
    aggs, holds = measured
    by = tuple(s.Key(name, Field(name)) for name in keys)
    found = s.Agg("count", None, "matches")
    some = s.Filter(Test(Field(found.name), Order(">", 0)))
    return (
        s.Window(aggs, keys, running=True, seconds=seconds),
        s.Filter(holds, span=holds.span),
        s.Aggregate((found,), by),
        some,
    )
