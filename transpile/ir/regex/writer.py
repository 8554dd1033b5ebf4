"""Tree to text in one flavour's spelling.

Decides nothing: what a flavour lacks was rewritten before (`rewrite`, `edges`) or is refused.
Text goes together with its binding strength, and parentheses are added in one place.
"""

from __future__ import annotations

from enum import IntEnum
from itertools import groupby
from typing import assert_never

from transpile.ir.regex import charset
from transpile.ir.regex import tree as t
from transpile.ir.regex.fold import is_cased, is_cased_range, variants
from transpile.ir.regex.model import Construct, NotExpressible
from transpile.ir.regex.syntax import SYNTAX, CaseStyle, Flavour, Syntax

_IN_CLASS = frozenset("\\]^-[&~|")
_LOOK = {(True, False): "(?=", (True, True): "(?!", (False, False): "(?<=", (False, True): "(?<!"}
_GREED = {t.Greed.GREEDY: "", t.Greed.LAZY: "?", t.Greed.POSSESSIVE: "+"}
_SIMPLE = {(0, None): "*", (1, None): "+", (0, 1): "?"}
_LETTER_SETS = {name for name, spans in t.RANGES.items() if charset.overlap(spans, ((65, 90),))}


class _Bind(IntEnum):
    ALT = 0
    CONCAT = 1
    REPEAT = 2
    ATOM = 3


_Text = tuple[str, _Bind]


def write(tree: t.Node, flavour: Flavour, expand: bool = False) -> tuple[str, bool]:
    """Return the expression without a leading flag, and whether it must be read ignoring case.

    expand: write both cases of every letter out, so that it need not.
    Raises NotExpressible for a construct that the flavour lacks.
    """
    syntax = SYNTAX[flavour]
    asked = case_rules(tree)
    scoped = syntax.case is CaseStyle.SCOPED
    mostly = asked == {True} or (scoped and True in asked and _mostly_folded(tree))
    ignore_case = mostly and not expand
    mixed = scoped and not asked <= {ignore_case}
    writer = _Writer(flavour, syntax, expand=not scoped and not ignore_case, mixed=mixed)
    return writer.node(tree, ignore_case)[0], ignore_case


def case_rules(node: t.Node) -> set[bool]:
    """Return the case rules (True: ignored) of all nodes below that case makes a difference to."""
    return {rule for part in t.walk(node) if (rule := _case_rule(part)) is not None}


def _case_rule(node: t.Node) -> bool | None:
    match node:
        case t.Chars(text, ignore_case):
            return ignore_case if any(map(is_cased, text)) else None
        case t.BackRef(_, ignore_case):
            return ignore_case
        case t.CharClass(items, _, ignore_case) if any(map(_has_letters, items)):
            return ignore_case
        case _:
            return None


def _has_letters(item: t.ClassItem) -> bool:
    """Named sets keep their meaning when case is ignored, so only ranges count."""
    return isinstance(item, t.Range) and is_cased_range(item.low, item.high)


def _mostly_folded(tree: t.Node) -> bool:
    rules = [rule for part in t.walk(tree) if (rule := _case_rule(part)) is not None]
    return rules.count(True) >= rules.count(False)


class _Writer:
    """Writes nodes; `expand` writes both cases out instead of relying on a flag.

    mixed: some parts have another case rule than the whole, and get a flag of their own.
    """

    def __init__(self, flavour: Flavour, syntax: Syntax, *, expand: bool, mixed: bool) -> None:
        self.flavour = flavour
        self.syntax = syntax
        self.expand = expand
        self.mixed = mixed

    def refuse(self, construct: Construct, detail: str = "") -> NotExpressible:
        return NotExpressible(construct, self.flavour.value, detail)

    def node(self, node: t.Node, fold: bool) -> _Text:
        if self.mixed and case_rules(node) == {not fold}:
            flag = "(?-i:" if fold else "(?i:"
            return flag + self.node(node, not fold)[0] + ")", _Bind.ATOM
        match node:
            case t.Chars(text, ignore_case):
                return self._chars(text, ignore_case)
            case t.Dot(newline):
                return self.syntax.dot_newline if newline else self.syntax.dot, _Bind.ATOM
            case t.CharClass():
                return self._class(node, fold), _Bind.ATOM
            case t.Anchor(at):
                return self._anchor(at), _Bind.REPEAT
            case t.Capture(body, _, name):
                opening = self.syntax.named.format(name) if name and self.syntax.named else "("
                return opening + self.node(body, fold)[0] + ")", _Bind.ATOM
            case t.Atomic(body):
                return self._native(Construct.ATOMIC, "(?>", body, fold)
            case t.Look(body, ahead, negated):
                construct = Construct.LOOKAHEAD if ahead else Construct.LOOKBEHIND
                return self._native(construct, _LOOK[ahead, negated], body, fold)
            case t.BackRef(number):
                if Construct.BACKREF in self.syntax.refused:
                    raise self.refuse(Construct.BACKREF)
                return f"(?:\\{number})", _Bind.ATOM
            case t.Repeat():
                return self._repeat(node, fold), _Bind.REPEAT
            case t.Concat(items):
                return self._concat(items, fold), _Bind.CONCAT
            case t.Alt(branches):
                return "|".join(self.node(branch, fold)[0] for branch in branches), _Bind.ALT
            case t.KeepOut():
                if self.flavour is not Flavour.PCRE:
                    raise self.refuse(Construct.KEEP_OUT)
                return r"\K", _Bind.REPEAT
            case _:
                assert_never(node)

    def _bound(self, node: t.Node, fold: bool, strength: _Bind) -> str:
        text, bind = self.node(node, fold)
        return text if bind >= strength else f"{self.syntax.group}{text})"

    def _native(self, construct: Construct, opening: str, body: t.Node, fold: bool) -> _Text:
        if construct in self.syntax.refused:
            raise self.refuse(construct)
        return opening + self.node(body, fold)[0] + ")", _Bind.ATOM

    def _anchor(self, at: t.At) -> str:
        if at not in self.syntax.anchors:
            word = at in (t.At.WORD_EDGE, t.At.WORD_INNER)
            raise self.refuse(Construct.WORD_BOUNDARY if word else Construct.ANCHOR, at.value)
        return self.syntax.anchors[at]

    def _concat(self, items: tuple[t.Node, ...], fold: bool) -> str:
        if not self.mixed:
            return "".join([self._bound(item, fold, _Bind.CONCAT) for item in items])
        parts = []
        for other, run in groupby(items, lambda item: case_rules(item) == {not fold}):
            same = list(run)
            if other and len(same) > 1:
                parts.append(self.node(t.Concat(tuple(same)), fold)[0])
            else:
                parts += [self._bound(item, fold, _Bind.CONCAT) for item in same]
        return "".join(parts)

    def _repeat(self, node: t.Repeat, fold: bool) -> str:
        if node.greed is t.Greed.POSSESSIVE and Construct.POSSESSIVE in self.syntax.refused:
            raise self.refuse(Construct.POSSESSIVE)
        if _largest_count(node) > self.syntax.max_count:
            raise self.refuse(Construct.LARGE_REPEAT, f"more than {self.syntax.max_count}")
        low, high = node.low, node.high
        if (low, high) in _SIMPLE:
            count = _SIMPLE[low, high]
        elif low == high:
            count = f"{{{low}}}"
        else:
            count = f"{{{low},{'' if high is None else high}}}"
        return self._bound(node.body, fold, _Bind.ATOM) + count + _GREED[node.greed]

    # -- characters -------------------------------------------------------------------------------

    def _chars(self, text: str, ignore_case: bool) -> _Text:
        written = "".join(
            self._both_cases(char) if ignore_case and self._unfolded(char) else self._char(char)
            for char in text
        )
        return written, _Bind.ATOM if len(text) == 1 else _Bind.CONCAT

    def _unfolded(self, char: str) -> bool:
        return self.expand or (self.syntax.folds_ascii_only and not char.isascii())

    def _both_cases(self, char: str) -> str:
        if not is_cased(char):
            return self._char(char)
        return f"[{''.join(map(self._in_class, variants(char)))}]"

    def _char(self, char: str) -> str:
        return f"\\{char}" if char in self.syntax.special else self._plain(char)

    def _in_class(self, char: str) -> str:
        special = char in _IN_CLASS or (self.flavour is Flavour.LUCENE and char == '"')
        return f"\\{char}" if special else self._plain(char)

    def _plain(self, char: str) -> str:
        if char in self.syntax.escapes:
            return self.syntax.escapes[char]
        code = self.syntax.codes[char > "\xff"]
        return char if char.isprintable() or not code else code % ord(char)

    def _class(self, node: t.CharClass, fold: bool) -> str:
        prop = any(isinstance(item, t.Prop) for item in node.items)
        if prop and Construct.UNICODE_PROP in self.syntax.refused:
            raise self.refuse(Construct.UNICODE_PROP)
        keep = self.syntax.folds_sets and _sets_have_letters(node)
        folded = node.ignore_case and (keep or not self._flag_folds(node))
        items, negated = node.items, node.negated
        if len(items) == 1 and isinstance(items[0], t.Named) and items[0].negated:
            items, negated = (t.Named(items[0].name),), not negated
        short = self._short(items[0], negated) if len(items) == 1 else ""
        written = "".join(self._item(item, folded) for item in items)
        text = short or f"[{'^' * negated}{written}]"
        return f"(?-i:{text})" if keep and fold else text

    def _flag_folds(self, node: t.CharClass) -> bool:
        """Whether the flag, rather than ranges for both cases, folds the class."""
        if self.expand or not self.syntax.folds_ranges:
            return False
        highest = max(item.high for item in node.items if isinstance(item, t.Range))
        return highest < 128 or not self.syntax.folds_ascii_only

    def _short(self, item: t.ClassItem, negated: bool) -> str:
        match item:
            case t.Named(name, inner) if name in self.syntax.sets:
                short = self.syntax.sets[name]
                return short.upper() if inner != negated else short
            case t.Prop(name, inner):
                return f"\\{'P' if inner != negated else 'p'}{{{name}}}"
            case _:
                return ""

    def _item(self, item: t.ClassItem, folded: bool) -> str:
        match item:
            case t.Range(low, high):
                return self._spans(charset.both_cases(low, high) if folded else ((low, high),))
            case t.Named(name, negated):
                spans = t.RANGES[name]
                short = self._short(item, False)
                return short or self._spans(charset.complement(spans) if negated else spans)
            case t.Prop():
                return self._short(item, False)
            case _:
                assert_never(item)

    def _spans(self, spans: charset.Spans) -> str:
        return "".join(map(self._span, spans))

    def _span(self, span: tuple[int, int]) -> str:
        low, high = (self._in_class(chr(code)) for code in span)
        if span[0] == span[1]:
            return low
        return low + high if span[0] + 1 == span[1] else f"{low}-{high}"


def _sets_have_letters(node: t.CharClass) -> bool:
    return any(isinstance(item, t.Named) and item.name in _LETTER_SETS for item in node.items)


def _largest_count(node: t.Node) -> int:
    """Return the largest number in a repeat, multiplied through nested repeats."""
    inner = max(map(_largest_count, t.children(node)), default=1)
    return inner * max(node.low, node.high or 0, 1) if isinstance(node, t.Repeat) else inner
