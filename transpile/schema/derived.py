"""A condition on a Splunk field as a predicate over a target field, by the target's derive.

`schema.derive` says what becomes of a wildcard pattern; here this becomes IR, and the conditions
that are no pattern (order, numbers, networks, regular expressions) are said where the derive keeps
the value as it is or inside a longer text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import assert_never

from transpile.ir.decide import compile_condition
from transpile.ir.expr import Call, Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    FALSE,
    Condition,
    Exists,
    Glob,
    InNetwork,
    Matches,
    NumEq,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import Flavour, Regex, parse_regex, render
from transpile.ir.regex import tree as t
from transpile.records import replace
from transpile.schema import derive
from transpile.schema.bounds import Bounds
from transpile.schema.fields import FieldTarget

# derives that keep the value whole (among others that a test of the same kind finds as well)
_KEEPING = frozenset({None, "host", "host_or_ip", "flattened_path"})
# derives that put the value at the end or in the middle of a longer text
_HOLDING = frozenset({"basename", "account_name", "reg_value_name", "hash_list", "reg_key"})
_COMPUTED = {"length": "len"}


def derived(
    target: FieldTarget,
    condition: Condition | None,
    quant: Quant,
    *,
    field: str,
    taxonomy: str,
    separator: str,
) -> Bounds | None:
    """Return the bounds of a test on a field in terms of its target, None if nothing is known.

    condition: None asks whether the field exists.  field: the Splunk name, without prefix.
    separator: of paths on the platform of the events. The bounds carry no losses.
    """
    assert target.field is not None
    subject = Field(target.field)
    function = _COMPUTED.get(target.derive or "")
    if function is not None:
        call = Call(function, (subject,))
        return Bounds.exact(Exists(call) if condition is None else Test(call, condition, quant))
    glob = _glob_of(condition)
    if glob is None and target.derive == "o365_props" and isinstance(condition, Matches):
        glob = _literal(condition.regex)
    if glob is None:
        return _by_kind(target, condition, quant)
    if target.derive is None and condition is not None:
        return Bounds.exact(Test(subject, condition, quant))
    context = derive.Context(
        field=field,
        target=target.field,
        also=tuple(also.field for also in target.also) if target.derive == "hash_field" else (),
        taxonomy=taxonomy,
        separator=separator,
    )
    found = derive.rewrite(target.derive, glob, context)
    if found is None:
        return None
    cased = isinstance(condition, (TextEq, Glob)) and condition.cased
    said = all_of(any_of(_test(test, quant, cased) for test in group) for group in found.groups)
    if found.followed is not None:
        followed = Matches(_followed(glob, found.followed, cased))
        return Bounds.exact(Test(subject, followed, quant))
    if found.exact or (found.caseless and not cased):
        return Bounds.exact(said)
    if found.bounded is not None:
        bounded = Matches(_bounded(glob, found.bounded, cased))
        return Bounds.exact(Test(subject, bounded, quant))
    return Bounds(said, FALSE)


def meets(condition: Condition, text: str) -> bool:
    """Return whether one value, given as text, meets a condition."""
    return compile_condition(condition)(text)


def _glob_of(condition: Condition | None) -> derive.Glob | None:
    """Return the condition as a pattern of `schema.derive`, None if it is no pattern."""
    match condition:
        case None:
            return (derive.ANY,)
        case TextEq(text):
            return (text,)
        case Glob(pattern):
            return tuple(
                _WILD[part] if isinstance(part, Wild) else part for part in pattern.parts
            )
        case _:
            return None


def _literal(regex: Regex) -> derive.Glob | None:
    """Return the text that an expression is, None for one that is more than a text."""
    return (regex.tree.text,) if isinstance(regex.tree, t.Chars) else None


_WILD = {Wild.RUN: derive.Wild.ANY, Wild.ONE: derive.Wild.ONE}
_UNWILD = {wild: part for part, wild in _WILD.items()}


def _test(test: derive.Test, quant: Quant, cased: bool) -> Pred:
    subject = Field(test.field)
    if test.glob is None:
        return negate(Exists(subject)) if test.negated else Exists(subject)
    parts = (_UNWILD[part] if isinstance(part, derive.Wild) else part for part in test.glob)
    pattern = Pattern.of(*parts)
    if pattern.matches_all:
        return Exists(subject)
    condition = TextEq(pattern.text, cased) if pattern.is_literal else Glob(pattern, cased)
    positive = Test(subject, condition, quant)
    return all_of((Exists(subject), negate(positive))) if test.negated else positive


def _bounded(glob: derive.Glob, separator: str, cased: bool) -> Regex:
    """Return the expression for a pattern on what stands behind the last separator."""
    other = f"[^{re.escape(separator)}]"
    written = {derive.Wild.ANY: f"{other}*", derive.Wild.ONE: other}
    inner = glob[1:] if glob[:1] == (derive.ANY,) else (separator, *glob)
    body = "".join(
        written[part] if isinstance(part, derive.Wild) else _escape(part) for part in inner
    )
    return parse_regex(f"{'' if cased else '(?i)'}{body}{_end(inner)}")


def _followed(glob: derive.Glob, separator: str, cased: bool) -> Regex:
    """Return the expression for a pattern with a separator and a last component behind it."""
    written = {derive.Wild.ANY: ".*", derive.Wild.ONE: "."}
    inner = glob[1:] if glob[:1] == (derive.ANY,) else glob
    start = "" if inner is not glob else r"\A"
    body = "".join(
        written[part] if isinstance(part, derive.Wild) else _escape(part) for part in inner
    )
    mark = re.escape(separator)
    return parse_regex(f"(?s{'' if cased else 'i'}){start}{body}{mark}[^{mark}]*\\z")


def _end(inner: Iterable[str | derive.Wild]) -> str:
    """Return the end anchor: behind a run `$` is as good as `\\z`, and more flavours know it."""
    *_, last = inner
    return "$" if last is derive.ANY else r"\z"


def _escape(text: str) -> str:
    """Return the text as a literal of a regular expression."""
    return re.sub(r"([\\.^$|?*+()\[\]{}])", r"\\\1", text)


def _by_kind(target: FieldTarget, condition: Condition | None, quant: Quant) -> Bounds | None:
    """Return the bounds of a test that is no wildcard pattern."""
    assert target.field is not None
    subject = Field(target.field)
    match condition:
        case None:
            return Bounds.exact(Exists(subject))
        case _ if target.derive in _KEEPING:
            return Bounds.exact(Test(subject, condition, quant))
        case Matches(regex) if target.derive in _HOLDING:
            loose = _unanchored(regex)
            return None if loose is None else Bounds(Test(subject, Matches(loose), quant), FALSE)
        case NumEq() if target.derive == "reg_data":
            return Bounds(Test(subject, condition, quant), FALSE)
        case TextEq() | Glob() | NumEq() | Order() | Matches() | InNetwork():
            return None
        case _:
            assert_never(condition)


def _unanchored(regex: Regex) -> Regex | None:
    """Return an expression that matches every text with a match of `regex` inside, or None.

    Anchors at the ends of the expression are left out; one elsewhere, or a lookaround, may see
    more of the longer text than of the value, and then nothing is known.
    """
    items = regex.tree.items if isinstance(regex.tree, t.Concat) else (regex.tree,)
    if items and items[0] == t.Anchor(t.At.START):
        items = items[1:]
    if items and items[-1] in (t.Anchor(t.At.END), t.Anchor(t.At.LAST_END)):
        items = items[:-1]
    body = t.concat(list(items))
    if any(isinstance(node, (t.Anchor, t.Look, t.KeepOut)) for node in t.walk(body)):
        return None
    return parse_regex(render(replace(regex, tree=body), Flavour.PCRE))
