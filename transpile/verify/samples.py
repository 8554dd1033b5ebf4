"""Texts at the edge of a condition: those that just meet it and those that just miss it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import assert_never

from transpile.ir.decide import number_text
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import Condition, Glob, InNetwork, Matches, NumEq, Order, TextEq
from transpile.ir.regex import tree as t
from transpile.ir.regex.charset import of_class

MOST = 12
"""Texts made per condition."""

FILLERS = ("", "x", "x\ny")


@lru_cache(maxsize=65536)
def samples(condition: Condition) -> tuple[str, ...]:
    """Return texts near the edge of a condition, some meeting it, some not; distinct, in order."""
    return tuple(islice(dict.fromkeys(_samples(condition)), 3 * MOST))


@lru_cache(maxsize=65536)
def meeting(condition: Condition) -> tuple[str, ...]:
    """Return texts that are made to meet a condition (the caller checks that they do)."""
    return tuple(islice(dict.fromkeys(_meeting(condition)), MOST))


def _meeting(condition: Condition) -> Iterator[str]:
    match condition:
        case TextEq(text):
            yield text
        case NumEq(number):
            yield number_text(number)
        case Glob(pattern):
            yield from (filled(pattern, filler) for filler in FILLERS)
        case Matches(regex):
            yield from matching(regex.tree)
        case Order(op, bound):
            yield from _around(bound) if op else ()
        case InNetwork(network):
            yield str(ipaddress.ip_network(network, strict=False).network_address)
        case _:
            assert_never(condition)


def _samples(condition: Condition) -> Iterator[str]:
    for text in _meeting(condition):
        yield text
    for text in islice(_meeting(condition), 2):
        yield from near_text(text)
    match condition:
        case NumEq(number):
            yield from _around(number)
        case Glob(pattern):
            yield from _metacharacters(pattern)
        case InNetwork(network):
            net = ipaddress.ip_network(network, strict=False)
            yield str(net.broadcast_address)
            yield from _outside(net)
            yield from ("255.255.255.254", "no address", "::1")
        case _:
            pass


def _outside(net: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Iterator[str]:
    """Yield the addresses right before and right behind a network."""
    for edge, step in ((net.network_address, -1), (net.broadcast_address, 1)):
        with suppress(ipaddress.AddressValueError):
            yield str(edge + step)


def near_text(text: str) -> Iterator[str]:
    """Yield texts that differ in case, by a character at an end, or by none at all."""
    yield text.swapcase()
    yield text[:-1]
    yield text[1:]
    yield text + "x"
    yield "x" + text
    yield text + "\n"


def _around(bound: str | int | float) -> Iterator[str]:
    if isinstance(bound, str):
        yield from (bound, bound + "x", bound[:-1], "")
        return
    for value in (bound, bound + 1, bound - 1):
        yield number_text(value)
    yield f"{float(bound)}"
    yield "0" + number_text(abs(bound))
    yield from ("abc", "")


def filled(pattern: Pattern, filler: str) -> str:
    """Return a text that a wildcard pattern matches: runs become the filler, single ones `x`."""
    fill = {Wild.RUN: filler, Wild.ONE: "x"}
    return "".join(part if isinstance(part, str) else fill[part] for part in pattern.parts)


def _metacharacters(pattern: Pattern) -> Iterator[str]:
    """Yield texts in which a character that some language takes for a wildcard is another."""
    text = filled(pattern, "")
    for sign in "_%?*.\\":
        if sign in text:
            yield text.replace(sign, "q")
    yield filled(pattern, "*")


# -- regular expressions -------------------------------------------------------------------------


def matching(node: t.Node) -> Sequence[str]:
    """Return short texts that a regular expression is likely to match; lookarounds are ignored."""
    return list(islice(dict.fromkeys(_matching(node)), MOST))


def _matching(node: t.Node) -> Iterator[str]:
    match node:
        case t.Chars(text):
            yield text
        case t.Dot():
            yield "x"
        case t.CharClass():
            yield from _members(node)
        case t.Capture(body) | t.Atomic(body):
            yield from _matching(body)
        case t.Look() | t.Anchor() | t.KeepOut() | t.BackRef():
            yield ""
        case t.Repeat(body, low, high):
            most = low + 1 if high is None else min(high, low + 1)
            for count in dict.fromkeys((max(low, min(1, most)), low, most)):
                yield from (text * count for text in matching(body)[:3])
        case t.Concat(items):
            yield from _in_a_row(items)
        case t.Alt(branches):
            for branch in branches:
                yield from matching(branch)[:2]
        case _:
            assert_never(node)


def _members(node: t.CharClass) -> Iterator[str]:
    spans = of_class(node) or ((ord("x"), ord("x")),)
    for wanted in "xX0 -":
        if any(low <= ord(wanted) <= high for low, high in spans):
            yield wanted
    for low, _ in spans[:2]:
        yield chr(low)


def _in_a_row(items: Sequence[t.Node]) -> Iterator[str]:
    choices = [matching(item) or [""] for item in items]
    yield "".join(choice[0] for choice in choices)
    for place, choice in enumerate(choices):
        for other in choice[1:4]:
            yield "".join(other if i == place else c[0] for i, c in enumerate(choices))
