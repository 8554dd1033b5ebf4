"""The IR as short text, for `explain` and golden files.

    datamodel Endpoint.Processes as Processes.*
    | filter Processes.process_name ~= "cmd.exe" and exists Processes.user
    | aggregate count() as count by Processes.dest

`~=` compares without case, `==` with case; `like` is a wildcard pattern, `=~` a regular expression;
`every` before a field asks for all values of a multivalue field. One stage a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any, assert_never

from transpile.ir import pred as p
from transpile.ir import stages as s
from transpile.ir.expr import Call, Case, Each, Expr, Field, Lit, Node, RegexLit
from transpile.ir.pred import Pred, Quant

_PLAIN = re.compile(r"[A-Za-z_][\w.{}:@-]*")
_INFIX = {"add": "+", "plus": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%", "concat": "."}
_RESERVED = frozenset(("and", "or", "not", "exists", "every", "true", "false", "case", "missing"))


def show(node: Node) -> str:
    """Return a pipeline, stage, predicate or expression as text."""
    if isinstance(node, s.Pipeline):
        return show_pipeline(node)
    if isinstance(node, Pred):
        return show_pred(node)
    if isinstance(node, Expr):
        return show_expr(node)
    return show_stage(node)  # type: ignore[arg-type]


def show_pipeline(pipeline: s.Pipeline, indent: str = "") -> str:
    """Return the stages one a line; the pipelines inside a stage are indented below it."""
    lines: list[str] = []
    for number, stage in enumerate(pipeline.stages):
        lines.append(f"{indent}{'| ' if number else ''}{show_stage(stage)}")
        lines += [show_pipeline(inner, indent + "    ") for inner in _inner(stage)]
    return "\n".join(lines)


def _inner(stage: s.Stage) -> tuple[s.Pipeline, ...]:
    match stage:
        case s.Join(right=right):
            return (right,)
        case s.Branch(others=others):
            return others
        case _:
            return ()


# -- predicates and expressions ------------------------------------------------------------------


def name(text: str) -> str:
    """Return a field name, quoted if it could be read as something else."""
    if _PLAIN.fullmatch(text) and text not in _RESERVED:
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def show_pred(pred: Pred) -> str:
    """Return a predicate as text."""
    match pred:
        case p.Const(value):
            return "true" if value else "false"
        case p.And(args):
            return " and ".join(_tight(a, p.Or) for a in args)
        case p.Or(args):
            return " or ".join(_tight(a, p.And) for a in args)
        case p.Not(arg):
            return f"not {_tight(arg, p.And, p.Or)}"
        case p.Exists(subject):
            return f"exists {_tight_expr(subject)}"
        case p.Test(subject, condition, quant):
            every = "every " if quant is Quant.ALL else ""
            return f"{every}{_tight_expr(subject)} {show_condition(condition)}"
        case p.Compare(op, left, right, all_values):
            every = "every " if all_values else ""
            return f"{every}{_tight_expr(left)} {op} {_tight_expr(right)}"
        case p.Keyword(pattern, cased):
            return f"_raw {'has cased' if cased else 'has'} {pattern}"
        case p.InRows(pipeline):
            return f"in [{show_pipeline(pipeline).replace(chr(10), ' ')}]"
        case p.Unknown(reason):
            return f"unknown({_text(reason)})"
        case _:
            assert_never(pred)


def _tight(pred: Pred, *loose: type) -> str:
    text = show_pred(pred)
    return f"({text})" if isinstance(pred, loose) else text


def show_condition(condition: p.Condition) -> str:
    """Return a condition on one value: operator and right side."""
    match condition:
        case p.TextEq(text, cased):
            return f"{'==' if cased else '~='} {_text(text)}"
        case p.NumEq(number):
            return f"== {number!r}"
        case p.Glob(pattern, cased):
            return f"{'like cased' if cased else 'like'} {pattern}"
        case p.Matches(regex):
            return f"=~ /{regex.source}/"
        case p.Order(op, bound):
            return f"{op} {_text(bound) if isinstance(bound, str) else repr(bound)}"
        case p.InNetwork(network):
            return f"in network {network}"
        case _:
            assert_never(condition)


def show_expr(expr: Expr) -> str:
    """Return an expression as text."""
    match expr:
        case Field(field):
            return name(field)
        case Lit(value):
            return "missing" if value is None else (
                _text(value) if isinstance(value, str) else repr(value)
            )
        case RegexLit(regex):
            return f"/{regex.source}/"
        case Call(function, args) if function in _INFIX and len(args) >= 2:
            return f" {_INFIX[function]} ".join(_tight_expr(a) for a in args)
        case Call(function, args):
            return f"{function}({', '.join(map(show_expr, args))})"
        case Case(branches, default):
            parts = [f"{show_pred(c)}: {show_expr(v)}" for c, v in branches]
            return f"case({', '.join([*parts, 'else: ' + show_expr(default)])})"
        case Each(kind, var, source, keep, body):
            inner = show_pred(keep) if keep is not None else show_expr(body) if body else ""
            return f"each {kind}({name(var)} of {show_expr(source)}: {inner})"
        case _:
            assert_never(expr)


def _tight_expr(expr: Expr) -> str:
    text = show_expr(expr)
    return f"({text})" if isinstance(expr, Call) and expr.name in _INFIX else text


# -- stages --------------------------------------------------------------------------------------


def _agg(agg: s.Agg) -> str:
    inner = agg.pattern or ("" if agg.arg is None else show_expr(agg.arg))
    param = "" if agg.param is None else f"{agg.param:g}"
    where = "" if agg.where == p.TRUE else f" where {show_pred(agg.where)}"
    return f"{agg.func}{param}({inner}){where} as {name(agg.name)}"


def _aggs(aggs: tuple[s.Agg, ...]) -> str:
    return ", ".join(map(_agg, aggs))


def _key(key: s.Key) -> str:
    if key.expr == Field(key.name):
        return name(key.name)
    return f"{name(key.name)} = {show_expr(key.expr)}"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(map(name, names))


def _pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name(a)} as {name(b)}" for a, b in pairs)


def _assignments(items: tuple[tuple[str, Expr], ...]) -> str:
    return ", ".join(f"{name(n)} = {show_expr(e)}" for n, e in items)


def _events(stage: s.Events) -> str:
    macros = "".join(f" `{m}`" for m in stage.macros)
    origin = "".join(f" {key}={name(value)}" for key, value in stage.origin)
    scope = "" if stage.scope == p.TRUE else f" where {show_pred(stage.scope)}"
    return f"events{macros}{origin}{scope}{_bounds(stage)}"


def _sequence(stage: s.Sequence) -> str:
    span = f" within {stage.max_span:g}s" if stage.max_span else ""
    until = f" until {_step(stage.until)}" if stage.until else ""
    return f"sequence{span} {' then '.join(map(_step, stage.steps))}{until}"


def _step(step: s.Step) -> str:
    optional = step.optional or (False,) * len(step.keys)
    keys = ", ".join(
        f"{'?' if free else ''}{name(key)}" for key, free in zip(step.keys, optional, strict=True)
    )
    by, runs = f" by {keys}" if keys else "", f" x{step.runs}" if step.runs > 1 else ""
    return f"{'no ' if step.absent else ''}[{show_pred(step.pred)}]{by}{runs}"


def _bounds(stage: s.Events | s.DataModel) -> str:
    since = "" if stage.earliest is None else f" since {show_expr(stage.earliest)}"
    before = "" if stage.latest is None else f" before {show_expr(stage.latest)}"
    return since + before


def _datamodel(stage: s.DataModel) -> str:
    prefix = f" as {stage.prefix}*" if stage.prefix else ""
    return f"datamodel {stage.model}.{stage.node}{prefix}{_bounds(stage)}"


def _aggregate(stage: s.Aggregate) -> str:
    by = f" by {', '.join(map(_key, stage.by))}" if stage.by else ""
    return f"aggregate {_aggs(stage.aggs)}{by}".replace("aggregate  by", "aggregate by")


_SHOW: dict[type, Callable[[Any], str]] = {
    s.Events: _events,
    s.DataModel: _datamodel,
    s.Filter: lambda x: f"filter {show_pred(x.pred)}",
    s.Compute: lambda x: f"compute {_assignments(x.assignments)}",
    s.Extract: lambda x: f"extract from {name(x.source)} by /{x.regex.source}/ limit {x.limit}",
    s.Rename: lambda x: f"rename {_pairs(x.pairs)}",
    s.Project: lambda x: f"{'drop' if x.drop else 'keep'} {_names(x.fields)}",
    s.Fill: lambda x: f"fill {_names(x.fields) or 'all'} "
    f"with {'last' if x.down else _text(x.value)}",
    s.Lookup: lambda x: (
        f"lookup {name(x.table)} on {_pairs(x.keys)} output {_pairs(x.outputs) or 'all'}"
    ),
    s.Aggregate: _aggregate,
    s.Sort: lambda x: "sort " + ", ".join(
        f"{'-' if k.descending else ''}{name(k.field)}" for k in x.keys
    ) + (f" limit {x.limit}" if x.limit else ""),
    s.Dedup: lambda x: f"dedup {x.count} by {_names(x.keys)}",
    s.Sequence: _sequence,
    s.Opaque: lambda x: f"opaque {x.command}: {x.reason}",
}


def show_stage(stage: s.Stage) -> str:
    """Return one stage as a line; stages without a form of their own list their settings."""
    form = _SHOW.get(type(stage))
    return form(stage) if form else _generic(stage)


def _generic(stage: s.Stage) -> str:
    parts = [type(stage).__name__.lower()]
    for field in fields(stage):
        value = getattr(stage, field.name)
        if field.name != "span" and value != field.default:
            shown = _value(value)
            if shown:
                parts.append(f"{field.name}={shown}")
    return " ".join(parts)


def _value(value: Any) -> str:
    match value:
        case s.Pipeline():
            return ""
        case s.Agg():
            return _agg(value)
        case Node():
            return show(value)
        case tuple():
            return ", ".join(filter(None, map(_value, value)))
        case str():
            return name(value)
        case _:
            return str(value)
