"""Expressions of a rule that the schema has under a name: what ingest computes in the same way.

Splunk keeps the records of Linux's audit as they are written, and rules decode a title or join
the arguments of a program themselves; elsewhere the decoded title and the list of arguments are
fields. The names given here stand in the field maps (`linux.auditd`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from transpile.ir.expr import Call, Case, Expr, Field, Lit, Node, RegexLit
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import TRUE, Exists, Glob, Matches, Pred, Test, all_of, negate
from transpile.ir.regex import Regex, parse_regex
from transpile.ir.walk import rebuild

TITLE = "proctitle_text"
ARGUMENTS = "process_exec"
NAMES = frozenset((TITLE, ARGUMENTS))
"""The names that `named` gives; no event has fields of these names."""

_PROGRAM = Field("a0")


def premise(names: Collection[str]) -> Pred:
    """Return what events are assumed to meet where names of `named` are read.

    Joined arguments lose the blanks before the first of them.
    """
    if ARGUMENTS not in names:
        return TRUE
    blank = (Test(_PROGRAM, Glob(Pattern.of(start, Wild.RUN))) for start in (" ", "\t"))
    return all_of((Exists(_PROGRAM), *map(negate, blank)))


PROGRAM = "a record has the program's name as first argument, which does not begin with a blank"
"""What `premise` says."""

FIELDS_LIKE = "fields_like"
"""The function that stands for the values of all fields of a pattern, in the order of names."""

_HEX = parse_regex("^[0-9A-F]+$").tree
_PAIRS = parse_regex("([0-9A-F]{2})").tree
_BLANKS = {(parse_regex(zeros).tree, blanks) for zeros, blanks in (("000", "020"), ("00", "20"))}
_JOINED = Call(
    "mvjoin",
    (Call("mvappend", (Lit(""), Call(FIELDS_LIKE, (Lit("a*"),)))), Lit(" ")),
)


def named(expr: Expr) -> Expr:
    """Return the expression, or the field that holds its value under the condition it is for."""
    match expr:
        case Case(((guard, value),), other) if (
            _where(value, guard, True) == Call("trim", (_JOINED,))
            and _where(other, guard, False) == Lit(None)
        ):
            return Case(((guard, Field(ARGUMENTS)),))
        case Case():
            title = _title(expr)
            return expr if title is None else Case(((title, Field(TITLE)),))
        case _:
            return expr


def _title(expr: Case) -> Pred | None:
    """Return when the expression is the decoded field `proctitle`; else it is missing.

    None for another expression.
    """
    match expr:
        case Case(
            (
                (
                    Test(text, Matches(test)),
                    Call("urldecode", (Call("replace", (again, RegexLit(pairs), Lit("%\\1"))),)),
                ),
            ),
            other,
        ) if text == again == other and _is(test, _HEX) and _is(pairs, _PAIRS):
            return _spaced(text)
        case _:
            return None


def _spaced(expr: Expr) -> Pred | None:
    """Return when the expression is `proctitle` with zero bytes as blanks, None for another."""
    match expr:
        case Field("proctitle"):
            return TRUE
        case Case(
            ((Test(text, Matches(test)), Call("replace", (again, RegexLit(zeros), Lit(blanks)))),),
            other,
        ) if text == again == other and _is(test, _HEX) and (zeros.tree, blanks) in _BLANKS:
            return _spaced(text)
        case Case(((guard, value),), Lit(None)):
            inner = _spaced(value)
            return None if inner is None else all_of((guard, inner))
        case _:
            return None


def _is(regex: Regex, tree: object) -> bool:
    return regex.tree == tree


def _where(expr: Expr, guard: Pred, holds: bool) -> Expr:
    """Return the expression where a condition holds, or where it does not."""

    def change(node: Node) -> Node:
        match node:
            case Case(((test, value),), other) if test == guard:
                return change(value if holds else other)
            case _:
                return rebuild(node, change)

    return cast(Expr, change(expr))
