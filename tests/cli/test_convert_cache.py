"""`convert` over several files keeps its results, and makes anew what depends on a change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

RULE = """\
name: {name}
search: '`source` EventCode=1102 user="{name}" `{name}_filter`'
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "content"
    for folder in ("detections", "macros"):
        (root / folder).mkdir(parents=True)
    for name in ("one", "two", "three"):
        (root / "detections" / f"{name}.yml").write_text(RULE.format(name=name))
    _macro(root, "XmlWinEventLog:Security")
    return root


def _macro(root: Path, source: str) -> None:
    text = f'name: source\ndefinition: source="{source}"\n'
    (root / "macros" / "source.yml").write_text(text)


def _converted(cli: Cli, root: Path, *more: str) -> tuple[dict[str, str], dict[str, float]]:
    """Return the outputs by file, and the time each rule took: none if it was not made anew."""
    out, report = root.parent / "out", root.parent / "report.json"
    ran = cli(
        "convert", root, "-t", "sql:duckdb", "-s", "-o", out, "--report", report, *more
    )
    assert ran.code == 0, ran.err
    rules = json.loads(report.read_text())["rules"]
    texts = {file.name: file.read_text() for file in out.rglob("*.sql")}
    return texts, {entry["name"]: entry["seconds"] for entry in rules}


def test_a_second_run_gives_the_same_from_the_cache(cli: Cli, repository: Path) -> None:
    first, first_times = _converted(cli, repository)
    second, second_times = _converted(cli, repository)
    assert len(first) == 3
    assert second == first
    assert all(first_times.values())
    assert second_times == first_times  # they tell when it was made


def _made_anew(before: dict[str, float], after: dict[str, float]) -> set[str]:
    return {name for name in after if after[name] != before.get(name)}


def test_a_changed_rule_is_made_anew_and_no_other(cli: Cli, repository: Path) -> None:
    _, before = _converted(cli, repository)
    file = repository / "detections" / "two.yml"
    file.write_text(file.read_text().replace("1102", "517"))
    texts, after = _converted(cli, repository)
    assert _made_anew(before, after) == {"two"}
    assert "517" in texts["two.sql"]


@pytest.mark.parametrize("options", [("--strict",), ("--schema", "splunk"), ("--no-cache",)])
def test_another_option_makes_all_anew(
    cli: Cli, repository: Path, options: tuple[str, ...]
) -> None:
    _, before = _converted(cli, repository)
    _, after = _converted(cli, repository, *options)
    assert _made_anew(before, after) == {"one", "two", "three"}


def test_a_text_that_did_not_change_is_not_written_again(cli: Cli, repository: Path) -> None:
    out = repository.parent / "out"
    command = ("convert", repository, "-t", "eql", "-s", "-o", out, "--no-cache")
    assert cli(*command).code == 0
    before = {file: file.stat().st_mtime_ns for file in out.rglob("*.eql")}
    assert len(before) == 3
    assert cli(*command).code == 0
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*.eql")} == before


def test_a_changed_macro_makes_all_anew(cli: Cli, repository: Path) -> None:
    before, _ = _converted(cli, repository)
    _macro(repository, "XmlWinEventLog:System")
    after, _ = _converted(cli, repository)
    assert all(after[name] != before[name] for name in before)


def test_a_failure_is_never_kept(cli: Cli, repository: Path) -> None:
    (repository / "detections" / "two.yml").write_text("name: two\nsearch: '| where ('\n")
    runs = [cli("convert", repository, "-t", "sigma", "-s", "-o", repository.parent / "out")
            for _ in range(2)]  # fmt: skip
    assert [ran.code for ran in runs] == [1, 1]
    assert runs[0].err == runs[1].err
    assert "two.yml" in runs[0].err
