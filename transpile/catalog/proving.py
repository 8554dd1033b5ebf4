"""The prover of `verify` on what the catalogue knows of rules: for pairs that literals alone leave
open.

A subject is a field of any number of values, or of one where the schema says so; what has no
condition of its own (a source, a comparison of two fields) is true or false for an event as a
whole. What nothing is known of is different on either side.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

from transpile.catalog.common import NAME_OF, last_part
from transpile.catalog.logic import UNKNOWN, Leaf, Literal, Tree, leaves, pattern_of
from transpile.interpret import compile_pred
from transpile.ir import pred as p
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import Pred, Quant, all_of, any_of, negate
from transpile.ir.regex import parse_regex
from transpile.schema.ecs import is_ecs
from transpile.verify.prove import Facts, implies, satisfiable

MOST_LEAVES = 160
"""Tests of both sides together above which the prover is not asked."""

_MANY = re.compile(
    r"\.(args|env_vars|strings|attributes|roles|answers|sections|header_flags|resolved_ip|"
    r"alternative_names|effective|permitted|supplemental_groups)\b|^(tags|labels|related|threat|"
    r"host|observer|container|email|rule|vulnerability|tls|x509)\b|^event\.(category|type)$"
)


@lru_cache(maxsize=4096)
def single(name: str) -> bool:
    """Return whether a field holds one value at most."""
    return name.startswith("winlog.event_data.") or (is_ecs(name) and not _MANY.search(name))


class _Never:
    """There is no such event."""


NEVER = _Never()


def follows(known: Collection[Tree], tree: Tree) -> bool:
    """Return True only if every event that meets all that is known meets a tree."""
    about = subjects((tree,))
    told = [each for each in known if not about.isdisjoint(subjects((each,)))]
    if _size((*told, tree)) > MOST_LEAVES:
        return False
    facts = Facts(single, given=all_of(_names((*told, tree))))
    narrow = all_of(_pred(each, "known") for each in told)
    return implies(narrow, _pred(tree, "asked"), facts).holds is True


def example(known: Sequence[Tree]) -> dict[str, Any] | _Never | None:
    """Return an event that meets all that a rule asks, NEVER if there is none, None if unknown."""
    facts = Facts(single, given=all_of(_names(known)))
    found = satisfiable(all_of(_pred(each, "known") for each in known), facts)
    return NEVER if found.holds is False else found.event


def finds(trees: Sequence[Tree]) -> Callable[[Any], bool]:
    """Return the test of an event that `example` gives."""
    return compile_pred(all_of(_pred(tree, "asked") for tree in trees))


def _size(trees: Collection[Tree]) -> int:
    return sum(len(leaves(tree)) for tree in trees)


def subjects(trees: Collection[Tree]) -> frozenset[str]:
    """Return what the tests of some trees are about; tests about other things do not decide them.
    """
    return frozenset(_about(leaf) for tree in trees for leaf in leaves(tree))


def _about(leaf: Leaf) -> str:
    subject, kind, value, *_ = leaf.literal
    return NAME_OF.get(subject, subject) if kind in _TESTS else f"{kind} {subject} {value}"


def may_follow(about: Collection[str], tree: Tree) -> bool:
    """Return False if a tree cannot follow from tests that are about such things.

    An event that meets these may lack all other fields.
    """
    if isinstance(tree, Leaf):
        return not tree.holds or _about(tree) in about
    return (all if tree.join == "and" else any)(may_follow(about, part) for part in tree.parts)


def _names(trees: Collection[Tree]) -> Iterator[Pred]:
    """Yield that a path with such an end has such a name."""
    for literal in {leaf.literal for tree in trees for leaf in leaves(tree)}:
        name, ending = NAME_OF.get(literal.subject), last_part(literal)
        if name and ending is not None:
            called = literal._replace(subject=name, kind="eq", value=ending)
            yield any_of((negate(_test(literal)), _test(called)))


# -- predicates ----------------------------------------------------------------------------------


@lru_cache(maxsize=1 << 16)
def _pred(tree: Tree, side: str) -> Pred:
    if isinstance(tree, Leaf):
        found = _test(tree.literal, side)
        return found if tree.holds else negate(found)
    return (all_of if tree.join == "and" else any_of)(_pred(part, side) for part in tree.parts)


def _test(literal: Literal, side: str = "") -> Pred:
    subject, kind, value, _, every = literal
    make = _TESTS.get(kind)
    if make is None:
        whose = side if kind == UNKNOWN else ""
        return p.Exists(Field(f"{whose} {kind} {subject} {value}"))
    if kind == "exists":
        return p.Exists(Field(subject))
    return p.Test(Field(subject), make(literal), Quant.ALL if every else Quant.ANY)


def _order(literal: Literal) -> p.Condition:
    return p.Order(literal.kind, json.loads(literal.value))  # type: ignore[arg-type]


_TESTS: dict[str, Callable[[Literal], p.Condition]] = {
    "eq": lambda x: p.TextEq(x.value, x.cased),
    "like": lambda x: p.Glob(pattern_of(x), x.cased),
    "num": lambda x: p.NumEq(json.loads(x.value)),
    "match": lambda x: p.Matches(parse_regex(x.value)),
    "cidr": lambda x: p.InNetwork(x.value),
    "exists": lambda x: p.Glob(Pattern.of(Wild.RUN)),
    "<": _order,
    "<=": _order,
    ">": _order,
    ">=": _order,
}
