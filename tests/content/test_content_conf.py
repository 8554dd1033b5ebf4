"""The `.conf` reader: continued lines, comments, inherited defaults, positions."""

from __future__ import annotations

import pytest

from transpile.content.conf import read_conf
from transpile.errors import ContentError


@pytest.mark.parametrize(
    ("text", "stanzas"),
    [
        pytest.param("[a]\nk = v\n", {"a": {"k": "v"}}, id="setting"),
        pytest.param("[a b: c(2)]\nk.x=v = w\n", {"a b: c(2)": {"k.x": "v = w"}}, id="signs"),
        pytest.param("# c\n; c\n\n [a] \n # c\nk=\n", {"a": {"k": ""}}, id="comments-and-blanks"),
        pytest.param("[a]\nk = 1\\\n 2\\\n3 \n", {"a": {"k": "1\n 2\n3"}}, id="continued"),
        pytest.param("[a]\r\nk = 1\\\r\n2\r\n", {"a": {"k": "1\n2"}}, id="continued-crlf"),
        pytest.param(r"[a]" "\n" r"k = \d+\w", {"a": {"k": r"\d+\w"}}, id="inner-backslashes"),
        pytest.param("[a]\nk = 1\\", {"a": {"k": "1\\"}}, id="backslash-at-the-very-end"),
        pytest.param("k = 0\n[default]\nj = 1\n[a]\nj = 2\n[b]\n",
                     {"a": {"k": "0", "j": "2"}, "b": {"k": "0", "j": "1"}}, id="defaults"),
        pytest.param("[a]\nk = 1\n[b]\n[a]\nk = 2\n", {"a": {"k": "2"}, "b": {}}, id="reopened"),
        pytest.param("[a]\nk = # no comment\n", {"a": {"k": "# no comment"}}, id="hash-in-value"),
    ],
)  # fmt: skip
def test_conf(text: str, stanzas: dict[str, dict[str, str]]) -> None:
    assert {stanza.name: stanza.values() for stanza in read_conf(text)} == stanzas


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_position_across_continued_lines(end: str) -> None:
    text = end.join(["[a]", "k = x \\", "  yB", "j = C"])
    (stanza,) = read_conf(text)
    value = stanza.settings["k"]
    assert value.position(value.value().index("B")) == (3, 4)
    assert stanza.settings["j"].position(0) == (4, 5)


def test_line_that_is_nothing_is_shown() -> None:
    with pytest.raises(ContentError) as caught:
        read_conf("[a]\nwhat\n", "x.conf")
    assert caught.value.render().splitlines() == [
        "x.conf:2:1: error[CNT407]: neither a stanza, a setting nor a comment",
        "  | what",
        "  | ^",
        "  = help: write [stanza] or key = value",
    ]
