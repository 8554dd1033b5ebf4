"""Errors: every class pickles, every code and every option is in a test, the page lists all."""

from __future__ import annotations

import argparse
import inspect
import pickle
import re
from importlib import import_module
from pathlib import Path

import pytest

from transpile import errors
from transpile.cli import COMMANDS, _common
from transpile.errors import CODES, Span, TranspileError

ROOT = Path(__file__).resolve().parents[1]
CODE = re.compile(r"\b(?:SPL|CNT|OUT|TGT|GLD|VER)\d{3}\b")
FAMILIES = {
    "SPL1": "The search text",
    "SPL2": "Macros",
    "SPL3": "Running a rule",
    "CNT4": "Content files",
    "OUT5": "Output, settings, usage",
    "TGT6": "What a target cannot say",
    "GLD7": "Golden files",
    "VER8": "Verdicts",
}


def classes() -> list[type[TranspileError]]:
    import transpile.interpret  # noqa: F401 - its NotComputable is one as well

    found, todo = [], [TranspileError]
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo += kind.__subclasses__()
    return found


def sources(*folders: str) -> str:
    here = Path(__file__).resolve()
    return "".join(
        file.read_text(encoding="utf-8")
        for folder in folders
        for file in sorted((ROOT / folder).rglob("*.py"))
        if file.resolve() != here
    )


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_an_error_pickles_with_all_it_says(kind):
    told = {"path": "a.yml", "line": 3, "column": 2, "snippet": " x|y", "hint": "h", "width": 3}
    if "code" in inspect.signature(kind).parameters:
        told |= {"code": "SPL104", "span": Span(1, 3)}
    error = kind("what is wrong", **told) if kind.__init__ is TranspileError.__init__ else None
    if error is None:
        pytest.fail(f"{kind.__name__} has a constructor of its own; pickle it here")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (copy.render(), copy.span) == (error.render(), error.span)
    assert {name: getattr(copy, name) for name in told} == told


def test_render_shows_place_line_caret_and_help():
    error = TranspileError(
        "unknown command 'stat'", code="SPL104", path="a.yml", line=2, column=4,
        snippet="\t| stat count", hint="did you mean 'stats'?", width=4,
    )  # fmt: skip
    assert error.render() == (
        "a.yml:2:4: error[SPL104]: unknown command 'stat'\n"
        "  | \t| stat count\n"
        "  | \t  ^^^^\n"
        "  = help: did you mean 'stats'?"
    )


@pytest.mark.parametrize("column", [1, 60, 250, 500])
def test_a_long_line_is_cut_round_its_caret(column):
    snippet = "".join(chr(0x4E00 + n) for n in range(500))
    shown, caret = (
        TranspileError("m", line=1, column=column, snippet=snippet).render().splitlines()[1:]
    )
    assert len(shown) <= 4 + 120 + 6
    assert shown[caret.index("^")] == snippet[column - 1]


def test_each_code_is_raised_somewhere():
    raised = set(
        CODE.findall(sources("transpile", "backends").replace(inspect.getsource(errors), ""))
    )
    raised |= {kind.default_code for kind in classes()}
    assert raised == set(CODES)


def test_each_code_is_in_a_test():
    assert set(CODES) - set(CODE.findall(sources("tests"))) == set()


def options() -> list[tuple[str, str]]:
    """Return (command, long option) of all commands."""
    found = []
    for name in COMMANDS:
        parser = argparse.ArgumentParser(prog=name, add_help=False)
        _common(parser)
        import_module(f"transpile.cli.{name}").configure(parser)
        found += [
            (name, option)
            for action in parser._actions
            for option in action.option_strings
            if option.startswith("--")
        ]
    return found


@pytest.mark.parametrize(("command", "option"), options(), ids=lambda value: value)
def test_each_option_is_in_a_test(command, option):
    shared = {"--color", "--quiet", "--debug"}  # one implementation serves all commands
    short = {"--quiet": '"-q"', "--target": '"-t"'}
    tests = sources("tests/cli").split("\n\n\n")
    named = [test for test in tests if option in shared or f'"{command}"' in test]
    assert any(f'"{option}"' in test or short.get(option, "\0") in test for test in named)


def errors_page() -> str:
    """Return docs/errors.md as it should be."""
    lines = [
        "# Error codes",
        "",
        "A code never changes its meaning. `tests/test_errors.py` holds this page to the registry",
        "`transpile.errors.CODES`.",
    ]
    for family, title in FAMILIES.items():
        lines += ["", f"## {family}xx: {title}", "", "| Code | Meaning |", "|---|---|"]
        lines += [
            f"| {code} | {CODES[code]} |" for code in sorted(CODES) if code.startswith(family)
        ]
    return "\n".join(lines) + "\n"


def test_the_page_of_error_codes_lists_all():
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert page == errors_page(), "run: python tests/test_errors.py > docs/errors.md"


if __name__ == "__main__":
    print(errors_page(), end="")
