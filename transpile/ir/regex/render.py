"""A regular expression in the language of a target, with the same matches or not at all."""

from __future__ import annotations

import re
from collections import Counter
from enum import Enum
from functools import lru_cache

from transpile.ir.regex import charset, edges, looks, rewrite
from transpile.ir.regex import tree as t
from transpile.ir.regex.model import Construct, NotExpressible, Regex
from transpile.ir.regex.syntax import SYNTAX, CaseStyle, Flavour
from transpile.ir.regex.writer import write
from transpile.records import dataclass, replace


class Purpose(Enum):
    """What must be the same in the target."""

    TEST = "whether it matches"
    EXTRACT = "whether it matches, and what each group captures"
    REPLACE = "where it matches"


@dataclass(frozen=True, slots=True)
class Rendered:
    """An expression without a leading flag.

    ignore_case: it must be read ignoring case, by a flag or by the operator around it.
    """

    text: str
    ignore_case: bool


def render(regex: Regex, flavour: Flavour, purpose: Purpose = Purpose.TEST) -> str:
    """Return the expression in a flavour, complete with its flags.

    It is meant for a function that searches, except LUCENE, which is for the whole value.
    LUCENE and SIGMA have no flag inside: both cases of a letter are written out; `render_parts`
    leaves that to the operator. Raises NotExpressible. Sources: see `syntax.SYNTAX`.
    """
    rendered = render_parts(regex, flavour, purpose)
    if not rendered.ignore_case:
        return rendered.text
    if SYNTAX[flavour].case is CaseStyle.OUTSIDE:
        return write(_prepare(regex.tree, flavour, purpose), flavour, expand=True)[0]
    return f"(?i){rendered.text}"


@lru_cache(maxsize=1024)
def render_parts(regex: Regex, flavour: Flavour, purpose: Purpose = Purpose.TEST) -> Rendered:
    """Return the expression in a flavour, its case rule apart. Raises NotExpressible."""
    return Rendered(*write(_prepare(regex.tree, flavour, purpose), flavour))


def _prepare(tree: t.Node, flavour: Flavour, purpose: Purpose) -> t.Node:
    """Return an equivalent tree (for the purpose) of what the flavour can write."""
    syntax = SYNTAX[flavour]
    test = purpose is Purpose.TEST
    if flavour is Flavour.PCRE:
        return tree
    if test and not rewrite.contains(tree, t.BackRef):
        tree = rewrite.without_captures(tree)
    tree = rewrite.without_idle_repeats(tree)
    if purpose is not Purpose.REPLACE:
        tree = rewrite.without_keep_out(tree)
    if Construct.POSSESSIVE in syntax.refused:
        tree = rewrite.without_possessive(tree, top=test)
    if flavour in (Flavour.LUCENE, Flavour.SIGMA):
        return _edge_anchored(tree, flavour, test)
    if flavour is Flavour.RE2:
        return _for_re2(tree, purpose)
    if flavour is Flavour.POSIX_ARE:
        tree = _for_posix(tree, test)
    tree = rewrite.anchors_by_lookaround(tree, frozenset(syntax.anchors))
    if flavour is Flavour.PYTHON:
        tree = rewrite.lookbehind_by_branch(tree)
    return _single_names(tree)


def _edge_anchored(tree: t.Node, flavour: Flavour, test: bool) -> t.Node:
    if not test:
        raise NotExpressible(Construct.CAPTURE, flavour.value)
    tree = rewrite.greedy(tree)
    whole = flavour is Flavour.LUCENE
    tree = rewrite.without_empty_branches(tree) if whole else rewrite.without_exact_end(tree)
    return (edges.whole_value if whole else edges.plain_search)(tree, flavour.value)


def _for_re2(tree: t.Node, purpose: Purpose) -> t.Node:
    name = Flavour.RE2.value
    rewrite.check_line_starts(tree, name)
    if purpose is Purpose.REPLACE and t.Anchor(t.At.LAST_END) in t.walk(tree):
        raise NotExpressible(Construct.ANCHOR, name, t.At.LAST_END.value)
    keep = purpose is not Purpose.TEST
    if not keep and rewrite.contains(tree, t.Look):
        tree = looks.consume_looks(tree)
    tree = rewrite.without_repeated_letters(tree)
    return _single_names(rewrite.consume_last_newline(tree, name, keep_captures=keep))


def _for_posix(tree: t.Node, test: bool) -> t.Node:
    if test:
        return rewrite.greedy(tree)
    in_look = any(
        isinstance(part, t.Look) and rewrite.contains(part, t.Capture) for part in t.walk(tree)
    )
    if in_look or not (_one_way(tree, ()) or _forced_end(tree)):
        raise NotExpressible(Construct.CAPTURE, Flavour.POSIX_ARE.value, "it takes the longest")
    return tree


def _one_way(node: t.Node, follow: charset.Spans) -> bool:
    """Whether the next character always decides how to go on, so that there is one match only.

    follow: what can come behind the node. PostgreSQL prefers the longest match, PCRE the first.
    """
    match node:
        case t.Concat(items):
            for at, item in enumerate(items):
                rest = t.Concat(items[at + 1 :])
                behind = charset.edge(rest) + (() if t.width(rest)[0] else follow)
                if not _one_way(item, charset.union(behind)):
                    return False
            return True
        case t.Alt(branches):
            starts = [charset.edge(branch) for branch in branches]
            apart = not any(
                charset.overlap(a, b) for at, a in enumerate(starts) for b in starts[:at]
            )
            return apart and all(t.width(b)[0] and _one_way(b, follow) for b in branches)
        case t.Repeat(body, low, high, greed):
            again = charset.edge(body)
            if low == high:
                return _one_way(body, charset.union(again + follow))
            decided = not charset.overlap(again, follow)
            greedy = greed is t.Greed.GREEDY
            return greedy and decided and _one_way(body, charset.union(again + follow))
        case t.Capture(body):
            return _one_way(body, follow)
        case _:
            return True


def _forced_end(tree: t.Node) -> bool:
    """Whether the match ends in one place and all its parts, from the left, take what they can."""
    tail = tree.items[-1] if isinstance(tree, t.Concat) and tree.items else tree
    if not isinstance(tail, t.Anchor) or tail.at not in (t.At.END, t.At.LAST_END):
        return False
    return not any(map(_has_choice, t.walk(tree)))


def _has_choice(node: t.Node) -> bool:
    match node:
        case t.Alt() | t.BackRef():
            return True
        case t.Repeat(body, _, high, greed):
            return greed is not t.Greed.GREEDY or (high != 1 and t.width(body) != (1, 1))
        case t.Chars() | t.Dot() | t.CharClass():
            return charset.overlap(charset.edge(node), charset.NEWLINE)
        case _:
            return False


def _single_names(tree: t.Node) -> t.Node:
    """Return the tree with the names removed that stand twice, which only PCRE allows."""
    names = Counter(p.name for p in t.walk(tree) if isinstance(p, t.Capture) and p.name)
    doubled = {name for name, count in names.items() if count > 1}

    def step(part: t.Node) -> t.Node:
        if isinstance(part, t.Capture) and part.name in doubled:
            return replace(part, name=None)
        return part

    return rewrite.transform(tree, step) if doubled else tree


@lru_cache(maxsize=4096)
def compile_python(regex: Regex) -> re.Pattern[str]:
    """Return the expression compiled for `re`, groups included, with PCRE's meaning.

    Call `.search`. Raises NotExpressible for what Python lacks (Unicode properties).
    """
    return re.compile(render(regex, Flavour.PYTHON, Purpose.EXTRACT))
