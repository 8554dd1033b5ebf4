"""Lookup tables: definitions of all generations, defaults, and CSV files as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from transpile.content import Content
from transpile.content.lookups import read_table
from transpile.errors import ContentError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "lookups").mkdir()
    return tmp_path


def write(root: Path, name: str, text: str | bytes) -> Path:
    file = root / "lookups" / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_definition_with_everything(root: Path) -> None:
    write(root, "t.csv", "a,b\nx*,1\n")
    write(
        root, "t.yml",
        "name: t\nfilename: t.csv\nmatch_type: WILDCARD(a), cidr( b )\nmin_matches: 1\n"
        "max_matches: 2\ndefault_match: 'false'\ncase_sensitive_match: 'false'\n",
    )  # fmt: skip
    found = Content.load(root).lookup("t")
    assert found is not None
    assert (found.kind, found.filename, found.path) == (
        "csv", "t.csv", str(root / "lookups" / "t.yml"),
    )  # fmt: skip
    assert found.match_types == {"a": "WILDCARD", "b": "CIDR"}
    assert (found.min_matches, found.max_matches, found.default_match) == (1, 2, "false")
    assert found.case_sensitive is False
    assert (found.fields, found.rows) == (("a", "b"), ({"a": "x*", "b": "1"},))


def test_defaults(root: Path) -> None:
    write(root, "t.yml", "name: t\nfilename: t.csv\n")
    write(root, "timed.yml", "name: timed\nfilename: t.csv\ntime_field: when\n")
    content = Content.load(root)
    found, timed = content.lookup("t"), content.lookup("timed")
    assert found is not None
    assert timed is not None
    assert (found.case_sensitive, found.min_matches, found.max_matches) == (True, 0, 100)
    assert (found.default_match, found.match_types) == (None, {})
    assert timed.max_matches == 1
    assert found.rows is None, "a file that is not there is not an empty table"


@pytest.mark.parametrize(
    ("definition", "kind", "fields"),
    [
        pytest.param("collection: c\nfields_list: _key, a,b", "kvstore", ("_key", "a", "b"),
                     id="2024-kvstore"),
        pytest.param("lookup_type: kvstore\nfields: [_key, a]", "kvstore", ("_key", "a"),
                     id="2025-kvstore"),
        pytest.param("lookup_type: kvstore\nfields_list: [_key, a]", "kvstore", ("_key", "a"),
                     id="kvstore-with-a-list"),
        pytest.param("filename: m.mlmodel", "mlmodel", (), id="2024-model"),
        pytest.param("lookup_type: mlmodel", "mlmodel", (), id="2025-model"),
        pytest.param("external_cmd: x.py a b\nfields_list: a, b", "external", ("a", "b"),
                     id="script"),
    ],
)  # fmt: skip
def test_tables_of_the_customer_have_no_rows(
    root: Path, definition: str, kind: str, fields: tuple[str, ...]
) -> None:
    write(root, "t.yml", f"name: t\n{definition}\n")
    found = Content.load(root).lookup("t")
    assert found is not None
    assert (found.kind, found.fields, found.rows) == (kind, fields, None)


def test_csv_of_2025_is_named_after_its_definition(root: Path) -> None:
    definition = "name: t\nlookup_type: csv\ndefault_match: false\nmatch_type: [WILDCARD(a)]\n"
    write(root, "file_stem.yml", definition)
    write(root, "file_stem.csv", "a\nx\n")
    found = Content.load(root).lookup("t")
    assert found is not None
    assert (found.rows, found.default_match) == (({"a": "x"},), "false")
    assert found.match_types == {"a": "WILDCARD"}


def test_csv_file_is_a_lookup_by_its_full_name(root: Path) -> None:
    write(root, "t.csv", "a\nx\n")
    content = Content.load(root)
    found = content.lookup("t.csv")
    assert found is not None
    assert (found.rows, found.case_sensitive) == (({"a": "x"},), True)
    assert content.lookup("t") is None
    (root / "outside.csv").write_text("a\nsecret\n", encoding="utf-8")
    assert content.lookup("../outside.csv") is None
    write(root, "o.yml", "name: o\nfilename: ../outside.csv\n")
    outside = content.lookup("o")
    assert outside is not None
    assert outside.rows is None


@pytest.mark.parametrize(
    ("data", "columns", "rows"),
    [
        pytest.param(b"\xef\xbb\xbfa,b\r\n1,2\r\n", ("a", "b"), [("1", "2")], id="mark-and-crlf"),
        pytest.param(b'a,b\n"x\ny","say ""hi"", ok"\n', ("a", "b"), [("x\ny", 'say "hi", ok')],
                     id="quoted-line-breaks-and-quotes"),
        pytest.param(b"a,b\n1\n\n3,4,5\n", ("a", "b"), [("1", ""), ("3", "4")], id="ragged"),
        pytest.param(b"a, b\n007,1.0\n", ("a", "b"), [("007", "1.0")], id="all-values-are-text"),
        pytest.param(b"a\n*\\Windows\\*\n", ("a",), [("*\\Windows\\*",)], id="backslashes-stay"),
        pytest.param(b"", (), [], id="empty"),
    ],
)  # fmt: skip
def test_table(
    root: Path, data: bytes, columns: tuple[str, ...], rows: list[tuple[str, ...]]
) -> None:
    found = read_table(write(root, "t.csv", data))
    assert found[0] == columns
    assert [tuple(row.values()) for row in found[1]] == rows


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"a\n\xff\n", id="not-utf-8"),
        pytest.param(b"a\n" + b"x" * 200_000, id="huge-cell"),
    ],
)
def test_table_that_cannot_be_read(root: Path, data: bytes) -> None:
    with pytest.raises(ContentError) as caught:
        read_table(write(root, "t.csv", data))
    assert caught.value.code == "CNT407"


def test_wrong_definition_is_an_error_with_its_place(root: Path) -> None:
    write(root, "t.yml", "name: t\nmin_matches: few\n")
    write(root, "u.yml", "name: u\nlookup_type: magic\n")
    write(root, "v.yml", "name: v\ncase_sensitive_match: maybe\n")
    content = Content.load(root)
    for name, column in (("t", 14), ("u", 14), ("v", 23)):
        with pytest.raises(ContentError) as caught:
            content.lookup(name)
        error = caught.value
        assert (error.code, error.line, error.column) == ("CNT408", 2, column)


def test_given_rows_fill_a_definition(root: Path) -> None:
    write(root, "t.yml", "name: t\ncollection: c\ncase_sensitive_match: 'false'\nmin_matches: 1\n")
    content = Content.load(root)
    filled = content.with_lookups({"t": [{"a": 1, "b": None}], "new": [{"x": "y"}, {"z": "w"}]})
    table, new = filled.lookup("t"), filled.lookup("new")
    assert table is not None
    assert new is not None
    assert (table.rows, table.case_sensitive, table.min_matches) == (
        ({"a": "1", "b": ""},), False, 1,
    )  # fmt: skip
    assert (new.fields, new.case_sensitive) == (("x", "z"), True)
    before = content.lookup("t")
    assert before is not None
    assert before.rows is None
    assert content.lookup("new") is None


def test_transforms_conf(root: Path) -> None:
    (root / "default").mkdir()
    (root / "default" / "transforms.conf").write_text(
        "[t]\nfilename = t.csv\nmatch_type = WILDCARD(a),\\\n CIDR(b)\ndefault_match = none\n"
        "[extraction]\nREGEX = (.*)\n[kv]\ncollection = c\nexternal_type = kvstore\n",
        encoding="utf-8",
    )
    write(root, "t.csv", "a,b\n1,2\n")
    content = Content.load(root)
    found, store = content.lookup("t"), content.lookup("kv")
    assert found is not None
    assert store is not None
    assert (found.match_types, found.default_match) == ({"a": "WILDCARD", "b": "CIDR"}, "none")
    assert found.rows == ({"a": "1", "b": "2"},)
    assert (store.kind, store.rows) == ("kvstore", None)
    assert content.lookup("extraction") is None
