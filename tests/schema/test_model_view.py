"""Views of a data model's events: calculated as the model does, without its fillers."""

from __future__ import annotations

from typing import Any

import pytest

from transpile.schema.datasets import dataset
from transpile.schema.model_view import fills_plainly, model_view, without_fillers


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        pytest.param(
            {"process": "a.exe -x"},
            {"Image": "\\a.exe", "CommandLine": "a.exe -x"},
            id="the-model-calculates-the-process-name",
        ),
        pytest.param(
            {"process_name": "a.exe", "user": "unknown"},
            {"Image": "\\a.exe"},
            id="filler-is-missing",
        ),
        pytest.param(
            {"Processes.process_name": "a.exe", "user": ""},
            {"Image": "\\a.exe"},
            id="empty-is-missing",
        ),
    ],
)
def test_model_view(event: dict[str, Any], shown: dict[str, Any]) -> None:
    source = dataset("endpoint.processes")
    assert source is not None
    assert model_view(event, source, "sigma") == shown


def test_raw_events_have_no_fillers() -> None:
    source = dataset("windows.sysmon.1")
    assert source is not None
    assert without_fillers({"User": "unknown"}, source) == {"User": "unknown"}


@pytest.mark.parametrize(
    ("name", "event", "plainly"),
    [
        pytest.param("endpoint.processes", {"user": "unknown"}, True, id="as-the-model-writes-it"),
        pytest.param("endpoint.processes", {"user": "Unknown"}, False, id="in-another-case"),
        pytest.param("endpoint.processes", {"note": "Unknown"}, True, id="in-no-field-it-fills"),
        pytest.param("windows.sysmon.1", {"User": "Unknown"}, True, id="a-raw-event-keeps-it"),
    ],
)
def test_what_stands_for_a_missing_value_is_written_plainly(
    name: str, event: dict[str, Any], plainly: bool
) -> None:
    source = dataset(name)
    assert source is not None
    assert fills_plainly(event, source) is plainly
