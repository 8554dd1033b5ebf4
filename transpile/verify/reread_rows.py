"""Re-reading of queries that yield rows: what they ask of the rows of their source.

Such a query runs all stages of a rule. Its innermost condition is compared with the filters right
behind the rule's source, for all events at once; what comes behind is left to the engines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from transpile.errors import TranspileError
from transpile.ir import pred as p
from transpile.ir.expr import Field, Node
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Exists, Pred, all_of, any_of, negate
from transpile.ir.simplify import simplify_pred
from transpile.ir.stages import DataModel
from transpile.ir.walk import descend, rebuild
from transpile.schema import cim
from transpile.schema.fields import is_list, sql_column
from transpile.targets import find, variant_of
from transpile.verify.proof import Proof, undecided
from transpile.verify.prove import Comparison, Facts, Relation, compare

if TYPE_CHECKING:
    from transpile.convert import Conversion
    from transpile.verify.trial import Trial

ABOUT = "the filters right behind the source"


def rows_proof(trial: Trial, conversion: Conversion) -> Proof:
    """Return how the innermost condition of a query stands to the rule's first filters."""
    from transpile.backends.base import TellsFilter

    backend, info = find(conversion.target)
    draft = conversion.draft
    if draft is None or not isinstance(backend, TellsFilter):
        return undecided(f"nothing reads {conversion.target} back")
    if draft.inputs.schema not in ("cim", "splunk"):
        return undecided("the names of another schema are not read back")
    try:
        said = backend.source_filter(variant_of(info), draft)
    except TranspileError as error:
        return undecided(error.message)
    wanted = _in_columns(all_of(trial.runs.filters), trial)
    facts = Facts(_single(trial), _whole(said), all_of(_given(trial)))
    found = compare(simplify_pred(wanted), simplify_pred(said), facts)
    return of_rows(found)


def of_rows(found: Comparison) -> Proof:
    """Return what the comparison of a query's first condition shows."""
    if found.relation in (Relation.EQUAL, Relation.UNDECIDED):
        return Proof(found.relation, reason=found.reason, about=ABOUT)
    # conditions that come later may stand here as well: no counterexample before an engine shows it
    reason = f"the WHERE clause is {found.relation} than the rule's first filters"
    return Proof(Relation.UNDECIDED, found.missed, found.extra, reason, ABOUT)


def tells_filter(target: str) -> bool:
    """Return whether a target's queries are asked what they want of their source."""
    from transpile.backends.base import TellsFilter

    backend, _ = find(target)
    return isinstance(backend, TellsFilter)


def column_of(name: str, trial: Trial) -> str:
    """Return the column that holds a field of the source."""
    source = trial.pipeline.stages[0]
    if not isinstance(source, DataModel):
        return name
    plain = name.removeprefix(source.prefix)
    head, dot, tail = plain.rpartition(".")
    return sql_column(tail if dot and head[:1].isupper() else plain)


def _in_columns(pred: Pred, trial: Trial) -> Pred:
    """Return a predicate with columns in the place of fields."""

    def change(node: Node) -> Node:
        if isinstance(node, Field):
            return Field(column_of(node.name, trial))
        return rebuild(node, change)

    changed = change(pred)
    assert not isinstance(changed, Field)
    return changed  # type: ignore[return-value]


def _given(trial: Trial) -> Iterator[Pred]:
    """Yield what the rows of the source meet, and those that are in a group."""
    yield Exists(Field("_time"))
    yield from (Exists(Field(column_of(key.name, trial))) for key in trial.keys_behind)
    source = trial.pipeline.stages[0]
    if not isinstance(source, DataModel):
        return
    for name in sorted(cim.never_missing(source.model, source.node)):
        yield Exists(Field(column_of(name, trial)))
    for name, values in cim.constraint(source.model, source.node):
        yield _accepted(column_of(name, trial), values)
    for group in cim.exclusions(source.model, source.node):
        tests = (_accepted(column_of(name, trial), values) for name, values in group)
        yield negate(all_of(tests))


def _accepted(column: str, values: tuple[str, ...]) -> Pred:
    subject = Field(column)
    if values == ("*",):
        return Exists(subject)
    return any_of(p.Test(subject, p.Glob(Pattern.from_spl(value))) for value in values)


def _single(trial: Trial) -> Callable[[str], bool]:
    """Return whether a column holds one value: all do that are no lists."""
    source = trial.pipeline.stages[0]
    lists: frozenset[str] = frozenset()
    if isinstance(source, DataModel):
        facts = cim.node_facts(source.model, source.node)
        lists = frozenset(map(sql_column, facts.mv)) if facts else lists
    several = trial.maker.multivalued
    return lambda name: not (name in lists or is_list(name) or several(name))


def _whole(said: Pred) -> Callable[[str], bool]:
    """Return whether a column holds whole numbers: it is compared with numbers in the text."""
    numbers = {
        node.subject.name
        for node in descend(said)
        if isinstance(node, p.Test)
        and isinstance(node.subject, Field)
        and (
            isinstance(node.condition, p.NumEq)
            or (isinstance(node.condition, p.Order) and not isinstance(node.condition.bound, str))
        )
    }
    return numbers.__contains__
