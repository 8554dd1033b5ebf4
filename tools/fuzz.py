"""Random text for every reader: no crash, no hang, no memory without bound.

    TRANSPILE_CORPUS=... python tools/fuzz.py [SECONDS [SEED]]

Texts are made from the rules of the corpus (else our own rules/) by cutting, doubling, joining and
nesting their pieces. A reader may refuse a text with an error of ours; any other exception, more
than LIMIT seconds of CPU time, or more than MEMORY bytes is a defect: it is printed with its text.
Prints, per reader, how many texts it read and how many it refused.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from transpile import Content, TranspileError
from transpile.compiled import compile_rule
from transpile.content import load_rules, read_rule
from transpile.convert import convert_compiled
from transpile.targets import reader_for

LIMIT = 20
MEMORY = 1 << 30
TARGETS = ("sigma", "eql", "esql", "sql:duckdb")
PIECES = ('"', "(", ")", "[", "]", "|", "`", "\\", "*", " OR ", " NOT ", " by ", "=", "{{", "\0",
          "'", ":", "- ", "\n  ", "&a ", "*a", "\ufeff", "é", "<", "%", "/*", "```",
          "$x$", "1e999")  # fmt: skip


class TookTooLong(Exception):
    """A text was worked on for more than LIMIT seconds."""


def main() -> int:
    """Fuzz; return 1 if a defect was found."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    chance = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, 4 * MEMORY))
    signal.signal(signal.SIGVTALRM, _stop)
    readers = _readers()
    counts: Counter[str] = Counter()
    defects = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        name, (read, seeds) = chance.choice(list(readers.items()))
        text = _changed(seeds, chance)
        found = _tried(read, text)
        counts[f"{name}: {found[0]}"] += 1
        if found[1]:
            defects += 1
            print(f"{name}: {found[0]}: {found[1]}\n{text!r}\n", flush=True)
    for what, number in sorted(counts.items()):
        print(f"{number:8} {what}")
    print(f"{_peak() >> 20} MiB at most, {defects} defects")
    return int(defects > 0)


def _tried(read: Callable[[str], object], text: str) -> tuple[str, str]:
    """Return what became of a text, and if that is a defect, why."""
    before = _peak()
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
    try:
        read(text)
        found = ("read", "")
    except TranspileError:
        found = ("refused", "")
    except TookTooLong:
        found = ("hang", f"more than {LIMIT} s")
    except Exception as error:
        found = ("crash", _told(error))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if _peak() - before > MEMORY:
        return "memory", f"{(_peak() - before) >> 20} MiB"
    return found


def _told(error: Exception) -> str:
    """Return an exception with the innermost places of our own that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in frames if "site-packages" not in frame.filename]
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in frames[:-4:-1])
    return f"{type(error).__name__}: {str(error)[:200]} ({places})"


def _stop(number: int, frame: FrameType | None) -> None:
    raise TookTooLong


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _changed(seeds: Sequence[str], chance: random.Random) -> str:
    """Return a text made from one or two seeds by a few changes."""
    text = chance.choice(seeds)
    for _ in range(chance.randint(1, 4)):
        start, end = sorted(chance.randint(0, len(text)) for _ in range(2))
        end = min(end, start + chance.choice((1, 10, 200)))
        part = text[start:end]
        other = chance.choice(seeds)
        at = chance.randint(0, len(other))
        new = chance.choice((
            "", chance.choice(PIECES), part * chance.choice((2, 50)), other[at : at + 40],
            chance.choice(PIECES) * chance.choice((3, 3000)), f"({part})", part.swapcase(),
        ))
        text = text[:start] + new + text[end:]
    return text


def _readers() -> dict[str, tuple[Callable[[str], object], Sequence[str]]]:
    """Return reader -> what reads a text, and texts that it reads."""
    root = os.environ.get("TRANSPILE_CORPUS")
    splunk = Path(root, "splunk") if root else Path("rules")
    content = Content.load(splunk)
    rules = [rule for rule in load_rules(splunk / "detections")[0] if rule.language == "spl"]

    def whole(text: str) -> object:
        compiled = compile_rule(read_rule(text), content)
        return [convert_compiled(compiled, target, content=content) for target in TARGETS]

    found: dict[str, tuple[Callable[[str], object], Sequence[str]]] = {
        "search": (whole, [rule.search for rule in rules]),
        "rule": (lambda text: read_rule(text), [Path(str(r.path)).read_text() for r in rules]),
    }
    folders = ("sigma/rules", "elastic/rules") if root else ()
    for folder in folders:
        for language in ("sigma", "eql", "kuery"):
            foreign = load_rules(Path(str(root), folder))[0]
            seeds = [rule.search for rule in foreign if rule.language == language]
            if seeds:
                found[language] = (_foreign(language), seeds)
    return found


def _foreign(language: str) -> Callable[[str], object]:
    return lambda text: reader_for(language).read(text, language, {})


if __name__ == "__main__":
    sys.exit(main())
