"""ES|QL as input: the filters that a query begins with, as predicates over ECS fields.

`WHERE` is three-valued and keeps what is true, so `!=` and `not` ask for the field (spec/eql-
semantics.md 14.2). A computed column is read where it is a field in small or capital letters. What
is not read (a condition on a computed column, groups and all that comes after them) stays as an
opaque stage: the events of the query are among those that meet the filters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field

from transpile.backends.base import Reading
from transpile.backends.eql.engine.lucene import LuceneError, python_regex
from transpile.backends.eql.read_kql import is_searched, read_kql, searched_for_words
from transpile.backends.esql.engine import tree as t
from transpile.backends.esql.engine.errors import EsqlError
from transpile.backends.esql.engine.parser import parse_condition

from transpile.errors import ReadingError
from transpile.ir import stages as s
from transpile.ir.expr import Call, Expr, Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    Compare,
    CompareOp,
    Condition,
    Const,
    Exists,
    Glob,
    InNetwork,
    Matches,
    NumEq,
    Order,
    OrderOp,
    Pred,
    Test,
    TextEq,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import RegexError, parse_regex
from transpile.records import dataclass

_ONE_VALUE = "a field that ES|QL compares has one value"
_PIECE = re.compile(
    r'(?P<raw>"""[^\r\n]*?"{0,2}"""(?!"))|(?P<text>"(?:[^"\\]|\\.)*")|(?P<name>`(?:[^`]|``)+`)'
    r"|(?P<note>//[^\r\n]*|/\*.*?\*/)|(?P<cast>::\s*(?:string|keyword|ip)\b)"
    r"|(?P<word>[A-Za-z_@][\w.@-]*)|(?P<sign>.)",
    re.DOTALL | re.IGNORECASE,
)
_MADE = re.compile(r"%\{\w+:([\w.]+)(?::\w+)?\}|%\{[+?&]?([\w.]+)[^}:]*\}|\(\?<([\w.]+)>")
_KEEPING = frozenset(("KEEP", "SORT", "DROP"))
_INDEX = re.compile(r"[\w.*:-]+")


def read_esql(text: str) -> Reading:
    """Return what is read of a query. Raises `ReadingError` if it does not start from events."""
    (source, *commands) = _commands(text)
    word, told = _head(source)
    if word != "FROM":
        raise ReadingError(f"a query that starts with {word or 'nothing'} is not read")
    named = re.split(r"\smetadata\s", told, maxsplit=1, flags=re.IGNORECASE)[0]
    origin = (("taxonomy", "ecs"), *(("index", name) for name in _INDEX.findall(named)))
    reader = _Reader()
    for at, command in enumerate(commands):
        if not reader.took(command):
            reader.left(commands[at:])
            break
    filters = (s.Filter(all_of(reader.found)),) if reader.found else ()
    stages = (s.Events(origin=origin), *filters, *reader.rest)
    return Reading(s.Pipeline(stages), "ecs", tuple(reader.assumptions))


# -- text ----------------------------------------------------------------------------------------


def _commands(text: str) -> list[str]:
    """Return the commands of a query without its comments and casts to text."""
    found, depth = [""], 0
    for piece in _pieces(text):
        depth += (piece in "([{") - (piece in ")]}") if len(piece) == 1 else 0
        if piece == "|" and not depth:
            found.append("")
        else:
            found[-1] += piece
    return [command.strip() for command in found]


def _pieces(text: str) -> Iterator[str]:
    for match in _PIECE.finditer(text):
        if match.lastgroup not in ("note", "cast"):
            yield match[0]
        elif match.lastgroup == "note":
            yield " "


def _head(command: str) -> tuple[str, str]:
    word, *rest = command.split(maxsplit=1) or ("",)
    return word.upper(), "".join(rest).strip()


def _split(text: str, word: str) -> list[str]:
    """Return the parts of a text between words (or signs) outside parentheses and quotes."""
    found, depth = [""], 0
    for piece in _pieces(text):
        depth += (piece in "([{") - (piece in ")]}") if len(piece) == 1 else 0
        if piece.lower() == word and not depth:
            found.append("")
        else:
            found[-1] += piece
    return [part.strip() for part in found]


# -- commands ------------------------------------------------------------------------------------


class _Unread(Exception):
    """A condition that is not read."""


@dataclass(slots=True)
class _Reader:
    """Reads commands one after the other.

    columns: what computed columns stand for, None if that is not read.  several: fields of which
    each value has a row of its own.
    """

    found: list[Pred] = field(default_factory=list)
    rest: list[s.Stage] = field(default_factory=list)
    columns: dict[str, t.Node | None] = field(default_factory=dict)
    several: set[str] = field(default_factory=set)
    assumptions: dict[str, None] = field(default_factory=dict)

    def took(self, command: str) -> bool:
        """Take in a command; False for one behind which rows are no events any more."""
        word, told = _head(command)
        match word:
            case "WHERE":
                self.where(told)
            case "EVAL":
                for assignment in _split(told, ","):
                    self.computes(assignment)
            case "GROK" | "DISSECT":
                made = (name for match in _MADE.findall(told) for name in match if name)
                self.columns.update(dict.fromkeys(made))
            case "MV_EXPAND":
                self.several.add(told)
            case "LIMIT":
                self.rest.append(s.Opaque("limit", f"no more than {told} rows", filters=True))
            case _:
                return word in _KEEPING
        return True

    def left(self, commands: Sequence[str]) -> None:
        """Keep in mind that a query goes on."""
        words = ", ".join(dict.fromkeys(_head(command)[0] for command in commands))
        reason = "the groups and what is asked of them are not read"
        self.rest.append(s.Opaque(f"ES|QL's {words}", reason, filters=True, changes=True))

    def computes(self, assignment: str) -> None:
        name, sign, told = assignment.partition("=")
        try:
            node = parse_condition(told) if sign else None
        except EsqlError:
            node = None
        self.columns[name.strip().strip("`")] = None if node is None else self.inlined(node)

    def where(self, text: str) -> None:
        alternatives = _split(text, "or")
        for part in _split(text, "and") if len(alternatives) == 1 else [text]:
            try:
                self.found.append(self.condition(part))
            except (_Unread, EsqlError, ReadingError):
                told = " ".join(part.split())
                told = told if len(told) <= 160 else f"{told[:159]}…"
                self.rest.append(s.Opaque("a condition", f"it is not read: {told}", filters=True))

    def condition(self, text: str) -> Pred:
        words = text.split(maxsplit=1)
        if len(words) == 2 and words[0].lower() == "not" and words[1][:3].lower() == "kql":
            return negate(self.condition(words[1]))
        inner = text[3:].strip() if text[:3].lower() == "kql" else ""
        if inner.startswith("(") and inner.endswith(")"):
            node = parse_condition(inner)
            if isinstance(node, t.Value) and isinstance(node.value, str):
                return read_kql(node.value, self.assumptions)
        found = self.inlined(parse_condition(text))
        return _Conditions(self.several, self.assumptions).read(found, wanted=True)

    def inlined(self, node: t.Node) -> t.Node | None:
        """Return a node with computed columns replaced by what they stand for, None if unknown."""
        match node:
            case t.Name(name) if name in self.columns:
                return self.columns[name]
            case t.Apply(args=args):
                inner = [self.inlined(arg) for arg in args]
                known = tuple(arg for arg in inner if arg is not None)
                whole = len(known) == len(inner)
                return t.Apply(node.name, known, node.position) if whole else None
            case _:
                return node


# -- conditions ----------------------------------------------------------------------------------

_WORD = re.compile(r"\w+")
_MIRRORED: Mapping[OrderOp, OrderOp] = {
    "<": ">", "<=": ">=", ">": "<", ">=": "<=",
}  # fmt: skip
Letters = Callable[[str], str]
_LETTERS: Mapping[str, Letters] = {"TO_LOWER": str.lower, "TO_UPPER": str.upper}
_AROUND: Mapping[str, Callable[[str], Pattern]] = {
    "STARTS_WITH": lambda text: Pattern.of(text, Wild.RUN),
    "ENDS_WITH": lambda text: Pattern.of(Wild.RUN, text),
    "CONTAINS": lambda text: Pattern.of(Wild.RUN, text, Wild.RUN),
}
_PATTERN = re.compile(r"\\(?P<char>.)|(?P<wild>[*?])|(?P<text>[^\\*?]+)", re.DOTALL)
_WILDCARDS = {"*": Wild.RUN, "?": Wild.ONE}


@dataclass(slots=True)
class _Conditions:
    several: set[str]
    assumptions: dict[str, None]

    def read(self, node: t.Node | None, *, wanted: bool) -> Pred:
        """Return when a condition is true, or with `wanted` False when it is false."""
        match node:
            case t.Apply("AND" | "OR" as name, args):
                join = all_of if (name == "AND") == wanted else any_of
                return join([self.read(arg, wanted=wanted) for arg in args])
            case t.Apply("NOT", (arg,)):
                return self.read(arg, wanted=not wanted)
            case t.Apply("COALESCE", (arg, t.Value(False))):
                found = self.read(arg, wanted=True)
                return found if wanted else negate(found)
            case t.Value(bool() as value):
                return Const(value == wanted)
            case t.Apply(
                "IS NULL" | "IS NOT NULL" as name, (t.Apply("LENGTH", (arg,)),) | (arg,)
            ):
                exists = Exists(self.plain(arg))
                return exists if (name == "IS NOT NULL") == wanted else negate(exists)
            case t.Name():
                return self.test(node, lambda letters: TextEq("true"), wanted=wanted)
            case t.Apply():
                return self.applied(node, wanted=wanted)
            case _:
                raise _Unread

    def applied(self, node: t.Apply, *, wanted: bool) -> Pred:
        match node.name, node.args:
            case ("==" | "!=", (t.Value() as right, left) | (left, t.Value() as right)) | (
                "==" | "!=", (left, t.Apply("TO_IP") as right)
            ):
                wanted = wanted == (node.name == "==")
                return self.test(left, lambda letters: _equal(right, letters), wanted=wanted)
            case (":", (t.Name(name), t.Value(str() as text))) if is_searched(name):
                self.assumptions[searched_for_words(name)] = None
                words = (Pattern.of(Wild.RUN, word, Wild.RUN) for word in _WORD.findall(text))
                some = any_of(Test(Field(name), Glob(word)) for word in words)
                return some if wanted else all_of((Exists(Field(name)), negate(some)))
            case (":", (left, t.Value() as right)):
                return self.test(left, lambda letters: _equal(right, letters), wanted=wanted)
            case ("RLIKE", (left, t.Value(str() as text))) if (of := _in_list(left, text)):
                each, one = of
                return self.test(each, lambda letters: _rlike(one, letters), wanted=wanted)
            case ("==" | "!=", (left, right)):
                wanted = wanted == (node.name == "==")
                return self.related("==", left, right, wanted=wanted)
            case ("<" | "<=" | ">" | ">=" as op, (left, t.Value() as right)):
                return self.test(left, lambda letters: _order(op, right), wanted=wanted)
            case ("<" | "<=" | ">" | ">=" as op, (t.Value() as left, right)):
                mirrored = _MIRRORED[op]
                return self.test(right, lambda letters: _order(mirrored, left), wanted=wanted)
            case ("IN" | "LIKE" | "RLIKE" as name, (left, *options)):
                make = _OPTIONS[name]
                found = [
                    self.test(left, lambda letters, o=option: make(o, letters), wanted=wanted)  # type: ignore[misc]
                    for option in options
                ]
                return any_of(found) if wanted else all_of(found)
            case (name, (left, t.Value(str() as text))) if name in _AROUND:
                pattern = _AROUND[name](text)
                return self.test(left, lambda letters: _glob(pattern, letters), wanted=wanted)
            case ("CIDR_MATCH", (left, *networks)):
                found = [
                    self.test(left, lambda letters, o=option: InNetwork(_text(o)), wanted=wanted)  # type: ignore[misc]
                    for option in networks
                ]
                return any_of(found) if wanted else all_of(found)
            case _:
                raise _Unread

    def test(
        self, node: t.Node, make: Callable[[Letters], Condition], *, wanted: bool
    ) -> Pred:
        """Return a test of a field or a computed value; make: told which letters it has."""
        letters = _LETTERS.get(node.name, str) if isinstance(node, t.Apply) else str
        while isinstance(node, t.Apply) and node.name in _LETTERS:
            (node,) = node.args
        subject = self.subject(node)
        found = Test(subject, make(letters))
        if wanted:
            return found
        return all_of((Exists(subject), negate(found)))

    def related(self, op: CompareOp, left: t.Node, right: t.Node, *, wanted: bool) -> Pred:
        first, second = self.plain(left), self.plain(right)
        found = Compare(op, first, second)
        if wanted:
            return found
        return all_of((Exists(first), Exists(second), negate(found)))

    def subject(self, node: t.Node) -> Expr:
        match node:
            case t.Apply("LENGTH", (arg,)):
                return Call("len", (self.plain(arg),))
            case _:
                return self.plain(node)

    def plain(self, node: t.Node) -> Field:
        match node:
            case t.Name(name):
                if name not in self.several:
                    self.assumptions[_ONE_VALUE] = None
                return Field(name)
            case t.Apply("TO_STRING", (arg,)):
                return self.plain(arg)
            case _:
                raise _Unread


def _equal(value: t.Node, letters: Letters) -> Condition:
    match value:
        case t.Apply("TO_IP", (t.Value(str() as address),)):
            return TextEq(address)
        case t.Value(bool() as truth):
            return TextEq(str(truth).lower())
        case t.Value(str() as text):
            return TextEq(_spelled(text, letters), letters is str)
        case t.Value(int() | float() as amount):
            return NumEq(amount)
        case _:
            raise _Unread


def _order(op: OrderOp, value: t.Node) -> Condition:
    match value:
        case t.Value(str() | int() | float() as bound) if not isinstance(bound, bool):
            return Order(op, bound)
        case _:
            raise _Unread


def _like(option: t.Node, letters: Letters) -> Condition:
    parts = (
        _WILDCARDS[match["wild"]] if match["wild"] else match["char"] or match["text"]
        for match in _PATTERN.finditer(_spelled(_text(option), letters))
    )
    return _glob(Pattern.of(*parts), letters)


def _glob(pattern: Pattern, letters: Letters) -> Condition:
    _spelled("".join(part for part in pattern.parts if isinstance(part, str)), letters)
    cased = letters is str
    return TextEq(pattern.text, cased) if pattern.is_literal else Glob(pattern, cased)


def _rlike(option: t.Node, letters: Letters) -> Condition:
    written = _text(option)
    cased = letters is str
    if not cased and ("[" in written or letters is str.upper or written != written.lower()):
        raise _Unread
    try:
        inner = python_regex(written, False)
        return Matches(parse_regex(rf"(?{'s' if cased else 'is'})\A(?:{inner})\z"))
    except (LuceneError, RegexError) as error:
        raise _Unread from error


_OPTIONS: Mapping[str, Callable[[t.Node, Letters], Condition]] = {
    "IN": _equal,
    "LIKE": _like,
    "RLIKE": _rlike,
}


_BEFORE, _BEHIND = "(.*\n)?", "(\n.*)?"
_ACROSS = re.compile(r"(?<!\\)(?:\\\\)*(?:\.|\[\^(?!\n)|[~@&<])")
"""What may match the end of a line, in an expression for one of them."""


def _in_list(node: t.Node, text: str) -> tuple[t.Node, t.Value] | None:
    """Return the list and the expression for one of its values that a text is tested by.

    The text has a value of the list on each line, and the expression stands for one line.
    """
    match node:
        case t.Apply("TO_LOWER" | "TO_UPPER", (inner,)):
            found = _in_list(inner, text)
            return found and (t.Apply(node.name, (found[0],), node.position), found[1])
        case t.Apply("MV_CONCAT", (t.Name() as name, t.Value("\n"))):
            one = text.removeprefix(_BEFORE).removesuffix(_BEHIND)
            whole = f"{_BEFORE}{one}{_BEHIND}" == text and not _ACROSS.search(one)
            return (name, t.Value(one, "keyword")) if whole else None
        case _:
            return None


def _text(node: t.Node) -> str:
    match node:
        case t.Value(str() as text):
            return text
        case _:
            raise _Unread


def _spelled(text: str, letters: Letters) -> str:
    """Return a constant that a text in such letters can equal."""
    if text != letters(text):
        raise _Unread
    return text
