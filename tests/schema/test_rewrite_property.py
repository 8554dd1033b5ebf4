"""A rewritten filter on the view of an event decides as the filter does on Splunk's event."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from transpile.errors import Unsupported
from transpile.interpret import compile_pred
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    And,
    Compare,
    Exists,
    Glob,
    Matches,
    Not,
    NumEq,
    Or,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
)
from transpile.ir.regex import parse_regex
from transpile.ir.show import show_pred
from transpile.ir.stages import DataModel, Events
from transpile.schema.cim import normalise
from transpile.schema.conflicts import conflicts
from transpile.schema.model_view import model_view, without_fillers
from transpile.schema.rewrite import resolve, rewrite

PROCESSES = DataModel("Endpoint", "Processes", "Processes.")
REGISTRY = DataModel("Endpoint", "Registry", "Registry.")
SYSMON = Events(macros=("sysmon",))

NAMES = {
    "processes": (
        PROCESSES,
        ["process_name", "process", "user", "original_file_name", "process_id", "dest_category"],
    ),
    "registry": (
        REGISTRY,
        ["registry_value_data", "registry_value_name", "process_id", "user", "action"],
    ),
    "sysmon": (SYSMON, ["Image", "CommandLine", "User", "TargetImage", "ProcessId"]),
}
VALUES = ["a", "A", "ab.exe", "b.EXE", "", "unknown", "-", "4", "04", "0x00000001", "modified"]
PIECES = ["a", "B", ".exe", "4", "unknown", "0x", "know"]

patterns = st.lists(
    st.sampled_from(PIECES) | st.sampled_from([Wild.RUN, Wild.ONE]), min_size=1, max_size=4
).map(lambda parts: Pattern.of(*parts))
conditions = (
    st.builds(TextEq, st.sampled_from(VALUES), st.booleans())
    | st.builds(Glob, patterns, st.booleans())
    | st.builds(NumEq, st.sampled_from([4, 1]))
    | st.builds(Order, st.sampled_from(["<", ">="]), st.sampled_from([4, "b"]))
    | st.sampled_from([Matches(parse_regex(t)) for t in ("^a", "(?i)b.*e$", r"\.exe", "x")])
)


def predicates(names: list[str]) -> st.SearchStrategy[Pred]:
    fields = st.sampled_from(names).map(Field)
    leaves = (
        st.builds(Test, fields, conditions, st.sampled_from(Quant))
        | st.builds(Exists, fields)
        | st.builds(Compare, st.just("=="), fields, fields)
    )

    def grow(inner: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
        many = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.builds(Not, inner) | st.builds(And, many) | st.builds(Or, many)

    return st.recursive(leaves, grow, max_leaves=6)


@pytest.mark.parametrize("taxonomy", ["sigma", "ecs"])
@pytest.mark.parametrize("kind", sorted(NAMES))
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_nothing_is_missed_and_without_losses_nothing_is_added(
    kind: str, taxonomy: Any, data: st.DataObject
) -> None:
    source, names = NAMES[kind]
    pred = data.draw(predicates(names))
    event = data.draw(st.dictionaries(st.sampled_from(names), st.sampled_from(VALUES)))
    assume(event.get("action", "modified") == "modified")  # the targets know the words of the list
    resolution = resolve(source, pred)
    assert resolution is not None
    plain = without_fillers(event, resolution.dataset)
    assume(not conflicts(plain, resolution.dataset, taxonomy, resolution.variant))
    try:
        found = rewrite(pred, resolution, taxonomy)
    except Unsupported:
        return
    shown = model_view(event, resolution.dataset, taxonomy, resolution.variant)
    row = normalise(event, source.model, source.node) if isinstance(source, DataModel) else event
    wanted = compile_pred(pred)(row)
    got = compile_pred(found.pred)(shown)
    note(f"{show_pred(pred)} on {row}\n{show_pred(found.pred)} on {shown}")
    assert got or not wanted, "missed"
    if not found.losses:
        assert got == wanted, "added without a loss"
