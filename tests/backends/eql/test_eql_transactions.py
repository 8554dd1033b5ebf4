"""Transactions as sequences: text, refusals, agreement with the interpreter on random events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile import Content, convert
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.convert import convert_compiled
from transpile.verify import Verdict, check_conversion

CONTENT = Content.builtin()
SOURCE = "sourcetype=XmlWinEventLog source=XmlWinEventLog:Security"
PAIR = "transaction ObjectDN startswith=(EventCode=5137) endswith=(EventCode=5141)"
BASE = f"{SOURCE} (EventCode=5137 OR EventCode=5141 OR EventCode=5136)"


def converted(spl: str, target: str = "eql") -> Any:
    return convert(spl, target, content=CONTENT)


@pytest.mark.parametrize(
    ("stages", "head"),
    [
        pytest.param(PAIR, "sequence by winlog.event_data.ObjectDN\n",
                     id="without-a-span-any-time-between"),
        pytest.param(f"{PAIR} maxspan=2m",
                     "sequence by winlog.event_data.ObjectDN with maxspan=2m\n",
                     id="maxspan"),
        pytest.param(f"{PAIR} | where duration<=30",
                     "sequence by winlog.event_data.ObjectDN with maxspan=30s\n",
                     id="duration-up-to-a-bound"),
        pytest.param(f'{PAIR} | eval short=if(duration<30, "yes", "no") | search short=yes',
                     "sequence by winlog.event_data.ObjectDN with maxspan=29999ms\n",
                     id="duration-below-a-bound-by-way-of-a-word"),
        pytest.param(f"{PAIR} maxspan=10s | where duration<=30",
                     "sequence by winlog.event_data.ObjectDN with maxspan=10s\n",
                     id="the-narrower-of-two-spans"),
        pytest.param("transaction ObjectDN SubjectUserName startswith=(EventCode=5137) "
                     "endswith=(EventCode=5141)",
                     "sequence by winlog.event_data.ObjectDN, winlog.event_data.SubjectUserName\n",
                     id="two-keys"),
    ],
)  # fmt: skip
def test_a_transaction_from_one_event_to_another_is_a_sequence(stages: str, head: str) -> None:
    found = converted(f"{BASE} | {stages}")
    assert found.text.startswith(head)
    assert found.text.count('event.code == "5137"') == found.text.count('event.code == "5141"') == 1
    assert (str(found.fidelity), str(found.observable)) == ("exact", "groups")


@pytest.mark.parametrize(
    "stages",
    [
        pytest.param(PAIR + " maxpause=5m", id="a-pause-is-between-neighbours"),
        pytest.param(PAIR + " keepevicted=true", id="incomplete-ones-too"),
        pytest.param(PAIR.replace("5141", "513*"), id="one-event-may-be-both"),
        pytest.param("transaction ObjectDN startswith=(EventCode=5137)", id="no-last-event"),
        pytest.param("transaction ObjectDN nothing_such", id="two-keys-of-which-one-will-do"),
        pytest.param(PAIR + " | where duration > 30", id="at-least-so-long"),
        pytest.param(PAIR + " | where eventcount > 2", id="so-many-events"),
    ],
)
def test_other_transactions_are_a_loss(stages: str) -> None:
    found = converted(f"{BASE} | {stages}")
    assert str(found.fidelity) == "superset"
    assert any("transaction" in loss.message for loss in found.losses)


@pytest.mark.parametrize("target", ["eql", "esql", "sigma"])
def test_a_transaction_of_all_events_leaves_nothing_out(target: str) -> None:
    found = converted(f"{BASE} | transaction ObjectDN maxspan=5m | stats count by ObjectDN", target)
    assert (str(found.fidelity), str(found.observable)) == ("exact", "events")
    assert "events have the fields the rule groups by: ObjectDN" in found.assumptions


EVENT = st.fixed_dictionaries(
    {
        "EventCode": st.sampled_from(["5137", "5141", "5136"]),
        "ObjectDN": st.sampled_from(["a", "b"]),
    }
)
STAGES = ["", " maxspan=3s", " | where duration<4", " maxspan=6s | where duration<=2"]


@settings(max_examples=60, deadline=None)
@given(
    events=st.lists(EVENT, min_size=1, max_size=9),
    gaps=st.lists(st.integers(min_value=1, max_value=4), min_size=9, max_size=9),
    stages=st.sampled_from(STAGES),
)
def test_the_sequence_finds_the_groups_of_the_rule(
    events: list[dict[str, str]], gaps: list[int], stages: str
) -> None:
    compiled = compile_rule(read_rule(f"{BASE} | {PAIR}{stages}"), CONTENT)
    conversion = convert_compiled(compiled, "eql", content=CONTENT)
    head = {"sourcetype": "XmlWinEventLog", "source": "XmlWinEventLog:Security"}
    timed = [
        {**head, **event, "_time": 1_767_222_000 + sum(gaps[:at])}
        for at, event in enumerate(events)
    ]
    report = check_conversion(compiled, conversion, timed, content=CONTENT)
    assert report.verdict is Verdict.EQUAL, report.differences
    assert report.tried == len(events)


def test_a_complete_transaction_is_found_and_another_is_not() -> None:
    compiled = compile_rule(read_rule(f"{BASE} | {PAIR} maxspan=3s"), CONTENT)
    conversion = convert_compiled(compiled, "eql", content=CONTENT)
    head = {"sourcetype": "XmlWinEventLog", "source": "XmlWinEventLog:Security"}
    events = [
        {**head, "EventCode": code, "ObjectDN": name, "_time": 1_767_222_000 + time}
        for code, name, time in (
            ("5137", "near", 0), ("5141", "near", 3), ("5137", "far", 0), ("5141", "far", 4),
            ("5141", "turned", 0), ("5137", "turned", 1), ("5137", "alone", 1),
        )
    ]  # fmt: skip
    report = check_conversion(compiled, conversion, events, content=CONTENT)
    assert (report.verdict, report.found) == (Verdict.EQUAL, 1)
