"""The traps once more, on every target that can say them: the emitted text runs on its engine.

The searches read `Endpoint.Processes`; `process_guid` and `process_current_directory` may be
missing there, `process` may not. A target in `NOT_EXACT` is known to lose something in that case
and must then find at least what the rule finds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from transpile import match, verify
from transpile.verify import Verdict

TARGETS = ("sigma", "eql", "esql", "sql:duckdb", "sql:sqlite")
ROWS_ONLY = ("sql:duckdb", "sql:sqlite")


@dataclass(frozen=True)
class Trap:
    """A filter over the process events, and the events it must find.

    wider: targets that cannot say it exactly.
    """

    claim: str
    spl: str
    events: list[dict[str, Any]]
    found: list[int]
    targets: tuple[str, ...] = TARGETS
    wider: tuple[str, ...] = field(default=())


BASE = "| from datamodel Endpoint.Processes "


def _cwd(*values: Any) -> list[dict[str, Any]]:
    return [
        {"process": f"p{number}"} | ({} if v is None else {"process_current_directory": v})
        for number, v in enumerate(values)
    ]


TRAPS = [
    Trap(
        "T2-and-before-or-in-where",
        '| where process="p0" AND process_guid="1" OR process_guid="2"',
        [
            {"process": "p0", "process_guid": "2"},
            {"process": "p0", "process_guid": "1"},
            {"process": "p1", "process_guid": "1"},
        ],
        [0, 1],
    ),
    Trap(
        "T2-or-before-and-in-search",
        "| search process=p0 AND process_guid=a OR process_guid=b",
        [
            {"process": "p0", "process_guid": "a"},
            {"process": "p1", "process_guid": "b"},
            {"process": "p0", "process_guid": "b"},
        ],
        [0, 2],
    ),
    Trap(
        "T3-not-keeps-events-without-the-field",
        "| search NOT process_current_directory=admin",
        _cwd("admin", "bob", None),
        [1, 2],
    ),
    Trap(
        "T3-unequal-needs-the-field",
        "| search process_current_directory!=admin",
        _cwd("admin", "bob", None),
        [1],
    ),
    Trap(
        "T4-not-in-where-needs-the-field",
        '| where NOT match(process_current_directory,"admin")',
        _cwd("admin", "bob", None),
        [1],
    ),
    Trap(
        "T5-unequal-fields-need-both",
        "| where process_current_directory!=process_guid",
        [
            {"process": "a", "process_current_directory": "x", "process_guid": "y"},
            {"process": "a", "process_current_directory": "x"},
            {"process": "a", "process_current_directory": "x", "process_guid": "x"},
        ],
        [0],
        targets=ROWS_ONLY,
    ),
    Trap(
        "T7-search-ignores-case",
        '| search process="powershell.exe"',
        [{"process": "PowerShell.exe"}, {"process": "powershell.exe"}],
        [0, 1],
    ),
    Trap(
        "T7-where-keeps-case",
        '| where process="powershell.exe"',
        [{"process": "PowerShell.exe"}, {"process": "powershell.exe"}],
        [1],
    ),
    Trap(
        "T7-like-keeps-case",
        '| where process LIKE "%powershell%"',
        [{"process": "PowerShell.exe"}, {"process": "x powershell.exe"}],
        [1],
    ),
    Trap(
        "T9-quotes-keep-wildcards",
        '| search process="net*"',
        [{"process": "net user /add"}, {"process": "net*"}],
        [0, 1],
    ),
    Trap(
        "T10-no-wildcards-in-where",
        '| where process="net*"',
        [{"process": "net user /add"}, {"process": "net*"}],
        [1],
    ),
    Trap(
        "T11-like-metacharacters-are-literal-in-search",
        '| search process="a_b%c*"',
        [{"process": "a_b%c.exe"}, {"process": "axb.c.exe"}],
        [0],
    ),
    Trap(
        "T11-underscore-is-any-character-in-like",
        '| where process LIKE "a_b%"',
        [{"process": "a_b.exe"}, {"process": "axb.exe"}, {"process": "ab.exe"}],
        [0, 1],
    ),
    Trap(
        "T12-dot-is-literal-in-search",
        '| search process="*a.exe"',
        [{"process": r"c:\a.exe"}, {"process": r"c:\aXexe"}],
        [0],
    ),
    Trap(
        "T13-escaped-backslash-then-wildcard",
        r'| search process="C:\\Temp\\*"',
        [{"process": r"C:\Temp\x.exe"}, {"process": "C:\\Temp*"}, {"process": r"C:\Tempest"}],
        [0],
    ),
    Trap(
        "T13-unc-path",
        r'| search process="\\\\*\\share\\x"',
        [{"process": r"\\srv\share\x"}, {"process": r"\srv\share\x"}],
        [0],
    ),
    Trap(
        "T14-double-unescape-in-regex",
        r'| where match(process, "\\\\b\w+\.exe$")',
        [{"process": r"c:\bcd.exe"}, {"process": "c:bcd.exe"}],
        [0],
    ),
    Trap(
        "question-mark-is-literal",
        '| search process="*id=1?x*"',
        [{"process": "/?id=1?xy"}, {"process": "/?id=12xy"}],
        [0],
    ),
    Trap(
        "question-mark-is-literal-in-a-whole-value",
        '| search process="a?B"',
        [{"process": "A?b"}, {"process": "axb"}],
        [0],
    ),
    Trap(
        "quotes-and-newlines-are-data",
        r'''| search process="*say \"it's\"*"''',
        [{"process": 'x\nsay "it\'s" y'}, {"process": "say its"}],
        [0],
    ),
    Trap(
        "T15-search-compares-numbers-as-text",
        "| search process_current_directory=1",
        _cwd("1", "1.0", "01"),
        [0],
    ),
    Trap(
        "T19-missing-key-drops-the-row",
        "| search process=p* | stats count by process_guid, process",
        [{"process": "p1", "process_guid": "g"}, {"process": "p2"}],
        [0],
        targets=ROWS_ONLY,
    ),
]


@pytest.mark.parametrize(
    ("trap", "target"),
    [pytest.param(t, name, id=f"{t.claim}-{name}") for t in TRAPS for name in t.targets],
)
def test_target(trap: Trap, target: str) -> None:
    spl = BASE + trap.spl
    assert match(spl, trap.events) == trap.found
    report = verify(spl, target, trap.events, witness=False)
    wanted = Verdict.CONTAINED if target in trap.wider else Verdict.EQUAL
    assert report.verdict is wanted, (report.reason, report.losses, report.differences)
    assert report.set_aside == 0
