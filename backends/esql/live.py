"""Leaving out what no later command reads, and giving columns the names that the result has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from transpile.backends.esql import tree as q
from transpile.backends.esql.predicates import conjunction, parts

from transpile.records import replace


def columns_of(expr: q.Expr) -> frozenset[str]:
    """Return the columns that an expression reads."""
    return frozenset(part.name for part in parts(expr) if isinstance(part, q.Column))


def columns_made(command: q.Command) -> tuple[str, ...]:
    """Return the columns that a command adds."""
    match command:
        case q.Eval(assignments):
            return tuple(name for name, _ in assignments)
        case q.Stats(measures, by):
            return (*(m.name for m in measures), *(name for name, _ in by))
        case _:
            return ()


def pruned(commands: q.Query) -> q.Query:
    """Return the query without columns that its result does not need.

    The last command says what the result is; without a KEEP of names everything is.
    """
    commands = _without_idle_sorts(commands)
    if not isinstance(commands[-1], q.Keep) or "*" in commands[-1].columns:
        return commands
    wanted: frozenset[str] = frozenset()
    kept: list[q.Command] = []
    for command in reversed(commands):
        shorter, wanted = _before(command, wanted)
        if shorter is not None:
            kept.append(shorter)
    return tuple(reversed(kept))


def _without_idle_sorts(commands: q.Query) -> q.Query:
    """Return the commands without orders that no later one sees; conditions so joined are one."""
    kept: list[q.Command] = []
    for at, command in enumerate(commands):
        match command:
            case q.Sort() if _forgets_order(commands[at + 1 :]):
                continue
            case q.Where(condition) if kept and isinstance(kept[-1], q.Where):
                kept[-1] = q.Where(conjunction((kept[-1].condition, condition)))
            case _:
                kept.append(command)
    return tuple(kept)


def _forgets_order(later: q.Query) -> bool:
    """Return whether the order of the rows makes no difference to later commands."""
    for command in later:
        if isinstance(command, q.Limit):
            return False
        if isinstance(command, q.Sort) or (isinstance(command, q.Stats) and not command.inline):
            return True
    return False


def _before(command: q.Command, wanted: frozenset[str]) -> tuple[q.Command | None, frozenset[str]]:
    """Return what is left of a command, and what must come into it."""
    match command:
        case q.Keep(columns):
            return command, frozenset(columns)
        case q.Where(condition):
            return command, wanted | columns_of(condition)
        case q.Eval(assignments):
            left: list[tuple[str, q.Expr]] = []
            for name, expr in reversed(assignments):
                if name in wanted:
                    left.append((name, expr))
                    wanted = (wanted - {name}) | columns_of(expr)
            return (q.Eval(tuple(reversed(left))) if left else None), wanted
        case q.Stats(measures, by, inline):
            useful = tuple(m for m in measures if m.name in wanted)
            if inline and not useful:
                return None, wanted
            if not useful and not by:
                useful = measures[:1]
            read = frozenset[str]().union(
                *(columns_of(m.expr) | columns_of(m.where) for m in useful),
                *(columns_of(expr) for _, expr in by),
            )
            kept = wanted - {m.name for m in useful} if inline else frozenset[str]()
            return replace(command, measures=useful), kept | read
        case q.Sort(keys):
            return command, wanted | {key.column for key in keys}
        case q.MvExpand(column):
            return command, wanted | {column}
        case q.LookupJoin(_, on, columns):
            if not wanted & frozenset(columns) - frozenset(on):
                return None, wanted
            return command, (wanted - frozenset(columns)) | frozenset(on)
        case q.From() | q.Limit():
            return command, wanted
        case _:
            assert_never(command)


# -- names ---------------------------------------------------------------------------------------


def renamed(commands: q.Query, names: Mapping[str, str]) -> q.Query:
    """Return commands with other names for columns, in what they make and what they read."""
    if not names:
        return commands

    def of(name: str) -> str:
        return names.get(name, name)

    def change(command: q.Command) -> q.Command:
        match command:
            case q.Where(condition):
                return q.Where(over(condition, names))
            case q.Eval(assignments):
                return q.Eval(tuple((of(n), over(expr, names)) for n, expr in assignments))
            case q.Stats(measures, by, inline):
                return q.Stats(
                    tuple(
                        q.Measure(of(m.name), over(m.expr, names), over(m.where, names))
                        for m in measures
                    ),
                    tuple((of(n), over(expr, names)) for n, expr in by),
                    inline,
                )
            case q.Keep(columns):
                return q.Keep(tuple(map(of, columns)))
            case q.Sort(keys):
                return q.Sort(tuple(replace(key, column=of(key.column)) for key in keys))
            case q.MvExpand(column):
                return q.MvExpand(of(column))
            case q.LookupJoin() | q.From() | q.Limit():
                return command
            case _:
                assert_never(command)

    return tuple(map(change, commands))


def in_turn(assignments: list[tuple[str, q.Expr]]) -> list[q.Command]:
    """Return EVALs for columns that are all made of the columns before them.

    An assignment hides the column of its name, so it comes behind those that read that column.
    """
    waiting = dict(assignments)
    done: list[tuple[str, q.Expr]] = []
    while waiting:
        free = [
            name
            for name in waiting
            if not any(name in columns_of(expr) for each, expr in waiting.items() if each != name)
        ]
        if not free:  # each hides a column that another reads: copies first
            copies = {name: f"{name}_" for name in waiting}
            first = q.Eval(tuple((copy, q.Column(name)) for name, copy in copies.items()))
            rest = q.Eval(tuple((name, over(expr, copies)) for name, expr in waiting.items()))
            return [*([q.Eval(tuple(done))] if done else []), first, rest]
        done += ((name, waiting.pop(name)) for name in free)
    return [q.Eval(tuple(done))] if done else []


def made_by(stats: q.Stats, names: Mapping[str, str]) -> q.Stats:
    """Return a STATS whose columns have other names; what it reads keeps its own."""
    return q.Stats(
        tuple(replace(m, name=names.get(m.name, m.name)) for m in stats.measures),
        tuple((names.get(name, name), expr) for name, expr in stats.by),
        stats.inline,
    )


def over(expr: q.Expr, names: Mapping[str, str]) -> q.Expr:
    """Return an expression over columns with other names."""
    match expr:
        case q.Column(name):
            return q.Column(names.get(name, name))
        case q.Star() | q.Constant() | q.Span():
            return expr
        case q.Call(name, args):
            return q.Call(name, tuple(over(arg, names) for arg in args))
        case q.Binary(op, left, right):
            return q.Binary(op, over(left, names), over(right, names))
        case q.In(subject, options):
            return q.In(over(subject, names), options)
        case q.Like(subject, patterns):
            return q.Like(over(subject, names), patterns)
        case q.RLike(subject, pattern):
            return q.RLike(over(subject, names), pattern)
        case q.IsNull(subject, negated):
            return q.IsNull(over(subject, names), negated)
        case q.Not(arg):
            return q.Not(over(arg, names))
        case q.And(args):
            return q.And(tuple(over(arg, names) for arg in args))
        case q.Or(args):
            return q.Or(tuple(over(arg, names) for arg in args))
        case _:
            assert_never(expr)
