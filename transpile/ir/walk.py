"""Going through IR trees: children, rebuilding, fields that a node reads."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from transpile.ir.expr import Each, Expr, Field, Node
from transpile.ir.hashed import keep_fields, keep_weight, known_fields, known_weight
from transpile.ir.pred import And, Not, Or, Pred, Unknown
from transpile.ir.stages import Pipeline
from transpile.records import replace

N = TypeVar("N", bound=Node)


def children(node: Node) -> list[Node]:
    """Return the nodes directly below a node, in field order."""
    found: list[Node] = []
    for name in NODE_FIELDS[type(node)]:
        value = getattr(node, name)
        if isinstance(value, Node):
            found.append(value)
        elif type(value) is tuple:
            _collect(value, found)
    return found


def _collect(items: tuple[Any, ...], found: list[Node]) -> None:
    for item in items:
        if isinstance(item, Node):
            found.append(item)
        elif type(item) is tuple:
            _collect(item, found)


def descend(node: Node) -> Iterator[Node]:
    """Yield a node and all nodes below it, parents first."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        yield item
        waiting.extend(reversed(children(item)))


def weight(node: Node) -> int:
    """Return how many nodes a tree has when nodes that stand in it twice are counted twice."""
    if not NODE_FIELDS[type(node)]:
        return 1
    found = known_weight(node)
    if found is None:
        found = 1 + sum(map(weight, children(node)))
        keep_weight(node, found)
    return found


def holds(node: Node, *kinds: type[Node]) -> bool:
    """Return whether a node of one of the classes stands in a tree."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, kinds):
            return True
        waiting += children(item)
    return False


def rebuild(node: N, change: Callable[[Node], Node]) -> N:
    """Return the node with `change` applied to its direct children; itself if none changed."""
    updates: dict[str, Any] = {}
    for name in NODE_FIELDS[type(node)]:
        old = getattr(node, name)
        if isinstance(old, Node):
            new: Any = change(old)
        elif type(old) is tuple:
            new = _map(old, change)
        else:
            continue
        if new is not old:
            updates[name] = new
    return replace(node, **updates) if updates else node


def _map(items: tuple[Any, ...], change: Callable[[Node], Node]) -> tuple[Any, ...]:
    """Return the items, nested ones too, with nodes changed; the same tuple if none changed."""
    changed = False
    result: list[Any] = []
    for old in items:
        if isinstance(old, Node):
            new: Any = change(old)
        elif type(old) is tuple:
            new = _map(old, change)
        else:
            new = old
        changed = changed or new is not old
        result.append(new)
    return tuple(result) if changed else items


def fields_of(node: Node) -> frozenset[str]:
    """Return the names of the fields that a predicate or expression reads."""
    kept = known_fields(node)
    if kept is not None:
        return kept
    found: set[str] = set()
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Field):
            found.add(item.name)
        elif isinstance(item, Each):
            waiting.append(item.source)
            for part in (item.keep, item.body):
                if part is not None:
                    found |= fields_of(part) - {item.var}
        else:
            waiting += [child for child in children(item) if not isinstance(child, Pipeline)]
    fields = frozenset(found)
    keep_fields(node, fields)
    return fields


def rename_fields(node: N, name_of: Callable[[str], str]) -> N:
    """Return the predicate or expression with every field name replaced."""
    return substitute(node, lambda f: Field(name_of(f.name), span=f.span))


def substitute(node: N, value_of: Callable[[Field], Expr]) -> N:
    """Return the predicate or expression with every field reference replaced by an expression."""

    def change(item: Node) -> Node:
        if isinstance(item, Field):
            return value_of(item)
        if isinstance(item, Each):
            return _substitute_each(item, value_of)
        if isinstance(item, Pipeline):
            return item
        return rebuild(item, change)

    return cast(N, change(node))


def _substitute_each(node: Each, value_of: Callable[[Field], Expr]) -> Each:
    def bound(field: Field) -> Expr:
        return field if field.name == node.var else value_of(field)

    return replace(
        node,
        source=substitute(node.source, value_of),
        keep=None if node.keep is None else substitute(node.keep, bound),
        body=None if node.body is None else substitute(node.body, bound),
    )


def conjuncts(pred: Pred) -> tuple[Pred, ...]:
    """Return the arguments of a conjunction, or the predicate alone."""
    return pred.args if isinstance(pred, And) else (pred,)


def disjuncts(pred: Pred) -> tuple[Pred, ...]:
    """Return the arguments of a disjunction, or the predicate alone."""
    return pred.args if isinstance(pred, Or) else (pred,)


def unknowns(pred: Pred, *, positive: bool = True) -> Iterator[tuple[Unknown, bool]]:
    """Yield the undecided conditions of a predicate with their polarity (False: under a `Not`)."""
    match pred:
        case Unknown():
            yield pred, positive
        case Not(arg):
            yield from unknowns(arg, positive=not positive)
        case And(args) | Or(args):
            for arg in args:
                yield from unknowns(arg, positive=positive)
        case _:
            pass


_NO_NODE = re.compile(
    r"(?:(?:tuple|frozenset|str|int|float|bool|None|Literal\[.*\]"
    r"|Condition|Quant|CompareOp|Pattern|Regex)[\s|,\[\].]*)+"
)
"""Annotations of fields that hold no node."""


def _may_hold_nodes(field: dataclasses.Field[Any]) -> bool:
    return field.name != "span" and not _NO_NODE.fullmatch(str(field.type))


class _NodeFields(dict[type, tuple[str, ...]]):
    """Class of nodes -> its fields that can hold nodes, none for a leaf; found when asked for."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        names = tuple(field.name for field in dataclasses.fields(kind) if _may_hold_nodes(field))
        self[kind] = names
        return names


NODE_FIELDS = _NodeFields()
