"""What is known of the fields of a row behind each stage, for the prover.

Of the source the schema knows it; what a rule computes is known by how: a count is one whole number
that is never missing, a joined text is one value, a `case` of literals is one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import lru_cache

from transpile.ir import stages as s
from transpile.ir.decide import Check, compile_condition, number_text
from transpile.ir.expr import Call, Case, Each, Expr, Field, Lit, RegexLit
from transpile.ir.functions import FUNCTIONS, TOTAL
from transpile.ir.lookup_rows import Entries
from transpile.ir.names import unrename
from transpile.ir.pred import (
    Exists,
    Matches,
    NumEq,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import NotExpressible, Regex, parse_regex
from transpile.ir.regex import tree as t
from transpile.ir.regex.render import Purpose, render
from transpile.ir.regex.syntax import Flavour
from transpile.ir.regex.tree import walk
from transpile.ir.walk import conjuncts, descend, disjuncts, fields_of
from transpile.records import dataclass, replace
from transpile.verify.prove import Facts
from transpile.verify.prove.languages import cases
from transpile.verify.settled import NONE, settled


@dataclass(frozen=True, slots=True)
class Kind:
    """single: one value at most.  whole: a whole number, plainly written.  present: never missing.

    texts, forms: all that each of its values can be, texts and expressions for whole texts; both
    are () if that is not known.  never: texts that none of its values is.  answers: the field that
    it was looked up by, and texts: it is missing only if no value of that field is one of them.
    """

    single: bool = False
    whole: bool = False
    present: bool = False
    texts: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()
    answers: tuple[str, frozenset[str]] = ("", frozenset())

    def excludes(self, text: str) -> bool:
        """Return whether it is known that no value is a text."""
        return text in self.never or bool(self.texts and not self.forms and text not in self.texts)

    @property
    def limited(self) -> bool:
        """Whether it is known what each of its values can be."""
        return bool(self.texts or self.forms)


NOTHING = Kind()
ONE = Kind(single=True)
NUMBER = Kind(single=True, whole=True, present=True)

ABSENT = Kind(single=True, texts=("",))
"""A field that no row has; a text in the place of none."""

Names = Callable[[str], bool]

MOST_TEXTS = 200
"""Texts that a field can be which are told to the prover; of more it is told what a test sees."""

_CHOOSING = frozenset(("mvappend",))
_KEEPING = frozenset(("mvindex", "mvdedup", "mvsort", "nullif", "tostring"))
"""Functions whose values are some of their arguments', or of the first one's."""

_LISTS = frozenset(("split", "mvrange", "spath", "json_extract", "json_extract_exact"))
"""Functions of one value that can have several results."""

_OF_LISTS = frozenset(("mvjoin", "mvcount", "mvfind", "least", "greatest", "sum", "avg"))
"""Functions of whole lists that have one result."""

_CHOICES = frozenset(("nullif",))

_MANY = frozenset(("values", "list"))
_SAME = _MANY | {"first", "last", "earliest", "latest", "mode"}
_COUNTS = frozenset(("count", "dc", "estdc"))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the fields of a row; of those not listed what the source tells.

    closed: a row has no other fields than those listed.
    """

    single: Names
    whole: Names
    fields: dict[str, Kind] = field(default_factory=dict)
    closed: bool = False

    def of(self, name: str) -> Kind:
        """Return what is known of a field."""
        known = self.fields.get(name)
        if known is not None:
            return known
        return ABSENT if self.closed else Kind(self.single(name), self.whole(name))

    def of_expr(self, expr: Expr) -> Kind:
        """Return what is known of the value of an expression."""
        match expr:
            case Field(name):
                return self.of(name)
            case Lit(value) if value is not None:
                return replace(ONE, present=True, texts=(_text(value),))
            case Lit():
                return ABSENT
            case RegexLit():
                return replace(ONE, present=True)
            case Case(branches, default):
                return _either([self.of_expr(x) for x in (*(r for _, r in branches), default)])
            case Call("coalesce", args):
                return _first_of([(arg, self.of_expr(arg)) for arg in args])
            case Each("filter", source=listed):
                return replace(self.of_expr(listed), present=False, answers=_NO)
            case Call("substr", (_, _, Lit(int() as most))) if most >= 0:
                return replace(ONE, forms=(rf"(?:.|\n){{0,{most}}}",))
            case Call(name, args):
                kinds = [self.of_expr(arg) for arg in args]
                one = _one_result(name, len(args), all(kind.single for kind in kinds))
                keeps = name in _KEEPING and (name != "tostring" or len(args) == 1)
                source = kinds if name in _CHOOSING else kinds[:1] if keeps else []
                total = name in TOTAL or name == "replace"
                present = total and all(kind.present for kind in kinds)
                return replace(_together(source), single=one, present=present)
            case _:
                return NOTHING

    def facts(self, pred: Pred) -> Facts:
        """Return what is known of the fields that a predicate tests."""
        given = (_given(name, self.of(name), pred) for name in sorted(fields_of(pred)))
        numbers = _compared_with_numbers(pred)

        def whole(name: str) -> bool:
            return self.of(name).whole and name in numbers

        return Facts(lambda name: self.of(name).single, whole, all_of(given))


def _one_result(name: str, count: int, single: bool) -> bool:
    """Return whether a function has one result at most.

    count: how many arguments it has; single: whether they have one value at most.
    """
    if name == "mvindex" and count == 2:
        return True
    match FUNCTIONS[name].multi:
        case "first":
            return name not in _LISTS
        case "each":
            return single
        case "list":
            return name in _OF_LISTS or (single and name in _CHOICES)


def _text(value: str | int | float | bool) -> str:
    return value if isinstance(value, str) else number_text(value)


def _either(kinds: list[Kind]) -> Kind:
    return replace(
        _together(kinds),
        single=all(kind.single for kind in kinds),
        whole=all(kind.whole for kind in kinds),
        present=all(kind.present for kind in kinds),
    )


def _first_of(args: Sequence[tuple[Expr, Kind]]) -> Kind:
    """Return what is known of the first of some values that there is.

    One that comes behind the answer of a lookup is none that this finds an answer for.
    """
    kinds: list[Kind] = []
    for arg, kind in args:
        before = (known.answers for known in kinds)
        found = frozenset(text for name, texts in before if arg == Field(name) for text in texts)
        kinds.append(replace(kind, never=kind.never | found) if found else kind)
        if kind.present:
            break
    return replace(_either(kinds), present=any(kind.present for kind in kinds))


def _together(kinds: Sequence[Kind]) -> Kind:
    """Return which values one of several has, nothing if one of them can be anything.

    One that is always missing adds none.
    """
    kinds = [kind for kind in kinds if kind != ABSENT] or kinds
    never = frozenset(
        text
        for text in frozenset().union(*(kind.never for kind in kinds))
        if all(kind.excludes(text) for kind in kinds)
    )
    if not kinds or not all(kind.limited for kind in kinds):
        return Kind(never=never)
    texts = dict.fromkeys(text for kind in kinds for text in kind.texts)
    forms = dict.fromkeys(form for kind in kinds for form in kind.forms)
    return Kind(texts=tuple(texts), forms=tuple(forms), never=never)


def _compared_with_numbers(pred: Pred) -> frozenset[str]:
    return frozenset(
        node.subject.name
        for node in descend(pred)
        if isinstance(node, Test)
        and isinstance(node.subject, Field)
        and isinstance(node.condition, NumEq | Order)
    )


@lru_cache(maxsize=1024)
def _given(name: str, kind: Kind, pred: Pred) -> Pred:
    """Return what is known of a field that a predicate asks about."""
    subject = Field(name)
    there = Exists(subject)
    parts: list[Pred] = [there] if kind.present else []
    checks = _tests_of(subject, pred)
    texts = kind.texts
    if len(texts) > MOST_TEXTS:  # of those that no test tells apart one stands for all
        texts = () if checks is None else tuple(
            {tuple(check(text) for check in checks): text for text in texts}.values()
        )
    if (kind.forms and (texts or not kind.texts)) or (texts and not kind.single):
        every = "|".join((*map(re.escape, texts), *kind.forms))
        limit = Matches(parse_regex(rf"\A(?:{every})\z"))
        parts.append(any_of((negate(there), Test(subject, limit, Quant.ALL))))
    elif texts:
        one = any_of(Test(subject, TextEq(text, cased=True)) for text in texts)
        parts.append(any_of((negate(there), one)))
    never = [text for text in sorted(kind.never) if any(check(text) for check in checks or ())]
    parts += [negate(Test(subject, TextEq(text, cased=True))) for text in never[:MOST_TEXTS]]
    return all_of(parts)


def _tests_of(subject: Field, pred: Pred) -> list[Check] | None:
    """Return the conditions on a field, None if it is asked about in another way too."""
    tests = [node for node in descend(pred) if isinstance(node, Test) and node.subject == subject]
    exists = sum(node == Exists(subject) for node in descend(pred))
    if sum(node == subject for node in descend(pred)) > len(tests) + exists:
        return None
    return [compile_condition(condition) for condition in dict.fromkeys(x.condition for x in tests)]


def behind(known: Known, stage: s.Stage, tables: Mapping[str, Entries]) -> Known:
    """Return what is known behind a stage of what was known before it."""
    match stage:
        case s.Filter(pred):
            return _narrowed(known, pred)
        case s.Dedup() | s.Sort() | s.Limit() | s.Project() | s.DataModel():
            return known
        case s.Events():
            return known
        case s.Compute(assignments):
            for name, expr in assignments:
                known = _with(known, {name: known.of_expr(_without_absent(expr, known))})
            return known
        case s.Bucket(target=target):
            return _with(known, {target: ONE})
        case s.Extract(_, regex, limit):
            single = limit == 1 and known.of(stage.source).single
            taken = {name: Kind(single, forms=_form(regex, number))
                     for name, number in regex.group_names}  # fmt: skip
            return _with(known, {n: _over(known.of(n), kind) for n, kind in taken.items()})
        case s.Aggregate(aggs, by):
            one = {key.name: _together([known.of_expr(key.expr)]) for key in by}
            keys = {name: replace(kind, single=True, present=True) for name, kind in one.items()}
            found = {agg.name: _aggregated(agg, known) for agg in aggs}
            closed = not any(agg.pattern for agg in aggs)
            return Known(lambda name: True, lambda name: False, found | keys, closed)
        case s.Window(aggs):
            found = {agg.name: replace(_aggregated(agg, known), present=False) for agg in aggs}
            return _with(known, found)
        case s.Rename(pairs):
            for old, new in pairs:
                known = _renamed(known, old, new)
            return known
        case s.ForEach(template=template):
            plain = {name: NOTHING for name, _ in template if "<<" not in name}
            return replace(_with(known, plain), closed=known.closed and len(plain) == len(template))
        case s.Lookup(outputs=outputs) if outputs:
            table = tables.get(stage.table)
            return _with(known, {
                name: _looked_up(known, name, column, table, stage) for column, name in outputs
            })
        case s.Expand(name):
            return _with(known, {name: replace(known.of(name), single=True)})
        case s.Fill():
            return Known(known.single, lambda name: False, {
                name: Kind(kind.single, present=kind.present)
                for name, kind in known.fields.items()
            })
        case _:
            return Known(lambda name: False, lambda name: False)


def _without_absent(expr: Expr, known: Known) -> Expr:
    """Return an expression with no value in the place of fields that no row has."""
    absent = {name for name in fields_of(expr) if known.of(name) == ABSENT}
    return settled(expr, lambda name: NONE if name in absent else None) if absent else expr


def _narrowed(known: Known, pred: Pred) -> Known:
    """Return what is known of rows that meet a predicate: fields of one value that it limits."""
    found: dict[str, Kind] = {}
    for part in conjuncts(pred):
        for name in fields_of(part):
            kind = found.get(name) or known.of(name)
            if not kind.single:
                continue
            texts = _equal_to(Field(name), part)
            if texts and (kind.forms or not kind.texts):
                forms = tuple(text for text, cased in texts.items() if not cased)
                kind = replace(kind, texts=tuple(text for text, cased in texts.items() if cased),
                               forms=tuple(map(_in_any_case, forms)))  # fmt: skip
            if texts or part == Exists(Field(name)):
                found[name] = replace(kind, present=True)
    return replace(known, fields=known.fields | found) if found else known


def _equal_to(subject: Field, pred: Pred) -> dict[str, bool]:
    """Return the texts of which a field is one, and whether in this case only; {}: not known."""
    found: dict[str, bool] = {}
    for part in disjuncts(pred):
        match part:
            case Test(tested, TextEq(text, cased)) if tested == subject and text.isascii():
                found[text] = cased and found.get(text, True)
            case _:
                return {}
    return found


def _in_any_case(text: str) -> str:
    """Return an expression for a text in whatever case."""
    return "".join(f"[{''.join(map(re.escape, cases(char)))}]" for char in text)


def _aggregated(agg: s.Agg, known: Known) -> Kind:
    if agg.pattern:
        return NOTHING
    if agg.func in _COUNTS:
        return NUMBER
    of = known.of_expr(agg.arg) if agg.arg is not None and agg.func in _SAME else NOTHING
    return replace(_together([of]), single=agg.func not in _MANY)


def _over(before: Kind, kind: Kind) -> Kind:
    """Return what is known of a field that is overwritten in some of the rows."""
    return replace(_together((before, kind)), single=kind.single and before.single)


def _form(regex: Regex, number: int) -> tuple[str, ...]:
    """Return an expression for what a group captures, () if there is none that is read alone."""
    groups = [x for x in walk(regex.tree) if isinstance(x, t.Capture) and x.number == number]
    if len(groups) != 1 or any(isinstance(x, _BOUND) for x in walk(groups[0].body)):
        return ()
    try:
        written = render(replace(regex, tree=groups[0].body), Flavour.PYTHON, Purpose.EXTRACT)
        text = re.sub(r"\(\?P<\w+>", "(?:", written)
        flags = re.match(r"\(\?[a-z]+\)", text)
        return () if flags else (text,)
    except NotExpressible:
        return ()


_BOUND = (t.Look, t.BackRef, t.Anchor, t.KeepOut)
"""Parts of an expression that are about more than the text which they match."""


_NO: tuple[str, frozenset[str]] = ("", frozenset())


def _column(table: Entries | None, column: str) -> Kind:
    """Return what is known of the answers of a column."""
    if table is None or table.rows is None:
        return NOTHING
    texts = dict.fromkeys(row.get(column) or "" for row in table.rows)
    if table.default_match is not None:
        texts[table.default_match] = None
    one = table.max_matches == 1
    return Kind(single=one, texts=tuple(texts)) if texts else ABSENT


def _looked_up(
    known: Known, name: str, column: str, table: Entries | None, stage: s.Lookup
) -> Kind:
    """Return what is known of a field that a lookup writes into the rows that it finds.

    It has one value where one row of the table is found for each of the keys' values.
    """
    before, found = known.of(name), _column(table, column)
    if found == ABSENT:
        return before
    key, texts = _answers(table, stage, column)
    if key == name:  # what was there stays only if it finds nothing
        before = replace(before, never=before.never | texts)
    one = found.single and all(known.of(field).single for _, field in stage.keys)
    return replace(_over(before, replace(found, single=one)), answers=(key, texts))


def _answers(
    table: Entries | None, stage: s.Lookup, column: str
) -> tuple[str, frozenset[str]]:
    """Return by which texts of which field a column is found, `_NO` if that is not known."""
    if table is None or table.rows is None or len(stage.keys) != 1:
        return _NO
    (key, name), *_ = stage.keys
    if table.match_types.get(key, "EXACT").upper() != "EXACT":
        return _NO
    return name, frozenset(text for row in table.rows if row.get(column) and (text := row.get(key)))


def _with(known: Known, changed: dict[str, Kind]) -> Known:
    """Return what is known with some fields changed: none was looked up by their new values."""
    fields = {name: replace(kind, answers=_NO) if kind.answers[0] in changed else kind
              for name, kind in (known.fields | changed).items()}  # fmt: skip
    return replace(known, fields=fields)


def _renamed(known: Known, old: str, new: str) -> Known:
    fields = {name: replace(kind, answers=_NO) for name, kind in known.fields.items()}
    if "*" not in old:
        moved = {new: replace(known.of(old), answers=_NO)}
        return replace(known, fields={**fields, old: ABSENT, **moved})
    moved = {}
    for name in known.fields:
        if (renamed := unrename(name, new, old)) is not None:
            fields[name] = ABSENT
            found = known.of(name)
            kept = found if found.present else _either([found, known.of(renamed)])
            moved[renamed] = replace(kept, answers=_NO)
    fields |= moved

    def before(fact: Names) -> Names:
        # a field that a wildcard makes may also have been there
        return lambda name: fact(name) and fact(unrename(name, old, new) or name)

    return Known(before(known.single), before(known.whole), fields, known.closed)


def known_before(
    pipeline: s.Pipeline,
    single: Names,
    whole: Names,
    tables: Mapping[str, Entries] | None = None,
) -> tuple[Known, ...]:
    """Return what is known of the rows that reach each stage. single, whole: of source fields."""
    found = [Known(single, whole)]
    for stage in pipeline.stages:
        found.append(behind(found[-1], stage, tables or {}))
    return tuple(found)
