"""Indicators over all rules: how many look for the same field, kind and value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from transpile.catalog.entry import LANGUAGES, Entry

Numbers = tuple[tuple[str, int], ...]
"""Numbers of rules by language, the most first; a language without a rule is left out."""


class Counted(NamedTuple):
    """A value with the number of rules that look for it."""

    text: str
    rules: Numbers

    @property
    def total(self) -> int:
        """How many rules there are in all."""
        return sum(number for _, number in self.rules)


class Row(NamedTuple):
    """A field, what is asked of it, and the values."""

    field: str
    kind: str
    values: tuple[Counted, ...]


class Counts:
    """Which rules look for which value."""

    def __init__(self, rules: Sequence[Entry]) -> None:
        self._by_key: dict[str, dict[str, int]] = {}
        self._spelled: dict[str, dict[str, int]] = {}
        self._others: dict[tuple[str, str], Numbers] = {}
        by_key, spelled = self._by_key, self._spelled
        for rule in rules:
            language = rule.language
            for key, text in {value.key: value.text for value in rule.values if value.key}.items():
                if key not in by_key:
                    by_key[key], spelled[key] = {language: 1}, {text: 1}
                    continue
                for numbers, what in ((by_key[key], language), (spelled[key], text)):
                    numbers[what] = numbers.get(what, 0) + 1

    def of(self, key: str) -> Mapping[str, int]:
        """Return language -> number of rules that look for a value."""
        return self._by_key.get(key, {})

    def others(self, rule: Entry) -> tuple[Numbers, ...]:
        """Return how many other rules look for each of the values of a rule."""
        known, language = self._others, rule.language
        found = []
        for value in rule.values:
            asked = value.key, language
            numbers = known.get(asked)
            if numbers is None:
                of = self.of(value.key)
                numbers = known[asked] = ordered({x: n - (x == language) for x, n in of.items()})
            found.append(numbers)
        return tuple(found)

    @cached_property
    def all(self) -> tuple[Row, ...]:
        """Every value of every field, fields and values by how many rules look for them."""
        fields: dict[tuple[str, str], list[Counted]] = defaultdict(list)
        for key, numbers in self._by_key.items():
            field, kind, _ = key.split("\n", 2)
            spelled = self._spelled[key]
            text = max(spelled, key=spelled.__getitem__)
            fields[field, kind].append(Counted(text, ordered(numbers)))
        rows = [
            Row(field, kind, tuple(sorted(values, key=lambda v: (-v.total, v.text))))
            for (field, kind), values in fields.items()
        ]
        return tuple(sorted(rows, key=lambda r: (-sum(v.total for v in r.values), r.field, r.kind)))


def ordered(numbers: Mapping[str, int]) -> Numbers:
    """Return the numbers above zero, the greatest first."""
    found = [(name, numbers[name]) for name in LANGUAGES if numbers.get(name)]
    return tuple(sorted(found, key=lambda item: -item[1]))


def rows_of(rule: Entry, others: Sequence[Numbers]) -> tuple[Row, ...]:
    """Return the indicators of a rule. others: how many other rules look for each of its values."""
    rows: dict[tuple[str, str], list[Counted]] = {}
    for value, numbers in zip(rule.values, others, strict=True):
        rows.setdefault((value.field, value.kind), []).append(Counted(value.text, numbers))
    return tuple(Row(field, kind, tuple(values)) for (field, kind), values in rows.items())
