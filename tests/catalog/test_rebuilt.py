"""A site that is built again after a change is the site that is built anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from transpile.catalog import Catalog
from transpile.catalog.site import write_site

Verdicts = Mapping[tuple[str, str], str]
Change = Callable[[Path], Verdicts | None]

RULES = {
    "detections/one.yml": "name: One\nsearch: '`src` a=x b=y'\nknown_false_positives: Admins\n",
    "detections/two.yml": "name: Two\nsearch: '`src` a=x'\nknown_false_positives: Admins\n",
    "detections/same.yml": "name: Two\nsearch: '`src` c=z'\n",
    "macros/src.yml": "name: src\ndefinition: index=main d=e\n",
    "detections/sigma.yml": """\
title: Three
logsource: {category: process_creation, product: windows}
detection: {selection: {CommandLine|contains: -enc}, condition: selection}
""",
}


def edited(name: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")

    return change


def written(name: str, text: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return change


def removed(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(edited("detections/two.yml", "a=x", "a=y"), id="a-value-others-look-for"),
        pytest.param(edited("detections/two.yml", "a=x", "a=x c=z"), id="what-makes-neighbours"),
        pytest.param(edited("detections/two.yml", "Two", "Another"), id="a-name-two-rules-had"),
        pytest.param(edited("detections/two.yml", "Admins", "Nobody"), id="a-false-positive"),
        pytest.param(edited("macros/src.yml", "d=e", "d=f"), id="a-macro"),
        pytest.param(edited("detections/sigma.yml", "-enc", "-e"), id="a-rule-of-another-language"),
        pytest.param(removed("detections/same.yml"), id="a-rule-goes"),
        pytest.param(
            written("detections/new.yml", "name: One\nsearch: '`src` a=x'\n"), id="a-rule-comes"
        ),
        pytest.param(written("detections/one.yml", "name: One\nsearch: 'a=('\n"), id="an-error"),
        pytest.param(lambda _: {("One", "eql"): "proved equal"}, id="a-verdict"),
    ],
)
def test_it_is_the_site_built_anew(change: Change, tmp_path: Path) -> None:
    folder, again, anew = (tmp_path / name for name in ("rules", "again", "anew"))
    for name, text in RULES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    def build(cache: Path, out: Path, verdicts: Verdicts | None = None) -> dict[str, str]:
        catalog = Catalog.build([folder], targets=["eql"], cache=cache, verdicts=verdicts)
        write_site(catalog, out)
        files = sorted(path for path in out.rglob("*") if path.is_file())
        return {path.relative_to(out).as_posix(): path.read_text("utf-8") for path in files}

    before = build(tmp_path / "kept", again)
    verdicts = change(folder)
    after = build(tmp_path / "kept", again, verdicts)
    assert after != before
    assert after == build(tmp_path / "other", anew, verdicts)
