"""`event_rule`: what single events decide of a rule is what the interpreter finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.interpret import Context, Table, compile_pred, event_row, matched
from transpile.ir.events import EventRule, Threshold, event_rule
from transpile.ir.expr import Call, Case, Field, Lit
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    TRUE,
    And,
    Exists,
    Glob,
    InNetwork,
    Matches,
    Not,
    NumEq,
    Or,
    Order,
    Pred,
    Test,
    TextEq,
    all_of,
)
from transpile.ir.regex import parse_regex
from transpile.ir.stages import (
    Agg,
    Aggregate,
    Compute,
    Events,
    Extract,
    Fill,
    Filter,
    Join,
    Key,
    Lookup,
    Parse,
    Pipeline,
    Project,
    Rename,
    Stage,
)
from transpile.ir.walk import conjuncts

TABLES = {
    "kinds": Table("kinds", (
        {"name": "a", "kind": "bad"}, {"name": "A", "kind": "good"}, {"name": "x1", "kind": ""},
    ), ("name", "kind")),
    "globs": Table("globs", ({"name": "x*", "kind": "bad"}, {"name": "*1", "kind": "bad"}),
                   ("name", "kind"), case_sensitive=False, match_types={"name": "WILDCARD"}),
    "filled": Table("filled", ({"name": "a", "kind": "bad"},), ("name", "kind"),
                    case_sensitive=False, min_matches=1, default_match="none"),
    "unclear": Table("unclear", (
        {"name": "a", "kind": "bad"}, {"name": "a", "kind": "good"},
    ), ("name", "kind")),
    "several": Table("several", (
        {"name": "x*", "kind": "bad"}, {"name": "*", "kind": "good"}, {"name": "*1", "kind": ""},
    ), ("name", "kind"), case_sensitive=False, match_types={"name": "WILDCARD"},
        min_matches=1, default_match="none"),
    "first": Table("first", (
        {"name": "x1", "kind": ""}, {"name": "x*", "kind": "bad"}, {"name": "*a", "kind": "good"},
        {"name": "a", "kind": "bad"},
    ), ("name", "kind"), match_types={"name": "WILDCARD"}, max_matches=1),
    "far": Table("far", None, ("name", "kind")),
}
CONTEXT = Context(now=0.0, lookups=TABLES)

NAMES = st.sampled_from(["u", "v", "kind", "part"])
VALUES = st.sampled_from(["a", "A", "x1", "xa", "bad", "good", "none", "1", "2.0", ""])
REGEXES = [parse_regex(text) for text in (
    "x(?<part>.)", "^(?<part>[a-z]+)$", "(?<part>a)?x", "(?<kind>a|b)|(?<part>x)",
)]

conditions = st.one_of(
    st.builds(TextEq, VALUES, st.booleans()),
    st.builds(NumEq, st.sampled_from([1, 2])),
    st.builds(Order, st.sampled_from([">", "<="]), st.sampled_from([1, 2])),
    st.builds(Glob, st.sampled_from(["x*", "*a*", "*"]).map(Pattern.from_spl), st.booleans()),
    st.sampled_from([Matches(regex) for regex in REGEXES]),
)
leaves = st.builds(Test, NAMES.map(Field), conditions) | st.builds(Exists, NAMES.map(Field))


def grow(inner: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, many) | st.builds(Or, many)


preds = st.recursive(leaves, grow, max_leaves=5)
exprs = st.one_of(
    NAMES.map(Field),
    VALUES.map(Lit),
    st.builds(lambda name: Call("lower", (Field(name),)), NAMES),
    st.builds(lambda one, two: Call("coalesce", (Field(one), Field(two))), NAMES, NAMES),
    st.builds(lambda pred, text: Case(((pred, Lit(text)),)), leaves, VALUES),
)
row_stages: st.SearchStrategy[Stage] = st.one_of(
    st.builds(Filter, preds),
    st.builds(lambda name, expr: Compute(((name, expr),)), NAMES, exprs),
    st.builds(Extract, st.sampled_from("uv"), st.sampled_from(REGEXES)),
    st.builds(lambda old, new: Rename(((old, new),)), NAMES, NAMES),
    st.builds(lambda value, name: Fill(value, (name,)), VALUES, NAMES),
    st.builds(lambda name: Project((name,), drop=True), NAMES),
    st.builds(
        lambda table, name, keep: Lookup(table, (("name", name),), (("kind", "kind"),), keep),
        st.sampled_from(["kinds", "globs", "filled", "unclear", "several", "first"]),
        st.sampled_from("uv"), st.booleans(),
    ),
)
groupings: st.SearchStrategy[Stage] = st.builds(
    lambda names: Aggregate((Agg("count", None, "count"),),
                            tuple(Key(name, Field(name)) for name in names)),
    st.lists(NAMES, min_size=1, max_size=3, unique=True),
)
pipelines = st.builds(
    lambda before, groups, after: Pipeline((Events(), *before, *groups, *after)),
    st.lists(row_stages, max_size=4),
    st.lists(groupings, max_size=1),
    st.lists(st.builds(Filter, preds), max_size=1),
)
event_sets = st.lists(
    st.dictionaries(NAMES, VALUES, min_size=1).map(lambda event: {"_time": 5.0, **event}),
    min_size=1, max_size=8,
)


def selected(rule: EventRule, events: list[dict[str, Any]]) -> set[int]:
    decide = compile_pred(rule.pred, CONTEXT)
    return {at for at, event in enumerate(events) if decide(event_row(event))}


def admitted(rule: EventRule, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    decide = compile_pred(rule.required, CONTEXT)
    return [event for event in events if decide(event_row(event))]


@settings(max_examples=600, deadline=None)
@given(pipelines, event_sets)
def test_a_rule_as_event_test_finds_what_the_rule_finds(
    pipeline: Pipeline, events: list[dict[str, Any]]
) -> None:
    rule = event_rule(pipeline, tables=TABLES)
    tried = admitted(rule, events)
    wanted, found = set(matched(pipeline, tried, CONTEXT)), selected(rule, tried)
    assert wanted <= found
    if not rule.losses and rule.threshold is None:
        assert found == wanted


def piped(*stages: Stage) -> Pipeline:
    return Pipeline((Events(), *stages))


def grouped(*names: str) -> Aggregate:
    return Aggregate((Agg("count", None, "count"),), tuple(Key(n, Field(n)) for n in names))


def looked_up(table: str) -> Lookup:
    return Lookup(table, (("name", "u"),), (("kind", "kind"),))


def is_text(name: str, text: str, *, cased: bool = False) -> Test:
    return Test(Field(name), TextEq(text, cased))


BAD = Filter(is_text("kind", "bad"))


@pytest.mark.parametrize(("stages", "pred"), [
    pytest.param((looked_up("kinds"), BAD), is_text("u", "a", cased=True),
                 id="an-entry-of-a-table-becomes-a-test-of-its-key"),
    pytest.param((looked_up("globs"), BAD),
                 Or((Test(Field("u"), Glob(Pattern.from_spl("x*"))),
                     Test(Field("u"), Glob(Pattern.from_spl("*1"))))),
                 id="wildcards-of-a-table-stay-wildcards"),
    pytest.param((Extract("u", REGEXES[0]), grouped("u", "part")),
                 Test(Field("u"), Matches(REGEXES[0])),
                 id="a-grouping-by-an-extraction-asks-for-a-match"),
    pytest.param((Extract("u", REGEXES[0]), Filter(Not(Exists(Field("part"))))),
                 Not(Test(Field("u"), Matches(REGEXES[0]))),
                 id="a-missing-extraction-is-no-match"),
])
def test_what_becomes_of_a_value_from_elsewhere(stages: tuple[Stage, ...], pred: Pred) -> None:
    rule = event_rule(piped(*stages), tables=TABLES)
    assert rule.pred == pred
    assert rule.losses == ()


@pytest.mark.parametrize("table", [
    pytest.param("far", id="rows-that-are-not-available"),
    pytest.param("nowhere", id="unknown-table"),
])
def test_a_lookup_that_cannot_be_written_out_is_a_loss(table: str) -> None:
    rule = event_rule(piped(looked_up(table), BAD), tables=TABLES)
    assert [loss.code for loss in rule.losses] == ["TGT606"]


def test_entries_that_disagree_are_asked_for_one_by_one() -> None:
    rule = event_rule(piped(looked_up("unclear"), BAD), tables=TABLES)
    assert (rule.pred, rule.losses) == (is_text("u", "a", cased=True), ())


def test_a_network_of_a_table_becomes_a_test_of_the_address() -> None:
    table = Table("nets", ({"name": "10.0.0.0/8", "kind": "bad"}, {"name": "no", "kind": "bad"}),
                  ("name", "kind"), match_types={"name": "CIDR"})
    rule = event_rule(piped(looked_up("nets"), BAD), tables={"nets": table})
    assert rule.pred == Test(Field("u"), InNetwork("10.0.0.0/8"))


def test_a_value_of_an_optional_group_is_not_known_to_be_there() -> None:
    rule = event_rule(piped(Extract("u", REGEXES[2]), Filter(Exists(Field("part")))))
    assert [loss.code for loss in rule.losses] == ["TGT606"]


def test_a_test_on_an_extraction_is_lost_but_not_the_match() -> None:
    rule = event_rule(piped(Extract("u", REGEXES[0]), Filter(is_text("part", "y"))))
    assert rule.pred == Test(Field("u"), Matches(REGEXES[0]))
    assert [loss.code for loss in rule.losses] == ["TGT606"]


def test_a_field_that_a_stage_writes_is_assumed_to_come_from_there_only() -> None:
    rule = event_rule(piped(Extract("u", REGEXES[0]), grouped("part")))
    assert rule.required == Not(Exists(Field("part")))
    assert rule.assumptions == ("events have no field part of their own",)


@pytest.mark.parametrize(("func", "stays"), [
    pytest.param(lambda: Agg("count", None, "n"), False, id="some-event-is-in-every-group"),
    pytest.param(lambda: Agg("dc", Field("v"), "n"), False, id="with-a-value"),
    pytest.param(lambda: Agg("sum", Field("v"), "n"), True, id="a-sum-may-be-anything"),
])
def test_a_threshold_that_every_group_meets_is_none(func: Callable[[], Agg], stays: bool) -> None:
    stats = Aggregate((func(),), (Key("u", Field("u")),))
    rule = event_rule(piped(stats, Filter(Test(Field("n"), Order(">", 0)))))
    assert (rule.threshold is not None) is stays
    wanted = [Exists(Field("u"))] + [Exists(Field("v"))] * (func().func == "dc")
    assert rule.required == all_of(wanted)


def test_a_threshold_keeps_its_groups() -> None:
    rule = event_rule(piped(grouped("u"), Filter(Test(Field("count"), Order(">", 3)))))
    assert rule.threshold == Threshold("count", "", ">", 3, ("u",))


# -- joins ---------------------------------------------------------------------------------------

sides = st.builds(
    lambda before, names, after: Pipeline((Events(), *before, aggregated(("k", *names)), *after)),
    st.lists(st.builds(Filter, preds), max_size=2),
    st.lists(NAMES, max_size=2, unique=True),
    st.lists(st.builds(Filter, preds), max_size=1),
)


def aggregated(names: tuple[str, ...]) -> Aggregate:
    return Aggregate(
        (Agg("count", None, "count"),), tuple(Key(name, Field(name)) for name in names)
    )


def no_field(_: object) -> frozenset[str]:
    return frozenset()


@settings(max_examples=200, deadline=None)
@given(
    sides, sides, st.lists(st.builds(Filter, preds), max_size=1), st.sampled_from((0, 1)),
    st.lists(st.builds(lambda k, event: {"k": k, **event}, st.sampled_from("mn"),
                       st.dictionaries(NAMES, VALUES)), max_size=6),
)
def test_the_partner_of_a_join_finds_the_groups_that_the_join_finds(
    left: Pipeline, right: Pipeline, after: list[Filter], most: int, made: list[dict[str, Any]]
) -> None:
    joined = Pipeline((*left.stages, Join(right, ("k",), max=most), *after))
    rule = event_rule(joined, joins=no_field)
    assert rule.partner is not None
    assert rule.partner.keys == (("k", "k"),)
    events = admitted(rule.partner.rule, admitted(rule, [{"_time": 5.0, **e} for e in made]))
    own, other = selected(rule, events), selected(rule.partner.rule, events)
    found = {events[at]["k"] for at in own} & {events[at]["k"] for at in other}
    expected = {events[at]["k"] for at in matched(joined, events, CONTEXT)}
    if rule.losses:
        assert expected <= found
    else:
        assert expected == found


@pytest.mark.parametrize(
    ("join", "partner"),
    [
        pytest.param(Join(piped(aggregated(("k",))), ("k",)), True, id="inner"),
        pytest.param(Join(piped(aggregated(("k",))), ("k",), outer=True), False, id="outer"),
        pytest.param(Join(piped(aggregated(("k",))), ()), False, id="keys-of-the-data"),
        pytest.param(
            Join(piped(aggregated(("k",)), Filter(Test(Field("count"), Order(">", 2)))), ("k",)),
            False, id="threshold-of-the-partner",
        ),
        pytest.param(
            Join(piped(aggregated(("k", "_time"))), ("k", "_time")), False, id="same-second"
        ),
    ],
)
def test_a_join_becomes_a_partner_where_that_is_exact(join: Join, partner: bool) -> None:
    rule = event_rule(piped(aggregated(("k",)), join), joins=no_field)
    assert (rule.partner is not None) is partner
    assert bool(rule.losses) is not (partner or join.outer)


def test_a_filter_on_the_fields_of_a_partner_is_its_own() -> None:
    right = piped(aggregated(("k", "v")))
    rule = event_rule(
        piped(aggregated(("k",)), Join(right, ("k",), max=0), Filter(is_text("v", "x1"))),
        joins=no_field,
    )
    assert rule.partner is not None
    assert not rule.losses
    assert rule.partner.rule.pred == is_text("v", "x1")
    assert rule.pred == TRUE


def test_joins_are_losses_unless_they_are_asked_for() -> None:
    rule = event_rule(piped(aggregated(("k",)), Join(piped(aggregated(("k",))), ("k",))))
    assert rule.partner is None
    assert [loss.code for loss in rule.losses] == ["TGT606"]


# -- structured texts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "key", "required"),
    [
        pytest.param(
            Parse("json-path", "u", path="a", target="part"), "part",
            Or((Exists(Call("spath", (Field("u"), Lit("a")))), Exists(Field("part")))), id="path",
        ),
        pytest.param(
            Parse("auto", "u"), "a",
            Or((Exists(Call("spath", (Field("u"), Lit("a")))), Exists(Field("a")))), id="leaves",
        ),
        pytest.param(
            Parse("json", "u", prefix="x."), "x.a",
            Or((Exists(Call("spath", (Field("u"), Lit("a")))), Exists(Field("x.a")))),
            id="members",
        ),
    ],
)
def test_a_part_of_a_text_that_rows_are_grouped_by_is_assumed(
    stage: Parse, key: str, required: Pred
) -> None:
    rule = event_rule(piped(stage, grouped(key)))
    assert not rule.losses
    assert required in conjuncts(rule.required)


def test_a_field_taken_out_of_the_text_of_an_event_is_the_field_of_the_event() -> None:
    stage = Parse("json-path", "_raw", path="u", target="part")
    rule = event_rule(piped(stage, Filter(is_text("part", "x1"))))
    assert (rule.pred, rule.losses) == (is_text("u", "x1"), ())
    decide = compile_pred(rule.required, CONTEXT)
    assert decide({"u": "x1", "_raw": '{"u": "x1"}'})
    assert not decide({"u": "x1", "_raw": '{"u": "other"}'})
