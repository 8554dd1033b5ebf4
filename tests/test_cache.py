"""The cache saves time and decides nothing: whatever becomes of its file, results are the same."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from transpile.cache import Cache, digest, digest_of_files


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "caches" / "results.sqlite"


def test_what_is_kept_is_there_for_the_next_run(path: Path) -> None:
    cache = Cache(path)
    cache.keep({"a": [1, {"b": "ü\ud800"}]})
    cache.keep({"a": [1, {"b": "ü"}], "c": None})
    cache.close()
    assert Cache(path).many(["a", "b", "c"]) == {"a": [1, {"b": "ü"}], "c": None}


def test_more_keys_than_one_query_takes(path: Path) -> None:
    cache = Cache(path)
    cache.keep({str(n): n for n in range(1200)})
    assert cache.many(str(n) for n in range(1200)) == {str(n): n for n in range(1200)}


def _not_a_database(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def _half_written(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _damaged_inside(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[200:] = os.urandom(len(data) - 200)
    path.write_bytes(data)


def _another_layout(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE results")
        connection.execute("CREATE TABLE results (other TEXT)")


@pytest.mark.parametrize(
    "spoil", [_not_a_database, _half_written, _damaged_inside, _another_layout]
)
def test_a_spoilt_file_answers_nothing_and_raises_nothing(
    path: Path, spoil: Callable[[Path], None]
) -> None:
    cache = Cache(path)
    cache.keep({str(n): "x" * 500 for n in range(100)})
    cache.close()
    spoil(path)
    again = Cache(path)
    found = again.many(["1", "2"])
    assert found in ({}, {"1": "x" * 500, "2": "x" * 500})
    again.keep({"new": 1})
    again.close()


def test_a_file_that_is_no_database_is_begun_anew(path: Path) -> None:
    path.parent.mkdir()
    _not_a_database(path)
    cache = Cache(path)
    cache.keep({"a": 1})
    assert cache.many(["a"]) == {"a": 1}


def test_a_place_where_nothing_can_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "results.sqlite")
    cache.keep({"a": 1})
    assert cache.many(["a"]) == {}


def test_two_runs_writing_at_the_same_time_lose_nothing(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from transpile.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1]))\n"
        "for n in range(40): cache.keep({f'{sys.argv[2]}{n}': n})\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(path), who]) for who in "abc"]
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    wanted = {f"{who}{n}": n for who in "abc" for n in range(40)}
    assert Cache(path).many(wanted) == wanted


def test_how_a_text_is_cut_counts_in_a_digest() -> None:
    assert len({digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", "")}) == 4


def test_a_digest_of_files_counts_names_and_contents(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("x")
    seen = {digest_of_files([one]), digest_of_files([one, two])}
    two.write_text("x")
    seen |= {digest_of_files([two]), digest_of_files([one, two])}
    one.write_text("y")
    seen.add(digest_of_files([one, two]))
    assert len(seen) == 5
