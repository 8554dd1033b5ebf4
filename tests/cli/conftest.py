"""The program in process, and a small content repository to use it on."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from transpile.cli import main

LOG_EMPTIED = """\
name: Log Emptied
id: 7d2c1fd6-55a3-4b3a-9a5b-2f5a4b0a1c11
type: TTP
search: source="XmlWinEventLog:Security" EventCode=1102
"""
TOOL_STARTED = """\
name: Tool Started
type: TTP
mitre_attack_id: [T1047]
search: >-
  | tstats count from datamodel=Endpoint.Processes
  where Processes.process_name="tool.exe" by Processes.dest
"""
EVENTS = """\
now: 1767222900
events:
- {match: true, event: {_time: 1767222000, source: 'XmlWinEventLog:Security', EventCode: 1102}}
- {match: false, event: {_time: 1767222001, source: 'XmlWinEventLog:Security', EventCode: 4624}}
"""


@dataclass(frozen=True)
class Ran:
    """What one run of the program gave."""

    code: int
    out: str
    err: str


class Cli(Protocol):
    """Runs the program in process."""

    def __call__(self, *args: str | Path, stdin: bytes = b"") -> Ran: ...


@pytest.fixture
def cli(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Cli:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))

    def run(*args: str | Path, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        code = main([str(arg) for arg in args])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two rules, which is the current folder; nothing is set from outside."""
    monkeypatch.chdir(tmp_path)
    for name in ("CONTENT", "TARGETS", "SCHEMA", "CUSTOM_COMMANDS", "OPAQUE_MACROS"):
        monkeypatch.delenv(f"TRANSPILE_{name}", raising=False)
    write = writer(tmp_path)
    write("detections/log_emptied.yml", LOG_EMPTIED)
    write("detections/tool_started.yml", TOOL_STARTED)
    write("macros/tool.yml", "name: tool\ndefinition: process_name=tool.exe\n")
    write("events/log_emptied.yml", EVENTS)
    return tmp_path


def writer(root: Path) -> Callable[[str, str | bytes], Path]:
    """Return a function that writes a file below a folder."""

    def write(name: str, text: str | bytes) -> Path:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.fixture
def write(repo: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file into the repository."""
    return writer(repo)
