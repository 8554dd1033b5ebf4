"""pySigma's packrat mode is on while pySigma works, and afterwards what it was before."""

from __future__ import annotations

import subprocess
import sys

import pytest

VERIFY = """
from transpile import convert, verify
from pyparsing import ParserElement
assert not ParserElement._packratEnabled
report = verify('sourcetype="xmlwineventlog" EventCode=1 Image="*\\\\a.exe"', "sigma", events=[])
"""
RULE = """
title: A
logsource: {product: windows, category: process_creation}
detection:
  selection:
    Image|endswith: '\\\\\\\\a.exe'
  condition: selection
"""
READ = f"""
from pyparsing import ParserElement
from transpile import parse
from transpile.backends.sigma import backend
assert not ParserElement._packratEnabled
backend.reader().read({RULE!r})
"""
NESTED = """
from pyparsing import ParserElement
from transpile.backends.sigma.contain import packrat
with packrat():
    with packrat():
        assert ParserElement._packratEnabled
    assert ParserElement._packratEnabled
"""
FAULT = """
from pyparsing import ParserElement
from transpile.backends.sigma import backend
try:
    backend.reader().read("title: [")
except Exception:
    pass
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(VERIFY, id="verify"),
        pytest.param(READ, id="read"),
        pytest.param(NESTED, id="nested"),
        pytest.param(FAULT, id="a-text-that-is-refused"),
    ],
)
@pytest.mark.parametrize("before", [False, True])
def test_packrat_mode_is_what_it_was(program: str, before: bool) -> None:
    # in a process of its own: the mode is the whole process's
    first = "import pyparsing\n"
    if before:
        first += "pyparsing.ParserElement.enable_packrat()\n"
        program = program.replace("assert not ParserElement._packratEnabled", "")
    last = f"\nassert ParserElement._packratEnabled is {before}"
    subprocess.run([sys.executable, "-c", first + program + last], check=True)
