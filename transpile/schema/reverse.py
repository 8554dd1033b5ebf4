"""Native fields and literals said in Splunk's names: the field maps, read from right to left.

A field that a Splunk field holds as it is needs a new name only. Where the mapping derives a value
(a name from a path), the literal is guessed backwards and the guess accepted only if the mapping,
run forwards, gives the very same test again; so a derive is never reversed wrongly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import cast

from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import Condition, Exists, Glob, NumEq, Pred, Quant, Test, TextEq
from transpile.ir.remember import Same
from transpile.records import dataclass, replace
from transpile.schema._data import load
from transpile.schema.datasets import Dataset
from transpile.schema.derived import derived
from transpile.schema.fields import FieldMap, FieldTarget, Taxonomy

# Splunk's names of the event id, the one that rules use first
_CODES = ("EventCode", "EventID", "signature_id")
# derives of a raw field that has the same name: the field itself is meant, whatever it holds
_SAME_NAME = frozenset({"host", "host_or_ip", "account_part", "hash_field", "hash_list"})


Holder = tuple[str, FieldTarget]
"""A Splunk field, and how it is held by a native one."""


@dataclass(frozen=True, slots=True)
class Reverse:
    """The native fields of one dataset in a taxonomy, seen from Splunk."""

    fields: FieldMap
    taxonomy: Taxonomy
    separator: str = "\\"

    def name(self, native: str) -> str | None:
        """Return the Splunk field that holds a native field's value as it is, None without one."""
        return next((name for name, target in self._holders(native) if target.derive is None), None)

    def test(self, native: str, condition: Condition | None, quant: Quant) -> Pred | None:
        """Return a test of a native field (None: that it exists) as one of a Splunk field.

        None: no Splunk field says it exactly. In a data model the end of a path is the name that
        rules compare; raw events have the path only.
        """
        bare = self._bare(native, condition, quant)
        if bare is not None:
            return bare
        name = self.name(native)
        if name is not None:
            return _made(name, _coded(name, condition), quant)
        return self._derived(native, condition, quant, self._holders(native))

    def _bare(self, native: str, condition: Condition | None, quant: Quant) -> Pred | None:
        """Return the test of a file's name for `*\\name`, where the dataset is a data model."""
        if self.fields.dataset.match.datamodel is None or not isinstance(condition, Glob):
            return None
        match condition.pattern.parts:
            case (Wild.RUN, str() as text) if text.rfind(self.separator) == 0:
                pairs = self._holders(native)
                names = [pair for pair in pairs if pair[1].derive == "basename"]
                return self._derived(native, condition, quant, names)
            case _:
                return None

    def _derived(
        self, native: str, condition: Condition | None, quant: Quant, holders: Iterable[Holder]
    ) -> Pred | None:
        """Return the test that the mapping of some holder turns into the given one."""
        wanted = _made(native, condition, quant)
        for holder, target in holders:
            for guess in _guesses(condition, target, self.separator):
                if self._forwards(holder, target, guess, quant) == wanted:
                    return _made(holder, guess, quant)
        return None

    def _forwards(
        self, name: str, target: FieldTarget, condition: Condition | None, quant: Quant
    ) -> Pred | None:
        found = derived(
            replace(target, also=()),
            condition,
            quant,
            field=name,
            taxonomy=self.taxonomy,
            separator=self.separator,
        )
        return found.upper if found is not None and found.is_exact else None

    def _holders(self, native: str) -> tuple[Holder, ...]:
        """Return the Splunk fields that hold a native field, the best first."""
        same = Same(self.fields.dataset)
        known = _index(same, self.fields.variant, self.taxonomy).get(native, ())
        return known or tuple(self._by_rule(native))

    def _by_rule(self, native: str) -> Iterator[Holder]:
        """Yield the field of the same name, if a rule of the mapping (`name.*`) knows it."""
        target = self.fields.lookup(native, self.taxonomy)
        if target is not None and target.field == native:
            yield native, target


@lru_cache(maxsize=256)
def _index(
    same: Same[Dataset], variant: str | None, taxonomy: Taxonomy
) -> Mapping[str, tuple[Holder, ...]]:
    """Return per native field the Splunk fields that hold it."""
    fields = FieldMap(same.item, variant)
    found: dict[str, list[_Ranked]] = {}
    for name in (*fields.names(), *_CODES):
        target = fields.lookup(name, taxonomy)
        if target is None or target.field is None:
            continue
        native = target.field
        if name == native and target.derive in _SAME_NAME:
            target = replace(target, derive=None)
        style = _style(fields, name)
        found.setdefault(native, []).append(((_rank(name, target), style), name, target))
        for also in target.also:
            further = FieldTarget(also.field, also.derive, guess=also.guess)
            rank = _rank(name, further) + 4, style
            found.setdefault(also.field, []).append((rank, name, further))
    return {
        native: tuple(dict.fromkeys((name, target) for _, name, target in _sorted(holders)))
        for native, holders in found.items()
    }


_Ranked = tuple[tuple[int, tuple[bool, int]], str, FieldTarget]


def _sorted(holders: list[_Ranked]) -> list[_Ranked]:
    return sorted(holders, key=lambda holder: holder[:2])


def _rank(name: str, target: FieldTarget) -> int:
    """Return how good a holder is: the raw name, then a plain one; guesses and derives last."""
    if name == _CODES[0]:
        return 0
    return (0 if name == target.field else 1) + 2 * target.guess + 8 * (target.derive is not None)


def _style(fields: FieldMap, name: str) -> tuple[bool, int]:
    """Return what decides between equal holders.

    A Windows channel has raw fields that only some of its events have, so the name that the data
    models use goes first; elsewhere the vendor's own name. Then the field that more sources fill.
    """
    fact = fields.fact(name)
    sources = len(fact.raw) if fact is not None and isinstance(fact.raw, Mapping) else 0
    if fields.dataset.id.startswith("windows."):
        return not name.islower(), -sources
    own = fields.lookup(name, "sigma")
    return own is None or own.field != name, -sources


def _made(name: str, condition: Condition | None, quant: Quant) -> Pred:
    return Exists(Field(name)) if condition is None else Test(Field(name), condition, quant)


def _coded(name: str, condition: Condition | None) -> Condition | None:
    """Return a condition on an event id as rules of Splunk write it: as text."""
    match condition:
        case NumEq(number) if name in _CODES and number == int(number):
            return TextEq(str(int(number)))
        case _:
            return condition


# -- guesses of literals --------------------------------------------------------------------------


def _guesses(
    condition: Condition | None, target: FieldTarget, separator: str
) -> Iterator[Condition | None]:
    """Yield conditions on the Splunk field that could become a given one on its target."""
    yield condition
    match condition:
        case Glob(pattern, cased):
            for inner in _inner(pattern, separator):
                yield TextEq(inner.text, cased) if inner.is_literal else Glob(inner, cased)
        case TextEq(_, cased):
            yield from (TextEq(word, cased) for word in _words(target.derive or ""))
        case _:
            return


def _inner(pattern: Pattern, separator: str) -> Iterator[Pattern]:
    """Yield what is left of a pattern without a frame: `*\\x`, `*SHA1=x*`, `*x*`."""
    parts = pattern.parts
    match parts:
        case (Wild.RUN, str() as text, *rest):
            for mark in (separator, "=", ""):
                head, found, tail = text.partition(mark) if mark else ("", "", text)
                if not mark or (found and (mark == "=" or not head)):
                    yield Pattern.of(tail, *(rest[:-1] if rest[-1:] == [Wild.RUN] else rest))
                    yield Pattern.of(tail, *rest)
                    yield Pattern.of(Wild.RUN, tail, *rest)
        case _:
            return


@cache
def _words(derive: str) -> tuple[str, ...]:
    """Return the words of an enumeration, nothing for another derive."""
    tables = cast("Mapping[str, Mapping[str, object]]", load("enums.json"))
    return tuple(tables.get(derive, {}))
