"""What is known of the fields of a row behind each stage, for the prover.

Of the source the schema knows it; what a rule computes is known by how: a count is one whole number
that is never missing, a joined text is one value, a `case` of literals is one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from transpile.ir import stages as s
from transpile.ir.decide import number_text
from transpile.ir.expr import Call, Case, Expr, Field, Lit, RegexLit
from transpile.ir.functions import FUNCTIONS
from transpile.ir.names import unrename
from transpile.ir.pred import Exists, NumEq, Order, Pred, Test, TextEq, all_of, any_of, negate
from transpile.ir.walk import descend, fields_of
from transpile.verify.prove import Facts


@dataclass(frozen=True, slots=True)
class Kind:
    """single: one value at most.  whole: a whole number, plainly written.  present: never missing.

    texts: all that it can be, () if that is not known.
    """

    single: bool = False
    whole: bool = False
    present: bool = False
    texts: tuple[str, ...] = ()


NOTHING = Kind()
ONE = Kind(single=True)
NUMBER = Kind(single=True, whole=True, present=True)

Names = Callable[[str], bool]

_LISTS = frozenset(("split", "mvrange", "spath", "json_extract", "json_extract_exact"))
"""Functions of one value that can have several results."""

_OF_LISTS = frozenset(("mvjoin", "mvcount", "mvfind", "least", "greatest", "sum", "avg"))
"""Functions of whole lists that have one result."""

_CHOICES = frozenset(("coalesce", "nullif"))

_MANY = frozenset(("values", "list"))
_COUNTS = frozenset(("count", "dc", "estdc"))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the fields of a row; of those not listed what the source tells."""

    single: Names
    whole: Names
    fields: Mapping[str, Kind] = field(default_factory=dict)

    def of(self, name: str) -> Kind:
        """Return what is known of a field."""
        return self.fields.get(name) or Kind(self.single(name), self.whole(name))

    def of_expr(self, expr: Expr) -> Kind:
        """Return what is known of the value of an expression."""
        match expr:
            case Field(name):
                return self.of(name)
            case Lit(value):
                return ONE if value is None else replace(ONE, present=True, texts=(_text(value),))
            case RegexLit():
                return ONE
            case Case(branches, default):
                return _either([self.of_expr(x) for x in (*(r for _, r in branches), default)])
            case Call(name, args):
                single = all(self.of_expr(arg).single for arg in args)
                return ONE if _one_result(name, single) else NOTHING
            case _:
                return NOTHING

    def facts(self, pred: Pred) -> Facts:
        """Return what is known of the fields that a predicate tests."""
        given = (_given(name, self.of(name)) for name in sorted(fields_of(pred)))
        numbers = _compared_with_numbers(pred)

        def whole(name: str) -> bool:
            return self.of(name).whole and name in numbers

        return Facts(lambda name: self.of(name).single, whole, all_of(given))


def _one_result(name: str, single: bool) -> bool:
    """Return whether a function has one result at most. single: whether its arguments are so."""
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
    texts = [kind.texts for kind in kinds]
    return Kind(
        all(kind.single for kind in kinds),
        all(kind.whole for kind in kinds),
        all(kind.present for kind in kinds),
        tuple(dict.fromkeys(t for each in texts for t in each)) if all(texts) else (),
    )


def _compared_with_numbers(pred: Pred) -> frozenset[str]:
    return frozenset(
        node.subject.name
        for node in descend(pred)
        if isinstance(node, Test)
        and isinstance(node.subject, Field)
        and isinstance(node.condition, NumEq | Order)
    )


def _given(name: str, kind: Kind) -> Pred:
    there = Exists(Field(name))
    parts: list[Pred] = [there] if kind.present else []
    if kind.texts:
        one = any_of(Test(Field(name), TextEq(text, cased=True)) for text in kind.texts)
        parts.append(any_of((negate(there), one)))
    return all_of(parts)


def behind(known: Known, stage: s.Stage) -> Known:
    """Return what is known behind a stage of what was known before it."""
    match stage:
        case s.Filter() | s.Dedup() | s.Sort() | s.Limit() | s.Project() | s.DataModel():
            return known
        case s.Events():
            return known
        case s.Compute(assignments):
            for name, expr in assignments:
                known = _with(known, {name: known.of_expr(expr)})
            return known
        case s.Bucket(target=target):
            return _with(known, {target: ONE})
        case s.Extract(_, regex, limit):
            kind = ONE if limit == 1 and known.of(stage.source).single else NOTHING
            return _with(known, {name: kind for name, _ in regex.group_names})
        case s.Aggregate(aggs, by):
            keys = {key.name: replace(known.of_expr(key.expr), single=True, present=True)
                    for key in by}  # fmt: skip
            found = {agg.name: _aggregated(agg) for agg in aggs}
            return Known(lambda name: True, lambda name: False, keys | found)
        case s.Window(aggs):
            found = {agg.name: replace(_aggregated(agg), present=False) for agg in aggs}
            return _with(known, found)
        case s.Rename(pairs):
            for old, new in pairs:
                known = _renamed(known, old, new)
            return known
        case s.ForEach(template=template):
            return _with(known, {name: NOTHING for name, _ in template if "<<" not in name})
        case s.Lookup(outputs=outputs) if outputs:
            return _with(known, {name: NOTHING for _, name in outputs})
        case s.Expand(name):
            return _with(known, {name: ONE})
        case s.Fill():
            return Known(known.single, lambda name: False, {
                name: replace(kind, whole=False, texts=()) for name, kind in known.fields.items()
            })
        case _:
            return Known(lambda name: False, lambda name: False)


def _aggregated(agg: s.Agg) -> Kind:
    if agg.pattern or agg.func in _MANY:
        return NOTHING
    return NUMBER if agg.func in _COUNTS else ONE


def _with(known: Known, changed: Mapping[str, Kind]) -> Known:
    return replace(known, fields={**known.fields, **changed})


def _renamed(known: Known, old: str, new: str) -> Known:
    fields: dict[str, Kind] = dict(known.fields)
    if "*" not in old:
        fields[new] = known.of(old)
        return replace(known, fields=fields)
    for name in known.fields:
        if (renamed := unrename(name, new, old)) is not None:
            fields[renamed] = known.of(name)

    def before(name: str) -> str:
        return unrename(name, old, new) or name

    return Known(
        lambda name: known.single(before(name)), lambda name: known.whole(before(name)), fields
    )


def known_before(pipeline: s.Pipeline, single: Names, whole: Names) -> tuple[Known, ...]:
    """Return what is known of the rows that reach each stage. single, whole: of source fields."""
    found = [Known(single, whole)]
    for stage in pipeline.stages:
        found.append(behind(found[-1], stage))
    return tuple(found)
