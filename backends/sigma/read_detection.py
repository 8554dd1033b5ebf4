"""The detection of a Sigma rule as a predicate: searches, their items, the condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any

from transpile.backends.sigma.read_places import Places, refused
from transpile.backends.sigma.read_values import keyword_test, value_test

from transpile.errors import ReadingError, Span
from transpile.ir.expr import Field
from transpile.ir.pred import Exists, Not, Pred, all_of, any_of, negate
from transpile.records import dataclass, replace

Path = tuple[str | int, ...]


@dataclass(slots=True)
class DetectionReader:
    """Reads pySigma's `SigmaDetections`; `assumptions` are filled on the way."""

    detections: Any
    places: Places
    assumptions: dict[str, None] = field(default_factory=dict)
    searches: dict[str, Pred] = field(default_factory=dict)

    def read(self) -> Pred:
        """Return the predicate; several conditions are alternatives. Raises `ReadingError`."""
        return any_of(
            self._condition(condition.parse(postprocess=False))
            for condition in self.detections.parsed_condition
        )

    # -- conditions -------------------------------------------------------------------------------

    def _condition(self, node: Any) -> Pred:
        from sigma import conditions as c

        node = _unwrapped(node)
        match node:
            case c.ConditionIdentifier():
                return self._search(node.identifier)
            case c.ConditionSelector():
                return self._selected(node)
            case c.ConditionNOT():
                return negate(self._condition(node.args[0]))
            case c.ConditionAND():
                return all_of(map(self._condition, node.args))
            case c.ConditionOR():
                return any_of(map(self._condition, node.args))
            case _:
                raise self._in_condition(f"the condition {type(node).__name__} is not read")

    def _selected(self, node: Any) -> Pred:
        """Return what `1 of x*` or `all of x*` says. A pattern without a search is an error."""
        from sigma.conditions import ConditionAND

        found = [each.identifier for each in node.resolve_referenced_detections(self.detections)]
        if not found:
            message = f"no search is named {node.pattern!r}"
            raise self._in_condition(message, code="CNT409")
        join = all_of if node.cond_class is ConditionAND else any_of
        return join(map(self._search, found))

    def _in_condition(self, message: str, code: str = "CNT410") -> ReadingError:
        return refused(message, self.places.of("detection", "condition"), code=code)

    def _search(self, name: str) -> Pred:
        if name not in self.searches:
            if name not in self.detections.detections:
                raise self._in_condition(f"no search is named {name!r}", code="CNT409")
            path: Path = ("detection", name)
            self.searches[name] = self._detection(self.detections.detections[name], path)
        return self.searches[name]

    # -- searches ---------------------------------------------------------------------------------

    def _detection(self, detection: Any, path: Path) -> Pred:
        from sigma.conditions import ConditionAND
        from sigma.rule import SigmaDetectionItem

        several = len(detection.detection_items) > 1
        parts = []
        for at, each in enumerate(detection.detection_items):
            if isinstance(each, SigmaDetectionItem):
                parts.append(self._item(each, path))
            else:
                parts.append(self._detection(each, (*path, at) if several else (*path, 0)))
        return all_of(parts) if detection.item_linking is ConditionAND else any_of(parts)

    def _item(self, item: Any, path: Path) -> Pred:
        """Return the test of a field, or the search for keywords.

        Without a value the field is missing; `|all` asks for all values.
        """
        from sigma.conditions import ConditionAND

        place = self.places.of(*path, *_key(item))
        if not item.value:
            if item.field is None:
                raise refused("an empty list of keywords", place, code="CNT409")
            return Not(Exists(Field(item.field, span=place)), span=place)
        tests = list(self._tests(item, place))
        joined = all_of(tests) if item.value_linking is ConditionAND else any_of(tests)
        placed = joined if joined.span else replace(joined, span=place)
        return negate(placed) if getattr(item, "negated", False) else placed

    def _tests(self, item: Any, place: Span) -> Iterator[Pred]:
        for value in item.value:
            if item.field is None:
                yield keyword_test(value, place)
            else:
                yield value_test(item.field, value, place, self.assumptions)


def _unwrapped(node: Any) -> Any:
    """Return the operand in a parse result: pySigma 1.5 leaves negations and groups wrapped."""
    from pyparsing import ParseResults

    while isinstance(node, ParseResults) and len(node) == 1:
        node = node[0]
    return node


def _key(item: Any) -> tuple[str, ...]:
    """Return the key of an item as the rule writes it, nothing for bare keywords."""
    from sigma.modifiers import modifier_mapping

    if item.field is None and not item.modifiers:
        return ()
    names = {kind: name for name, kind in reversed(modifier_mapping.items())}
    return ("|".join((item.field or "", *(names[kind] for kind in item.modifiers))),)
