"""The prover in the catalogue: what literals leave open, and rules that find nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from test_relation import A_X, A_Y, UNKNOWN, asked, events, like, preds

from transpile.catalog import proving
from transpile.catalog.logic import Logic, Tree, filters_of, said
from transpile.catalog.neighbours import neighbours
from transpile.catalog.pairs import related
from transpile.interpret import compile_pred, event_row
from transpile.ir import pred as p
from transpile.ir.expr import Field
from transpile.ir.pred import Pred, all_of, any_of, negate
from transpile.ir.regex import parse_regex

NAME = "process.name"
PATH = "process.executable"


def trees(pred: Pred) -> tuple[Tree, ...]:
    return filters_of(pred)


def follows(narrow: Pred, wide: Pred) -> bool:
    return all(proving.follows(trees(narrow), tree) for tree in trees(wide))


CMD, PWSH = asked(NAME, p.TextEq("cmd.exe")), asked(NAME, p.TextEq("pwsh.exe"))


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        pytest.param(CMD, negate(PWSH), id="one-value-excludes-another"),
        pytest.param(all_of((any_of((CMD, PWSH)), negate(PWSH))), CMD, id="what-is-left"),
        pytest.param(
            all_of((any_of((A_X, A_Y)), any_of((A_X, CMD)))), any_of((A_X, all_of((A_Y, CMD)))),
            id="alternatives-of-several-filters",
        ),
        pytest.param(
            asked(NAME, p.Matches(parse_regex("(?i)^cmd.exe$"))), asked(NAME, like("cmd*")),
            id="expression-in-pattern",
        ),
        pytest.param(
            CMD, negate(asked(PATH, like(r"*\pwsh.exe"))), id="a-name-excludes-the-ends-of-paths"
        ),
    ],
)  # fmt: skip
def test_what_the_prover_adds(narrow: Pred, wide: Pred) -> None:
    assert follows(narrow, wide)


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        pytest.param(A_X, negate(A_Y), id="a-field-of-many-values"),
        pytest.param(negate(CMD), PWSH, id="the-converse"),
        pytest.param(UNKNOWN, UNKNOWN, id="unknowns-are-different"),
        pytest.param(A_X, p.Exists(Field("b")), id="another-field"),
    ],
)
def test_what_it_does_not_add(narrow: Pred, wide: Pred) -> None:
    assert not follows(narrow, wide)


@given(preds, preds, events)
def test_what_it_says_holds_on_every_event(left: Pred, right: Pred, drawn: list) -> None:
    if follows(all_of((left, right)), left) and follows(left, right):
        finds, also = compile_pred(left), compile_pred(right)
        for row in map(event_row, drawn):
            assert not finds(row) or also(row)


@given(preds)
def test_an_example_is_found_and_never_means_never(pred: Pred) -> None:
    found = proving.example(trees(pred))
    if isinstance(found, dict):
        assert compile_pred(pred)(found)
        assert proving.finds(trees(pred))(found)


def logic(pred: Pred) -> Logic:
    filters = filters_of(pred)
    return Logic((), filters, tuple(map(said, filters)))


def test_a_rule_with_an_exclusion_is_broader_than_one_that_cannot_meet_it() -> None:
    command = asked("process.command_line", like("*-enc*"))
    found = neighbours([logic(all_of((command, CMD))), logic(all_of((command, negate(PWSH))))])
    assert [(n.index, n.dropped) for n in found[0].broader] == [
        (1, ('process.name = "cmd.exe"',))
    ]


def test_a_rule_that_finds_nothing_has_no_neighbours_and_is_told() -> None:
    logics = [logic(all_of((CMD, PWSH))), logic(CMD)]
    pairs = related(logics)
    assert pairs.never == {0}
    assert not neighbours(logics, pairs)[0].broader


def test_what_is_known_is_kept_and_only_changes_are_compared() -> None:
    logics = [logic(all_of((CMD, A_X))), logic(CMD), logic(all_of((PWSH, A_Y)))]
    before = related(logics)
    assert before.implied == {(0, 1)}
    logics[2] = logic(all_of((CMD, A_Y)))
    kept = {pair for pair in before.implied if 2 not in pair}
    before.implied, before.examples = kept, {at: x for at, x in before.examples.items() if at != 2}
    assert related(logics, before, [2]).implied == related(logics).implied == {(0, 1), (2, 1)}
