"""From the value of an expression, or the truth of a predicate, back to its fields."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from transpile.interpret import Context, NotComputable, compile_expr, compile_pred
from transpile.ir.decide import number_text
from transpile.ir.expr import Call, Case, Each, Expr, Field, Lit, Node, RegexLit
from transpile.ir.pred import (
    TRUE,
    And,
    Compare,
    Exists,
    Not,
    NumEq,
    Or,
    Order,
    OrderOp,
    Pred,
    Test,
    TextEq,
    Unknown,
    all_of,
    any_of,
    negate,
)
from transpile.ir.text import number
from transpile.ir.walk import conjuncts, descend, fields_of, rebuild
from transpile.records import replace
from transpile.verify.known import ABSENT
from transpile.verify.prove import Facts, satisfiable
from transpile.verify.samples import matching
from transpile.verify.witness.maker import START
from transpile.verify.witness.wishes import Wishes
from transpile.verify.witness.written import put_json

_SAME = frozenset(("lower", "upper", "trim", "ltrim", "rtrim", "tostring", "tonumber", "urldecode",
                   "mvdedup", "mvindex", "mvjoin", "mvsort", "split", "mvsplit", "replace", "sed",
                   "mvappend", "round", "nullif", "values", "unit_number", "least", "greatest"
                   ))  # fmt: skip
"""Functions that can give the value of their first argument back."""

MOST_LISTED = 100
"""Values of a list at most."""


def need(expr: Expr, wishes: Wishes) -> None:
    """Wish that an expression has a value."""
    if isinstance(expr, Case) and not (isinstance(expr.default, Lit) and expr.default != Lit(None)):
        _meet_besides(Exists(expr), wishes)
    for node in descend(expr):
        match node:
            case Call("mvindex", (Field(name), place)) if place != Lit(0):
                at = _place(name, place, wishes)
                wishes.place(name, at, f"{name}-{at}")
            case _:
                pass
    wishes.present.update(dict.fromkeys(sorted(fields_of(expr))))


def _meet_besides(pred: Pred, wishes: Wishes) -> None:
    """Wish what meets a predicate, nothing if that is at odds with what is wished already."""
    tried = wishes.copy()
    meet(pred, tried)
    if all(tried.values.get(name) == value for name, value in wishes.values.items()):
        meet(pred, wishes)


def meet(pred: Pred, wishes: Wishes, given: Pred = TRUE) -> None:
    """Wish what meets a predicate, keeping what is wished already if that can be.

    given: what is known of the fields.
    """
    pred = reckoned(pred)
    for node in descend(pred):
        if isinstance(node, Compare) and node.op != "==":
            wishes.unusual = True
            wishes.present.update(dict.fromkeys(sorted(fields_of(node))))
            if wishes.outstanding is not None:
                larger = node.right if node.op in ("<", "<=") else node.left
                invert(larger, str(wishes.outstanding), wishes)
    plain, computed = _on_fields(pred)
    kept = [
        Test(Field(name), TextEq(str(value), cased=True))
        for name in sorted(fields_of(plain))
        if (value := wishes.of(name)) is not None and not isinstance(value, list)
    ]
    numbers = _compared_with_numbers(plain)
    facts = Facts(wishes.is_single, numbers.__contains__, given)
    found = satisfiable(all_of((plain, *kept)), facts).event
    if found is None:
        alone = [each for each in conjuncts(plain)
                 if not any(isinstance(node, Compare) for node in descend(each))]  # fmt: skip
        found = (
            satisfiable(plain, facts).event
            or satisfiable(plain, Facts(wishes.is_known_single)).event
            or satisfiable(all_of((*alone, *kept)), facts).event
            or satisfiable(all_of(alone), facts).event
            or {}
        )
        wishes.values.update({n: v for n, v in found.items() if n not in computed})
    else:
        found = _plainest(found, all_of((plain, *kept, given)))
    for name, expr in computed.items():
        if name in found:
            invert(expr, found[name], wishes)
    for name, value in found.items():
        if name not in computed:
            wishes.give(name, value)


def _plainest(event: dict[str, Any], pred: Pred) -> dict[str, Any]:
    """Return an event that meets a predicate, with one value where a list has more than needed."""
    decide = compile_pred(pred)
    for name, value in event.items():
        for one in value if isinstance(value, list) else ():
            if decide(dict(plainer := {**event, name: one})):
                event = plainer
                break
    return event


def reckoned(pred: Pred) -> Pred:
    """Return a predicate with numbers in the place of what needs no row, as a time from now on."""
    match pred:
        case And(args):
            return all_of(map(reckoned, args))
        case Or(args):
            return any_of(map(reckoned, args))
        case Not(arg):
            return negate(reckoned(arg))
        case Unknown(decided=decided) if decided is not None:
            return reckoned(decided)
        case Compare("<" | "<=" | ">" | ">=" as op, left, right):
            one, other = _constant(left), _constant(right)
            if isinstance(other, int | float) and one is None:
                return Test(left, Order(op, other))
            if isinstance(one, int | float) and other is None:
                return Test(right, Order(_TURNED[op], one))
            return pred
        case _:
            return pred


_TURNED: Mapping[OrderOp, OrderOp] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _constant(expr: Expr) -> Any:
    """Return the value of an expression without fields, None if it has some or no value."""
    if fields_of(expr):
        return None
    try:
        return compile_expr(expr, Context(now=START))({})
    except NotComputable:
        return None


def _on_fields(pred: Pred) -> tuple[Pred, dict[str, Expr]]:
    """Return a predicate with fields in the place of computed subjects, and what they stand for."""
    computed: dict[str, Expr] = {}

    def named(subject: Expr) -> Expr:
        if isinstance(subject, Field):
            return subject
        name = next((n for n, known in computed.items() if known == subject), "")
        if not name:
            name = f"\0{len(computed)}"
            computed[name] = subject
        return Field(name)

    def change(node: Node) -> Node:
        match node:
            case Test(subject, condition, quant):
                return Test(named(subject), condition, quant)
            case Exists(subject):
                return Exists(named(subject))
            case Compare(left=left, right=right):
                return replace(node, left=compared(left), right=compared(right))
            case _:
                return rebuild(node, change)

    def compared(side: Expr) -> Expr:
        return side if isinstance(side, Lit) else named(side)

    changed = change(pred)
    return changed, computed  # type: ignore[return-value]


def _compared_with_numbers(pred: Pred) -> frozenset[str]:
    """Return the fields that a predicate holds against numbers and nothing else."""
    tests = [node for node in descend(pred) if isinstance(node, Test)]
    by_field: dict[str, set[bool]] = {}
    for node in tests:
        numeric = isinstance(node.condition, NumEq) or (
            isinstance(node.condition, Order) and not isinstance(node.condition.bound, str)
        )
        for name in fields_of(node.subject):
            by_field.setdefault(name, set()).add(numeric)
    return frozenset(name for name, kinds in by_field.items() if kinds == {True})


def invert(expr: Expr, value: Any, wishes: Wishes) -> bool:
    """Wish what gives an expression a value; return whether a way was seen."""
    match expr:
        case Field(name):
            wishes.give(name, value)
            return True
        case Lit(known):
            return known is not None and str(known) == str(value)
        case Case(branches, default):
            return _branch(branches, default, value, wishes)
        case Each("filter", source=source):
            return invert(source, value, wishes)
        case Call("concat", args):
            return _concat(args, str(value), wishes)
        case Call("spath" | "json_extract" | "json_extract_exact", (Field(source), Lit(str(path)))):
            put_json(wishes, source, path, value)
            return True
        case Call("strftime", (inner, Lit(str()) as form)):
            hours = (START + 3600 * at for at in range(24 * 7))
            same = (t for t in hours if _alike(_constant(Call("strftime", (Lit(t), form))), value))
            time = next(same, None)
            return time is not None and invert(inner, number_text(time), wishes)
        case Call("len", (inner,)):
            return invert(inner, _as_long(int(min(number(str(value)) or 0, 5000))), wishes)
        case Call("mvcount", (Call("split" | "mvsplit", (inner, Lit(str(sign)), *_)),)):
            return invert(inner, sign.join("x" * max(1, _amount(value))), wishes)
        case Call("mvcount", (Field(name),)):
            if name in wishes.places:
                for at in range(_amount(value)):
                    wishes.place(name, at, f"{name}-{at}")
            else:
                wishes.give(name, [f"{name}-{n}" for n in range(_amount(value))])
            return True
        case Call("mvfind", (Field(name), RegexLit(regex))):
            text = next(iter(matching(regex.tree)), "")
            if text not in wishes.places.get(name, {}).values():  # else it is found there
                wishes.place(name, _amount(value, 0), text)
            return True
        case Call("mvindex", (Field(name), place)):
            wishes.place(name, _place(name, place, wishes), value)
            return True
        case Call("add" | "plus" | "sub" | "mul" | "div" as op, (left, right)):
            return _arithmetic(op, left, right, number(str(value)), wishes)
        case Call("coalesce", args):
            return _first_of(args, value, wishes)
        case Call("substr", (Field(name), Lit(1), Lit(int() as most))):
            return len(str(value)) <= most and _begin(name, str(value), wishes)
        case Call("text_like", (text, pattern)) if _alike(1, value):
            return _like(text, pattern, wishes)
        case Call(name, (first, *_)) if name in _SAME:
            return invert(first, value, wishes)
        case _:
            return False


def parts_of(expr: Expr, values: list[Any]) -> list[Any]:
    """Return what an expression is to give, one after the other, to be a list of values.

    A text that is split gives all of them at once.
    """
    match expr:
        case Call("split" | "mvsplit", (_, Lit(str(sign)), *_)):
            return [sign.join(map(str, values))]
        case _:
            return values


def _as_long(size: int) -> str:
    """Return a text of a length; a long one has parts, as a name of a host has."""
    return ("x" * 19 + ".") * ((size - 1) // 20) + "x" * ((size - 1) % 20 + 1) if size else ""


def _alike(text: Any, value: Any) -> bool:
    amount = number(str(value))
    return str(text) == str(value) or (amount is not None and number(str(text)) == amount)


def _begin(name: str, text: str, wishes: Wishes) -> bool:
    """Give a field a text that it begins with; of several the longest tells the most."""
    known = wishes.values.get(name)
    if isinstance(known, str) and len(known) < len(text):
        wishes.values[name] = text
    wishes.give(name, text)
    return True


def _like(text: Expr, pattern: Expr, wishes: Wishes) -> bool:
    """Give a text what a pattern that is computed asks for, and the pattern's fields a blank.

    That stands in most texts, should the text turn out to be another one.
    """
    for name in sorted(fields_of(pattern)):
        wishes.give(name, " ")
    try:
        found = compile_expr(pattern)(wishes.values)
    except NotComputable:
        return False
    return isinstance(found, str) and invert(text, found.replace("%", ""), wishes)


def _first_of(args: tuple[Expr, ...], value: Any, wishes: Wishes) -> bool:
    """Give the value to the first argument that can have it, and nothing to those before."""
    can = [arg for arg in args if not wishes.kind_of(arg).excludes(str(value))]
    for arg in args[: args.index(can[0])] if can else ():
        wishes.absent.update(dict.fromkeys(sorted(fields_of(arg))))
    return invert(can[0] if can else args[0], value, wishes)


def _amount(value: Any, default: int = 1) -> int:
    amount = number(str(value))
    return default if amount is None else int(max(0, min(amount, MOST_LISTED)))


def _place(values: str, expr: Expr, wishes: Wishes) -> int:
    """Return the place in a list that an expression names; one that is searched for is made.

    values: the field that holds the list.  One that is reckoned is free, and not the first.
    """
    match expr:
        case Lit(int() as at):
            return at
        case Call("mvfind", (Field(name), RegexLit(regex))):
            text = next(iter(matching(regex.tree)), "")
            known = wishes.places.setdefault(name, {})
            for place, value in known.items():
                if value == text:
                    return place
            free = max((n for n in known if n >= 0), default=-1) + 1
            known[free] = text
            return free
        case _:
            free = max((n for n in wishes.places.get(values, {}) if n >= 0), default=-1) + 2
            return free if invert(expr, str(free), wishes) else -1


def _branch(
    branches: tuple[tuple[Pred, Expr], ...], default: Expr, value: Any, wishes: Wishes
) -> bool:
    sure = [isinstance(result, Lit) and _gives(result, value) for _, result in branches]
    if isinstance(default, Lit) and _gives(default, value) and not any(sure):
        _meet_besides(all_of(negate(condition) for condition, _ in branches), wishes)
        return True
    for condition, result in branches:
        if isinstance(result, Lit) and not _gives(result, value):
            continue
        if wishes.kind_of(result) == ABSENT:
            continue
        if invert(result, value, wishes):
            meet(condition, wishes)
            return True
    return invert(default, value, wishes)


def _gives(expr: Lit, value: Any) -> bool:
    try:
        found = compile_expr(expr)({})
    except NotComputable:
        return False
    return found is not None and str(found) == str(value)


def _concat(args: tuple[Expr, ...], value: str, wishes: Wishes) -> bool:
    """Give the whole text to the first field, and nothing to the others.

    Of a text that the constants rule out any other is as good: the fields need some value.
    """
    rest = value
    if args and isinstance(args[0], Lit):
        rest = rest.removeprefix(str(args[0].value))
    if args and isinstance(args[-1], Lit):
        rest = rest.removesuffix(str(args[-1].value))
    others = [arg for arg in args if not isinstance(arg, Lit)]
    if rest == value and len(others) < len(args):
        for arg in others:
            need(arg, wishes)
        return bool(others)
    for at, arg in enumerate(others):
        invert(arg, "" if at else rest, wishes)
    return bool(others)


def _arithmetic(op: str, left: Expr, right: Expr, value: float | None, wishes: Wishes) -> bool:
    if value is None:
        return False
    known = _constant(right)
    right = Lit(known) if isinstance(known, int | float) else right
    match op, left, right:
        case "add" | "plus", _, Lit(int() | float() as other):
            return invert(left, number_text(value - other), wishes)
        case "sub", _, Lit(int() | float() as other):
            return invert(left, number_text(value + other), wishes)
        case "mul", _, Lit(int() | float() as other) if other:
            return invert(left, number_text(value / other), wishes)
        case "div", _, Lit(int() | float() as other):
            return invert(left, number_text(value * other), wishes)
        case "add" | "plus", _, _:
            terms = [*_terms(left), *_terms(right)]
            if len({fields_of(term) for term in terms}) == 1:  # one field: all of it in one term
                rest = _given_by(terms, value, wishes) - value
                return invert(terms[0], number_text(value - rest), wishes)
            share = number_text(max(1, math.ceil(value / len(terms))))
            found = [invert(term, share, wishes) for term in terms]
            return all(found)
        case "sub", _, _:
            zero = invert(right, "0", wishes)
            return invert(left, number_text(value), wishes) and zero
        case "div" | "mul", _, _:
            one = invert(right, "1", wishes)
            return invert(left, number_text(value), wishes) and one
        case _:
            return False


def _given_by(terms: Sequence[Expr], value: float, wishes: Wishes) -> float:
    """Return what terms of one field are together when the first is given a value by itself."""
    tried = wishes.copy()
    invert(terms[0], number_text(value), tried)
    try:
        found = [compile_expr(term)(tried.values) for term in terms]
    except NotComputable:
        return value
    return sum(found) if all(isinstance(each, int | float) for each in found) else value


def _terms(expr: Expr) -> Iterator[Expr]:
    match expr:
        case Call("add" | "plus", (left, right)):
            yield from _terms(left)
            yield from _terms(right)
        case _:
            yield expr
