"""The state of writing one query: commands so far, what each field of the rows stands for, losses.

Stages that work row by row change only what fields stand for (`ir.events` knows how); an expression
is written where it is needed. Before a STATS, expressions are over the log source's fields, which
`schema.rewrite` says over the Elastic Common Schema; behind it they are over its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from transpile.backends.base import Request
from transpile.backends.eql.types import boolean_text, spelled, spelled_as_boolean
from transpile.backends.esql import tree as q
from transpile.backends.esql.members import is_list
from transpile.backends.esql.predicates import condition, conjunction
from transpile.backends.esql.premises import SAME, shared_lists
from transpile.backends.esql.scope import Scope
from transpile.backends.esql.values import CannotSay, Value

from transpile.errors import Span, Unsupported
from transpile.fidelity import Loss
from transpile.ir.events.reader import Aggregated, Elsewhere, Env, NotHere, Reader, missing
from transpile.ir.events.reader import Value as Meaning
from transpile.ir.expr import Call, Expr, Field, Lit, Node, RegexLit
from transpile.ir.pred import (
    FALSE,
    TRUE,
    Exists,
    Not,
    Order,
    Pred,
    Quant,
    Test,
    all_of,
    negate,
)
from transpile.ir.regex import parse_regex
from transpile.ir.simplify import simplify_pred
from transpile.ir.walk import conjuncts, fields_of, rebuild, substitute, unknowns
from transpile.records import replace
from transpile.schema.bounds import Bounds, widen
from transpile.schema.ecs import is_ecs
from transpile.schema.fields import FieldTarget, Taxonomy
from transpile.schema.resolve import implied_literals
from transpile.schema.rewrite import Resolution, Rewriting

SCHEMA: Taxonomy = "ecs"
RAW = "event.original"
N = TypeVar("N", bound=Node)
# derives whose field is what follows the last separator of the target
LAST_PART = frozenset({"basename", "account_name", "reg_value_name"})
"""Derives of a value that is the last part of the target's."""
# derives that name a part of a time, in UTC
_OF_TIME: Mapping[str | None, Callable[[Expr], Expr]] = {
    "hour": lambda time: Call("tonumber", (Call("strftime", (time, Lit("%H"))),)),
    "weekday": lambda time: Call("lower", (Call("strftime", (time, Lit("%A"))),)),
}
_MONOTONE = frozenset({"count", "dc", "estdc"})


class Writer:
    """One query under construction.

    loose: the rows so far are more than the rule's, so aggregates of them are not the rule's.
    tainted: columns of such aggregates, by function.  repeated: what stands for a list in which one
    value may come several times.  looked_up: columns of lookup tables.  groups: source fields that
    the first grouping is by, with their columns; None before it.  missing: what stands for one of
    these that an event does not have.  literals: values that the rule
    asks for.  read: source fields the text depends on.  alike: keys of the first grouping that
    events are assumed to share.  chosen: pairs of source fields that were renamed onto one.
    """

    def __init__(
        self, request: Request, resolution: Resolution, filled: frozenset[str], pred: Pred
    ) -> None:
        self.request = request
        self.literals = implied_literals(pred)
        self.resolution = resolution
        self.filled = filled
        self.reader = Reader(filled, request.strict, request.lookups)
        self.rewriting: Rewriting | None = Rewriting(resolution, SCHEMA, request.keep_unmapped)
        self.source_rewriting = self.rewriting
        self.scope = Scope(source=self.source_rewriting.targets)
        self.commands: list[q.Command] = []
        self.losses: list[Loss] = []
        self.loose = False
        self.tainted: dict[str, str] = {}
        self.repeated: list[Meaning] = []
        self.groups: dict[str, str] | None = None
        self.missing: dict[str, str] = {}
        self.looked_up: frozenset[str] = frozenset()
        self.read: dict[str, None] = {}
        self.premises: list[Pred] = []
        self.alike: dict[str, None] = {}
        self.chosen: set[frozenset[str]] = set()
        self.known: frozenset[str] = frozenset()

    # -- what fields stand for -------------------------------------------------------------------

    def meaning(self, expr: Expr) -> Expr:
        """Return an expression over the source's fields or the columns. Raises `CannotSay`."""
        try:
            found: Expr = self.reader.env.resolve(expr)
            return self._of_source(found)
        except NotHere as error:
            raise CannotSay(_absent(error.value), "TGT606") from error

    def _of_source(self, node: N) -> N:
        """Return an expression without fields that the log source is not known to have.

        A wildcard renamed `properties.user` onto `user`: if only `user` is known, it stays.
        """
        return cast(N, self._without_unknown(node)) if self.rewriting is not None else node

    def _without_unknown(self, node: Node) -> Node:
        match node:
            case Call("coalesce", (Field(first) as unknown, Field(second) as kept)):
                if self._has(first) and self._has(second):
                    self.chosen.add(frozenset((first, second)))
                if self._has(first) or not self._has(second):
                    return node
                self.reader.written[unknown.name] = None
                self.reader.assumptions[f"events have no field {unknown.name}"] = None
                return kept
            case _:
                return rebuild(node, self._without_unknown)

    def settle(self) -> None:
        """Note what the fields of the source that the query reads are to each other."""
        for premise, text in shared_lists(sorted(self.read), self.resolution.fields, self.chosen):
            self.premises.append(premise)
            self.scope.assume(text)

    def _has(self, name: str) -> bool:
        return name in self.scope.made or self.resolution.fields.lookup(name, SCHEMA) is not None

    def value(self, expr: Expr) -> Value:
        """Return an expression over the rows' fields. Raises `CannotSay`."""
        return self.scope.value(self.placed(self.meaning(expr)))

    def placed(self, expr: Expr) -> Expr:
        """Return an expression over the source's fields as one over columns."""
        return expr if self.rewriting is None else substitute(expr, self._place)

    def _place(self, item: Field) -> Expr:
        rewriting = self.rewriting
        if rewriting is None or item.name in self.scope.made:
            return item
        name = rewriting.resolution.fields.strip(item.name)
        fixed = dict(rewriting.resolution.constants).get(name)
        if fixed is not None:
            self.read[item.name] = None
            return Lit(fixed)
        target = rewriting.target(item.name)
        if target is None:
            raise CannotSay(f"{item.name} has no counterpart in {SCHEMA}", "TGT601")
        if target.field is None:
            raise CannotSay(f"the log source stands for {item.name}", "TGT601")
        shown = _shown(target, rewriting, item)
        if shown is None:
            raise CannotSay(f"{target.field} does not hold the value of {item.name}")
        rewriting.note(target, item.name)
        if target.field == RAW and target.guess:
            self.premises.append(Exists(Field(item.name)))
            self.scope.assume(f"events have {item.name}")
        self.read[item.name] = None
        return shown

    def make(self, wanted: str, value: Value) -> Field:
        """Add a column, named `wanted` where nothing else is, and return it as a field."""
        name = self.free(wanted)
        self.commands.append(q.Eval(((name, value.node),)))
        return self.made(name, value)

    def made(self, name: str, value: Value) -> Field:
        """Note a column that a command has added and return it as a field."""
        needs = value.needs if value.needs == frozenset() else frozenset((name,))
        self.scope.made[name] = replace(value, node=q.Column(name), needs=needs)
        return Field(name)

    def aside(self, name: str) -> str:
        """Give a column another name, to make place for one of its own; return that name.

        The caller writes the command.
        """
        new = self.free(name)

        def moved(item: Field) -> Expr:
            return Field(new, span=item.span) if item.name == name else item

        def of(names: Iterable[str]) -> frozenset[str]:
            return frozenset(new if each == name else each for each in names)

        made = {new if each == name else each: value for each, value in self.scope.made.items()}
        made[new] = replace(made[new], node=q.Column(new))
        self.scope.made = {
            each: value if value.needs is None else replace(value, needs=of(value.needs))
            for each, value in made.items()
        }
        known = self.reader.env.known
        for each, value in known.items():
            if isinstance(value, Expr):
                known[each] = substitute(value, moved)
        self.known = of(self.known)
        self.tainted = {new if each == name else each: f for each, f in self.tainted.items()}
        self.repeated = [
            substitute(value, moved) if isinstance(value, Expr) else value
            for value in self.repeated
        ]
        if self.groups is not None:
            self.groups = {
                field: new if each == name else each for field, each in self.groups.items()
            }
        return new

    def free(self, wanted: str) -> str:
        """Return a column name that hides no other."""
        taken = self.scope.made.keys() | (self.read.keys() if self.rewriting else frozenset())
        name = wanted
        if self.rewriting is not None and self._is_source(wanted):
            name += "_"  # a source with names of its own may have this one too: nothing reads it
        while name in taken or (self.rewriting is not None and is_ecs(name)):
            name += "_"
        return name

    def _is_source(self, name: str) -> bool:
        found = self.resolution.fields.lookup(name, SCHEMA)
        return is_ecs(name) or (found is not None and found.none is None)

    def regroup(self, columns: dict[str, Meaning], made: dict[str, Value]) -> None:
        """Go on with the columns of a STATS only."""
        self.rewriting = None
        self.reader.env = Env(columns, missing)
        self.scope = replace(self.scope, source=None, made=made)
        self.known = frozenset(
            name for name, value in made.items() if value.needs == frozenset()
        )

    def is_filled(self, name: str) -> bool:
        """Return whether a data model shows a value where an event has none of a field."""
        return self.resolution.fields.strip(name) in self.filled

    def one_spelling(self, name: str) -> None:
        """Note that the values of a source field are spelled as the boolean column shows them."""
        self.premises.append(spelled_as_boolean(name))
        self.scope.assume(boolean_text(name))

    def is_title(self, expr: Expr) -> bool:
        """Return whether a field is the title of an event, of which each event code has one."""
        try:
            meaning = self.meaning(expr)
        except CannotSay:
            return False
        if self.rewriting is None or not isinstance(meaning, Field):
            return False
        target = self.rewriting.target(meaning.name)
        if target is None or target.drop != "event_title" or len(self.resolution.codes) < 2:
            return False
        self.scope.assume(f"each event code has one {meaning.name}")
        return True

    @property
    def newest_first(self) -> bool:
        """Whether the rows are events in the order in which a search yields them."""
        return not any(isinstance(c, (q.Sort, q.Stats, q.MvExpand)) for c in self.commands)

    def is_constant(self, expr: Expr) -> bool:
        """Return whether a field is the same in all events that the query reads (it is noted).

        It stands for the log source, or the rule asks for one value of it.
        """
        try:
            meaning = self.meaning(expr)
        except CannotSay:
            return False
        match meaning:
            case Field(name) | Call("coalesce", (Field(name), Lit())):
                pass
            case _:
                return False
        if self.rewriting is None or name in self.scope.made:
            return False
        target = self.rewriting.target(name)
        dropped = target is not None and target.drop is not None and not target.approximate
        asked = self.literals.get(name) or ()
        if len(asked) == 1:
            (word,) = asked
            self.premises.append(spelled(name, word))
        elif dropped:
            self.alike[name] = None
        else:
            return False
        self.scope.assume(f"{name} is the same in all events that the query finds")
        return True

    # -- losses ----------------------------------------------------------------------------------

    def lose(self, code: str, message: str, span: Span | None) -> None:
        """Record a loss: from here on the rows are more than the rule's."""
        self.losses.append(Loss(code, message, span))
        self.loose = True

    def handled(self, handler: Callable[[Reader, Any], None], stage: object) -> None:
        """Let the reader of event rules change what fields stand for, with its losses."""
        before = len(self.reader.losses)
        handler(self.reader, stage)
        for loss in self.reader.losses[before:]:
            self.lose(loss.code, loss.message, loss.span)

    # -- filters ---------------------------------------------------------------------------------

    def where(self, pred: Pred, span: Span | None) -> None:
        """Keep the rows for which a predicate over the rows' fields holds, or more with a loss."""
        wanted = [
            decided
            for part in conjuncts(pred)
            if (decided := self._decided(part, part.span or span)) is not None
        ]
        self.require(all_of(wanted))

    def _decided(self, part: Pred, span: Span | None) -> Pred | None:
        if any(True for _ in unknowns(part)):
            return part
        try:
            decided = self._of_source(self.reader.env.decide(part))
            return part if decided is part else simplify_pred(decided)
        except NotHere as error:
            self.lose("TGT606", f"a filter is left out: {_absent(error.value)}", span)
            present = error.value.present if isinstance(error.value, Elsewhere) else None
            return simplify_pred(present) if present is not None and _positive(part) else None

    def require(self, pred: Pred) -> None:
        """Keep the rows for which a predicate over source fields or columns holds."""
        if pred == TRUE:
            return
        losses: tuple[Loss, ...] = ()
        if self.rewriting is not None:
            wanted = pred
            self.read |= dict.fromkeys(sorted(fields_of(pred) - self.scope.made.keys()))
            pred, losses = widen(pred, self._taxonomy)
            pred = simplify_pred(pred)
            self.premises.append(self.rewriting.premise(wanted))
        scope = replace(self.scope, full_text=self._searches())
        pred, further = widen(pred, lambda leaf: self._sayable(leaf, scope))
        pred = simplify_pred(pred) if further else pred
        for loss in (*losses, *further):
            self.lose(loss.code, loss.message, loss.span)
        self.where_is(condition(pred, scope, self.known))
        self.known |= self._present(pred)

    def only(self, pred: Pred) -> q.Expr:
        """Return a predicate over the rows' fields, exactly. Raises `CannotSay`."""
        if pred == TRUE:
            return q.TRUE
        try:
            wanted = simplify_pred(self._of_source(self.reader.env.decide(pred)))
        except NotHere as error:
            raise CannotSay(_absent(error.value), "TGT606") from error
        losses: tuple[Loss, ...] = ()
        if self.rewriting is not None:
            self.read |= dict.fromkeys(sorted(fields_of(wanted) - self.scope.made.keys()))
            wanted, losses = widen(wanted, self._taxonomy)
            wanted = simplify_pred(wanted)
        if losses:
            raise CannotSay(losses[0].message, losses[0].code)
        return condition(wanted, self.scope)

    def where_is(self, node: q.Expr) -> None:
        """Add a condition; conditions side by side become one command."""
        if node == q.TRUE:
            return
        if node == q.FALSE:
            raise Unsupported("no event of the log source meets the filter", code="TGT604")
        if self.commands and isinstance(self.commands[-1], q.Where):
            node = conjunction((self.commands.pop().condition, node))  # type: ignore[union-attr]
        self.commands.append(q.Where(node))

    def _present(self, pred: Pred) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for part in conjuncts(pred):
            if isinstance(part, (Exists, Test)) and isinstance(part.subject, Field):
                if is_list(part.subject):
                    continue
                found |= self.scope.column(part.subject.name, search=True).needs or frozenset()
        return found

    def _taxonomy(self, node: Pred) -> Bounds:
        assert self.rewriting is not None
        node = self._of_one_value(node)
        found = Bounds(TRUE, FALSE)
        if not fields_of(node) & self.scope.made.keys() and not _computed(node):
            found = self.rewriting.bounds(node)
            if found.is_exact or not found.losses:
                return found
        try:
            return Bounds.exact(substitute(node, self._place))
        except CannotSay as reason:
            if found.losses:
                return found
            return Bounds.unknown(reason.code, f"{reason.message}; the test on it is left out",
                                  node.span)

    def _of_one_value(self, node: Pred) -> Pred:
        """Return a test of all values as one of any, where the target's list holds other things.

        The list of a field such as `event.type` is not the list of the values of the source field.
        """
        match node:
            case Test(Field(name), quant=Quant.ALL) if name not in self.scope.made:
                target = self.resolution.fields.lookup(name, SCHEMA)
                if target is not None and target.derive is not None:
                    self.scope.assume(f"one value per event in {name}")
                    return replace(node, quant=Quant.ANY)
        return node

    def _searches(self) -> bool:
        """Return whether a condition here may be a search of the index."""
        return all(isinstance(command, (q.From, q.Where, q.Eval)) for command in self.commands)

    def _sayable(self, node: Pred, scope: Scope) -> Bounds:
        tainted = fields_of(node) & self.tainted.keys()
        if tainted:
            if self._grows(node):
                return Bounds(node, FALSE)
            message = "a test on a group is left out: its events are more than the rule's"
            return Bounds.unknown("TGT607", message, node.span)
        try:
            condition(node, scope)
            return Bounds.exact(node)
        except CannotSay as reason:
            loss = Loss(reason.code, f"{reason.message}; the test is left out", node.span)
        if isinstance(node, Test) and node.quant is Quant.ALL:
            wider = self._sayable(replace(node, quant=Quant.ANY), scope)
            return replace(wider, lower=FALSE, losses=(loss,))
        return Bounds(TRUE, FALSE, (loss,))

    def _grows(self, node: Pred) -> bool:
        """Return whether a test of a group still holds when events are added to the group."""
        match node:
            case Test(Field(name), Order(">" | ">=", int() | float())):
                return self.tainted.get(name) in _MONOTONE
            case _:
                return False

    # -- the end ---------------------------------------------------------------------------------

    @property
    def required(self) -> Pred:
        """What events are assumed to meet."""
        written = (negate(Exists(Field(name))) for name in self.reader.written)
        return all_of((*self.premises, self.reader.required, *written))

    def assumptions(self) -> Iterable[str]:
        """Yield what was assumed, each once."""
        found = dict.fromkeys(
            (*self.reader.assumptions, *self.source_rewriting.assumptions, *self.scope.assumptions)
        )
        if self.scope.single:
            found[f"one value per event in {', '.join(self.scope.single)}"] = None
        return found


def _computed(node: Pred) -> bool:
    """Return whether a test is of more than a field: functions are said here, not by the map."""
    match node:
        case Exists(Field()) | Test(Field()):
            return False
        case Exists() | Test():
            return True
        case _:
            return False


def _positive(part: Pred) -> bool:
    return not isinstance(part, Not)


def _absent(value: Aggregated | Elsewhere) -> str:
    return value.what if isinstance(value, Elsewhere) else "a value of a group"


def _shown(target: FieldTarget, rewriting: Rewriting, item: Field) -> Expr | None:
    """Return the value of a source field over its target, None if the target does not tell it."""
    assert target.field is not None
    if target.derive in SAME:
        return rewriting.value(item, target.field)
    whole = Field(target.field, span=item.span)
    if target.derive == "length":
        return Call("len", (whole,))
    if target.derive in _OF_TIME:
        return _OF_TIME[target.derive](whole)
    if target.derive in LAST_PART:
        ends = r"[\\/]" if target.derive == "basename" else r"\\"
        return Call("replace", (whole, RegexLit(parse_regex(rf"(?s)^.*{ends}")), Lit("")))
    return None
