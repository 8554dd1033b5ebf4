"""Emitted text against the interpreter: the same events, or more where a loss says so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from sigma_cases import PREFIX, PROCESSES, SYSMON, like, rule
from transpile.backends.base import Request
from transpile.backends.sigma import backend
from transpile.backends.sigma.engine import SigmaEngine

from transpile.errors import Unsupported
from transpile.fidelity import Fidelity
from transpile.interpret import matched
from transpile.ir.expr import Call, Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    And,
    Compare,
    Exists,
    Glob,
    InNetwork,
    Keyword,
    Matches,
    Not,
    NumEq,
    Or,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
    all_of,
)
from transpile.ir.regex import parse_regex
from transpile.ir.stages import DataModel, Events

NAMES = ["CommandLine", "User", "OriginalFileName"]
MODEL_NAMES = [f"{PREFIX}{name}" for name in ("process", "process_name", "original_file_name")]
VALUES = ["a", "AB", "a*b", "\\", "a\\b", "\\\\srv", "'", "10.1.2.3", "", "7", "yes", "a\nb", "é?"]
PIECES = ["a", "B", "*", "?", "\\", "\\\\", "'", "é", "1", "\n"]

patterns = st.lists(
    st.sampled_from(PIECES) | st.sampled_from([Wild.RUN, Wild.ONE]), min_size=1, max_size=4
).map(lambda parts: Pattern.of(*parts))
conditions = (
    st.builds(TextEq, st.sampled_from(VALUES), st.booleans())
    | st.builds(Glob, patterns, st.booleans())
    | st.just(NumEq(7))
    | st.just(InNetwork("10.0.0.0/8"))
    | st.just(Order(">", "b"))
    | st.sampled_from([Matches(parse_regex(t)) for t in ("^a", "(?i)^AB?$", r"\\", "a(?!b)")])
)


def predicates(names: list[str]) -> st.SearchStrategy[Pred]:
    fields = st.sampled_from(names).map(Field)
    leaves = (
        st.builds(Test, fields, conditions, st.sampled_from(Quant))
        | st.builds(Exists, fields)
        | st.builds(Compare, st.just("=="), fields, fields)
        | st.builds(Keyword, patterns)
        | st.builds(lambda f: Test(Call("len", (f,)), Order(">", 1)), fields)
    )

    def grow(inner: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
        many = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.builds(Not, inner) | st.builds(And, many) | st.builds(Or, many)

    return st.recursive(leaves, grow, max_leaves=9)


@pytest.mark.parametrize(
    ("source", "names", "base"),
    [
        pytest.param(SYSMON, NAMES, {"EventCode": "1"}, id="events"),
        pytest.param(PROCESSES, MODEL_NAMES, {}, id="data-model"),
    ],
)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_text_finds_what_the_rule_finds(
    source: Events | DataModel, names: list[str], base: dict[str, Any], data: st.DataObject
) -> None:
    pred = data.draw(predicates(names))
    named = [name.removeprefix(PREFIX) for name in names]
    one = st.dictionaries(st.sampled_from(named), st.sampled_from(VALUES))
    events = [base | event for event in data.draw(st.lists(one, min_size=1, max_size=5))]
    # a file name holds no separator: the view of such an event would have another file name
    events = [e for e in events if "\\" not in str(e.get("process_name", e.get("process")))]
    code = [like("EventCode", "1")] if base else []
    pipeline = rule(all_of((*code, pred)), source)
    try:
        draft = backend.emit(Request(pipeline))
    except Unsupported:
        return
    wanted = frozenset(matched(pipeline, events))
    found = SigmaEngine().run(draft, events, lookups={}, now=0).events
    note(f"{draft.text}\n{events}\n{wanted} {found}")
    assert found is not None
    assert wanted <= found, "missed"
    if draft.fidelity is Fidelity.EXACT:
        assert found == wanted, "added without a loss"
