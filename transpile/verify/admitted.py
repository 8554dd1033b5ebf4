"""What a conversion assumes of the values of fields, as a predicate for the prover.

A field whose derive knows some values only (the words of an enumeration, bare names) has no others
in the events that a target is asked about; events with others are set aside when it is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from transpile.ir.expr import Field
from transpile.ir.pred import Exists, Matches, Pred, Quant, Test, TextEq, all_of, any_of, negate
from transpile.ir.regex import parse_regex
from transpile.ir.walk import descend
from transpile.schema.datasets import dataset
from transpile.schema.derive import ENUMERATIONS, Context, words
from transpile.schema.fields import FieldMap, FieldTarget

if TYPE_CHECKING:
    from transpile.backends.base import Draft


def admitted(draft: Draft, names: Iterable[str]) -> Pred:
    """Return what a conversion assumes of the values of the source's fields, by their own names."""
    source = dataset(draft.inputs.dataset)
    taxonomy = draft.inputs.schema
    if source is None or taxonomy not in ("sigma", "ecs"):
        return all_of(())
    fields = FieldMap(source, draft.inputs.variant or None)
    found: list[Pred] = []
    for name in names:
        target = fields.lookup(name, taxonomy)  # type: ignore[arg-type]
        if target is not None and target.field is not None and target.derive is not None:
            separator = "\\" if draft.inputs.platform == "windows" else "/"
            context = Context(fields.strip(name), target.field, (), taxonomy, separator)
            found += _of(name, target, context)
    return all_of(found)


def spelled(draft: Draft, filters: Iterable[Pred]) -> Pred:
    """Return that names of properties are spelled as the rule spells them, where that is assumed.

    The target has a field for each; no event has the name in another case.
    """
    source = dataset(draft.inputs.dataset)
    taxonomy = draft.inputs.schema
    if source is None or taxonomy not in ("sigma", "ecs"):
        return all_of(())
    fields = FieldMap(source, draft.inputs.variant or None)
    found: list[Pred] = []
    for node in (node for pred in filters for node in descend(pred)):
        match node:
            case Test(Field(name), TextEq(text, cased=False)):
                target = fields.lookup(name, taxonomy)  # type: ignore[arg-type]
                if target is not None and target.derive == "o365_props":
                    bare = Field(fields.strip(name))
                    found.append(any_of((
                        negate(Test(bare, TextEq(text))), Test(bare, TextEq(text, cased=True))
                    )))  # fmt: skip
            case _:
                pass
    return all_of(found)


def twins(draft: Draft) -> Mapping[str, str]:
    """Return fields of the source that have the value of another one in all events, with that one.

    The target has one field for both, which an event cannot be told by that has two values for it.
    """
    texts = ("keyword", "wildcard") if draft.inputs.schema == "ecs" else None

    def is_one_text(target: FieldTarget) -> bool:
        return not (target.also or target.mv) and (texts is None or target.type in texts)

    return _of_one_target(draft, is_one_text)


def spelt_alike(draft: Draft) -> Mapping[str, str]:
    """Return the `twins` and other fields that can be told together if they are spelt alike."""
    return _of_one_target(draft, lambda target: True)


def _of_one_target(draft: Draft, counts: Callable[[FieldTarget], bool]) -> Mapping[str, str]:
    """Return fields of the source whose target, one that counts, another one has, with that one."""
    source = dataset(draft.inputs.dataset)
    taxonomy = draft.inputs.schema
    if source is None or draft.sides or taxonomy not in ("sigma", "ecs"):
        return {}
    fields = FieldMap(source, draft.inputs.variant or None)
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for name in sorted(map(fields.strip, draft.inputs.fields)):
        target = fields.lookup(name, taxonomy)  # type: ignore[arg-type]
        if target is None or target.field is None or target.derive or not counts(target):
            continue
        other = first.setdefault(target.field, name)
        if other != name:
            found[name] = other
    return found


def _of(name: str, target: FieldTarget, context: Context) -> Iterator[Pred]:
    texts = _texts(target, context)
    if texts:
        field = Field(name)
        every = Test(field, Matches(parse_regex(texts)), Quant.ALL)
        yield any_of((negate(Exists(field)), every))


def _texts(target: FieldTarget, context: Context) -> str:
    """Return an expression for the values that a field can have, "" for any."""
    derive = target.derive or ""
    if derive in ENUMERATIONS:
        return _one_of(words(derive, context))
    found = _TEXTS.get(derive)
    return "" if found is None else found(context)


def _one_of(texts: Iterable[str]) -> str:
    return rf"(?i)\A(?:{'|'.join(map(re.escape, texts))})\z"


def _without(sign: str) -> str:
    return rf"\A[^{re.escape(sign)}]*\z"


_TEXTS: Mapping[str, Callable[[Context], str]] = {
    "basename": lambda context: _without(context.separator),
    "account_name": lambda context: _without("\\"),
    "reg_value_name": lambda context: _without("\\"),
    "base_part": lambda context: re.escape(context.separator),
    "account_part": lambda context: re.escape(context.separator),
    "reg_key": lambda context: re.escape("\\"),
    "null_is_success": lambda context: _one_of(("success", "failure"))
    if context.field == "action"
    else "",
    "record_type": lambda context: r"\A[^a-z]*\z",
    "named_system": lambda context: _one_of(("system",)),
}
