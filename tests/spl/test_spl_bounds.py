"""Bounds: hostile sizes end in a clean error, and soon."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from transpile.errors import SplSyntaxError
from transpile.spl import parse

TOO_DEEP = [
    pytest.param("(" * 10_000 + "a=1" + ")" * 10_000, id="parentheses"),
    pytest.param("| eval x=" + "(" * 10_000 + "a" + ")" * 10_000, id="parentheses-of-eval"),
    pytest.param("| eval x=" + "lower(" * 10_000 + "a" + ")" * 10_000, id="calls"),
    pytest.param("[search " * 10_000 + "a=1" + "]" * 10_000, id="subsearches"),
    pytest.param("NOT " * 10_000 + "a=1", id="negations"),
    pytest.param("| where " + "NOT " * 10_000 + "a", id="negations-of-where"),
    pytest.param("| eval x=" + "-" * 10_000 + "a", id="signs"),
    pytest.param("| eval x=" + "+".join(["a"] * 10_000), id="sums"),
    pytest.param("a" * 1_000_001, id="size"),
    pytest.param("| eval x=" + "9" * 5_000, id="digits"),
]
LONG = [
    pytest.param(" OR ".join(f"a={i}" for i in range(3_000)), id="alternatives"),
    pytest.param(
        "| where " + " OR ".join(f"a={i}" for i in range(3_000)), id="alternatives-of-where"
    ),
    pytest.param("a IN (" + ",".join(f'"v{i}"' for i in range(5_000)) + ")", id="list"),
    pytest.param("a=1" + "| head 5 " * 2_000, id="commands"),
    pytest.param("| table " + " ".join(f"f{i}" for i in range(5_000)), id="fields"),
    pytest.param("f" * 100_000 + " " * 100_000 + "g", id="long-words"),
    pytest.param('a="' + r"\\" * 100_000 + '"', id="backslashes"),
    pytest.param('| regex "' + "(" * 2_000 + "a" + ")" * 2_000 + '"', id="regex-groups"),
]
HALF_OPEN = [
    pytest.param('"' * 20_001, id="quotes"),
    pytest.param('| regex "' + "[:" * 20_000 + '"', id="classes"),
    pytest.param("| rex " + "[" * 20_000, id="brackets-of-rex"),
    pytest.param("| table " + "'" * 5_001, id="apostrophes"),
    pytest.param("| eval x=" + "a{" * 20_000, id="braces"),
    pytest.param("| stats " + "count(" * 99, id="aggregations"),
]


@pytest.mark.parametrize("text", TOO_DEEP)
def test_too_deep_or_too_large_is_refused_at_once(text: str) -> None:
    started = time.process_time()
    with pytest.raises(SplSyntaxError) as caught:
        parse(text)
    assert caught.value.code == "SPL107"
    assert time.process_time() - started < 1


@pytest.mark.parametrize("text", LONG)
def test_long_searches_parse_in_time(text: str) -> None:
    started = time.process_time()
    assert parse(text).commands
    assert time.process_time() - started < 3


@pytest.mark.parametrize("text", HALF_OPEN)
def test_half_open_text_is_refused_in_time(text: str) -> None:
    started = time.process_time()
    with pytest.raises(SplSyntaxError):
        parse(text)
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 100 + "a=1" + ")" * 100, id="parentheses"),
        pytest.param("| eval x=" + "lower(" * 100 + "a" + ")" * 100, id="calls"),
        pytest.param("[search a=1 " * 100 + "]" * 100, id="subsearches"),
    ],
)
def test_the_limit_itself_is_allowed(text: str) -> None:
    assert parse(text).commands


SEARCH = 'a=1 (b=2 OR c IN (x, y)) [search d=1 | stats count by e] | where lower(f)="g" | head 5'


def test_threads_parse_the_same_tree() -> None:
    expected = parse(SEARCH)
    with ThreadPoolExecutor(8) as pool:
        assert all(tree == expected for tree in pool.map(parse, [SEARCH] * 80))


def test_packrat_changes_nothing() -> None:
    # In a process of its own: packrat is switched on for the whole process.
    code = (
        f"import pyparsing; from transpile.spl import parse; before = parse({SEARCH!r}); "
        f"pyparsing.ParserElement.enable_packrat(); assert parse({SEARCH!r}) == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("search", ["a=", "x | where a=", "x | eval b=nosuch(1)", "x | stats sum"])
def test_packrat_keeps_faults(search: str) -> None:
    code = (
        "import pyparsing; from transpile.spl import parse; from transpile.errors import *\n"
        "def fault():\n"
        f"    try: parse({search!r})\n"
        "    except SplSyntaxError as error: return error.render()\n"
        "before = fault(); pyparsing.ParserElement.enable_packrat(); assert before == fault()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_importing_the_package_loads_no_grammar() -> None:
    code = "import sys, transpile.spl; sys.exit('pyparsing' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
