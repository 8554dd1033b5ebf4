"""The YAML reader: what is text, what is refused, and where."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml

from transpile.content import yaml as reader
from transpile.content.yaml import documents, load_yaml, read_text
from transpile.errors import ContentError


def only(text: str) -> Any:
    return next(documents(text))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param("2024-05-01", "2024-05-01", id="date-is-text"),
        pytest.param("yes", "yes", id="yes-is-text"),
        pytest.param("off", "off", id="off-is-text"),
        pytest.param("007", "007", id="leading-zero-is-text"),
        pytest.param("12:30", "12:30", id="no-base-60"),
        pytest.param("0x1f", "0x1f", id="no-hexadecimal"),
        pytest.param("1_000", "1_000", id="no-underscore-in-numbers"),
        pytest.param("42", 42, id="integer"),
        pytest.param("-4.5e1", -45.0, id="float"),
        pytest.param("1e3", 1000.0, id="float-without-point"),
        pytest.param(".inf", float("inf"), id="infinity"),
        pytest.param("true", True, id="true"),
        pytest.param("False", False, id="false"),
        pytest.param("'true'", "true", id="quoted-true-is-text"),
        pytest.param("~", None, id="tilde-is-null"),
        pytest.param("", None, id="nothing-is-null"),
        pytest.param("''", "", id="quoted-nothing-is-text"),
        pytest.param("!!str 5", "5", id="tag-makes-text"),
        pytest.param("!!int '5'", 5, id="tag-makes-number"),
        pytest.param("! 5", "5", id="non-specific-tag-makes-text"),
    ],
)
def test_scalar(written: str, value: Any) -> None:
    got = only(f"k: {written}")["k"]
    assert (got, type(got)) == (value, type(value))


def test_aliases_and_merge_keys() -> None:
    text = "a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: {q: 4, <<: [*x, {r: 5}]}\n"
    data = only(text)
    assert data["b"] == {"p": 1, "q": 3}
    assert data["c"] == {"p": 1, "q": 4, "r": 5}


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", "CNT403", 3, 1, id="duplicate-key"),
        pytest.param("t:\n  x: 1\n  x: 2\n", "CNT403", 3, 3, id="duplicate-nested-key"),
        pytest.param("a: [1\nb: 2\n", "CNT401", 2, 2, id="unclosed-bracket"),
        pytest.param("a: 'x\n", "CNT401", 2, 1, id="unclosed-quote"),
        pytest.param("a: &x [*x]\n", "CNT404", 1, 8, id="alias-inside-itself"),
        pytest.param("a: [1, *x]\n", "CNT401", 1, 8, id="unknown-alias"),
        pytest.param("a: !!python/object:os.x {}\n", "CNT401", 1, 4, id="foreign-tag-on-mapping"),
        pytest.param("a: !secret x\n", "CNT401", 1, 4, id="foreign-tag-on-scalar"),
        pytest.param("a: !!int x\n", "CNT401", 1, 4, id="tag-that-does-not-fit"),
        pytest.param("? [1]\n: 2\n", "CNT401", 1, 3, id="list-as-key"),
        pytest.param("a:\n  <<: 3\n", "CNT401", 2, 3, id="merge-of-no-mapping"),
        pytest.param("a: " + "[" * 500, "CNT401", 1, 103, id="too-deep"),
    ],
)
def test_refused_with_its_place(text: str, code: str, line: int, column: int) -> None:
    with pytest.raises(ContentError) as caught:
        list(documents(text, "x.yml"))
    error = caught.value
    assert (error.code, error.path, error.line, error.column) == (code, "x.yml", line, column)


def test_depth_beyond_what_the_yaml_library_takes_is_refused_by_either() -> None:
    with pytest.raises(ContentError) as caught:
        list(documents("a: " + "[" * 5000, "x.yml"))
    assert (caught.value.code, caught.value.line) == ("CNT401", 1)


def test_error_shows_the_source_line() -> None:
    with pytest.raises(ContentError) as caught:
        only("a: 1\nbb: 2\na: 3\n")
    assert caught.value.render().splitlines()[1:] == ["  | a: 3", "  | ^"]


def test_without_the_c_library_the_result_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(["a: &x {p: [1, 2.5, ~], 'q': yes}", "b: *x", "c: |", "  line", "  B", ""])
    fast = (only(text), reader.scalar_map(text, 0, ("c",)))
    monkeypatch.setattr(reader, "Loader", pyyaml.SafeLoader)
    reader.scalar_map.cache_clear()
    assert (only(text), reader.scalar_map(text, 0, ("c",))) == fast
    with pytest.raises(ContentError) as caught:
        only("a: 1\na: 2\n")
    assert (caught.value.code, caught.value.line) == ("CNT403", 2)


def test_alias_bomb_fails_fast() -> None:
    began = time.process_time()
    with pytest.raises(ContentError) as caught:
        only(BOMB)
    assert caught.value.code == "CNT404"
    assert time.process_time() - began < 1


def test_documents_before_a_fault_are_delivered() -> None:
    stream = documents("a: 1\n---\n\n---\nb: [\n")
    assert next(stream) == {"a": 1}
    assert next(stream) is None
    with pytest.raises(ContentError):
        next(stream)


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        pytest.param(b"a: 1\nb: \xff\xfe\n", "CNT407", 2, 4, id="not-utf-8"),
        pytest.param(b"a: " + b"x" * reader.MAX_BYTES, "CNT405", None, None, id="too-large"),
    ],
)
def test_file_refused(
    tmp_path: Path, data: bytes, code: str, line: int | None, column: int | None
) -> None:
    file = tmp_path / "x.yml"
    file.write_bytes(data)
    with pytest.raises(ContentError) as caught:
        read_text(file)
    error = caught.value
    assert (error.code, error.path, error.line, error.column) == (code, str(file), line, column)


def test_missing_file_and_folder_are_cnt407(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no.yml"):
        with pytest.raises(ContentError) as caught:
            read_text(path)
        assert caught.value.code == "CNT407"


def test_byte_order_mark_and_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "x.yml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert load_yaml(file) == {"a": 1}
    file.write_bytes(b"")
    assert load_yaml(file) is None


def test_text_over_the_limit_is_refused() -> None:
    with pytest.raises(ContentError) as caught:
        only("a" * (reader.MAX_BYTES + 1))
    assert caught.value.code == "CNT405"
