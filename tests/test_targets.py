"""Finding backends through their entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from transpile import targets
from transpile.errors import UsageError

GROUP = targets.GROUP


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch):
    """Install a backend of a third party under the name `other`."""

    def install(value: str) -> None:
        known = {**targets._entry_points(), "other": EntryPoint("other", value, GROUP)}
        monkeypatch.setattr(targets, "_entry_points", lambda: known)

    targets.backend.cache_clear()
    yield install
    targets.backend.cache_clear()


def test_a_backend_that_cannot_be_imported_is_named(plugin):
    plugin("no_such_package:backend")
    with pytest.raises(UsageError, match="'other' cannot be loaded: No module named") as caught:
        targets.find("other")
    assert caught.value.code == "OUT503"


def test_a_backend_of_a_third_party_is_found(plugin):
    plugin("transpile.backends.eql:backend")
    assert "other" in targets.names()
    assert targets.backend("other").targets()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        pytest.param("sigma", "sigma", id="one-variant"),
        pytest.param("sql", "sql:duckdb", id="first-variant-by-default"),
        pytest.param("sql:trino", "sql:trino", id="named-variant"),
    ],
)
def test_find(target, name):
    assert targets.find(target)[1].name == name


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        pytest.param("sigm", "did you mean 'sigma'?", id="close-to-a-name"),
        pytest.param(
            "qradar", "installed targets: elastic, eql, esql, pysigma, sigma, sql",
            id="no-close-name",
        ),
        pytest.param("eql:x", "it can be eql", id="unknown-variant"),
    ],
)  # fmt: skip
def test_unknown_target(target, hint):
    with pytest.raises(UsageError) as caught:
        targets.find(target)
    assert (caught.value.code, caught.value.hint) == ("OUT502", hint)
