"""A predicate as Sigma's named searches and a condition over them.

A search is a map (all entries hold) or a list of maps (one map holds); an entry may list values.
What fits goes into searches; negations and deeper nesting go to the condition line. Idiom: one
`selection`, or several joined by `all of selection_*`; what is excluded stands in `filter_main_*`
with `not 1 of filter_main_*` (spec/sigma-semantics.md 4 and 10.8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field

from transpile.backends.sigma.items import Item

from transpile.ir.expr import Field
from transpile.ir.pred import TRUE, And, Exists, Not, Or, Pred, Test
from transpile.ir.walk import conjuncts, disjuncts
from transpile.records import dataclass, replace

Map = tuple[Item, ...]
Search = tuple[Map, ...]
ItemOf = Callable[[Pred], Item]

_SUBSTRING = frozenset({("contains",), ("contains", "cased")})
_TOPICS = (
    (re.compile(r"^(Image|OriginalFileName|process\.name)$"), "img"),
    (re.compile(r"CommandLine$"), "cli"),
    (re.compile(r"^(Parent|SourceParent)"), "parent"),
    (re.compile(r"^(TargetObject|Details)$"), "registry"),
    (re.compile(r"^(TargetFilename|SourceFilename)$"), "file"),
    (re.compile(r"Hash"), "hash"),
    (re.compile(r"^EventID$"), "eid"),
    (re.compile(r"User(Name)?$"), "user"),
    (re.compile(r"(Ip|_ip|IpAddress)$"), "ip"),
    (re.compile(r"Port$"), "port"),
)


# last parts of a dotted name that say little without the part before
_GENERAL = frozenset({"id", "key", "kind", "name", "text", "type", "value", "values"})


@dataclass(frozen=True, slots=True)
class Detection:
    """Named searches in the order of their use, and the condition."""

    searches: tuple[tuple[str, Search], ...]
    condition: str


def detection(pred: Pred, item_of: ItemOf, always: Sequence[Item] = ()) -> Detection:
    """Return the detection of a predicate whose leaves `item_of` can write.

    always: entries that the log source asks for besides; they join the first selection.
    """
    parts = () if pred == TRUE else _without_needless_exists(conjuncts(pred))
    return _Builder(item_of).build(parts, tuple(always))


def _without_needless_exists(parts: Sequence[Pred]) -> tuple[Pred, ...]:
    """Leave out "the field exists" beside a test on the field, which needs it anyway."""
    needed = {name for part in parts if (name := _tested(part))}
    return tuple(
        part
        for part in parts
        if not (
            isinstance(part, Exists)
            and isinstance(part.subject, Field)
            and part.subject.name in needed
        )
    )


def _tested(part: Pred) -> str | None:
    """Return the field without which a predicate is false, where that is plain to see."""
    names = {
        leaf.subject.name if isinstance(leaf, Test) and isinstance(leaf.subject, Field) else ""
        for leaf in disjuncts(part)
    }
    return names.pop() if len(names) == 1 else None


@dataclass(slots=True)
class _Builder:
    item_of: ItemOf
    searches: dict[str, Search] = field(default_factory=dict)

    def build(self, parts: Sequence[Pred], always: Map) -> Detection:
        """Sort the conjuncts into selections, filters and the rest, and name them."""
        selections: list[Search] = []
        common = list(always)
        words: list[Item] = []
        filters: list[Search] = []
        rest: list[Pred] = []
        for part in parts:
            search = self._search(part)
            if search is not None and _is_map(search) and _joins(common, search[0]):
                common += search[0]
            elif search is not None and len(search) == 1 and all(map(_is_word, search[0])):
                words += search[0]
            elif search is not None:
                selections.append(search)
            elif isinstance(part, Not) and (excluded := self._search(part.arg)) is not None:
                filters += _split(excluded)
            else:
                rest.append(part)
        if common:
            selections.insert(0 if always else len(selections), (_with_all(common),))
        if words:
            selections.append((_with_all(words),))
        return self._named(selections, filters, rest)

    def _named(
        self, selections: list[Search], filters: list[Search], rest: list[Pred]
    ) -> Detection:
        terms: list[str] = []
        if len(selections) == 1 and not rest:
            self.searches["selection"] = selections[0]
            terms.append("selection")
        else:
            names = [self._add("selection", search) for search in selections]
            terms += names if rest or len(names) < 2 else ["all of selection_*"]
        alone = len(rest) == 1 and not (selections or filters)
        terms += [self._term(part, 0 if alone else 1) for part in rest]
        if len(terms) == 1 and len(self.searches) > 1 and not filters:
            terms = [_one_of_all(terms[0], self.searches)]
        for search in filters:
            self._add("filter_main", search)
        if filters:
            terms.append("not 1 of filter_main_*")
        return _numbered(Detection(tuple(self.searches.items()), " and ".join(terms)))

    def _add(self, stem: str, search: Search) -> str:
        """Name a search after what it asks for; return the name."""
        topic = _topic(search)
        name, number = f"{stem}_{topic}", 2
        while name in self.searches:
            if self.searches[name] == search:
                return name
            name, number = f"{stem}_{topic}_{number}", number + 1
        self.searches[name] = search
        return name

    # -- searches -------------------------------------------------------------------------------

    def _search(self, pred: Pred) -> Search | None:
        """Return the predicate as one search, None if it needs the condition line."""
        if isinstance(pred, Or):
            maps = [self._map(part) for part in _by_field(pred.args, self._key)]
            found = tuple(entries for entries in maps if entries is not None)
            mixed = len(found) > 1 and any(not entries[0].field for entries in found)
            return None if mixed or len(found) < len(maps) else found
        single = self._map(pred)
        return None if single is None else (single,)

    def _map(self, pred: Pred) -> Map | None:
        """Return the predicate as one map: a conjunction of entries with different keys."""
        if isinstance(pred, And):
            entries: list[Item] = []
            for part in pred.args:
                entry = self._entry(part)
                if entry is None:
                    return None
                if not _joins(entries, (entry,)):
                    return None
                entries.append(entry)
            return _with_all(entries)
        entry = self._entry(pred)
        return None if entry is None else (entry,)

    def _entry(self, pred: Pred) -> Item | None:
        """Return the predicate as one entry: a leaf, or alternatives that differ in the value."""
        if _is_leaf(pred):
            return self.item_of(pred)
        if not isinstance(pred, Or) or not all(map(_is_leaf, pred.args)):
            return None
        items = [self.item_of(arg) for arg in pred.args]
        if len({entry.kind for entry in items}) != 1 or items[0].modifiers == ("exists",):
            return None
        if any(mod in _COMPARISONS for mod in items[0].modifiers):
            return None
        values = dict.fromkeys((type(v), v) for entry in items for v in entry.values)
        return replace(items[0], values=tuple(value for _, value in values))

    def _key(self, pred: Pred) -> tuple[str, tuple[str, ...]] | None:
        return self.item_of(pred).kind if _is_leaf(pred) else None

    # -- the condition line ---------------------------------------------------------------------

    def _term(self, pred: Pred, strength: int) -> str:
        """Return the predicate as text of the condition line.

        strength: how tightly the place binds: 0 or, 1 and, 2 not.
        """
        search = self._search(pred)
        if search is not None:
            return self._add("selection", search)
        match pred:
            case Not(arg):
                return f"not {self._term(arg, 2)}"
            case And(args):
                text = " and ".join(self._term(part, 1) for part in self._grouped(pred, args))
                return f"({text})" if strength > 1 else text
            case Or(args):
                joined = _by_field(args, self._key)
                text = " or ".join(self._term(part, 0) for part in self._grouped(pred, joined))
                return f"({text})" if strength > 0 else text
            case _:
                raise TypeError(f"no Sigma search for {pred!r}")

    def _grouped(self, pred: And | Or, args: Iterable[Pred]) -> list[Pred]:
        """Put the arguments that make one search together, before the others."""
        plain: list[Pred] = []
        others: list[Pred] = []
        for arg in args:
            joined = type(pred)((*plain, arg))
            fits = self._search(joined if plain else arg) is not None
            (plain if fits else others).append(arg)
        if not plain:
            return others
        return [plain[0] if len(plain) == 1 else type(pred)(tuple(plain)), *others]


def _numbered(found: Detection) -> Detection:
    """Return the detection with the first of several searches of a name numbered as the others."""
    names = {name for name, _ in found.searches}
    first = {name: f"{name}_1" for name in names if f"{name}_2" in names}
    if not first:
        return found
    searches = tuple((first.get(name, name), search) for name, search in found.searches)
    return Detection(searches, re.sub(r"\w+", lambda m: first.get(m[0], m[0]), found.condition))


def _one_of_all(term: str, names: Iterable[str]) -> str:
    """Return the term, shorter if it is the disjunction of all selections."""
    return "1 of selection_*" if term.split(" or ") == list(names) else term


_COMPARISONS = frozenset({"lt", "lte", "gt", "gte"})


def _by_field(
    args: Iterable[Pred], key_of: Callable[[Pred], tuple[str, tuple[str, ...]] | None]
) -> list[Pred]:
    """Join the alternatives that differ in the value only, each at the place of the first."""
    groups: dict[object, list[Pred]] = {}
    for at, arg in enumerate(args):
        key = key_of(arg)
        listable = key is not None and not _COMPARISONS & set(key[1]) and key[1] != ("exists",)
        groups.setdefault(key if listable else at, []).append(arg)
    return [parts[0] if len(parts) == 1 else Or(tuple(parts)) for parts in groups.values()]


def _joins(entries: Sequence[Item], more: Sequence[Item]) -> bool:
    """Return whether entries can be added to a map without a key standing twice.

    Single substrings of one field may, they become one entry with `all`.
    """
    if any(not entry.field for entry in (*entries, *more)) and entries:
        return all(map(_is_word, (*entries, *more)))  # keywords have no place beside fields
    taken = {entry.kind: entry for entry in entries}
    return all(
        (other := taken.get(entry.kind)) is None or (_substring(entry) and _substring(other))
        for entry in more
    )


def _is_word(entry: Item) -> bool:
    return not entry.field and not entry.modifiers and len(entry.values) == 1


def _is_map(search: Search) -> bool:
    return len(search) == 1 and bool(search[0][0].field)


def _substring(entry: Item) -> bool:
    return entry.modifiers in _SUBSTRING and len(entry.values) == 1


def _with_all(entries: Sequence[Item]) -> Map:
    """Join the single substrings of one field into one entry with `all`."""
    joined: dict[object, Item] = {}
    for entry in entries:
        other = joined.get(entry.kind)
        if other is None:
            joined[entry.kind] = entry
            continue
        values = tuple(dict.fromkeys((*other.values, *entry.values)))
        joined[entry.kind] = replace(other, values=values, every=len(values) > 1)
    return tuple(joined.values())


def _split(search: Search) -> list[Search]:
    """Return a filter as one search for each of its maps, so that each can be switched off."""
    return [(single,) for single in search]


def _topic(search: Search) -> str:
    """Return a word for what a search asks about: by its first field."""
    name = search[0][0].field if search and search[0] else ""
    if not name:
        return "keywords"
    for pattern, topic in _TOPICS:
        if pattern.search(name):
            return topic
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _telling(name)).lower()
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")


def _telling(name: str) -> str:
    """Return the end of a dotted name that says what the field is."""
    *within, last = [part for part in re.split(r"[.{}\[\]]+", name) if part]
    return f"{within[-1]}.{last}" if within and last.lower() in _GENERAL else last


def _is_leaf(pred: Pred) -> bool:
    """Return whether a predicate is one entry: a test, or "the field is missing"."""
    if isinstance(pred, Not):
        return isinstance(pred.arg, Exists)
    return not isinstance(pred, (And, Or))
