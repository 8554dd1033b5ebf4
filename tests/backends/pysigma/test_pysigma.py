"""Our Sigma through pySigma's backends: what is asked for, what is known, what is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from transpile.backends.base import Request, RuleInfo
from transpile.backends.pysigma import backend, chain
from transpile.backends.pysigma.features import uses
from transpile.backends.pysigma.knowledge import KNOWN, Effect, Feature

from transpile.errors import Unsupported, UsageError
from transpile.fidelity import Fidelity
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Glob, Pred, Test, TextEq, all_of, negate
from transpile.ir.stages import Events, Filter, Pipeline
from transpile.targets import find

SYSMON = Events(macros=("sysmon",))
CODE = Test(Field("EventCode"), TextEq("1"))


def like(name: str, value: str) -> Test:
    pattern = Pattern.from_spl(value)
    literal = pattern.is_literal
    return Test(Field(name), TextEq(pattern.text) if literal else Glob(pattern))


def request(pred: Pred, variant: str) -> Request:
    info = RuleInfo(name="A", window=600)
    return Request(Pipeline((SYSMON, Filter(all_of((CODE, pred))))), info, variant)


class Printing:
    """A backend that prints how many rules it was given."""

    def __init__(self, processing_pipeline: object = None) -> None:
        self.pipeline = processing_pipeline

    def convert(self, collection: Any) -> list[str]:
        return [f"{len(collection.rules)} rules through {self.pipeline}"]


class Refusing(Printing):
    def convert(self, collection: Any) -> list[str]:
        raise NotImplementedError("not here")


class Resolver:
    def resolve(self, names: list[str]) -> str:
        return "+".join(names)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(
        backends={"splunk": Printing, "esql": Printing, "other": Printing, "bad": Refusing},
        pipelines={"one": None, "two": None},
        get_pipeline_resolver=Resolver,
    )
    monkeypatch.setattr(chain, "_plugins", lambda: found)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("variant", "text"),
    [
        pytest.param("splunk", "1 rules through None\n", id="without-pipeline"),
        pytest.param("splunk/one/two", "1 rules through one+two\n", id="pipelines-in-order"),
    ],
)
def test_the_sigma_rule_is_handed_on(variant: str, text: str) -> None:
    draft = backend.emit(request(like("Image", "*\\a.exe"), variant))
    assert (draft.text, draft.suffix) == (text, ".spl")
    assert draft.fidelity is Fidelity.EXACT
    assert "the Sigma rule in between is exact" in draft.assumptions


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("pred", "variant", "fidelity"),
    [
        pytest.param(like("Image", "*a?b*"), "splunk", Fidelity.EXACT, id="question-mark-is-text"),
        pytest.param(
            Test(Field("Image"), Glob(Pattern.from_like("%a_b%"))),
            "splunk",
            Fidelity.SUPERSET,
            id="a-wider-wildcard",
        ),
        pytest.param(like("Image", "*a*"), "other", Fidelity.SUPERSET, id="unknown-backend"),
    ],
)
def test_the_fidelity_is_capped(pred: Pred, variant: str, fidelity: Fidelity) -> None:
    draft = backend.emit(request(pred, variant))
    assert draft.fidelity is fidelity
    assert bool(draft.losses) is (fidelity is Fidelity.SUPERSET)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("pred", "variant", "why"),
    [
        pytest.param(like("Image", "a"), "esql", "with regard to case", id="cased-equality"),
        pytest.param(
            negate(Test(Field("Image"), Glob(Pattern.from_like("%a_b%")))),
            "splunk",
            r"writes \* for \?",
            id="a-wider-wildcard-under-a-negation",
        ),
        pytest.param(like("Image", "*a*"), "bad", "refuses the rule: not here", id="refused"),
    ],
)
def test_a_query_that_finds_less_is_refused(pred: Pred, variant: str, why: str) -> None:
    with pytest.raises(Unsupported, match=why):
        backend.emit(request(pred, variant))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("variant", "message"),
    [
        pytest.param("nowhere", "no pySigma backend 'nowhere' is installed", id="backend"),
        pytest.param("", "no pySigma backend is named", id="none-named"),
        pytest.param("splunk/nowhere", "no pySigma pipeline 'nowhere' is installed", id="pipeline"),
    ],
)
def test_what_is_not_installed_is_said(variant: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        backend.emit(request(like("Image", "*a*"), variant))
    assert error.value.code == "OUT502"


def test_no_backend_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = SimpleNamespace(backends={}, pipelines={})
    monkeypatch.setattr(chain, "_plugins", lambda: nothing)
    with pytest.raises(UsageError, match="no pySigma backend is installed"):
        backend.emit(request(like("Image", "*a*"), "kusto"))


def test_any_variant_is_a_target() -> None:
    found, info = find("pysigma:kusto/one")
    assert found.name == "pysigma"
    assert (info.name, info.title) == ("pysigma:kusto/one", "pySigma backend kusto through one")
    assert found.engine("kusto") is None


@pytest.mark.parametrize("name", KNOWN)
def test_every_feature_of_a_known_backend_is_told(name: str) -> None:
    known = KNOWN[name]
    assert set(known.effects) == set(Feature)
    different = {f for f, effect in known.effects.items() if effect is not Effect.KEEPS}
    assert different == set(known.why)


@pytest.mark.parametrize(
    ("entry", "condition", "expected"),
    [
        pytest.param("A: x", "s", {(Feature.TEXT, True)}, id="text"),
        pytest.param("A|contains: x", "s", {(Feature.WILDCARD, True)}, id="wildcard"),
        pytest.param(
            "A: 'x?y'", "s", {(Feature.ONE, True), (Feature.WILDCARD, True)}, id="one-character"
        ),
        pytest.param("A|re: x", "s", {(Feature.REGEX, True)}, id="expression"),
        pytest.param("A|cased: x", "s", {(Feature.CASED, True)}, id="cased"),
        pytest.param("A|exists: true", "s", {(Feature.EXISTS, True)}, id="exists"),
        pytest.param("A|cidr: 10.0.0.0/8", "s", {(Feature.NETWORK, True)}, id="network"),
        pytest.param("A|fieldref: B", "s", {(Feature.FIELD, True)}, id="two-fields"),
        pytest.param("A: 5", "s", set(), id="numbers-are-alike-everywhere"),
        pytest.param(
            "A: x", "not s", {(Feature.NOT, True), (Feature.TEXT, False)}, id="negation"
        ),
        pytest.param(
            "A: x",
            "not (not s)",
            {(Feature.NOT, True), (Feature.NOT, False), (Feature.TEXT, True)},
            id="double-negation",
        ),
    ],
)
def test_features_are_read_with_their_polarity(
    entry: str, condition: str, expected: set[tuple[Feature, bool]]
) -> None:
    from sigma.collection import SigmaCollection

    text = (
        "title: t\nlogsource: {product: windows}\n"
        f"detection:\n    s:\n        {entry}\n    condition: {condition}\n"
    )
    assert set(uses(SigmaCollection.from_yaml(text))) == expected


def test_keywords_and_correlations_are_features() -> None:
    from sigma.collection import SigmaCollection

    text = (
        "title: t\nname: r\nlogsource: {product: windows}\n"
        "detection:\n    s: [word]\n    condition: s\n---\n"
        "title: c\ncorrelation:\n    type: event_count\n    rules: [r]\n    timespan: 5m\n"
        "    condition: {gt: 5}\n"
    )
    found = set(uses(SigmaCollection.from_yaml(text)))
    assert found == {(Feature.KEYWORD, True), (Feature.COUNT, True)}
