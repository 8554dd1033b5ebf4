"""README: its library examples and commands run, and print what it shows.

`python tests/test_readme.py` writes the commands' present output into it. The output of `make` is
pasted by hand.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

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


TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize(("command", "shown"), commands(TEXT), ids=lambda value: value[:60])
def test_command(command, shown, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert spaced(output_of(command)) == spaced(shown), "run: python tests/test_readme.py"


def test_library_examples(monkeypatch):
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"^```pycon\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    example = doctest.DocTestParser().get_doctest("".join(blocks), {}, "README", str(README), 0)
    report = io.StringIO()
    failed, tried = doctest.DocTestRunner().run(example, out=report.write)
    assert failed == 0, report.getvalue()
    assert tried > 5


def test_the_output_of_make_is_shown():
    for target in ("run", "test"):
        shown = re.search(rf"<!-- make {target} -->\n```text\n(.*?)```", TEXT, re.DOTALL)
        assert shown is not None
        assert shown[1].strip()


def update() -> None:
    """Write the commands' present output into the README."""
    os.chdir(ROOT)

    def filled(match: re.Match[str]) -> str:
        shown = [f"$ {command}\n{output_of(command)}" for command, _ in commands(match[0])]
        return "```console\n" + "\n\n".join(shown) + "\n```"

    README.write_text(BLOCK.sub(filled, TEXT), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    update()
