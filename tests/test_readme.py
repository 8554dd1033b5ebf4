"""README and the pages of docs/: their examples and commands run, and print what is shown.

`python tests/test_readme.py` writes the commands' present output into them. The output of `make` is
pasted by hand.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def commands(text: str) -> list[tuple[str, str]]:
    """Return (command, output shown) of all console blocks."""
    blocks = "".join(match[1] for match in BLOCK.finditer(text))
    parts = re.split(r"^\$ (.*)\n", blocks, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], (part.strip("\n") for part in parts[1::2]), strict=True))


def output_of(command: str) -> str:
    """Return what a command prints, results before messages."""
    from transpile.cli import main

    line, _, stdin = command.partition(" < ")
    program, *args = shlex.split(line)
    assert program == "transpile"
    data = (ROOT / stdin).read_bytes() if stdin else b""
    out, err, before = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main(args)
    finally:
        sys.stdin = before
    return (out.getvalue() + err.getvalue()).strip("\n")


def spaced(text: str) -> str:
    """Return a text without what depends on the versions of the engines."""
    versionless = re.sub(r"\d+\.\d+\.\d+", "0", text)
    return re.sub(r" +", " ", re.sub(r"-{2,}", "--", versionless))


PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
PYTHON = re.compile(r"^```pycon\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def linked_in(folder: Path) -> None:
    """Give a folder the project's files, so that `-o` writes beside them."""
    for name in ("rules", "examples", "tests"):
        (folder / name).symlink_to(ROOT / name)


@pytest.fixture(autouse=True)
def in_a_copy(monkeypatch, tmp_path):
    linked_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("page", "command", "shown"),
    [
        pytest.param(page, command, shown, id=f"{page.stem}: {command[:60]}")
        for page, text in TEXTS.items()
        for command, shown in commands(text)
    ],
)
def test_command(page, command, shown):
    assert spaced(output_of(command)) == spaced(shown), "run: python tests/test_readme.py"


WITH_PYTHON = [page for page, text in TEXTS.items() if PYTHON.search(text)]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.stem)
def test_library_examples(page):
    blocks = "".join(PYTHON.findall(TEXTS[page]))
    example = doctest.DocTestParser().get_doctest(blocks, {}, page.name, str(page), 0)
    report = io.StringIO()
    failed, tried = doctest.DocTestRunner().run(example, out=report.write)
    assert failed == 0, report.getvalue()
    assert tried > 3


def test_the_output_of_make_is_shown():
    for target in ("run", "test"):
        shown = re.search(rf"<!-- make {target} -->\n```text\n(.*?)```", TEXTS[README], re.DOTALL)
        assert shown is not None
        assert shown[1].strip()


def test_the_site_of_the_documentation_has_every_page_once():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    listed = [name for entry in nav for name in entry.values()]
    assert sorted(listed) == sorted(page.name for page in PAGES if page != README)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXTS[page]):
        assert (page.parent / target).is_file(), target


def update() -> None:
    """Write the commands' present output into the pages."""

    def filled(match: re.Match[str]) -> str:
        shown = [f"$ {command}\n{output_of(command)}" for command, _ in commands(match[0])]
        return "```console\n" + "\n\n".join(shown) + "\n```"

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        linked_in(Path(folder))
        pages = {page: BLOCK.sub(filled, text) for page, text in TEXTS.items()}
    for page, text in pages.items():
        page.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    update()
