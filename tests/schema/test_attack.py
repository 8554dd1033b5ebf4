"""ATT&CK and ECS facts are found by name; unknown names give nothing."""

from __future__ import annotations

import pytest

from transpile.schema import attack, ecs


def test_a_technique_has_its_tactics_in_order() -> None:
    found = attack.technique("t1059.001")
    assert found is not None
    assert (found.id, found.name) == ("T1059.001", "PowerShell")
    assert found.tactics == (attack.Tactic("TA0002", "Execution", "execution"),)
    assert not found.revoked


def test_a_revoked_technique_leads_to_its_successor() -> None:
    found, today = attack.technique("T1002"), attack.current("T1002")
    assert found is not None
    assert (found.revoked, found.successor) == (True, "T1560")
    assert today is not None
    assert today.id == "T1560"
    assert attack.current("T9999") is None


@pytest.mark.parametrize("name", ["TA0005", "Defense Evasion", "defense-evasion",
                                  "defense_evasion"])
def test_a_tactic_has_several_names(name: str) -> None:
    assert attack.tactic(name) == attack.Tactic("TA0005", "Defense Evasion", "defense-evasion")
    assert attack.tactic("none") is None


@pytest.mark.parametrize(("ids", "tags"), [
    pytest.param(["T1059.001"], ("attack.execution", "attack.t1059.001"), id="one"),
    pytest.param(["T1059.001", "T1059"], ("attack.execution", "attack.t1059.001", "attack.t1059"),
                 id="a-tactic-once"),
    pytest.param(["T1002"], ("attack.collection", "attack.t1560"), id="successor"),
    pytest.param(["T9999"], ("attack.t9999",), id="unknown-id-stays"),
    pytest.param([], (), id="none"),
])
def test_sigma_tags(ids: list[str], tags: tuple[str, ...]) -> None:
    assert attack.sigma_tags(ids) == tags


def test_ecs_types() -> None:
    assert ecs.ecs_type("process.pid") == "long"
    assert ecs.is_ecs("process.name")
    assert not ecs.is_ecs("winlog.event_id")
    assert ecs.ecs_type("winlog.event_id") is None
    assert ecs.version().startswith("9.")
    assert attack.version() == "18.1"
