"""Rules with one small fault each: what an emitter could get wrong, made in the IR.

Events that show a difference between a rule and each of its mutants would show the same fault in a
conversion. A mutant names what was changed, and where that stands in the search.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from itertools import islice
from typing import assert_never

from transpile.errors import Span
from transpile.ir import pred as p
from transpile.ir import stages as s
from transpile.ir.expr import Expr
from transpile.ir.names import unrename
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import Pred, Quant
from transpile.ir.regex import RegexError, parse_regex
from transpile.ir.walk import descend, fields_of
from transpile.records import dataclass, replace

MOST = 300
"""Mutants made per rule."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed rule. stage: index of the changed stage.  what: the change, in words.

    pred: the changed predicate of a filter, None if something else was changed.
    """

    pipeline: s.Pipeline
    stage: int
    what: str
    span: Span | None
    pred: Pred | None = None


def mutants(pipeline: s.Pipeline, *, rows: bool) -> tuple[Mutant, ...]:
    """Return the mutants of a rule.

    rows: whether its result rows are observed; else only the events or groups behind them, which
    no stage changes that neither filters nor groups.
    """
    return tuple(islice(_mutants(pipeline, rows), MOST))


def _mutants(pipeline: s.Pipeline, rows: bool) -> Iterator[Mutant]:
    for at, stage in enumerate(pipeline.stages):
        for changed, what, span in _of_stage(pipeline, at, stage, rows):
            stages = (*pipeline.stages[:at], *changed, *pipeline.stages[at + 1 :])
            pred = changed[0].pred if changed and isinstance(changed[0], s.Filter) else None
            yield Mutant(replace(pipeline, stages=stages), at, what, span or stage.span, pred)


_Change = tuple[tuple[s.Stage, ...], str, Span | None]


def _of_stage(
    pipeline: s.Pipeline, at: int, stage: s.Stage, rows: bool
) -> Iterator[_Change]:
    match stage:
        case s.Filter(pred):
            for other, what, span in of_pred(pred):
                yield (replace(stage, pred=other),), what, span
        case s.Aggregate():
            yield from _of_aggregate(stage, None if rows else _asked_behind(pipeline, at))
        case s.Dedup():
            if rows:
                yield (), "dedup dropped", None
                yield (replace(stage, count=stage.count + 1),), "dedup keeps one more", None
        case s.Limit(int() as count):
            if rows:
                yield (), "limit dropped", None
                yield (replace(stage, count=count + 1),), "limit one higher", None
        case s.Sort(keys, limit):
            if rows and limit:
                turned = tuple(replace(key, descending=not key.descending) for key in keys)
                yield (replace(stage, keys=turned),), "order reversed", None
        case s.Fill() | s.Expand() | s.Compute() | s.Lookup() | s.Extract() if rows:
            yield (), f"stage dropped: {type(stage).__name__.lower()}", None
        case s.Join():
            if rows:
                yield (replace(stage, outer=not stage.outer),), "join: kind of join changed", None
        case s.Window() if stage.rows > 1:
            yield (replace(stage, rows=stage.rows - 1),), "window one row shorter", None
        case _:
            return


def _asked_behind(pipeline: s.Pipeline, at: int) -> set[str]:
    """Return the fields behind a stage that a later filter asks about, if only through others."""
    asked: set[str] = set()
    grouping = pipeline.stages[at]
    outputs: set[str] = set()
    if isinstance(grouping, s.Aggregate):
        outputs |= {agg.name for agg in grouping.aggs} | {key.name for key in grouping.by}
    for stage in reversed(pipeline.stages[at + 1 :]):
        match stage:
            case s.Filter(pred):
                asked |= fields_of(pred)
            case s.Compute(assignments):
                for name, expr in reversed(assignments):
                    asked |= fields_of(expr) if name in asked else set()
            case s.Rename(pairs):
                for old, new in pairs:
                    before = {name: unrename(name, old, new) or name for name in asked}
                    gone = {name for name, found in before.items() if found in outputs}
                    asked = (asked - gone) | set(before.values())
            case s.Window(aggs) | s.Aggregate(aggs):
                asked |= {n for agg in aggs if agg.name in asked and agg.arg
                          for n in fields_of(agg.arg)}  # fmt: skip
            case _:
                pass
    return asked


def _of_aggregate(stage: s.Aggregate, asked: set[str] | None) -> Iterator[_Change]:
    """Yield changes of a grouping. asked: the fields that can be told by; None: all.

    Where only keys are asked about, each event decides about itself, however it is grouped.
    """
    keys = {key.name for key in stage.by}
    counted = asked is None or any(agg.name in asked - keys for agg in stage.aggs)
    for at, key in enumerate(stage.by):
        if counted or (asked is not None and key.name in asked):
            by = (*stage.by[:at], *stage.by[at + 1 :])
            yield (replace(stage, by=by),), f"grouping field dropped: {key.name}", key.span
    for at, agg in enumerate(stage.aggs):
        if asked is not None and agg.name not in asked - keys:
            continue
        for other, what in _of_agg(agg):
            aggs = (*stage.aggs[:at], other, *stage.aggs[at + 1 :])
            yield (replace(stage, aggs=aggs),), what, agg.span


def _of_agg(agg: s.Agg) -> Iterator[tuple[s.Agg, str]]:
    if agg.where != p.TRUE:
        yield replace(agg, where=p.TRUE), f"condition of {agg.name} dropped"
    match agg.func:
        case "dc":
            yield replace(agg, func="count"), f"{agg.name}: counts all values, not distinct ones"
        case "count" if agg.arg is not None:
            yield replace(agg, func="dc"), f"{agg.name}: counts distinct values"
            yield replace(agg, arg=None), f"{agg.name}: counts rows without a value too"
        case "min" | "max":
            other = {"min": "max", "max": "min"}[agg.func]
            yield replace(agg, func=other), f"{agg.name}: {other} instead of {agg.func}"
        case _:
            return


# -- predicates ----------------------------------------------------------------------------------

PredChange = tuple[Pred, str, Span | None]


def of_pred(pred: Pred) -> Iterator[PredChange]:
    """Yield a predicate with one change at a time, what it is, and where."""
    match pred:
        case p.And() | p.Or():
            yield from _of_join(pred)
        case p.Not(arg):
            yield arg, "negation dropped", pred.span
            if (subject := _only_subject(arg)) is not None:
                guarded = p.And((p.Exists(subject), pred))
                yield guarded, "a missing field does not meet the negation", pred.span
            for other, what, span in of_pred(arg):
                yield p.Not(other), what, span or pred.span
        case p.Exists() | p.Keyword() | p.InRows() | p.Unknown():
            yield p.Not(pred), "condition negated", pred.span
        case p.Compare(op):
            for other_op in _OTHER_OPS[op]:
                yield replace(pred, op=other_op), f"{other_op} instead of {op}", pred.span
        case p.Test(_, condition, quant):
            yield p.Not(pred), "condition negated", pred.span
            for changed, what in _of_condition(condition):
                yield replace(pred, condition=changed), what, pred.span
            other_quant = Quant.ALL if quant is Quant.ANY else Quant.ANY
            yield replace(pred, quant=other_quant), f"{other_quant.value} value tested", pred.span
        case p.Const():
            return
        case _:
            assert_never(pred)


_OTHER_OPS: dict[p.CompareOp, tuple[p.CompareOp, ...]] = {
    "==": (">=",),
    "<": ("<=", ">"),
    "<=": ("<", ">"),
    ">": (">=", "<"),
    ">=": (">", "<"),
}


def _of_join(pred: p.And | p.Or) -> Iterator[PredChange]:
    kind, other = (p.And, p.Or) if isinstance(pred, p.And) else (p.Or, p.And)
    part = "condition" if kind is p.And else "alternative"
    args = pred.args
    yield other(args), f"{kind.__name__.lower()} became {other.__name__.lower()}", pred.span
    for at, arg in enumerate(args):
        before, after = args[:at], args[at + 1 :]
        rest = (*before, *after)
        yield rest[0] if len(rest) == 1 else kind(rest), f"{part} dropped", arg.span
        for changed, what, span in of_pred(arg):
            yield kind((*before, changed, *after)), what, span or arg.span


def _only_subject(pred: Pred) -> Expr | None:
    """Return the subject that all tests of a predicate share, None if there are several."""
    subjects = {node.subject for node in descend(pred) if isinstance(node, p.Test)}
    return subjects.pop() if len(subjects) == 1 else None


def _of_condition(condition: p.Condition) -> Iterator[tuple[p.Condition, str]]:
    match condition:
        case p.TextEq(text, cased):
            yield from _case(condition, text, cased)
            if text:
                yield replace(condition, text=text[:-1]), "literal one character short"
            yield p.Glob(Pattern.of(text, Wild.RUN), cased), "equality became a prefix"
            yield from _wild(text, cased)
        case p.NumEq(number):
            yield p.NumEq(number + 1), "number off by one"
        case p.Glob(pattern, cased):
            yield from _of_glob(pattern, cased)
        case p.Matches(regex):
            yield from _of_regex(regex.source)
        case p.Order(op, bound):
            for other in _OTHER_OPS[op]:
                yield p.Order(other, bound), f"{other} instead of {op}"  # type: ignore[arg-type]
            if not isinstance(bound, str):
                yield p.Order(op, bound + 1), "threshold off by one"
        case p.InNetwork(network):
            yield from _of_network(network)
        case _:
            assert_never(condition)


def _case(
    condition: p.TextEq | p.Glob, text: str, cased: bool
) -> Iterator[tuple[p.Condition, str]]:
    if text.lower() != text.upper():
        yield replace(condition, cased=not cased), f"case {'ignored' if cased else 'respected'}"


def _wild(text: str, cased: bool) -> Iterator[tuple[p.Condition, str]]:
    """Yield the text with a character taken for a wildcard that is one elsewhere."""
    for sign, wild in (("*", Wild.RUN), ("%", Wild.RUN), ("?", Wild.ONE), ("_", Wild.ONE)):
        if sign in text:
            head, _, tail = text.partition(sign)
            yield p.Glob(Pattern.of(head, wild, tail), cased), f"{sign} taken for a wildcard"
    if "\\" in text:
        yield p.TextEq(text.replace("\\", "", 1), cased), "a backslash lost"


def _of_glob(pattern: Pattern, cased: bool) -> Iterator[tuple[p.Condition, str]]:
    parts = pattern.parts
    literals = [part for part in parts if isinstance(part, str)]
    yield from _case(p.Glob(pattern, cased), "".join(literals), cased)
    for at, end in ((0, "start"), (len(parts) - 1, "end")):
        if parts[at] is Wild.RUN:
            if len(parts) > 1:
                rest = (*parts[:at], *parts[at + 1 :])
                yield p.Glob(Pattern.of(*rest), cased), f"wildcard dropped at the {end}"
        else:
            wider = (Wild.RUN, *parts) if at == 0 else (*parts, Wild.RUN)
            yield p.Glob(Pattern.of(*wider), cased), f"wildcard added at the {end}"
    for at, part in enumerate(parts):
        if isinstance(part, str):
            shorter = (*parts[:at], part[:-1], *parts[at + 1 :])
            yield p.Glob(Pattern.of(*shorter), cased), "literal one character short"
            for sign, wild in (("%", Wild.RUN), ("_", Wild.ONE), ("?", Wild.ONE)):
                if sign in part:
                    head, _, tail = part.partition(sign)
                    taken = (*parts[:at], head, wild, tail, *parts[at + 1 :])
                    yield p.Glob(Pattern.of(*taken), cased), f"{sign} taken for a wildcard"
            if "\\" in part:
                lost = (*parts[:at], part.replace("\\", "", 1), *parts[at + 1 :])
                yield p.Glob(Pattern.of(*lost), cased), "a backslash lost"


def _of_regex(source: str) -> Iterator[tuple[p.Condition, str]]:
    changed = [("case ignored", f"(?i){source}")] if "(?i)" not in source else [
        ("case respected", source.replace("(?i)", ""))
    ]
    changed.append(("anchored at the start", f"^(?:{source})"))
    changed.append(("anchored at the end", f"(?:{source})$"))
    if source.startswith("^"):
        changed.append(("anchor dropped at the start", source[1:]))
    if source.endswith("$") and not source.endswith("\\$"):
        changed.append(("anchor dropped at the end", source[:-1]))
    for what, text in changed:
        try:
            yield p.Matches(parse_regex(text)), f"regular expression: {what}"
        except RegexError:
            continue


def _of_network(network: str) -> Iterator[tuple[p.Condition, str]]:
    try:
        known = ip_network(network, strict=False)
    except ValueError:
        return
    if known.prefixlen:
        yield p.InNetwork(str(known.supernet())), "network twice as large"
    if known.prefixlen < known.max_prefixlen:
        yield p.InNetwork(str(next(iter(known.subnets())))), "network half as large"
