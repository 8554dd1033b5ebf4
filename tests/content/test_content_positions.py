"""Every character of a value maps to its own place in the file, in every YAML style."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from transpile.content.positions import ScalarMap
from transpile.content.yaml import documents, scalar_map
from transpile.errors import ContentError


def located(text: str, *path: str | int) -> ScalarMap:
    found = scalar_map(text, 0, path or ("search",))
    assert found is not None
    return found


def picked(text: str, value: str, *path: str | int) -> dict[str, tuple[int, int]]:
    """Return the position of each capital letter of the value."""
    found = located(text, *path)
    return {c: found.position(i) for i, c in enumerate(value) if c.isupper()}


@pytest.mark.parametrize(
    ("text", "value", "places"),
    [
        pytest.param("search: aB c\n", "aB c", {"B": (1, 10)}, id="plain"),
        pytest.param(
            "search: A b\n  C\n\n  D\n", "A b C\nD",
            {"A": (1, 9), "C": (2, 3), "D": (4, 3)}, id="plain-over-lines",
        ),
        pytest.param(
            "search: 'it''s A\n  B'\n", "it's A B", {"A": (1, 16), "B": (2, 3)}, id="single"
        ),
        pytest.param(
            'search: "x\\tA\\x41\\u0042\\\n   \\  C\\"D"\n', 'x\tAAB  C"D',
            {"B": (1, 18), "C": (2, 7), "D": (2, 10)}, id="double-with-escapes",
        ),
        pytest.param("search: |\n  a\n\n   B\n  C\n", "a\n\n B\nC\n",
                     {"B": (4, 4), "C": (5, 3)}, id="literal"),
        pytest.param("search: |-\r\n  a\r\n\r\n  \tB\r\n", "a\n\n\tB", {"B": (4, 4)},
                     id="literal-with-tab-and-crlf"),
        pytest.param("search: |2-\r\n   A\r\n  B\r\n", " A\nB",
                     {"A": (2, 4), "B": (3, 3)}, id="literal-indent-indicator-crlf"),
        pytest.param("search: >\n  A\n  B\n\n  C\n   D\n  E\n\n", "A B\nC\n D\nE\n",
                     {"A": (2, 3), "B": (3, 3), "C": (5, 3), "D": (6, 4), "E": (7, 3)},
                     id="folded"),
        pytest.param("search: >+ # why\n  A\n\n", "A\n\n", {"A": (2, 3)}, id="folded-keep"),
        pytest.param("search: &x !!str |\n  é😀A\n", "é😀A\n", {"A": (2, 5)},
                     id="properties-before-the-scalar-and-wide-characters"),
        pytest.param("a: &s 'xA'\nsearch: *s\n", "xA", {"A": (1, 9)}, id="alias"),
    ],
)  # fmt: skip
def test_position(text: str, value: str, places: dict[str, tuple[int, int]]) -> None:
    assert next(documents(text))["search"] == value
    assert located(text).value() == value
    got = picked(text, value)
    assert {c: got[c] for c in places} == places


def test_indent_indicator_counts_from_the_key_or_the_dash() -> None:
    text = "a:\n  - b: |1\n       X\n  - |2\n      Y\n"
    data = next(documents(text))
    for path in (("a", 0, "b"), ("a", 1)):
        value = data["a"][0]["b"] if path[-1] == "b" else data["a"][1]
        assert located(text, *path).value() == value


def test_second_document_and_absent_paths() -> None:
    text = "search: a\n---\nsearch: bC\n"
    found = scalar_map(text, 1, ("search",))
    assert found is not None
    assert found.position(1) == (3, 10)
    assert scalar_map(text, 2, ("search",)) is None
    assert scalar_map(text, 0, ("search", "deeper")) is None
    assert scalar_map(text, 0, ("other",)) is None


def test_offset_at_the_end_is_just_behind_the_last_character() -> None:
    assert located("search: abc\n").position(3) == (1, 12)
    assert located("search: abc\n").position(99) == (1, 12)


def test_line_gives_the_source_line() -> None:
    found = located("a: 1\r\nsearch: abc\r\n")
    assert (found.line(1), found.line(2), found.line(0), found.line(9)) == (
        "a: 1", "search: abc", "", "",
    )  # fmt: skip


INNER = st.text(alphabet="aB |=#:'\"\\\tné😀\n\u2028\x85", max_size=30)
HEADS = ("|", ">", "|-", ">-", "|+", ">+", "|1", ">2-", "'", '"', "", "&x |", "!!str >")


@settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(INNER, st.sampled_from(HEADS), st.booleans(), st.integers(1, 4))
@example("a\n\n b", ">", True, 2)
@example("\n\na\n\tb\nc", ">", False, 3)
@example("a \\\n b", '"', False, 1)
@example(" a  \n\n  b ", "'", False, 2)
def test_reading_agrees_with_the_loader(inner: str, head: str, crlf: bool, indent: int) -> None:
    pad = " " * indent
    if head[-1:] in "'\"" and head:
        body = head + inner.replace("\n", "\n" + pad) + head
    elif head:
        body = head + "\n" + "\n".join(pad + line for line in inner.split("\n"))
    else:
        body = inner.replace("\n", "\n" + pad)
    text = f"k: 1\nsearch: {body}\nlast: 2\n"
    text = text.replace("\n", "\r\n") if crlf else text
    try:
        data = next(documents(text))
    except ContentError:
        data = None
    assume(isinstance(data, dict) and isinstance(data.get("search"), str))
    assert data is not None
    found = located(text)
    assert found.value() == data["search"]
    for offset, char in enumerate(data["search"]):
        there = text[found.index(offset)]
        assert there == char or char in " \n" or (there == "\\" and head == '"'), (offset, char)
