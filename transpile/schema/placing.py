"""Placing: the values of an event put where a view of it has them (see `views`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from transpile.ir.remember import Same
from transpile.records import dataclass
from transpile.schema._rewrite import Context, Pairs, Rewrite, holds
from transpile.schema.datasets import Dataset
from transpile.schema.derive import admits, forward, rewrite
from transpile.schema.fields import FieldMap, FieldTarget, Taxonomy

Event = dict[str, Any]
Values = dict[str, list[Any]]
Place = tuple[FieldTarget, Context]


@dataclass(frozen=True, slots=True)
class Part:
    """A field of the event with its target; `direct`: the value is the target's own."""

    field: str
    values: list[Any]
    target: FieldTarget
    context: Context

    @property
    def direct(self) -> bool:
        return self.target.derive is None


def placed(event: Mapping[str, Any], parts: Sequence[Part]) -> Values:
    """Return the values of the fields that the parts of an event make, each put once."""
    shown: Values = {}
    for part in sorted(parts, key=lambda part: (not part.direct, _ORDER.get(_name(part), 0))):
        _place(part, shown)
    _zip_properties(event, parts, shown)
    return shown


# Parts of one value are attached in this order (others come first).
_ORDER: Mapping[str, int] = {"reg_key": 1, "reg_hive": 2, "reg_value_name": 3, "reg_type": 4}


def mapped_parts(
    event: Mapping[str, Any],
    source: Same[Dataset],
    variant: str | None,
    taxonomy: Taxonomy,
    separator: str,
) -> list[Part]:
    """Return the parts of an event of a dataset. separator: of the components of paths."""
    return parts_of(event, lambda key: mapped_places(source, variant, taxonomy, separator, key))


def parts_of(
    event: Mapping[str, Any], places_of: Callable[[str], tuple[Place, ...]]
) -> list[Part]:
    """Return the parts of an event by field; places_of: where the values of a field go."""
    parts = []
    for key in sorted(event):
        values = values_of(event[key])
        if values:
            found = [Part(key, values, target, at) for target, at in places_of(key)]
            parts += [*found[:1], *filter(_has_words, found[1:])]
    return parts


def _has_words(part: Part) -> bool:
    """Return whether a field that repeats another's value can: it may have no words for it.

    Sigma's do not repeat it: they have it among them.
    """
    return part.context.taxonomy == "sigma" or all(
        admits(part.target.derive, str(value), part.context) for value in part.values
    )


# every event of a dataset has the same fields again
@lru_cache(maxsize=16384)
def mapped_places(
    same: Same[Dataset], variant: str | None, taxonomy: Taxonomy, separator: str, key: str
) -> tuple[Place, ...]:
    fields = FieldMap(same.item, variant)
    return places(fields.lookup(key, taxonomy), fields.strip(key), taxonomy, separator)


def places(
    target: FieldTarget | None, name: str, taxonomy: str, separator: str
) -> tuple[Place, ...]:
    """Return the targets of a field, each with what its derive must know."""
    if target is None or target.field is None:
        return ()
    also = tuple(item.field for item in target.also if item.derive is None)
    further = tuple(
        (
            FieldTarget(item.field, item.derive, type=item.type or "keyword"),
            Context(name, item.field, (), taxonomy, separator),
        )
        for item in target.also
        if item.derive is not None
    )
    return ((target, Context(name, target.field, also, taxonomy, separator)), *further)


def separator_of(platform: str) -> str:
    return "\\" if platform == "windows" else "/"


def _place(part: Part, shown: Values) -> None:
    """Add the values of a part to the view, unless the view tells them already.

    Members with a field each (`a.*.b`) may be alike; of a list of values each is kept once.
    """
    told = {name: list(map(str, values)) for name, values in shown.items() if "*" in name}
    for value in part.values:
        if part.direct:
            for name in (part.context.target, *part.context.also):
                values = shown.setdefault(name, [])
                others = told.get(name, ()) if "*" in name else map(str, values)
                if str(value) not in others:
                    values.append(value)
            continue
        if not _says(part, value, shown):
            _attach(part, str(value), shown)
            for name in part.context.also if part.target.derive != "hash_field" else ():
                shown.setdefault(name, []).append(value)


def _attach(part: Part, value: str, shown: Values) -> None:
    """Put a derived value into the view, into the one value that is there if it has a place."""
    pairs: Pairs = forward(part.target.derive, value, part.context)
    for name, text in pairs:
        values = shown.setdefault(name, [])
        join = _JOINS.get(_name(part))
        merge = _MERGES.get(_name(part)) if len(part.values) == 1 else None
        if join is not None and values:
            values[0] = f"{values[0]}{join}{text}"
        elif merge is not None and len(values) == 1:
            whole = str(values[0])
            bare = whole.lower() == text.strip(part.context.separator).lower()
            values[0] = whole if bare else merge(whole, text)
        elif text not in values:
            values.append(text)


def _join_path(whole: str, text: str) -> str:
    """Return the path with the last component `text` (which starts with its separator)."""
    return whole.rstrip(text[:1]) + text


# derive -> what stands between the values of a text that holds many
_JOINS: Mapping[str, str] = {
    "hash_imphash": ",",
    "hash_list": ",",
    "hash_md5": ",",
    "hash_sha1": ",",
    "hash_sha256": ",",
    "json_path": ",",
    "xml_tag": "",
}

# derive -> how a part is put to the one value that is there
_MERGES: Mapping[str, Callable[[str, str], str]] = {
    "account_name": _join_path,
    "basename": _join_path,
    "reg_hive": lambda whole, text: text + whole.lstrip("\\"),
    "reg_type": lambda whole, text: whole,
    "reg_value_name": _join_path,
}


def _zip_properties(event: Mapping[str, Any], parts: Iterable[Part], shown: Values) -> None:
    """Add the parallel lists of names and values of Office 365 as one member for each name."""
    for part in parts:
        head, star, tail = part.context.target.partition(".*")
        if part.target.derive != "o365_props" or not star:
            continue
        names = values_of(event.get(f"{part.field.rpartition('.')[0]}.Name"))
        for name, value in zip(names, part.values, strict=False):
            shown.setdefault(f"{head}.{name}{tail}", []).append(value)


def rewritten(part: Part, value: Any) -> Rewrite | None:
    return rewrite(part.target.derive, (str(value),), part.context)


def _says(part: Part, value: Any, shown: Values) -> bool:
    """Return whether the view so far already tells a derived value."""
    name = part.target.derive
    if name == "null_is_success":
        return False
    tests = rewritten(part, value)
    return tests is not None and holds(tests, shown)


def _name(part: Part) -> str:
    return part.target.derive or ""


def values_of(value: Any) -> list[Any]:
    values = value if isinstance(value, (list, tuple)) else (value,)
    return [item for item in values if item is not None]


