"""Predicates of one field as Sigma detection items, and what Sigma cannot say.

Sigma tests a field's values one by one without case (any of several is enough), knows numbers only
in comparisons, and searches keywords in the whole event. `sayable` gives the bounds of every leaf
in these terms (`schema.bounds`), `item` writes a leaf that is sayable as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from ipaddress import ip_network
from math import ceil, floor
from typing import assert_never

from transpile.backends.sigma.values import literal, wildcards

from transpile.fidelity import Loss
from transpile.ir.decide import compile_condition
from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    FALSE,
    TRUE,
    And,
    Compare,
    Condition,
    Const,
    Exists,
    Glob,
    InNetwork,
    InRows,
    Keyword,
    Matches,
    Not,
    NumEq,
    Or,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
    Unknown,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import (
    Flavour,
    NotExpressible,
    Regex,
    parse_regex,
    render,
    render_parts,
)
from transpile.ir.regex import tree as t
from transpile.ir.show import show_pred
from transpile.ir.words import keyword_regex, patterns_regex
from transpile.records import dataclass, replace
from transpile.schema.bounds import Bounds, any_bounds
from transpile.schema.fields import FieldTarget

Value = str | int | float | bool

RAW = "_raw"

_COMPARE = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a search: `field|modifiers: value or values`; no field: keywords.

    every: all values must match (`|all`), else one is enough.
    """

    field: str
    modifiers: tuple[str, ...]
    values: tuple[Value, ...]
    every: bool = False

    @property
    def key(self) -> str:
        """The key of the entry in its map."""
        return "|".join((self.field, *self.modifiers, *(("all",) if self.every else ())))

    @property
    def kind(self) -> tuple[str, tuple[str, ...]]:
        """What two items must share to become one with a list of values."""
        return self.field, self.modifiers


@dataclass(slots=True)
class Sayer:
    """Bounds of leaves in Sigma's terms; `fields` tells type and multivalue flag of the targets.

    assumptions, premises: what is taken for granted, in words and as tests over source fields.
    """

    fields: Mapping[str, FieldTarget]
    assumptions: dict[str, None] = field(default_factory=dict)
    premises: list[Pred] = field(default_factory=list)

    def __call__(self, node: Pred) -> Bounds:
        """Return the bounds of a leaf, made of predicates that `item` can write."""
        match node:
            case Exists(Field(name)):
                return Bounds.exact(TRUE if name == RAW else node)
            case Exists(Call("coalesce", (Field() as found, Lit(None)))):
                return Bounds.exact(Exists(found, span=node.span))
            case Test(Field(name), condition) if name == RAW:
                return _in_text(node, condition)
            case Test(Field(name), condition, quant):
                return self._quantified(node, name, self._condition(node, name, condition), quant)
            case Test(Call("len", (subject,)), condition):
                return self._length(node, subject, condition)
            case Compare("==", Call("lower", (Field(),)), Call("lower", (Field(),))):
                return Bounds.exact(node)
            case Compare("==", Field() as left, Field() as right) if not node.all_values:
                text = f"{left.name} and {right.name} are compared without regard to case"
                return Bounds(node, FALSE, (Loss("TGT606", text, node.span),))
            case Keyword(pattern, cased):
                return self._keyword(node, pattern, cased)
            case Unknown(reason, code):
                return Bounds.unknown(code, reason, node.span)
            case Test() | Exists() | Compare() | InRows():
                text = f"a condition on a computed value has no Sigma form: {show_pred(node)}"
                return Bounds.unknown("TGT604", text, node.span)
            case Const() | And() | Or() | Not():
                return Bounds.exact(node)
            case _:
                assert_never(node)

    def _quantified(self, node: Test, name: str, said: Bounds, quant: Quant) -> Bounds:
        """Return the bounds of a test on all values in terms of tests on any."""
        if quant is Quant.ANY:
            return said
        target = self.fields.get(name)
        if target is not None and target.mv:
            text = f"a test on all values of {name} becomes one on any"
            return Bounds(_any(said.upper), FALSE, (*said.losses, Loss("TGT606", text, node.span)))
        self.assumptions["a field that is tested with != has one value in each event"] = None
        return said.map(_any)

    def _condition(self, node: Test, name: str, condition: Condition) -> Bounds:
        match condition:
            case Glob(pattern) if pattern.matches_all:
                return Bounds.exact(Exists(node.subject, span=node.span))
            case TextEq() | NumEq() | Glob():
                return Bounds.exact(node)
            case Matches(regex):
                return _regex(node, regex)
            case InNetwork(network):
                return _network(node, network)
            case Order(_, str()):
                text = f"{name} is compared as text, Sigma compares numbers"
                return Bounds.unknown("TGT604", text, node.span)
            case Order():
                if not self._numeric(name):
                    self.assumptions[f"{name} holds numbers only"] = None
                return Bounds.exact(node)
            case _:
                assert_never(condition)

    def _keyword(self, node: Keyword, pattern: Pattern, cased: bool) -> Bounds:
        """Return the bounds of a search for words: Sigma's keywords also match inside words.

        A phrase is taken to stand in events as words only; a single word may well be part of one,
        so that its neighbours are looked at.
        """
        bare = _bare(pattern)
        if cased or not bare.parts:
            return Bounds.unknown("TGT604", f"the keyword {pattern} has no Sigma form", node.span)
        if bare.is_literal and len(bare.text.split()) > 1:
            self.assumptions[f"the phrase {bare} does not stand inside of longer words"] = None
            inside = Test(Field(RAW), Glob(Pattern.of(Wild.RUN, *bare.parts, Wild.RUN)))
            self.premises.append(any_of((node, negate(inside))))
            return Bounds.exact(node)
        regex = keyword_regex(pattern, cased)
        return _regex(Test(Field(RAW), Matches(regex), span=node.span), regex, tail=False)

    def _numeric(self, name: str) -> bool:
        target = self.fields.get(name)
        return target is not None and target.type == "int"

    def _length(self, node: Test, subject: Expr, condition: Condition) -> Bounds:
        """Return the bounds of a test on a length: a counted repeat of any character."""
        match subject:
            case Field():
                found, filler = subject, None
            case Call("coalesce", (Field() as found, Lit(str() as filler))):
                pass
            case _:
                text = "the length of a computed value has no Sigma form"
                return Bounds.unknown("TGT604", text, node.span)
        counted = _counted(condition)
        if counted is None:
            text = f"this test on the length of {found.name} has no Sigma form"
            return Bounds.unknown("TGT604", text, node.span)
        written, exact = counted
        regex = parse_regex(written)
        said = _regex(Test(found, Matches(regex), span=node.span), regex)
        if not exact and said.is_exact:
            text = f"a newline at the end of {found.name} is not counted"
            said = Bounds(said.upper, FALSE, (Loss("TGT606", text, node.span),))
        if filler is not None and compile_condition(condition)(len(filler)):
            return any_bounds([said, Bounds.exact(negate(Exists(found)))])
        return said


def item(leaf: Pred, fields: Mapping[str, FieldTarget]) -> Item:
    """Return the item of a leaf that `Sayer` has let through. Raises TypeError for any other."""
    match leaf:
        case Exists(Field(name)):
            return Item(name, ("exists",), (True,))
        case Not(Exists(Field(name))):
            return Item(name, ("exists",), (False,))
        case Test(Field(name), Glob(pattern)) if name == RAW:
            return Item("", (), (wildcards(_bare(pattern))[1],))
        case Test(Field(name), condition):
            target = fields.get(name)
            return _of_condition(name, condition, target is not None and target.type == "int")
        case Compare(left=Call("lower", (Field(left),)), right=Call("lower", (Field(right),))):
            return Item(left, ("fieldref",), (right,))
        case Compare(left=Field(left), right=Field(right)):
            return Item(left, ("fieldref",), (right,))
        case Keyword(pattern):
            return Item("", (), (wildcards(_bare(pattern))[1],))
        case _:
            raise TypeError(f"no Sigma item for {leaf!r}")


def _of_condition(name: str, condition: Condition, numeric: bool) -> Item:
    match condition:
        case TextEq(text) if numeric and _is_plain_integer(text):
            return Item(name, (), (int(text),))
        case TextEq(text, cased):
            return Item(name, _cased(cased), (literal(text),))
        case NumEq(number):
            return Item(name, (), (_plain(number),))
        case Order(op, int() | float() as bound):
            return Item(name, (_COMPARE[op],), (_plain(bound),))
        case Glob(pattern, cased):
            modifiers, value = wildcards(pattern)
            return Item(name, (*modifiers, *_cased(cased)), (value,))
        case Matches(regex):
            rendered = render_parts(regex, Flavour.SIGMA)
            name = "" if name == RAW else name
            return Item(name, ("re", "i") if rendered.ignore_case else ("re",), (rendered.text,))
        case InNetwork(network):
            return Item(name, ("cidr",), (str(ip_network(network, strict=False)),))
        case Order():
            raise TypeError(f"no Sigma item for {condition!r}")
        case _:
            assert_never(condition)


def _cased(cased: bool) -> tuple[str, ...]:
    return ("cased",) if cased else ()


def _plain(number: int | float) -> int | float:
    """Return a whole number as int: Sigma's numbers are written without a point where possible."""
    return int(number) if number == int(number) else number


def _is_plain_integer(text: str) -> bool:
    return text.isascii() and text.isdigit() and text == str(int(text))


def _any(pred: Pred) -> Pred:
    return replace(pred, quant=Quant.ANY) if isinstance(pred, Test) else pred


def _regex(node: Test, regex: Regex, *, tail: bool = True) -> Bounds:
    """Return the bounds of an expression; tail: a test of its own may say how the value ends."""
    try:
        render_parts(regex, Flavour.SIGMA)
    except NotExpressible as error:
        tailed = _with_tail(node, regex) if tail else None
        return tailed or Bounds.unknown("TGT605", str(error), node.span)
    return Bounds.exact(node)


def _writable(regex: Regex) -> bool:
    try:
        render_parts(regex, Flavour.SIGMA)
    except NotExpressible:
        return False
    return True


def _with_tail(node: Test, regex: Regex) -> Bounds | None:
    """Return the bounds of an expression that ends in a literal and the very end, else None.

    Sigma has `$` only, which a final newline may follow; that the value ends with the literal is a
    test of its own.
    """
    match regex.tree:
        case t.Concat((*items, t.Chars(tail, ignore_case) as last, t.Anchor(t.At.END))):
            loose = t.concat([*items, last, t.Anchor(t.At.LAST_END)])
            written = parse_regex(render(replace(regex, tree=loose), Flavour.PCRE))
            said = _regex(replace(node, condition=Matches(written)), written)
            ends = Glob(Pattern.of(Wild.RUN, tail), cased=not ignore_case)
            return said.map(lambda pred: all_of((replace(node, condition=ends), pred)))
        case _:
            return None


def _network(node: Test, network: str) -> Bounds:
    try:
        ip_network(network, strict=False)
    except ValueError:
        return Bounds.unknown("TGT604", f"{network} is no network", node.span)
    return Bounds.exact(node)


def _in_text(node: Test, condition: Condition) -> Bounds:
    """Return the bounds of a test on the whole text of an event: keywords, without a field."""
    match condition:
        case Matches(regex):
            return _regex(node, regex, tail=False)
        case TextEq(text, cased):
            pattern = Pattern.literal(text)
        case Glob(pattern, cased):
            pass
        case _:
            return Bounds.unknown("TGT604", "Sigma has no such test on an event's text", node.span)
    bare = _bare(pattern)
    if not bare.parts:
        return Bounds.exact(TRUE)
    wanted = Test(node.subject, Glob(Pattern.of(Wild.RUN, *bare.parts, Wild.RUN)), span=node.span)
    if wanted.condition == condition:
        return Bounds.exact(wanted)
    regex = patterns_regex([pattern], cased=cased)
    if _writable(regex):
        return Bounds.exact(Test(node.subject, Matches(regex), span=node.span))
    why = "without regard to case" if cased else "anywhere in the event"
    return Bounds(wanted, FALSE, (Loss("TGT606", f"{bare} is looked for {why}", node.span),))


def _bare(pattern: Pattern) -> Pattern:
    """Return the pattern without runs at its edges, which a keyword has anyway."""
    parts = pattern.parts
    return Pattern.of(*parts[parts[:1] == (Wild.RUN,) : len(parts) - (parts[-1:] == (Wild.RUN,))])


def _counted(condition: Condition) -> tuple[str, bool] | None:
    """Return an expression for values of such a length, and whether it is exact.

    `$` lets a final newline pass, so an upper limit is one character wide of the mark.
    """
    match condition:
        case Order(">" | ">=" as op, int() | float() as bound):
            return f"(?s)^.{{{_least(op, bound)},}}", True
        case Order("<" | "<=" as op, int() | float() as bound) if _most(op, bound) >= 0:
            return f"(?s)^.{{0,{_most(op, bound)}}}$", False
        case NumEq(number) if number >= 0 and number == int(number):
            return f"(?s)^.{{{int(number)}}}$", False
        case _:
            return None


def _least(op: str, bound: float) -> int:
    return max(0, floor(bound) + 1 if op == ">" else ceil(bound))


def _most(op: str, bound: float) -> int:
    return ceil(bound) - 1 if op == "<" else floor(bound)
