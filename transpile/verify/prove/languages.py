"""Conditions on one value as automata: sets of states as bits, one step a character.

A wildcard pattern, a text, an order of texts and a regular expression without lookaround or
back-reference each accept a regular language. `Language` runs such an automaton lazily: the states
reached are computed when a search asks for them, and kept.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import cache, lru_cache
from ipaddress import IPv4Network, ip_network
from typing import Protocol, assert_never

from transpile.ir import pred as p
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.regex import Regex
from transpile.ir.regex import tree as t
from transpile.ir.regex.fold import variants
from transpile.ir.text import fold
from transpile.verify.prove.machines import Machine, NoMachine

Start = int
"""Code points at which the behaviour of an automaton may change; between two it is the same."""


class Language(Protocol):
    """What a search needs of an automaton; a set of states is an integer with a bit for each.

    kind: what the automaton sees of a character; those of one kind lead to the same states.
    beside: what it remembers of the character before, besides the states.
    settled: whether the text is accepted whatever follows, as far as that is seen.
    to_go: a guess of the characters that are missing for the text to be accepted.
    """

    @property
    def cuts(self) -> frozenset[Start]: ...
    @property
    def initial(self) -> int: ...
    def kind(self, code: int) -> Hashable: ...
    def beside(self, before: int) -> Hashable: ...
    def step(self, states: int, before: int, code: int) -> int: ...
    def accepts(self, states: int, before: int) -> bool: ...
    def settled(self, states: int) -> bool: ...
    def to_go(self, states: int) -> int: ...
    def __hash__(self) -> int: ...


NO_CHAR = -1
"""What stands before the first character."""


@lru_cache(maxsize=65536)
def language(condition: p.Condition) -> Language:
    """Return the automaton of a condition. Raises `NoMachine` for one that has none here."""
    match condition:
        case p.TextEq(text, cased):
            return Globbed(Pattern.literal(text), cased)
        case p.Glob(pattern, cased):
            return Globbed(pattern, cased)
        case p.Order(op, str() as bound):
            return _Ordered(op, bound)
        case p.Matches(regex):
            return _machine(regex)
        case p.InNetwork(network):
            return Machine(_network(network), whole=True)
        case p.NumEq() | p.Order():
            raise NoMachine("a comparison of numbers")
        case _:
            assert_never(condition)


@lru_cache(maxsize=16384)
def _machine(regex: Regex) -> Machine:
    return Machine(regex.tree, whole=False)


class Globbed:
    """A wildcard pattern: bit i stands for "the first i symbols are matched"."""

    def __init__(self, pattern: Pattern, cased: bool) -> None:
        parts = pattern.parts if cased else pattern.folded().parts
        self.cased = cased
        self.symbols = tuple(
            symbol
            for part in parts
            for symbol in ((part,) if isinstance(part, Wild) else tuple(part))
        )
        self.runs = sum(1 << at for at, symbol in enumerate(self.symbols) if symbol is Wild.RUN)
        self.final = 1 << len(self.symbols)
        self.initial = self._closed(1)
        self.cuts = _cuts(symbol for symbol in self.symbols if isinstance(symbol, str))
        self.takes: dict[int, int] = {}

    def _closed(self, states: int) -> int:
        # no two runs stand side by side, so one round is enough
        return states | (states & self.runs) << 1

    def kind(self, code: int) -> int:
        taken = self.takes.get(code)
        if taken is None:
            char = chr(code) if self.cased else fold(chr(code))
            taken = self.takes[code] = sum(
                1 << at
                for at, symbol in enumerate(self.symbols)
                if symbol is Wild.ONE or symbol == char
            )
        return taken

    def beside(self, before: int) -> None:
        return None

    def step(self, states: int, before: int, code: int) -> int:
        return self._closed((states & self.kind(code)) << 1 | states & self.runs)

    def accepts(self, states: int, before: int) -> bool:
        return bool(states & self.final)

    def settled(self, states: int) -> bool:
        return bool(states & self.final and self.runs & self.final >> 1)

    def to_go(self, states: int) -> int:
        return len(self.symbols) + 1 - states.bit_length()


class _Ordered:
    """The order to a text: bit i stands for "equal so far", then come "less" and "greater"."""

    def __init__(self, op: p.OrderOp, bound: str) -> None:
        self.op = op
        self.bound = tuple(map(ord, bound))
        self.less = 1 << len(bound) + 1
        self.greater = self.less << 1
        self.initial = 1
        self.cuts = frozenset(cut for code in self.bound for cut in (code, code + 1))

    def kind(self, code: int) -> Hashable:
        return tuple((code > other) - (code < other) for other in self.bound)

    def beside(self, before: int) -> None:
        return None

    def step(self, states: int, before: int, code: int) -> int:
        at = states.bit_length() - 1
        if states in (self.less, self.greater):
            return states
        if at == len(self.bound) or code > self.bound[at]:
            return self.greater
        return self.less if code < self.bound[at] else states << 1

    def accepts(self, states: int, before: int) -> bool:
        if states == 1 << len(self.bound):
            return "=" in self.op
        return (states == self.greater) == (self.op[0] == ">")

    def settled(self, states: int) -> bool:
        return states == (self.greater if self.op[0] == ">" else self.less)

    def to_go(self, states: int) -> int:
        return 0


def _cuts(chars: Iterator[str]) -> frozenset[Start]:
    codes = {ord(other) for char in set(chars) for other in cases(char)}
    return frozenset(cut for code in codes for cut in (code, code + 1))


def cases(char: str) -> Sequence[str]:
    """Return the characters that fold as this one does, and its variants."""
    known = variants(char)
    if char.isascii():
        return (*known, "\N{KELVIN SIGN}") if char in "kK" else known
    return (*known, *(other for one in known for other in _folding().get(fold(one), ())))


@cache
def _folding() -> dict[str, tuple[str, ...]]:
    """Return the characters outside ASCII whose fold is another character, by their fold."""
    found: dict[str, tuple[str, ...]] = {}
    for code in range(128, 0x1F000):
        char = chr(code)
        folded = fold(char)
        if folded != char:
            found[folded] = (*found.get(folded, ()), char)
    return found


# -- networks ------------------------------------------------------------------------------------

_DIGITS = (t.Range(48, 57),)
_OCTET = t.Alt(
    (
        t.Concat((t.Chars("25"), t.CharClass((t.Range(48, 53),)))),
        t.Concat((t.Chars("2"), t.CharClass((t.Range(48, 52),)), t.CharClass(_DIGITS))),
        t.Concat((t.Chars("1"), t.CharClass(_DIGITS), t.CharClass(_DIGITS))),
        t.Concat((t.CharClass((t.Range(49, 57),)), t.CharClass(_DIGITS))),
        t.CharClass(_DIGITS),
    )
)


def _network(network: str) -> t.Node:
    """Return an expression for the addresses of an IPv4 network as `ipaddress` reads them."""
    found = ip_network(network, strict=False)
    if not isinstance(found, IPv4Network):
        raise NoMachine("a network of IPv6")
    low, high = found.network_address.packed, found.broadcast_address.packed
    items: list[t.Node] = []
    for at, (least, most) in enumerate(zip(low, high, strict=True)):
        items += [t.Chars(".")] if at else []
        texts: list[t.Node] = [t.Chars(str(octet)) for octet in range(least, most + 1)]
        whole = (least, most) == (0, 255)
        items.append(_OCTET if whole else t.Alt(tuple(texts)) if len(texts) > 1 else texts[0])
    return t.concat(items)
