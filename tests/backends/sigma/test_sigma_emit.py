"""Emission: predicates become the searches and conditions that a person would write."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest
import yaml
from sigma_cases import INFO, PROCESSES, SECURITY, SYSMON, like, regex, rule
from transpile.backends.base import Draft, Request, RuleInfo
from transpile.backends.sigma import backend

from transpile.errors import Unsupported, UsageError
from transpile.fidelity import Fidelity, Observable
from transpile.ir.expr import Call, Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    Compare,
    Exists,
    InNetwork,
    Keyword,
    Not,
    NumEq,
    Order,
    Pred,
    Quant,
    Test,
    all_of,
    any_of,
    negate,
)
from transpile.ir.stages import (
    Agg,
    Aggregate,
    DataModel,
    Events,
    Filter,
    Join,
    Key,
    Pipeline,
    Rename,
)

CODE = like("EventCode", "1")


def emitted(pred: Pred, source: Events | DataModel = SYSMON) -> dict[str, object]:
    draft = backend.emit(Request(rule(pred, source)))
    loaded: dict[str, object] = yaml.safe_load(draft.text)
    return loaded


def detection(pred: Pred) -> dict[str, object]:
    """Return the detection of a rule over Sysmon process creations."""
    found = emitted(all_of((CODE, pred)))["detection"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("pred", "entry"),
    [
        pytest.param(like("Image", "*\\a.exe"), {"Image|endswith": "\\a.exe"}, id="endswith"),
        pytest.param(like("Image", "C:\\a*"), {"Image|startswith": "C:\\a"}, id="startswith"),
        pytest.param(like("Image", "*a*"), {"Image|contains": "a"}, id="contains"),
        pytest.param(like("Image", "a*b"), {"Image": "a*b"}, id="run-inside"),
        pytest.param(like("Image", "a", cased=True), {"Image|cased": "a"}, id="cased"),
        pytest.param(
            like("Image", "*a*", cased=True), {"Image|contains|cased": "a"}, id="cased-contains"
        ),
        pytest.param(like("Image", "*"), {"Image|exists": True}, id="any-value-is-existence"),
        pytest.param(Exists(Field("Image")), {"Image|exists": True}, id="exists"),
        pytest.param(negate(Exists(Field("Image"))), {"Image|exists": False}, id="missing"),
        pytest.param(regex("Image", r"a+\.exe$"), {"Image|re": r"a+\.exe$"}, id="expression"),
        pytest.param(
            regex("Image", "(?i)a+b"), {"Image|re|i": "a+b"}, id="expression-without-case"
        ),
        pytest.param(Test(Field("ProcessId"), Order(">=", 5.0)), {"ProcessId|gte": 5}, id="order"),
        pytest.param(Test(Field("ProcessId"), NumEq(4)), {"ProcessId": 4}, id="number"),
        pytest.param(like("User", "4"), {"User": "4"}, id="digits-of-a-text-field-stay-text"),
        pytest.param(
            Test(Field("User"), InNetwork("10.1.2.3/8")), {"User|cidr": "10.0.0.0/8"}, id="network"
        ),
        pytest.param(
            any_of((like("Image", "*\\a"), like("Image", "*\\b"))),
            {"Image|endswith": ["\\a", "\\b"]},
            id="alternatives-of-one-field-are-a-list",
        ),
        pytest.param(
            all_of((like("CommandLine", "*a*"), like("CommandLine", "*b*"))),
            {"CommandLine|contains|all": ["a", "b"]},
            id="several-substrings-are-all",
        ),
        pytest.param(
            Test(Call("len", (Field("CommandLine"),)), Order(">", 200)),
            {"CommandLine|re": "^(.|\\n){201,}"},
            id="length-is-a-counted-repeat",
        ),
    ],
)
def test_one_search(pred: Pred, entry: dict[str, object]) -> None:
    assert detection(pred) == {"selection": entry, "condition": "selection"}


@pytest.mark.parametrize(
    ("pred", "expected"),
    [
        pytest.param(
            all_of((like("Image", "*\\a"), negate(like("User", "x")))),
            """
            selection:
                Image|endswith: '\\a'
            filter_main_user:
                User: 'x'
            condition: selection and not 1 of filter_main_*
            """,
            id="exclusions-are-filters",
        ),
        pytest.param(
            all_of(
                (like("Image", "*\\a"), negate(any_of((like("User", "x"), like("Image", "b")))))
            ),
            """
            selection:
                Image|endswith: '\\a'
            filter_main_img:
                Image: 'b'
            filter_main_user:
                User: 'x'
            condition: selection and not 1 of filter_main_*
            """,
            id="alternative-exclusions-are-filters-of-their-own",
        ),
        pytest.param(
            all_of(
                (
                    Exists(Field("User")),
                    negate(like("User", "x", Quant.ALL)),
                    like("Image", "*\\a"),
                )
            ),
            """
            selection:
                User|exists: true
                Image|endswith: '\\a'
            filter_main_user:
                User: 'x'
            condition: selection and not 1 of filter_main_*
            """,
            id="not-equal-needs-the-field",
        ),
        pytest.param(
            all_of((Exists(Field("User")), like("User", "x*"))),
            """
            selection:
                User|startswith: 'x'
            condition: selection
            """,
            id="a-test-needs-its-field-anyway",
        ),
        pytest.param(
            all_of(
                (
                    any_of((like("Image", "*\\a"), like("OriginalFileName", "b"))),
                    like("CommandLine", "*c*"),
                )
            ),
            """
            selection_img:
                - Image|endswith: '\\a'
                - OriginalFileName: 'b'
            selection_cli:
                CommandLine|contains: 'c'
            condition: all of selection_*
            """,
            id="alternatives-over-fields-are-a-list-of-maps",
        ),
        pytest.param(
            all_of(
                (
                    any_of((like("CommandLine", "*a*"), like("CommandLine", "*b*"))),
                    any_of((like("CommandLine", "*c*"), like("CommandLine", "*d*"))),
                )
            ),
            """
            selection_cli_1:
                CommandLine|contains:
                    - 'c'
                    - 'd'
            selection_cli_2:
                CommandLine|contains:
                    - 'a'
                    - 'b'
            condition: all of selection_*
            """,
            id="a-key-never-stands-twice",
        ),
        pytest.param(
            any_of(
                (like("Image", "*\\a"), all_of((like("User", "u"), negate(like("Image", "b")))))
            ),
            """
            selection_img_1:
                Image|endswith: '\\a'
            selection_user:
                User: 'u'
            selection_img_2:
                Image: 'b'
            condition: selection_img_1 or selection_user and not selection_img_2
            """,
            id="a-negation-inside-an-or-goes-to-the-condition",
        ),
        pytest.param(
            negate(all_of((like("Image", "a"), negate(like("User", "u"))))),
            """
            selection_img:
                Image: 'a'
            selection_user:
                User: 'u'
            condition: not (selection_img and not selection_user)
            """,
            id="a-negated-group-is-in-parentheses",
        ),
        pytest.param(
            all_of((like("User", "u"), Keyword(Pattern.of("a d")), Keyword(Pattern.of("b c")))),
            """
            selection_keywords:
                '|all':
                    - 'a d'
                    - 'b c'
            selection_user:
                User: 'u'
            condition: all of selection_*
            """,
            id="keywords-are-a-search-of-their-own",
        ),
        pytest.param(
            any_of((like("User", "u"), Keyword(Pattern.of("a d")), Keyword(Pattern.of("b c")))),
            """
            selection_user:
                User: 'u'
            selection_keywords:
                - 'a d'
                - 'b c'
            condition: 1 of selection_*
            """,
            id="keywords-and-fields-meet-in-the-condition",
        ),
        pytest.param(
            any_of((like("User", "u"), negate(Exists(Field("User"))))),
            """
            selection:
                - User: 'u'
                - User|exists: false
            condition: selection
            """,
            id="or-missing-fits-into-one-search",
        ),
    ],
)
def test_detections(pred: Pred, expected: str) -> None:
    assert detection(pred) == yaml.safe_load(textwrap.dedent(expected))


def test_the_text_is_written_as_the_public_rules_are() -> None:
    pred = all_of(
        (
            any_of((like("Processes.process_name", "a.exe"), like("Processes.process_name", "b"))),
            like("Processes.process", "*-x*"),
            negate(like("Processes.parent_process_name", "svc.exe")),
        )
    )
    draft = backend.emit(Request(rule(pred, PROCESSES), INFO))
    assert draft.text == textwrap.dedent(
        r"""        title: Odd Child of a Shell
        id: f9b069c2-5ef1-56aa-9a8a-c77b7910cbbb
        related:
            - id: 4d9d5f6e-3c1a-4f6e-8a53-0d1f7a0c2b11
              type: derived
        status: test
        description: Detects an odd child.
        references:
            - https://example.org/x
        author: A. Nother
        date: 2024-02-03
        modified: 2024-03-04
        tags:
            - attack.execution
            - attack.t1059.001
        logsource:
            category: process_creation
            product: windows
        detection:
            selection:
                Image|endswith:
                    - '\a.exe'
                    - '\b'
                CommandLine|contains: '-x'
            filter_main_parent:
                ParentImage|endswith: '\svc.exe'
            condition: selection and not 1 of filter_main_*
        falsepositives:
            - Administrators at work
        level: high
        """
    ).replace("        title", "title", 1)
    assert (draft.fidelity, draft.observable) == (Fidelity.EXACT, Observable.EVENTS)
    assert draft.stem == "proc_creation_win_odd_child_of_a_shell"


def test_the_event_id_of_a_channel_joins_the_selection() -> None:
    found = emitted(all_of((like("EventCode", "4688"), like("SubjectUserName", "a*"))), SECURITY)
    assert found["logsource"] == {"product": "windows", "service": "security"}
    assert found["detection"] == {
        "selection": {"EventID": 4688, "SubjectUserName|startswith": "a"},
        "condition": "selection",
    }


def test_a_rule_over_a_category_alone_asks_for_its_event_id() -> None:
    assert emitted(CODE)["detection"] == {"selection": {"EventID": 1}, "condition": "selection"}


# -- losses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pred", "code"),
    [
        pytest.param(regex("Image", "a(?!b)"), "TGT605", id="lookahead"),
        pytest.param(Test(Field("User"), Order(">", "m")), "TGT604", id="text-order"),
        pytest.param(
            Compare("<", Field("User"), Field("Image")), "TGT604", id="order-of-two-fields"
        ),
        pytest.param(
            Compare("==", Field("User"), Field("Image")), "TGT606", id="equality-without-case"
        ),
    ],
)
@pytest.mark.parametrize("negated", [False, True])
def test_what_cannot_be_said_widens_the_rule(pred: Pred, code: str, negated: bool) -> None:
    whole = all_of((CODE, like("CommandLine", "*x*"), Not(pred) if negated else pred))
    draft = backend.emit(Request(rule(whole), INFO))
    assert draft.fidelity is Fidelity.SUPERSET
    assert [loss.code for loss in draft.losses] == [code]
    assert draft.losses[0].message in yaml.safe_load(draft.text)["description"]


@pytest.mark.parametrize(
    ("pipeline", "code"),
    [
        pytest.param(rule(regex("Image", "a(?!b)")), "TGT605", id="nothing-remains"),
        pytest.param(rule(like("a", "b"), Events()), "TGT602", id="no-log-source"),
        pytest.param(rule(all_of((CODE, negate(CODE)))), "TGT604", id="never-true"),
    ],
)
def test_refusals(pipeline: Pipeline, code: str) -> None:
    with pytest.raises(Unsupported) as caught:
        backend.emit(Request(pipeline, INFO))
    assert caught.value.code == code


def test_another_schema_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="ecs"):
        backend.emit(Request(rule(CODE), INFO, schema="ecs"))


# -- metadata ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("info", "key", "value"),
    [
        pytest.param(RuleInfo(name="Detects A Thing."), "title", "A Thing", id="title"),
        pytest.param(RuleInfo(name="x" * 200), "title", "x" * 117 + "...", id="long-title"),
        pytest.param(RuleInfo(stem="my_rule"), "title", "My Rule", id="title-from-the-file"),
        pytest.param(RuleInfo(status="validation"), "status", "experimental", id="status"),
        pytest.param(RuleInfo(severity="critical"), "level", "critical", id="level"),
        pytest.param(
            RuleInfo(false_positives=("None identified.",)),
            "falsepositives",
            ["Unknown"],
            id="no-false-positive-is-unknown",
        ),
        pytest.param(RuleInfo(name="A", description=""), "description", "Detects A.", id="text"),
    ],
)
def test_metadata(info: RuleInfo, key: str, value: object) -> None:
    draft = backend.emit(Request(rule(CODE), info))
    assert yaml.safe_load(draft.text)[key] == value


def test_an_id_that_is_no_uuid_gives_no_link() -> None:
    draft = backend.emit(Request(rule(CODE), RuleInfo(id="7", name="A")))
    assert "related" not in yaml.safe_load(draft.text)


def test_file_names_fit_the_repository() -> None:
    draft = backend.emit(Request(rule(CODE), RuleInfo(name="Very Long " * 20)))
    assert len(draft.stem + draft.suffix) <= 70
    assert draft.stem.startswith("proc_creation_win_very_long")


# -- thresholds ----------------------------------------------------------------------------------

BY_IP = (Key("IpAddress", Field("IpAddress")),)


def counted(func: str, arg: str, test: Pred, info: RuleInfo) -> object:
    aggregate = Aggregate((Agg(func, Field(arg) if arg else None, "n"),), BY_IP)
    pipeline = rule(like("EventCode", "4625"), SECURITY, aggregate, Filter(test))
    return backend.emit(Request(pipeline, info))


@pytest.mark.parametrize(
    ("func", "arg", "op", "expected"),
    [
        pytest.param("count", "", ">", {"type": "event_count", "condition": {"gt": 5}}, id="count"),
        pytest.param(
            "dc",
            "TargetUserName",
            ">=",
            {"type": "value_count", "condition": {"field": "TargetUserName", "gte": 5}},
            id="distinct-values",
        ),
        pytest.param(
            "sum",
            "LogonType",
            ">",
            {"type": "value_sum", "condition": {"field": "LogonType", "gt": 5}},
            id="sum",
        ),
    ],
)
def test_thresholds_are_correlations(
    func: str, arg: str, op: str, expected: dict[str, object]
) -> None:
    draft = counted(func, arg, Test(Field("n"), Order(op, 5)), RuleInfo(name="A", window=600))
    base, found = yaml.safe_load_all(draft.text)
    assert found["correlation"] == {
        "rules": [base["name"]],
        "group-by": ["IpAddress"],
        "timespan": "10m",
        **expected,
    }
    assert (draft.observable, draft.groups) == (Observable.GROUPS, ("IpAddress",))
    assert draft.fidelity is Fidelity.EXACT


def test_a_threshold_without_a_window_is_a_loss() -> None:
    draft = counted("count", "", Test(Field("n"), Order(">", 5)), RuleInfo(name="A"))
    assert [loss.code for loss in draft.losses] == ["TGT607"]
    assert draft.observable is Observable.EVENTS
    assert len(list(yaml.safe_load_all(draft.text))) == 1


def test_an_upper_limit_in_a_sliding_window_finds_more() -> None:
    draft = counted("count", "", Test(Field("n"), Order("<", 5)), RuleInfo(name="A", window=60))
    assert draft.fidelity is Fidelity.SUPERSET
    assert [loss.code for loss in draft.losses] == ["TGT607"]



@pytest.mark.parametrize(
    ("names", "keys", "group_by"),
    [
        pytest.param(
            ("Image", "process_name"), ("Image",), ["Image"], id="a-name-beside-its-path"
        ),
        pytest.param(
            ("Image", "signature", "signature_id"),
            ("Image", "signature_id"),
            ["Image", "EventID"],
            id="the-title-of-the-event-code",
        ),
        pytest.param(
            ("Image", "sourcetype"), ("Image",), ["Image"], id="what-the-log-source-says"
        ),
        pytest.param(("user",), ("user",), ["User"], id="an-account-with-its-domain"),
    ],
)
def test_keys_that_others_determine_make_no_groups(
    names: tuple[str, ...], keys: tuple[str, ...], group_by: list[str]
) -> None:
    by = tuple(Key(name, Field(name)) for name in names)
    stats = Aggregate((Agg("count", None, "n"),), by)
    pipeline = rule(like("EventCode", "23"), SYSMON, stats, Filter(Test(Field("n"), Order(">", 5))))
    draft = backend.emit(Request(pipeline, RuleInfo(name="A", window=600)))
    _, found = yaml.safe_load_all(draft.text)
    assert found["correlation"]["group-by"] == group_by
    assert draft.groups == keys


def by_keys(*names: str, op: str = ">", func: str = "count", arg: str = "") -> Draft:
    by = tuple(Key(name, Field(name)) for name in names)
    stats = Aggregate((Agg(func, Field(arg) if arg else None, "n"),), by)
    pipeline = rule(like("EventCode", "23"), SYSMON, stats, Filter(Test(Field("n"), Order(op, 5))))
    return backend.emit(Request(pipeline, RuleInfo(name="A", window=600)))


def correlation_of(draft: Draft) -> dict[str, object]:
    *_, found = yaml.safe_load_all(draft.text)
    correlation: dict[str, object] = found["correlation"]
    return correlation


def test_a_name_without_its_path_stands_for_one_path() -> None:
    draft = by_keys("process_name")
    assert correlation_of(draft)["group-by"] == ["Image"]
    assert "process_name stands for one path in the events of a group" in draft.assumptions
    assert draft.fidelity is Fidelity.EXACT


def test_groups_that_are_not_told_apart_find_more() -> None:
    draft = by_keys("Image", "nothing_known")
    assert correlation_of(draft)["group-by"] == ["Image"]
    assert [loss.code for loss in draft.losses] == ["TGT607"]
    assert (draft.fidelity, draft.groups) == (Fidelity.SUPERSET, ("Image",))


def test_groups_that_are_not_told_apart_keep_no_upper_limit() -> None:
    draft = by_keys("Image", "nothing_known", op="<")
    assert [loss.code for loss in draft.losses] == ["TGT607"]
    assert draft.observable is Observable.EVENTS


def test_distinct_raw_texts_are_events_that_differ() -> None:
    draft = by_keys("Image", func="dc", arg="_raw")
    assert correlation_of(draft)["type"] == "event_count"
    assert "no two events of a group have the same text" in draft.assumptions
    assert draft.distinct == ("_raw",)


def test_the_host_of_an_event_is_its_computer() -> None:
    draft = by_keys("host")
    assert correlation_of(draft)["group-by"] == ["Computer"]
    assert "host is the computer that events tell of (dest)" in draft.assumptions


# -- joins ---------------------------------------------------------------------------------------

NETWORK = DataModel("Network_Traffic", "All_Traffic", "All_Traffic.")
SYSMON_SOURCES = ("Sysmon EventID 1 AND Sysmon EventID 3",)


def keyed(prefix: str, *names: str) -> Aggregate:
    keys = tuple(Key(name, Field(f"{prefix}.{name}")) for name in names)
    return Aggregate((Agg("count", None, "count"),), keys)


def joined(info: RuleInfo, right_key: str = "process_id") -> Draft:
    right = rule(
        like("All_Traffic.dest_port", "443"),
        NETWORK,
        keyed("All_Traffic", right_key),
        Rename(((right_key, "process_id"),)),
    )
    pipeline = rule(
        like("Processes.process_name", "a.exe"),
        PROCESSES,
        keyed("Processes", "process_id", "user"),
        Join(right, ("process_id",)),
    )
    return backend.emit(Request(pipeline, replace(info, data_sources=SYSMON_SOURCES)))


def test_a_join_is_a_temporal_correlation_of_two_rules() -> None:
    draft = joined(RuleInfo(name="A", window=600))
    own, other, found = yaml.safe_load_all(draft.text)
    assert found["correlation"] == {
        "type": "temporal",
        "rules": [own["name"], other["name"]],
        "group-by": ["ProcessId"],
        "timespan": "10m",
    }
    assert other["logsource"] == {"category": "network_connection", "product": "windows"}
    assert len({document["id"] for document in (own, other, found)}) == 3
    assert len({document["title"] for document in (own, other, found)}) == 3
    assert (draft.fidelity, draft.observable) == (Fidelity.EXACT, Observable.GROUPS)
    assert draft.groups == ("process_id",)


def test_a_join_without_a_window_is_a_loss() -> None:
    draft = joined(RuleInfo(name="A"))
    assert [loss.code for loss in draft.losses] == ["TGT606"]
    assert len(list(yaml.safe_load_all(draft.text))) == 1
    assert draft.sides == ()


def test_a_join_on_a_field_without_counterpart_is_a_loss() -> None:
    draft = joined(RuleInfo(name="A", window=600), right_key="nothing_known")
    assert [loss.code for loss in draft.losses] == ["TGT606"]


def test_a_rule_that_filters_nothing_asks_for_the_keys_of_its_join() -> None:
    right = rule(like("All_Traffic.dest_port", "443"), NETWORK, keyed("All_Traffic", "process_id"))
    left = Pipeline((PROCESSES, keyed("Processes", "process_id"), Join(right, ("process_id",))))
    info = RuleInfo(name="A", window=600, data_sources=SYSMON_SOURCES)
    own, _, _ = yaml.safe_load_all(backend.emit(Request(left, info)).text)
    assert own["detection"] == {
        "selection": {"ProcessId|exists": True},
        "condition": "selection",
    }


# -- the text of an event --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pred", "search", "fidelity"),
    [
        pytest.param(like("_raw", "*a b*"), ["a b"], Fidelity.EXACT, id="contains"),
        pytest.param(regex("_raw", "a+b"), {"|re": "a+b"}, Fidelity.EXACT, id="expression"),
        pytest.param(like("_raw", "a*"), {"|re|i": "^a"}, Fidelity.EXACT, id="beginning"),
        pytest.param(like("_raw", "*a"), ["a"], Fidelity.SUPERSET, id="end"),
        pytest.param(
            like("_raw", "*Ab*", cased=True), {"|re": "Ab"}, Fidelity.EXACT, id="with-case"
        ),
        pytest.param(
            Keyword(Pattern.of("a.b")),
            {"|re|i": "(^|[^A-Za-z0-9])a\\.b([^A-Za-z0-9]|$)"},
            Fidelity.EXACT,
            id="a-word-is-no-part-of-one",
        ),
        pytest.param(
            like("Message", "*a\\b*"), ["a\\b"], Fidelity.SUPERSET, id="rendered-message"
        ),
    ],
)
def test_the_text_of_an_event_is_asked_by_keywords(
    pred: Pred, search: object, fidelity: Fidelity
) -> None:
    draft = backend.emit(Request(rule(all_of((like("EventCode", "4624"), pred)), SECURITY)))
    found = yaml.safe_load(draft.text)["detection"]
    assert found["selection_keywords"] == search
    assert draft.fidelity is fidelity


def test_a_phrase_is_taken_to_stand_outside_of_words() -> None:
    draft = backend.emit(Request(rule(Keyword(Pattern.of("a b")), SECURITY)))
    assert draft.fidelity is Fidelity.EXACT
    assert "the phrase a b does not stand inside of longer words" in draft.assumptions
