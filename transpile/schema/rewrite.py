"""Predicates over Splunk's fields, said over the fields of another taxonomy.

`resolve` finds the dataset of a rule, `rewrite` changes the rule's filter: names by the field map,
literals by the derives, and what the target cannot say by the rule of `schema.bounds`, so that the
result finds everything that the filter finds. Losses name each field that was left out.

A field of a data model is never missing (`schema.cim`): where the model says `unknown` (or 0), the
event of another taxonomy has no such field, so a condition that `unknown` meets is widened by "the
field is missing".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import cache, partial

from transpile.errors import Unsupported
from transpile.fidelity import Loss
from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.pattern import Part, Pattern, Wild
from transpile.ir.pred import (
    FALSE,
    TRUE,
    And,
    Compare,
    Condition,
    Const,
    Exists,
    Glob,
    InRows,
    Keyword,
    Not,
    Or,
    Pred,
    Quant,
    Test,
    TextEq,
    Unknown,
    all_of,
    any_of,
    negate,
)
from transpile.ir.text import fold
from transpile.ir.walk import conjuncts, descend, disjuncts, fields_of, substitute
from transpile.records import dataclass, replace
from transpile.schema.bounds import Bounds, all_bounds, any_bounds, widen
from transpile.schema.cim import UNKNOWN, constraint, exclusions, node_facts
from transpile.schema.datasets import channels_of
from transpile.schema.derive import DERIVES, ENUMERATIONS
from transpile.schema.derived import derived, meets
from transpile.schema.fields import FieldMap, FieldTarget, Taxonomy
from transpile.schema.resolve import Resolution, resolve

__all__ = [
    "DIGEST_LENGTHS", "Resolution", "Rewriting", "Rewritten", "membership", "resolve", "rewrite",
    "target_field",
]  # fmt: skip


# derive -> length of the digests that the field holds; a shorter one is found inside a longer one
DIGEST_LENGTHS: Mapping[str, int] = {
    "hash_imphash": 32,
    "hash_md5": 32,
    "hash_sha1": 40,
    "hash_sha256": 64,
}


RAW = "_raw"
_CHANNEL = "Channel"
# why a field has no name in Sigma, though its text stands in the event: `FieldTarget.none`
_IN_TEXT = frozenset({"keywords", "rendered_message", "raw_xml"})
# target fields that the head of each event has: the model calculates nothing in their place
_IN_EVERY_EVENT = frozenset({"EventID", "event.code"})


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A filter over target fields that the given filter implies, the same without losses.

    fields: the target fields it reads, with type and multivalue flag.  unmapped: source fields
    without counterpart (passed through under their own name if that was asked for).  premise: the
    tests over source fields that were left out because the log source implies them.
    """

    pred: Pred
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    fields: Mapping[str, FieldTarget] = field(default_factory=dict)
    premise: Pred = TRUE


def rewrite(
    pred: Pred,
    resolution: Resolution,
    taxonomy: Taxonomy,
    *,
    keep_unmapped: bool = False,
) -> Rewritten:
    """Return the filter in another taxonomy.

    pred: over the source's own field names. A data model's constraints on fields are added.
    Raises Unsupported (the code of the first loss) if nothing of the filter remains.
    """
    work = Rewriting(resolution, taxonomy, keep_unmapped)
    implied = _channel_test(pred, resolution) if taxonomy == "sigma" else TRUE
    if implied != TRUE:
        pred = all_of(part for part in conjuncts(pred) if part != implied)
        work.assume(_IMPLIED.format(_CHANNEL))
    wanted = all_of((*membership(resolution, work), pred))
    widened, losses = widen(wanted, work.bounds)
    if widened == TRUE and losses:
        first = losses[0]
        raise Unsupported(
            f"nothing of the filter remains: {first.message}", code=first.code, span=first.span
        )
    read = fields_of(widened)
    return Rewritten(
        pred=widened,
        losses=losses,
        assumptions=tuple(work.assumptions),
        unmapped=tuple(work.unmapped),
        fields={name: target for name, target in work.targets.items() if name in read},
        premise=all_of((work.premise(pred), implied)),
    )


def _channel_test(pred: Pred, resolution: Resolution) -> Pred:
    """Return the conjunct that asks for the channels of the log source, which has no others."""
    channels = channels_of(resolution.dataset)
    for part in conjuncts(pred) if channels else ():
        asked = {
            fold(leaf.condition.text)
            for leaf in disjuncts(part)
            if isinstance(leaf, Test)
            and leaf.subject == Field(_CHANNEL)
            and isinstance(leaf.condition, TextEq)
        }
        if len(asked) == len(disjuncts(part)) and channels <= asked:
            return part
    return TRUE


def target_field(resolution: Resolution, name: str, taxonomy: Taxonomy) -> FieldTarget | None:
    """Return the target of a source field that holds its value, None if no field does.

    For keys and aggregates: an event's groups by the target are the groups by the field, up to the
    derive (a full path instead of a file name).
    """
    found = resolution.fields.lookup(name, taxonomy)
    return found if found is not None and found.field is not None else None


def _premises(pred: Pred, work: Rewriting, *, holds: bool = True) -> Iterator[Pred]:
    """Yield the tests that the log source was taken to imply, as they must come out."""
    match pred:
        case And(args) | Or(args):
            for arg in args:
                yield from _premises(arg, work, holds=holds)
        case Not(arg):
            yield from _premises(arg, work, holds=not holds)
        case Test(Field(name)) | Exists(Field(name)) if name in work.implied:
            yield pred if holds else negate(pred)
        case _:
            return


def membership(resolution: Resolution, work: Rewriting) -> tuple[Pred, ...]:
    """Return what the data model node demands of its events.

    An exclusion that the target cannot say is an assumption about the log source, not a loss: the
    model leaves those events out because they are of another kind.
    """
    if resolution.node is None:
        return ()
    wanted = [_test(name, values) for name, values in constraint(*resolution.node)]
    for group in exclusions(*resolution.node):
        excluded = all_of(_test(name, values) for name, values in group)
        said, losses = widen(excluded, work.bounds)
        if losses or _of_other_kind(said, resolution, work.taxonomy):
            tests = " and ".join(f"{name}={'|'.join(values)}" for name, values in group)
            work.assume(f"the log source has no events with {tests}, as the data model has none")
        else:
            wanted.append(negate(excluded))
    return tuple(wanted)


_CATEGORY = "event.category"


def _of_other_kind(excluded: Pred, resolution: Resolution, taxonomy: Taxonomy) -> bool:
    """Return whether what a model excludes are events of other categories than the log source's."""
    elastic = resolution.dataset.elastic
    variant = elastic.variants.get(resolution.variant or "")
    category = (variant.category if variant else None) or elastic.event_category
    return (
        taxonomy == "ecs"
        and category not in (None, "any")
        and fields_of(excluded) == {_CATEGORY}
        and not any(
            isinstance(node, Test)
            and isinstance(node.condition, TextEq)
            and node.condition.text == category
            for node in descend(excluded)
        )
    )


def _test(name: str, values: tuple[str, ...]) -> Pred:
    patterns = (Pattern.from_spl(value) for value in values)
    return any_of(
        Test(Field(name), TextEq(p.text) if p.is_literal else Glob(p)) for p in patterns
    )


@dataclass(slots=True)
class Rewriting:
    """One run of `rewrite`: the facts, and what was noticed on the way.

    targets: the target fields that were used.  unmapped, implied: source fields without counterpart
    and those whose tests the log source implies.  asked: see `choices`.  noted: see `note`.  plain:
    a source field's name without prefix; lookup: its target.
    """

    resolution: Resolution
    taxonomy: Taxonomy
    keep_unmapped: bool
    assumptions: dict[str, None] = field(default_factory=dict)
    unmapped: dict[str, None] = field(default_factory=dict)
    implied: dict[str, None] = field(default_factory=dict)
    targets: dict[str, FieldTarget] = field(default_factory=dict)
    asked: dict[str, tuple[FieldTarget, ...]] = field(default_factory=dict)
    noted: set[tuple[str, str]] = field(default_factory=set)
    fields: FieldMap = field(init=False)
    constants: Mapping[str, str] = field(init=False)
    plain: Callable[[str], str] = field(init=False)
    lookup: Callable[[str], FieldTarget | None] = field(init=False)

    def __post_init__(self) -> None:
        self.fields = self.resolution.fields
        self.constants = dict(self.resolution.constants)
        self.plain = cache(self.fields.strip)
        self.lookup = cache(partial(self.fields.lookup, taxonomy=self.taxonomy))

    def assume(self, text: str) -> None:
        """Note an assumption once."""
        self.assumptions[text] = None

    def premise(self, pred: Pred) -> Pred:
        """Return the tests of a filter that were left out because the log source implies them."""
        return all_of(_premises(pred, self)) if self.implied else TRUE

    def bounds(self, node: Pred) -> Bounds:
        """Return the bounds of a leaf of the filter in the target taxonomy."""
        match node:
            case Exists(Field(name)):
                return self._field(node, name, None, Quant.ANY)
            case Test(Field(name), condition, quant):
                return self._field(node, name, condition, quant)
            case Test() | Exists() | Compare():
                return self._expression(node)
            case Unknown(reason, code):
                return Bounds.unknown(code, reason, node.span)
            case InRows():
                message = "a subsearch used as a filter has no counterpart"
                return Bounds.unknown("TGT604", message, node.span)
            case Const() | Keyword() | And() | Or() | Not():
                return Bounds.exact(node)

    # -- tests of one field ----------------------------------------------------------------------

    def _field(self, node: Pred, name: str, condition: Condition | None, quant: Quant) -> Bounds:
        fixed = self.constants.get(self.plain(name)) if self.constants else None
        if fixed is not None:
            met = condition is None or meets(condition, fixed)
            return Bounds.exact(TRUE if met else FALSE)
        if self.taxonomy == "sigma" and condition is not None:
            in_text = self._in_text(node, name, condition)
            if in_text is not None:
                return in_text
        target = self.target(name)
        if target is None:
            return self._unsayable(node, name)
        if target.drop is not None:
            return self._dropped(node, name, target)
        said = self._said(node, name, target, condition, quant)
        return self._defaulted(node, name, condition, said)

    def _said(
        self, node: Pred, name: str, target: FieldTarget, condition: Condition | None, quant: Quant
    ) -> Bounds:
        """Return the bounds of a test on the target field and on its `also` fields."""
        choices = self.choices(name, target)
        if target.derive is None and len(choices) == 1:
            self.note(target, name)
            return Bounds.exact(_about(node, name, target))
        parts = []
        if quant is Quant.ALL and target.mv and target.derive in ENUMERATIONS:
            self.assume(f"one value per event in {self.plain(name)}")
            quant = Quant.ANY  # that value is one of the target's
        for choice in choices:
            found = derived(
                choice,
                condition,
                quant,
                field=self.plain(name),
                taxonomy=self.taxonomy,
                separator="\\" if self.resolution.platform == "windows" else "/",
            )
            if found is not None:
                parts.append(found.map(lambda pred: replace(pred, span=node.span)))
                self.note(choice, name)
        if not parts:
            message = f"the condition on {name} cannot be said of {target.field}"
            return Bounds.unknown("TGT604", message, node.span)
        joined = any_bounds(parts)
        if quant is Quant.ALL and len(parts) > 1:
            # each target may hold some of the values: all of one are not all of them
            joined = replace(joined, lower=FALSE)
        if joined.is_exact:
            return joined
        message = f"{target.field} holds more than {name}: the test on it is wider"
        return replace(joined, losses=(Loss("TGT606", message, node.span),))

    def choices(self, name: str, target: FieldTarget) -> tuple[FieldTarget, ...]:
        """Return the target of a source field and those of its `also` fields to be asked too."""
        found = self.asked.get(name)
        if found is None:
            found = self.asked[name] = _choices(target, self.taxonomy)
        return found

    def note(self, target: FieldTarget, name: str) -> None:
        """Note that a target is used for a source field, with what that assumes."""
        assert target.field is not None
        if (target.field, name) in self.noted:
            return
        self.noted.add((target.field, name))
        self.targets.setdefault(target.field, target)
        taken = DERIVES[target.derive].assumes if target.derive else ""
        if taken:
            self.assume(taken.replace("the field", self.plain(name), 1))
        if target.derive in DIGEST_LENGTHS:
            self.assume(f"{self.plain(name)} holds whole digests")
        if target.guess:
            self.assume(f"the log source has {target.field} with the values of {name} (a guess)")

    def target(self, name: str) -> FieldTarget | None:
        """Return the target of a source field, None for one without (it is noted)."""
        found = self.lookup(name)
        if found is not None and found.none is None:
            return found
        self.unmapped[name] = None
        if not self.keep_unmapped:
            return None
        self.assume(f"{name} is passed through under its own name")
        return FieldTarget(field=name)

    def _in_text(self, node: Pred, name: str, condition: Condition) -> Bounds | None:
        """Return the bounds of a test on a field that Sigma finds in the text of the event only.

        None for a field that has a name of its own. The text itself is asked as it is.
        """
        found = self.lookup(name)
        if found is None or found.none not in _IN_TEXT:
            return None
        if name == RAW:
            self.targets.setdefault(RAW, FieldTarget(RAW))
            return Bounds.exact(node)
        match condition:
            case TextEq(text):
                parts: tuple[Part, ...] = (text,)
            case Glob(pattern):
                parts = pattern.parts
            case _:
                return None
        texts = [part for part in parts if isinstance(part, str) and len(part) > 1]
        if not texts:
            return None
        self.targets.setdefault(RAW, FieldTarget(RAW))
        wanted = all_of(
            Test(Field(RAW), Glob(Pattern.of(Wild.RUN, text, Wild.RUN)), span=node.span)
            for text in texts
        )
        message = f"the text that {name} must hold is looked for anywhere in the event"
        return Bounds(wanted, FALSE, (Loss("TGT606", message, node.span),))

    def _unsayable(self, node: Pred, name: str) -> Bounds:
        message = f"{name} has no counterpart in {self.taxonomy}; the test on it is left out"
        return Bounds.unknown("TGT601", message, node.span)

    def _dropped(self, node: Pred, name: str, target: FieldTarget) -> Bounds:
        """Return the bounds of a test that the log source stands for, if it is not negated."""
        selected = self.resolution.logsource
        if target.drop == "fs_action" and (selected is None or selected.category != "file_delete"):
            message = f"the test on {name} is left out: the log source holds other actions too"
            return Bounds.unknown("TGT606", message, node.span)
        if target.approximate:
            message = f"the test on {name} is left out: it has no exact counterpart"
            return Bounds.unknown("TGT606", message, node.span)
        self.implied[name] = None
        self.assume(_DROPPED.get(target.drop or "", _IMPLIED).format(name))
        return Bounds(TRUE, FALSE)

    # -- fields of a data model, which are never missing ------------------------------------------

    def _default(self, name: str) -> str | None:
        """Return what a data model shows for a missing field, "" if something of the event."""
        facts = node_facts(*self.resolution.node) if self.resolution.node else None
        if facts is None:
            return None
        if name in facts.zero:
            return "0"
        return UNKNOWN if name in facts.unknown else "" if name in facts.total else None

    def _defaulted(
        self, node: Pred, name: str, condition: Condition | None, said: Bounds
    ) -> Bounds:
        """Return the bounds of a test that a missing target field may meet by the default."""
        default = self._default(self.plain(name))
        if default is None:
            return said
        if condition is None:
            return Bounds.exact(TRUE)
        target = self.target(name)
        if target is None or target.field is None:
            return said
        if default == "" and target.field in _IN_EVERY_EVENT:
            return said
        missing = Not(Exists(Field(target.field)), span=node.span)
        if default == "":
            message = f"{name} is calculated where the event has none; such events are included"
            loss = Loss("TGT606", message, node.span)
            return Bounds(any_of((said.upper, missing)), said.lower, (*said.losses, loss))
        if default == UNKNOWN and isinstance(condition, TextEq) and meets(condition, default):
            return Bounds.exact(missing)
        if not meets(condition, default):
            return said
        return any_bounds([said, Bounds.exact(missing)])

    # -- expressions -----------------------------------------------------------------------------

    def _expression(self, node: Pred) -> Bounds:
        """Return the bounds of a test whose subject is not a field alone."""
        match node:
            case Compare("==", Field(left), Field(right)) if left != right:
                return self._same(node, left, right)
            case _:
                pass
        blocked: list[Bounds] = []

        def value_of(item: Field) -> Expr:
            target = self.target(item.name)
            if target is None:
                blocked.append(self._unsayable(node, item.name))
                return item
            if target.field is None or target.derive is not None:
                message = f"{item.name} cannot be used in an expression in {self.taxonomy}"
                blocked.append(Bounds.unknown("TGT604", message, node.span))
                return item
            self.note(target, item.name)
            return self.value(item, target.field)

        said = substitute(node, value_of)
        return all_bounds(blocked) if blocked else Bounds.exact(said)

    def value(self, item: Field, target: str) -> Expr:
        """Return a target field as an expression, filled where a data model fills the field."""
        found = Field(target, span=item.span)
        default = self._default(self.plain(item.name))
        return Call("coalesce", (found, Lit(default)), span=item.span) if default else found

    def _same(self, node: Compare, left: str, right: str) -> Bounds:
        """Return the bounds of the equality of two fields, of which a model may fill either."""
        pair = [self.target(name) for name in (left, right)]
        names = [target.field for target in pair if target and target.derive is None]
        if len(names) != 2 or None in names:
            message = f"{left} and {right} cannot be compared in {self.taxonomy}"
            return Bounds.unknown("TGT604", message, node.span)
        for target, name in zip(pair, (left, right), strict=True):
            assert target is not None
            self.note(target, name)
        one, two = (Field(str(name)) for name in names)
        said: Pred = replace(node, left=one, right=two)
        fillers = [self._default(self.plain(name)) for name in (left, right)]
        if "" in fillers:
            message = f"{left} or {right} is calculated where an event has none"
            loss = Loss("TGT606", message, node.span)
            missing = (negate(Exists(one)), negate(Exists(two)))
            return Bounds(any_of((said, *missing)), said, (loss,))
        return Bounds.exact(any_of((said, _equal_by_fillers(one, two, fillers))))


def _about(node: Pred, name: str, target: FieldTarget) -> Pred:
    """Return a test of a field as the same test of its target."""
    assert target.field is not None
    if target.field == name or not isinstance(node, Exists | Test):
        return node
    return replace(node, subject=Field(target.field))


def _equal_by_fillers(one: Field, two: Field, fillers: list[str | None]) -> Pred:
    """Return when two fields are equal because a data model fills in what one or both lack."""
    match fillers:
        case (str() as left, str() as right):
            both = all_of((negate(Exists(one)), negate(Exists(two))))
            return both if left == right else FALSE
        case (str() as left, None):
            return all_of((negate(Exists(one)), Test(two, TextEq(left, cased=True))))
        case (None, str() as right):
            return all_of((negate(Exists(two)), Test(one, TextEq(right, cased=True))))
        case _:
            return FALSE


def _choices(target: FieldTarget, taxonomy: Taxonomy) -> tuple[FieldTarget, ...]:
    """Return the target and those of its `also` fields that must be asked too.

    Sigma's `also` fields share the values of one Splunk field between them; elsewhere they repeat
    the target's value for other setups.
    """
    if taxonomy != "sigma":
        return (target,)
    further = (
        FieldTarget(
            also.field,
            derive=also.derive,
            type=also.type or "string",
            mv=also.mv or target.mv,
        )
        for also in target.also
    )
    return (target, *further)


_IMPLIED = "the log source implies the test on {}"
_DROPPED: Mapping[str, str] = {
    "event_title": "the test on {} is implied by the event id",
    "platform": "the test on {} is implied by the log source's platform",
    "time": "the test on {} is left to the schedule of the search",
    "fs_action": "the test on {} is implied by the choice of the log source",
}
