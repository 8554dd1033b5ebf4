"""`convert --watch`: a change of a rule or macro is converted while the program runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RULE = 'name: A\nsearch: source="XmlWinEventLog:Security" `code`\n'


def _until(file: Path, text: str) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if file.is_file() and text in file.read_text():
            return True
        time.sleep(0.05)
    return False


def test_a_changed_macro_is_seen_and_an_error_on_the_way_survived(tmp_path: Path) -> None:
    for folder in ("detections", "macros"):
        (tmp_path / folder).mkdir()
    (tmp_path / "detections" / "a.yml").write_text(RULE)
    macro = tmp_path / "macros" / "code.yml"
    macro.write_text("name: code\ndefinition: EventCode=1102\n")
    out = tmp_path / "out" / "eql" / "a.eql"
    run = subprocess.Popen(
        [sys.executable, "-m", "transpile", "convert", "detections", "-t", "eql", "-o", "out",
         "--watch"],
        cwd=tmp_path, stderr=subprocess.PIPE,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        assert _until(out, "1102")
        macro.write_text("name: code\ndefinition: EventCode=(\n")
        time.sleep(1.0)
        macro.write_text("name: code\ndefinition: EventCode=517\n")
        assert _until(out, "517")
    finally:
        run.send_signal(signal.SIGINT)
        _, told = run.communicate(timeout=60)
    assert run.returncode == 0
    assert b"Traceback" not in told


def test_standard_input_cannot_be_watched(cli: pytest.FixtureRequest) -> None:
    ran = cli("convert", "-", "-t", "eql", "--watch", stdin=b"index=a")  # type: ignore[operator]
    assert ran.code == 2
    assert ran.err == "error[OUT507]: standard input cannot be watched\n"
