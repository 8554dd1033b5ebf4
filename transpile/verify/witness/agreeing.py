"""Events in which fields agree as a later filter wants: where one is changed, another follows.

What is held against each other may be a part of each that an expression takes out of it, as the
folders of two paths. Such a part can stand in a text of one line, or behind a line: an expression
that starts at any place finds it there too, a pattern for the whole text does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from transpile.ir import stages as s
from transpile.ir.expr import Field
from transpile.ir.pred import Compare, Pred
from transpile.ir.regex import Regex
from transpile.ir.regex.render import compile_python
from transpile.ir.walk import conjuncts
from transpile.records import dataclass
from transpile.verify.witness.maker import Event
from transpile.verify.witness.written import matching_with

_LINE = "x\n"


@dataclass(frozen=True, slots=True)
class _Part:
    """A field of the source, or a group of an expression that takes it out of one."""

    source: str
    regex: Regex | None = None
    group: int = 0

    def of(self, event: Event) -> str | None:
        """Return the part of an event, None if it has none."""
        text = event.get(self.source)
        if not isinstance(text, str) or self.regex is None:
            return text if isinstance(text, str) else None
        found = compile_python(self.regex).search(text)
        return None if found is None else found[self.group]

    def put(self, event: Event, text: str) -> Iterator[Event]:
        """Yield an event with this part, on a line of its own too if that makes no difference."""
        written = matching_with(self.regex, {self.group: text}) if self.regex is not None else text
        for whole in (written, None if written is None else _LINE + written):
            changed = {**event, self.source: whole}
            if self.of(changed) == text:
                yield changed


def agreeing(pipeline: s.Pipeline, events: Iterable[Event]) -> Iterator[Event]:
    """Yield events like these in which fields agree that a later filter holds against each other.

    None for a rule without such a filter before its first grouping.
    """
    pairs = list(_pairs(pipeline))
    for event in events if pairs else ():
        for one, other in pairs:
            text = one.of(event)
            if text is not None and other.of(event) != text:
                yield from other.put(event, text)


def _pairs(pipeline: s.Pipeline) -> Iterator[tuple[_Part, _Part]]:
    """Yield the parts of the source's fields that later filters hold against each other."""
    source, *stages = pipeline.stages
    prefix = source.prefix if isinstance(source, s.DataModel) else ""
    parts: dict[str, _Part | None] = {}
    for stage in stages:
        match stage:
            case s.Filter(pred):
                for left, right in _held(pred) if parts else ():
                    one, other = (
                        parts.get(name, _Part(name.removeprefix(prefix))) for name in (left, right)
                    )
                    if one is not None and other is not None:
                        yield from ((one, other), (other, one))
            case s.Extract(name, regex):
                found = parts.get(name, _Part(name.removeprefix(prefix)))
                plain = found is not None and found.regex is None
                parts |= {made: _Part(found.source, regex, number) if plain and found else None
                          for made, number in regex.group_names}  # fmt: skip
            case s.Compute(assignments):
                parts |= {name: None for name, _ in assignments}
            case _:
                return


def _held(pred: Pred) -> Iterator[tuple[str, str]]:
    for part in conjuncts(pred):
        match part:
            case Compare("==", Field(left), Field(right)):
                yield left, right
            case _:
                pass
