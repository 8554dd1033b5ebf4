"""Known false positives over all rules: the same statement, or nearly the same, is one group."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

from transpile.catalog.entry import Entry
from transpile.names import slug
from transpile.records import dataclass

ALIKE = 0.7
"""Share of the pairs of words that two statements have in common, from which on they are one."""

_WORD = re.compile(r"[a-z0-9]+(?:[-_.'][a-z0-9]+)*")
_SHORT = 4
"""Words up to which a statement is one with another only if it is the same."""

_USUAL = 400
"""Statements with a pair of words from which on it proposes no pairs to compare."""

SILENT = frozenset((
    "", "unknown", "none", "unlikely", "none identified", "no false positives known",
    "no false positives have been identified at this time", "none identified at this time",
    "false positives are unknown", "n a", "na", "none known", "unknow", "no known false positives",
    "false positives should be limited", "none so far", "not known", "rare", "unknown at this time",
))  # fmt: skip
"""Statements, as words, that say nothing about a cause."""


@dataclass(frozen=True, slots=True)
class Group:
    """Statements of one meaning. key: names the page.  texts: as written, the most usual first.

    rules: positions in the catalogue.  silent: whether it names no cause ("Unknown").
    """

    key: str
    texts: tuple[str, ...]
    rules: tuple[int, ...]
    silent: bool


def grouped(rules: Sequence[Entry]) -> tuple[Group, ...]:
    """Return the groups of all statements, the most usual first."""
    stated: dict[tuple[str, ...], dict[int, None]] = defaultdict(dict)
    written: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for at, rule in enumerate(rules):
        for text in rule.false_positives:
            words = tuple(_WORD.findall(text.lower()))
            stated[words][at] = None
            written[words][" ".join(text.split())] += 1
    groups: list[Group] = []
    used: Counter[str] = Counter()
    for members in _clusters(list(stated)):
        spelled: Counter[str] = Counter()
        found: dict[int, None] = {}
        for words in members:
            spelled.update(written[words])
            found.update(stated[words])
        texts = tuple(text for text, _ in sorted(spelled.items(), key=lambda x: (-x[1], x[0])))
        base = slug(texts[0], 60)
        used[base] += 1
        key = base if used[base] == 1 else f"{base}_{used[base]}"
        silent = all(" ".join(words) in SILENT for words in members)
        groups.append(Group(key, texts, tuple(sorted(found)), silent))
    return tuple(sorted(groups, key=lambda group: (group.silent, -len(group.rules), group.key)))


def _clusters(statements: Sequence[tuple[str, ...]]) -> Iterator[list[tuple[str, ...]]]:
    """Yield the statements in groups; all of a group are nearly the same as its first.

    A chain of small changes does not join what its ends do not have in common.
    """
    shingles = [
        frozenset(pairwise(words)) if len(words) > _SHORT else frozenset()
        for words in statements
    ]
    usage = Counter(pair for found in shingles for pair in found)
    leaders: dict[tuple[str, str], list[int]] = defaultdict(list)
    members: dict[int, list[tuple[str, ...]]] = {}
    for at, found in enumerate(shingles):
        telling = [pair for pair in found if usage[pair] <= _USUAL]
        met = Counter(chain.from_iterable(leaders[pair] for pair in telling))
        needed = ALIKE * len(found) - (len(found) - len(telling))
        likely = sorted(leader for leader, shared in met.items() if shared >= needed)
        near = next((x for x in likely if _alike(found, shingles[x])), None)
        if near is not None:
            members[near].append(statements[at])
            continue
        members[at] = [statements[at]]
        for pair in telling:
            leaders[pair].append(at)
    yield from members.values()


def _alike(left: frozenset[tuple[str, str]], right: frozenset[tuple[str, str]]) -> bool:
    least, most = sorted((len(left), len(right)))
    if least < ALIKE * most:
        return False
    common = len(left & right)
    return common >= ALIKE * (len(left) + len(right) - common)
