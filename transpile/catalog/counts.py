"""Indicators over all rules: how many look for the same field, kind and value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from transpile.catalog.entry import LANGUAGES, Entry


class Counted(NamedTuple):
    """A value with the number of rules that look for it, by language, the most first."""

    text: str
    rules: tuple[tuple[str, int], ...]

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
        self._by_key: dict[str, Counter[str]] = defaultdict(Counter)
        self._spelled: dict[str, Counter[str]] = defaultdict(Counter)
        for rule in rules:
            for key, text in {value.key: value.text for value in rule.values if value.key}.items():
                self._by_key[key][rule.language] += 1
                self._spelled[key][text] += 1

    def of(self, key: str) -> Mapping[str, int]:
        """Return language -> number of rules that look for a value."""
        return self._by_key.get(key, {})

    def others(self, key: str, language: str) -> tuple[tuple[str, int], ...]:
        """Return the numbers for a rule of a language that looks for the value, without itself."""
        numbers = {name: n - (name == language) for name, n in self.of(key).items()}
        return ordered(numbers)

    @cached_property
    def all(self) -> tuple[Row, ...]:
        """Every value of every field, fields and values by how many rules look for them."""
        fields: dict[tuple[str, str], list[Counted]] = defaultdict(list)
        for key, numbers in self._by_key.items():
            field, kind, _ = key.split("\n", 2)
            text = self._spelled[key].most_common(1)[0][0]
            fields[field, kind].append(Counted(text, ordered(numbers)))
        rows = [
            Row(field, kind, tuple(sorted(values, key=lambda v: (-v.total, v.text))))
            for (field, kind), values in fields.items()
        ]
        return tuple(sorted(rows, key=lambda r: (-sum(v.total for v in r.values), r.field, r.kind)))


def ordered(numbers: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Return the numbers above zero, the greatest first."""
    order = tuple(LANGUAGES)
    found = ((name, number) for name, number in numbers.items() if number)
    return tuple(sorted(found, key=lambda item: (-item[1], order.index(item[0]))))


def rows_of(rule: Entry, counts: Counts) -> tuple[Row, ...]:
    """Return the indicators of a rule with the numbers of other rules."""
    rows: dict[tuple[str, str], list[Counted]] = {}
    for value in rule.values:
        others = counts.others(value.key, rule.language) if value.key else ()
        rows.setdefault((value.field, value.kind), []).append(Counted(value.text, others))
    return tuple(Row(field, kind, tuple(values)) for (field, kind), values in rows.items())
