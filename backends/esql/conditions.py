"""A condition on one value, by the kind of the value: an expression that is true if it is met.

Case never depends on a default: without regard to case means TO_LOWER on the value and a lower-case
constant (spec/eql-semantics.md 14.4). A list of values is joined to one text where that says what
any or every value meets; anything else gives null on several values (14.3).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import assert_never

from transpile.backends.esql import text
from transpile.backends.esql import tree as q
from transpile.backends.esql.functions import PLAIN_NUMBERS, java
from transpile.backends.esql.scope import Scope
from transpile.backends.esql.values import CannotSay, Kind, Value, as_number, as_text

from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    Condition,
    Glob,
    InNetwork,
    Matches,
    NumEq,
    Order,
    Quant,
    TextEq,
)
from transpile.ir.regex import (
    Flavour,
    NotExpressible,
    Purpose,
    Regex,
    as_patterns,
    compile_python,
    render,
)
from transpile.ir.text import fold

MAX_REGEX = 1000
"""Characters of a Lucene expression (`index.max_regex_length` where nobody changed it)."""

_BREAK = "\n"
"""What stands between the values of a list that is searched as one text."""


def meets(value: Value, condition: Condition, scope: Scope) -> q.Expr:
    """Return the condition on a single value. Raises `CannotSay`."""
    if value.kind is Kind.IP and isinstance(condition, InNetwork):
        return q.Call("CIDR_MATCH", (value.node, q.Constant(condition.network)))
    return _ON[value.kind](value, condition, scope)


def meets_any(value: Value, condition: Condition, quant: Quant, scope: Scope) -> q.Expr:
    """Return the condition on some value, or on every value, of a list. Raises `CannotSay`."""
    every = quant is Quant.ALL
    if value.kind is Kind.MEMBERS:
        return _of_member(value, condition, every, scope)
    match condition:
        case TextEq(wanted, True) if not every and scope.full_text and _is_keyword(value):
            return q.Binary(":", value.node, q.Constant(wanted))
        case TextEq(wanted, cased):
            return _in_joined(value, Pattern.literal(wanted), cased, every, scope)
        case Glob(pattern, cased):
            return _in_joined(value, pattern, cased, every, scope)
        case Order(op, bound) if value.kind in (Kind.LONG, Kind.DOUBLE):
            largest = op.startswith(">") is not every
            end = q.Call("MV_MAX" if largest else "MV_MIN", (value.node,))
            return q.Binary(op, end, q.Constant(bound))
        case _:
            raise CannotSay("ES|QL cannot test the values of a list so")


def _of_member(value: Value, condition: Condition, every: bool, scope: Scope) -> q.Expr:
    """Return an equality with a member of a flattened object, which only a search can ask for.

    Members are keywords: a search for one is case-sensitive.
    """
    match condition:
        case TextEq(wanted, cased) if not every and (cased or not _has_case(wanted)):
            return searched(value, wanted, scope)
        case TextEq("true" | "false" as wanted) if not every:
            scope.assume(f"{_shown(value)} holds true and false only")
            return searched(value, wanted, scope)
        case _:
            raise CannotSay(f"ES|QL cannot read {_shown(value)}, a field of type flattened")


def searched(value: Value, wanted: str | None, scope: Scope) -> q.Expr:
    """Return a search for a value of a field, or for any. Raises `CannotSay` inside expressions."""
    if not scope.full_text:
        raise CannotSay(f"ES|QL cannot read {_shown(value)}, a field of type flattened")
    asked = "*" if wanted is None else text.kql_string(wanted)
    return q.Call("KQL", (q.Constant(f"{_shown(value)}: {asked}"),))


def _is_keyword(value: Value) -> bool:
    return value.kind is Kind.TEXT and isinstance(value.node, q.Column) and not value.ordered


def _in_joined(value: Value, pattern: Pattern, cased: bool, every: bool, scope: Scope) -> q.Expr:
    scope.assume("the values of a list hold no line breaks")
    _folds("".join(part for part in pattern.parts if isinstance(part, str)), cased, scope)
    parts = [_within_line(part if cased or isinstance(part, Wild) else fold(part))
             for part in pattern.parts]
    one = "".join(parts)
    whole = f"{one}({_BREAK}{one})*" if every else f"(.*{_BREAK})?{one}({_BREAK}.*)?"
    joined: q.Expr = q.Call("MV_CONCAT", (as_text(value).node, q.Constant(_BREAK)))
    return q.RLike(joined if cased else q.Call("TO_LOWER", (joined,)), whole)


def _within_line(part: str | Wild) -> str:
    if isinstance(part, Wild):
        return f"[^{_BREAK}]*" if part is Wild.RUN else f"[^{_BREAK}]"
    if _BREAK in part:
        raise CannotSay("a line break among the values of a list")
    return text.lucene_literal(part)


# -- by kind -------------------------------------------------------------------------------------


def _on_text(value: Value, condition: Condition, scope: Scope) -> q.Expr:
    match condition:
        case TextEq(wanted, cased):
            subject, constant = _folded(value, wanted, cased, scope)
            return q.Binary("==", subject, q.Constant(constant))
        case Glob(pattern, cased):
            return _like(value, pattern, cased, scope)
        case Matches(regex):
            return _matches(value, regex, scope)
        case NumEq(number):
            return q.Binary("==", _number(value, scope).node, q.Constant(number))
        case Order(op, str() as bound):
            return q.Binary(op, value.node, q.Constant(bound))
        case Order(op, bound):
            number_value = _number(value, scope)
            scope.assume(f"{_shown(value)} holds numbers only")
            return q.Binary(op, number_value.node, q.Constant(bound))
        case InNetwork(network):
            return q.Call(
                "CIDR_MATCH", (q.Call("TO_IP", (value.node,)), q.Constant(network))
            )
        case _:
            assert_never(condition)


def _number(value: Value, scope: Scope) -> Value:
    scope.assume(PLAIN_NUMBERS.format(_shown(value)))
    return as_number(value)


def _shown(value: Value) -> str:
    return value.node.name if isinstance(value.node, q.Column) else text.expression(value.node)


def _on_number(value: Value, condition: Condition, scope: Scope) -> q.Expr:
    match condition:
        case TextEq(wanted) if (number := _written(wanted)) is not None:
            return q.Binary("==", value.node, q.Constant(number))
        case NumEq(number):
            return q.Binary("==", value.node, q.Constant(number))
        case Order(op, int() | float() as bound):
            return q.Binary(op, value.node, q.Constant(bound))
        case TextEq() | InNetwork():
            raise CannotSay(f"{_shown(value)} is a number in Elastic")
        case _:
            return _on_text(as_text(value), condition, scope)


def _written(wanted: str) -> int | None:
    """Return the whole number that a text is the plain spelling of, else None."""
    return int(wanted) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", wanted) else None


def _on_address(value: Value, condition: Condition, scope: Scope) -> q.Expr:
    match condition:
        case TextEq(wanted) if _is_address(wanted):
            return q.Binary("==", value.node, q.Call("TO_IP", (q.Constant(wanted),)))
        case _:
            return _on_text(as_text(value), condition, scope)


def _is_address(wanted: str) -> bool:
    try:
        ipaddress.ip_address(wanted)
    except ValueError:
        return False
    return True


def _on_boolean(value: Value, condition: Condition, scope: Scope) -> q.Expr:
    match condition:
        case TextEq(wanted) if fold(wanted) in ("true", "false"):
            return q.Binary("==", value.node, q.Constant(fold(wanted) == "true"))
        case _:
            return _on_text(as_text(value), condition, scope)


def _on_date(value: Value, condition: Condition, scope: Scope) -> q.Expr:
    match condition:
        case Order(op, int() | float() as seconds):
            moment = q.Call("TO_DATETIME", (q.Constant(round(seconds * 1000)),))
            return q.Binary(op, value.node, moment)
        case _:
            raise CannotSay("Splunk's text of a time is not Elastic's")


def _on_member(value: Value, condition: Condition, scope: Scope) -> q.Expr:
    raise CannotSay(f"ES|QL cannot read {_shown(value)}, a field of type flattened")


_ON: Mapping[Kind, Callable[[Value, Condition, Scope], q.Expr]] = {
    Kind.TEXT: _on_text,
    Kind.LONG: _on_number,
    Kind.DOUBLE: _on_number,
    Kind.IP: _on_address,
    Kind.BOOLEAN: _on_boolean,
    Kind.DATE: _on_date,
    Kind.MEMBERS: _on_member,
}


# -- text ----------------------------------------------------------------------------------------


def _folds(wanted: str, cased: bool, scope: Scope) -> None:
    if not cased and not wanted.isascii():
        scope.assume("Elasticsearch folds the case of letters outside ASCII as Unicode does")


def _folded(value: Value, wanted: str, cased: bool, scope: Scope) -> tuple[q.Expr, str]:
    """Return subject and constant of a comparison; folded where a letter has two cases."""
    _folds(wanted, cased, scope)
    if cased or not _has_case(wanted):
        return value.node, wanted
    return lowered(value.node), fold(wanted)


def _has_case(wanted: str) -> bool:
    return not wanted.isascii() or wanted.upper() != wanted.lower()


def lowered(node: q.Expr) -> q.Expr:
    """Return the value in lower case."""
    return q.Call("TO_LOWER", (node,))


def _like(value: Value, pattern: Pattern, cased: bool, scope: Scope) -> q.Expr:
    literals = "".join(part for part in pattern.parts if isinstance(part, str))
    subject, _ = _folded(value, literals, cased, scope)
    folds = subject != value.node
    spelled = "".join(
        _WILDCARDS[part] if isinstance(part, Wild)
        else text.like_literal(fold(part) if folds else part)
        for part in pattern.parts
    )  # fmt: skip
    return q.Like(subject, (spelled,))


_WILDCARDS = {Wild.RUN: "*", Wild.ONE: "?"}


def _matches(value: Value, regex: Regex, scope: Scope) -> q.Expr:
    """Return a search with a regular expression: as wildcards, in Lucene's flavour, or in Java's.

    REPLACE takes Java's flavour: what matches a text is replaced as a whole, which leaves nothing.
    """
    found = as_patterns(regex)
    if found is not None and len(found[0]) <= _MOST_PATTERNS:
        patterns, cased = found
        likes = [_like(value, pattern, cased, scope) for pattern in patterns]
        return merged(likes)
    lucene = _lucene(regex)
    if lucene is not None:
        return q.RLike(value.node, lucene)
    pattern = rf"\A(?=[\s\S]*?(?:{java(regex, Purpose.TEST)}))[\s\S]*\z"
    emptied = q.Call("REPLACE", (value.node, q.Constant(pattern), q.Constant("")))
    gone = q.Binary("==", emptied, q.Constant(""))
    if compile_python(regex).search("") is not None:
        return gone
    return q.And((q.Binary("!=", value.node, q.Constant("")), gone))


_MOST_PATTERNS = 12


def _lucene(regex: Regex) -> str | None:
    from transpile.backends.eql.engine.lucene import LuceneError, compile_lucene

    try:
        written = render(regex, Flavour.LUCENE)
        compile_lucene(written, False)  # what Lucene refuses is never emitted
    except (NotExpressible, LuceneError):
        return None
    return written if len(written) <= MAX_REGEX else None


def has_words(value: Value, pattern: Pattern, cased: bool, scope: Scope) -> q.Expr:
    """Return whether a text contains a pattern as whole words (`ir.pred.Keyword`)."""
    from transpile.interpret.predicates import MAJOR_BREAKERS

    literals = "".join(part for part in pattern.parts if isinstance(part, str))
    subject, _ = _folded(value, literals, cased, scope)
    folds = subject != value.node
    inner = f"[^{text.lucene_literal(MAJOR_BREAKERS)}]"
    wild = {Wild.RUN: f"{inner}*", Wild.ONE: inner}
    body = "".join(
        wild[part] if isinstance(part, Wild)
        else text.lucene_literal(fold(part) if folds else part)
        for part in pattern.parts
    )  # fmt: skip
    edge = "[^A-Za-z0-9]"
    return q.RLike(subject, f"(.*{edge})?{body}({edge}.*)?")


def merged(nodes: list[q.Expr]) -> q.Expr:
    """Return the disjunction of conditions; those of one kind on one subject share a list."""
    if q.TRUE in nodes:
        return q.TRUE
    nodes = [node for node in nodes if node != q.FALSE]
    if not nodes:
        return q.FALSE
    lists: dict[tuple[type, q.Expr], q.Expr] = {}
    order: list[q.Expr | tuple[type, q.Expr]] = []
    for node in nodes:
        match node:
            case q.Binary("==", subject, q.Constant() as option):
                item: q.Expr = q.In(subject, (option,))
            case _:
                item = node
        match item:
            case q.In(subject) | q.Like(subject):
                key = (type(item), subject)
                if key not in lists:
                    order.append(key)
                    lists[key] = item
                else:
                    lists[key] = _longer(lists[key], item)
            case _:
                order.append(item)
    parts = [_unlisted(lists[item]) if isinstance(item, tuple) else item for item in order]
    flat = [part for item in parts for part in (item.args if isinstance(item, q.Or) else (item,))]
    return flat[0] if len(flat) == 1 else q.Or(tuple(dict.fromkeys(flat)))


def _longer(left: q.Expr, right: q.Expr) -> q.Expr:
    match left, right:
        case q.In(subject, options), q.In(_, more):
            return q.In(subject, tuple(dict.fromkeys((*options, *more))))
        case q.Like(subject, patterns), q.Like(_, others):
            return q.Like(subject, tuple(dict.fromkeys((*patterns, *others))))
        case _:
            raise TypeError("lists of different kinds")


def _unlisted(node: q.Expr) -> q.Expr:
    """Return an IN with a single option as the equality that it is."""
    match node:
        case q.In(subject, (option,)):
            return q.Binary("==", subject, option)
        case _:
            return node
