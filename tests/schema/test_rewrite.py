"""Rewriting of filters: names, literals, what is left out, and that nothing is ever missed."""

from __future__ import annotations

import pytest

from transpile.errors import Unsupported
from transpile.ir.expr import Call, Expr, Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    FALSE,
    TRUE,
    Compare,
    Exists,
    Glob,
    Matches,
    Not,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
    Unknown,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import parse_regex
from transpile.ir.stages import DataModel, Events
from transpile.schema.rewrite import Resolution, resolve, rewrite

PROCESSES = DataModel("Endpoint", "Processes", "Processes.")
SYSMON = Events(macros=("sysmon",))
SECURITY = Events(macros=("wineventlog_security",))


def like(name: str, value: str, quant: Quant = Quant.ANY, cased: bool = False) -> Pred:
    pattern = Pattern.from_spl(value)
    condition = TextEq(pattern.text, cased) if pattern.is_literal else Glob(pattern, cased)
    return Test(Field(name), condition, quant)


def regex(name: str, text: str) -> Pred:
    return Test(Field(name), Matches(parse_regex(text)))


def resolved(source: Events | DataModel, pred: Pred, *labels: str) -> Resolution:
    found = resolve(source, pred, labels)
    assert found is not None
    return found


# -- what a rule reads -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "pred", "labels", "expected"),
    [
        pytest.param(PROCESSES, TRUE, (), "endpoint.processes", id="data-model-node"),
        pytest.param(SYSMON, like("EventCode", "10"), (), "windows.sysmon.10", id="one-event-code"),
        pytest.param(
            SYSMON,
            any_of((like("EventCode", "10"), like("EventCode", "8"))),
            (),
            "windows.sysmon",
            id="two-event-codes-read-the-channel",
        ),
        pytest.param(
            SYSMON,
            any_of((like("EventCode", "10"), like("Image", "*a*"))),
            (),
            "windows.sysmon",
            id="a-code-that-not-every-event-needs-does-not-count",
        ),
        pytest.param(
            SYSMON, negate(like("EventCode", "10")), (), "windows.sysmon", id="negated-code"
        ),
        pytest.param(
            Events(),
            TRUE,
            ("Sysmon EventID 7",),
            "windows.sysmon.7",
            id="data-source-label-when-the-search-names-nothing",
        ),
        pytest.param(
            Events(scope=like("sourcetype", "aws:cloudtrail")),
            TRUE,
            (),
            "aws.cloudtrail",
            id="terms-of-the-scope",
        ),
    ],
)
def test_resolve_finds_the_dataset(
    source: Events | DataModel, pred: Pred, labels: tuple[str, ...], expected: str
) -> None:
    assert resolved(source, pred, *labels).dataset.id == expected


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(Events(), id="nothing-named"),
        pytest.param(Events(macros=("sysmon", "wineventlog_security")), id="two-sources"),
        pytest.param(DataModel("No_Such_Model", "Node"), id="unknown-model"),
    ],
)
def test_resolve_gives_none_when_it_cannot_tell(source: Events | DataModel) -> None:
    assert resolve(source, TRUE) is None


@pytest.mark.parametrize(
    ("labels", "pred", "platform"),
    [
        pytest.param((), TRUE, "windows", id="default"),
        pytest.param(("Sysmon for Linux EventID 1",), TRUE, "linux", id="label"),
        pytest.param(("Sysmon EventID 1",), like("os", "*Linux*"), "linux", id="own-test-wins"),
    ],
)
def test_resolve_finds_the_platform(labels: tuple[str, ...], pred: Pred, platform: str) -> None:
    assert resolved(PROCESSES, pred, *labels).platform == platform


def test_an_action_selects_the_log_source() -> None:
    found = resolved(DataModel("Endpoint", "Filesystem"), like("action", "deleted"))
    assert found.logsource is not None
    assert found.logsource.category == "file_delete"


# -- exact rewrites --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pred", "sigma"),
    [
        pytest.param(like("process", "*-x*"), like("CommandLine", "*-x*"), id="renamed"),
        pytest.param(
            like("process_name", "a.exe"), like("Image", "*\\a.exe"), id="base-name-of-a-path"
        ),
        pytest.param(
            like("process_name", "a*"),
            regex("Image", r"(?i)\\a[^\\]*$"),
            id="the-start-of-a-base-name-must-not-match-a-folder",
        ),
        pytest.param(
            negate(like("process_name", "a*")),
            Not(regex("Image", r"(?i)\\a[^\\]*$")),
            id="an-exact-expression-may-be-negated",
        ),
        pytest.param(
            regex("process", "^a"), regex("CommandLine", "^a"), id="expression-on-the-same-value"
        ),
        pytest.param(
            Test(Field("process_id"), Order(">", 4)),
            Test(Field("ProcessId"), Order(">", 4)),
            id="order",
        ),
        pytest.param(Exists(Field("process")), TRUE, id="never-missing-in-the-model"),
        pytest.param(
            like("process", "unknown"),
            negate(Exists(Field("CommandLine"))),
            id="unknown-is-the-models-word-for-missing",
        ),
        pytest.param(
            all_of((Exists(Field("user")), negate(like("user", "unknown", Quant.ALL)))),
            Exists(Field("User")),
            id="not-unknown-is-existence",
        ),
        pytest.param(
            like("process", "*know*"),
            any_of((like("CommandLine", "*know*"), negate(Exists(Field("CommandLine"))))),
            id="a-pattern-that-unknown-meets-includes-missing",
        ),
        pytest.param(
            Compare("==", Field("process"), Field("parent_process")),
            any_of(
                (
                    Compare("==", Field("CommandLine"), Field("ParentCommandLine")),
                    all_of(
                        (
                            negate(Exists(Field("CommandLine"))),
                            negate(Exists(Field("ParentCommandLine"))),
                        )
                    ),
                )
            ),
            id="two-unknowns-are-equal",
        ),
    ],
)
def test_exact_rewrites(pred: Pred, sigma: Pred) -> None:
    found = rewrite(pred, resolved(PROCESSES, pred), "sigma")
    assert (found.pred, found.losses) == (sigma, ())


def test_the_event_code_of_the_dataset_is_decided() -> None:
    pred = all_of((like("EventCode", "10"), like("TargetImage", "*b.exe")))
    assert rewrite(pred, resolved(SYSMON, pred), "sigma").pred == like("TargetImage", "*b.exe")


def test_a_test_on_another_event_code_is_false() -> None:
    pred = all_of((like("EventCode", "10"), like("EventID", "8")))
    assert rewrite(pred, resolved(SYSMON, like("EventCode", "10")), "sigma").pred == FALSE


def test_several_event_codes_stay_tests() -> None:
    pred = any_of((like("EventCode", "4624"), like("EventCode", "4625")))
    expected = any_of((like("EventID", "4624"), like("EventID", "4625")))
    assert rewrite(pred, resolved(SECURITY, pred), "sigma").pred == expected


def test_a_field_inside_an_expression_is_renamed_with_its_filler() -> None:
    def length(item: Expr) -> Pred:
        return Test(Call("len", (item,)), Order(">", 9))

    pred = length(Field("process"))
    found = rewrite(pred, resolved(PROCESSES, pred), "sigma").pred
    assert isinstance(found, Test)
    assert isinstance(found.subject, Call)
    assert "CommandLine" in str(found)


def test_target_fields_are_reported_with_their_type() -> None:
    pred = like("process_name", "a.exe")
    found = rewrite(pred, resolved(PROCESSES, pred), "ecs")
    assert {name: target.type for name, target in found.fields.items()} == {
        "process.name": "keyword"
    }


# -- losses ----------------------------------------------------------------------------------------

MAPPED = like("process", "*-x*")
UNMAPPED = like("dest_category", "z")
SAID = like("CommandLine", "*-x*")


@pytest.mark.parametrize(
    ("pred", "sigma"),
    [
        pytest.param(all_of((MAPPED, UNMAPPED)), SAID, id="conjunct-vanishes"),
        pytest.param(all_of((MAPPED, negate(UNMAPPED))), SAID, id="negated-conjunct-vanishes"),
        pytest.param(
            all_of((like("process", "*y"), any_of((MAPPED, UNMAPPED)))),
            like("CommandLine", "*y"),
            id="or-vanishes-whole",
        ),
        pytest.param(
            negate(any_of((MAPPED, UNMAPPED))), Not(SAID), id="not-or-keeps-the-rest"
        ),
        pytest.param(
            all_of((MAPPED, negate(all_of((like("process", "*y"), UNMAPPED))))),
            SAID,
            id="not-and-vanishes-whole",
        ),
    ],
)
def test_an_unmapped_field_widens_and_is_named(pred: Pred, sigma: Pred) -> None:
    found = rewrite(pred, resolved(PROCESSES, pred), "sigma")
    assert found.pred == sigma
    assert [loss.code for loss in found.losses] == ["TGT601"]
    assert "dest_category" in found.losses[0].message
    assert found.unmapped == ("dest_category",)


def test_a_wider_rewrite_is_dropped_under_a_negation() -> None:
    wide = like("registry_key_name", "run*")
    source = DataModel("Endpoint", "Registry", "Registry.")
    pred = all_of((like("registry_path", "*a*"), negate(wide)))
    found = rewrite(pred, resolved(source, pred), "sigma")
    assert found.pred == any_of((like("TargetObject", "*a*"),))
    assert [loss.code for loss in found.losses] == ["TGT606"]


def test_an_undecided_condition_is_a_loss_with_its_code() -> None:
    pred = all_of((MAPPED, Unknown("a lookup", "SPL301")))
    found = rewrite(pred, resolved(PROCESSES, pred), "sigma")
    assert (found.pred, [loss.code for loss in found.losses]) == (SAID, ["SPL301"])


def test_nothing_left_is_refused_with_the_code_of_the_loss() -> None:
    with pytest.raises(Unsupported, match="dest_category") as caught:
        rewrite(UNMAPPED, resolved(PROCESSES, UNMAPPED), "sigma")
    assert caught.value.code == "TGT601"


def test_keep_unmapped_passes_the_field_through_as_an_assumption() -> None:
    found = rewrite(UNMAPPED, resolved(PROCESSES, UNMAPPED), "sigma", keep_unmapped=True)
    assert found.pred == UNMAPPED
    assert found.losses == ()
    assert any("dest_category" in text for text in found.assumptions)
