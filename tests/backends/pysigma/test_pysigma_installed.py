"""pySigma's published backends, where they are installed (`make test-pysigma`)."""

from __future__ import annotations

import importlib.util

import pytest
from test_pysigma import like, request
from transpile.backends.pysigma import backend

from transpile.fidelity import Fidelity
from transpile.ir.pred import all_of, negate

PRED = all_of((like("Image", "*\\a.exe"), negate(like("CommandLine", "*-x*"))))


def needs(module: str) -> pytest.MarkDecorator:
    try:
        missing = importlib.util.find_spec(f"sigma.backends.{module}") is None
    except ModuleNotFoundError:
        missing = True
    return pytest.mark.skipif(missing, reason=f"pysigma-backend-{module} is not installed")


@pytest.mark.parametrize(
    ("variant", "query", "suffix"),
    [
        pytest.param(
            "kusto",
            'Image endswith "\\\\a.exe" and (not(CommandLine contains "-x"))',
            ".kql",
            id="kusto",
            marks=needs("kusto"),
        ),
        pytest.param(
            "splunk",
            'Image="*\\\\a.exe" NOT CommandLine="*-x*"',
            ".spl",
            id="splunk",
            marks=needs("splunk"),
        ),
        pytest.param(
            "lucene",
            "Image:*\\\\a.exe AND (NOT CommandLine:*\\-x*)",
            ".lucene",
            id="lucene",
            marks=needs("elasticsearch"),
        ),
        pytest.param(
            "opensearch_lucene",
            "Image:*\\\\a.exe AND (NOT CommandLine:*\\-x*)",
            ".lucene",
            id="opensearch",
            marks=needs("opensearch"),
        ),
        pytest.param(
            "sqlite",
            "SELECT * FROM logs WHERE Image LIKE '%\\\\a.exe' ESCAPE '\\'"
            " AND (NOT COALESCE((CommandLine LIKE '%-x%' ESCAPE '\\'), 0))",
            ".sql",
            id="sqlite",
            marks=needs("sqlite"),
        ),
    ],
)
def test_a_rule_reaches_the_backend(variant: str, query: str, suffix: str) -> None:
    draft = backend.emit(request(PRED, variant))
    assert draft.text == query + "\n"
    assert (draft.suffix, draft.fidelity) == (suffix, Fidelity.EXACT)


@needs("kusto")
def test_a_pipeline_names_table_and_fields() -> None:
    draft = backend.emit(request(PRED, "kusto/microsoft_xdr"))
    assert draft.text.startswith("DeviceProcessEvents\n| where FolderPath endswith")
