"""Colour and progress: on a terminal only."""

from __future__ import annotations

import io
import sys

import pytest

from transpile.cli.terminal import Terminal, printable, table


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def terminal_on_stderr(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Make stderr a screen; called in the test, since pytest sets stderr after the fixtures."""
    found = Screen()
    monkeypatch.setattr(sys, "stderr", found)
    return found


@pytest.mark.parametrize(
    ("color", "no_color", "painted"),
    [
        pytest.param("auto", "", True, id="auto-on-a-terminal"),
        pytest.param("auto", "1", False, id="auto-with-NO_COLOR"),
        pytest.param("never", "", False, id="never"),
        pytest.param("always", "1", True, id="always-wins-over-NO_COLOR"),
    ],
)
def test_colour_on_a_terminal(monkeypatch, color, no_color, painted):
    terminal_on_stderr(monkeypatch)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert ("\x1b[31m" in Terminal(color=color).paint("x", "red")) is painted


def test_no_colour_and_no_progress_where_nobody_looks(capsys):
    terminal = Terminal()
    assert list(terminal.progress(range(3), 3, "converting")) == [0, 1, 2]
    assert terminal.paint("x", "red") == "x"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("choice", ["always", "never"])
def test_the_option_reaches_the_messages(cli, repo, choice):
    path = repo / "detections/x.yml"
    path.write_text('search: source="XmlWinEventLog:Security" x1=7\n')
    ran = cli("convert", path, "-t", "eql", "--color", choice)
    assert ("\x1b[31m" in ran.err) is (choice == "always")


def clock(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    times = iter(range(10_000))
    monkeypatch.setattr("time.monotonic", lambda: next(times) * step)


def test_progress_shows_how_far_and_how_long(monkeypatch):
    screen = terminal_on_stderr(monkeypatch)
    clock(monkeypatch, 1.0)
    assert list(Terminal().progress("abcd", 4, "converting")) == list("abcd")
    drawn = screen.getvalue().split("\r\x1b[K")
    assert drawn[2] == "converting [############............] 2/4 rules, 2 s"
    assert drawn[-1] == ""


def test_progress_is_drawn_ten_times_a_second_at_most(monkeypatch):
    screen = terminal_on_stderr(monkeypatch)
    clock(monkeypatch, 0.01)
    list(Terminal().progress(range(100), 100, "converting"))
    assert 8 <= screen.getvalue().count("rules,") <= 10


def test_a_message_does_not_mix_with_the_progress_line(monkeypatch):
    screen = terminal_on_stderr(monkeypatch)
    clock(monkeypatch, 1.0)
    terminal = Terminal()
    for _ in terminal.progress("ab", 2, "converting"):
        terminal.error("bad")
    assert "rules, 1 s\r\x1b[Kbad\n" in screen.getvalue()


def test_quiet_draws_nothing(monkeypatch):
    screen = terminal_on_stderr(monkeypatch)
    clock(monkeypatch, 1.0)
    list(Terminal(quiet=True).progress("ab", 2, "converting"))
    assert screen.getvalue() == ""


@pytest.mark.parametrize("sign", ["\x1b", "\x07", "\x9b", "\u202e", "\r"])
def test_control_characters_are_not_printed(sign):
    assert printable(f"a{sign}b") == "a\ufffdb"


def test_table_aligns_its_columns():
    assert table(("a", "bb"), [("x", "1"), ("yyy", "")]) == "a    bb\n---  --\nx    1\nyyy"
