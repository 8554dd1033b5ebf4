"""Several tests of one group: a rule for the events of each, a correlation for each number, and one
correlation that asks for all of them.

Sigma relates rules and correlations alike (specification 2.1, `rules` of a correlation); in one
window each of them must hold for the same group.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from transpile.backends.base import RuleInfo
from transpile.backends.sigma.correlation import Correlated, correlated
from transpile.backends.sigma.document import (
    Document,
    building_block,
    correlation_document,
    rule_document,
)
from transpile.backends.sigma.parts import Part, Said

from transpile.errors import Unsupported
from transpile.fidelity import Loss
from transpile.ir.events import Threshold
from transpile.ir.pred import TRUE, Pred, all_of
from transpile.records import dataclass, replace

_SHARED = ("group-by", "timespan")
Saying = Callable[[Pred], Said]


@dataclass(frozen=True, slots=True)
class Member:
    """One test of a group: which events count, and how Sigma says the number of them."""

    test: Threshold
    said: Said
    correlated: Correlated

    @property
    def is_presence(self) -> bool:
        """True if one event that counts is enough: the rule itself says that."""
        return (self.test.func, self.test.op, self.test.number) == ("count", ">=", 1)


def members(
    part: Part, info: RuleInfo, saying: Saying
) -> tuple[tuple[Member, ...], tuple[Loss, ...]]:
    """Return the tests of a rule's groups that Sigma can say, and what is lost of the others."""
    found: list[Member] = []
    losses: list[Loss] = []
    rule = part.rule
    for test in (rule.threshold, *rule.further):
        assert test is not None
        try:
            said = part.said if test.where == TRUE else saying(all_of((rule.pred, test.where)))
        except Unsupported as refusal:
            text = f"a test on a group is left out: {refusal.message}"
            losses.append(Loss(refusal.code, text, test.span))
            continue
        widened = bool(rule.losses or said.losses)
        number = correlated(test, part.resolution, "", window=info.window, widened=widened)
        losses += number.losses
        if number.correlation is not None:
            found.append(Member(test, said, number))
    return tuple(found), tuple(dict.fromkeys(losses))


def only(part: Part, member: Member | None) -> Part:
    """Return the part with one test of its groups, or with none."""
    if member is None:
        return replace(part, rule=replace(part.rule, threshold=None, further=()))
    test = member.test
    rule = replace(
        part.rule,
        pred=all_of((part.rule.pred, test.where)),
        threshold=replace(test, where=TRUE),
        further=(),
    )
    return replace(part, rule=rule, said=member.said)


def documents(
    part: Part, info: RuleInfo, stem: str, found: Sequence[Member], notes: Sequence[str]
) -> list[Document]:
    """Return the rules, the correlations over each, and the one over all, last."""
    kinds = tuple(dict.fromkeys(member.test.where for member in found))
    names = {
        where: stem if len(kinds) == 1 else f"{stem}_{number}"
        for number, where in enumerate(kinds, 1)
    }
    blocks: dict[str, Document] = {}
    for number, where in enumerate(kinds, 1):
        said = next(member.said for member in found if member.test.where == where)
        label = "" if len(kinds) == 1 else f"Part {number}"
        blocks[names[where]] = rule_document(info, part.source, said.detection, label=label)
    related: list[str] = []
    for number, member in enumerate(found, 1):
        rule = names[member.test.where]
        if member.is_presence:
            related.append(rule)
            continue
        name = f"{stem}_threshold_{number}"
        assert member.correlated.correlation is not None
        correlation = {**member.correlated.correlation, "rules": [rule]}
        blocks[name] = correlation_document(info, correlation, label=f"Threshold {number}")
        related.append(name)
    final = correlation_document(info, _all_of(found, related), notes)
    return [building_block(rule, name, final) for name, rule in blocks.items()] + [final]


def _all_of(found: Sequence[Member], related: list[str]) -> Document:
    first = found[0].correlated.correlation
    assert first is not None
    shared: Document = {key: first[key] for key in _SHARED if key in first}
    return {"type": "temporal", "rules": list(dict.fromkeys(related)), **shared}
