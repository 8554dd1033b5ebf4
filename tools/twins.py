"""Compares our Sigma of Splunk rules with the Sigma that their authors published; prints a table.

    TRANSPILE_CORPUS=... python tools/twins.py [--step N] [--from N] [--only NAME] [--all]

A twin (corpus `splunk/sigma_twins`) bears the file name of its rule. Events are made from the rule
and from the twin; on each the rule is run by the reference interpreter, our conversion by the Sigma
engine, and the twin's detection, read as Sigma, on the same view of the event. Twins equal a bare
file name to a path and write `endswith` without the separator: both are read as the base name; and
they write a registry number as Splunk does (0x00000001), which is read as Sysmon's DWORD.

Printed: per twin that disagrees which side agrees with the rule, and why the twin does not; then
the sums. --all lists the twins that agree too; --only shows the events that tell them apart.
Returns 1 if a disagreement is ours.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transpile.backends.base import Draft
from transpile.backends.sigma.engine import SigmaEngine
from transpile.backends.sigma.read import SigmaReader

from transpile import Content
from transpile.cli.terminal import table
from transpile.compiled import Compiled, compile_rule
from transpile.content import Rule, load_rule
from transpile.content.yaml import load_yaml
from transpile.convert import convert_compiled
from transpile.errors import TranspileError
from transpile.fidelity import Fidelity, Observable
from transpile.interpret import compile_pred, matched
from transpile.ir import pred as p
from transpile.ir.events import event_rule
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.show import show_pred
from transpile.ir.simplify import simplify, simplify_pred
from transpile.ir.stages import Aggregate, Branch, Filter, Join, Pipeline
from transpile.ir.text import fold
from transpile.ir.walk import descend, rebuild
from transpile.running import context_for
from transpile.schema.model_view import model_view
from transpile.schema.origins import Origin
from transpile.schema.resolve import Resolution, resolve
from transpile.schema.splunk_view import in_splunks_view
from transpile.verify.trial import source_row
from transpile.verify.witness import maker_for, witnesses

CATEGORIES = {"1": "process_creation", "11": "file_event", "13": "registry_set"}
_DWORD = re.compile(r"0x[0-9A-Fa-f]{8}")
PATHS = frozenset({"Image", "ParentImage", "SourceImage", "TargetImage", "TargetFilename"})


@dataclass(frozen=True)
class Outcome:
    """How a twin and our conversion stand. verdict: `equal`, `twin`, `stated loss`, `ours`, `-`."""

    name: str
    verdict: str
    why: str
    events: tuple[Any, ...] = ()


def main() -> int:
    """Compare; return 1 if a disagreement is ours."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="start")
    parser.add_argument("--only", default="")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    corpus = Path(os.environ["TRANSPILE_CORPUS"])
    found = []
    for each in outcomes(corpus, options.step, options.start, options.only):
        found.append(each)
        if options.all or each.verdict != "equal":
            print(f"{each.verdict:12}  {each.name:60}  {each.why}", flush=True)
        for event in each.events if options.only else ():
            print(f"  {event}")
    print()
    sums = Counter((o.verdict, o.why.partition(":")[0]) for o in found)
    rows = [(verdict, why, str(count)) for (verdict, why), count in sorted(sums.items())]
    print(table(("differs by", "why", "twins"), rows))
    return 1 if any(each.verdict == "ours" for each in found) else 0


def outcomes(
    corpus: Path, step: int = 1, start: int = 0, only: str = ""
) -> Iterator[Outcome]:
    """Yield what became of every `step`-th twin, or of those whose name begins with `only`."""
    root = corpus / "splunk"
    content = Content.load(root)
    rules = {file.name: file for file in (root / "detections").rglob("*.yml")}
    for file in sorted((root / "sigma_twins").glob("*.yml"))[start::step]:
        if not file.name.startswith(only):
            continue
        if file.name not in rules:
            yield Outcome(file.stem, "-", "its rule is not in the corpus")
            continue
        try:
            yield compare(file, load_rule(rules[file.name]), content)
        except TranspileError as error:
            yield Outcome(file.stem, "-", f"not compared: {error.message}")


def compare(file: Path, rule: Rule, content: Content) -> Outcome:
    """Return how a twin stands to its rule and to our conversion of it."""
    written = load_yaml(file)
    twin = read_twin(written)
    compiled = compile_rule(rule, content)
    conversion = convert_compiled(compiled, "sigma", content=content)
    if conversion.draft is None:
        return Outcome(file.stem, "-", f"no conversion: {conversion.losses[0].message}")
    if conversion.draft.sides:
        return Outcome(file.stem, "twin", "twin wrong, keeps one side of a join:")
    event_part = event_rule(compiled.pipeline)
    resolution = resolve(event_part.source, event_part.pred, rule.data_sources)
    assert resolution is not None
    draft = detection_of(conversion.draft)
    events = made_events(compiled, twin, resolution)
    tried = [event for event in events if admitted(event, draft, compiled)]
    truth = set(_found(compiled, event_part.pred, tried, content))
    ours = set(SigmaEngine().run(draft, tried, lookups={}, now=0.0).events or ())
    theirs = set(run_twin(twin, tried, resolution))
    apart = sorted(ours ^ theirs)
    shown = tuple(tried[at] for at in apart[:3])
    if not apart:
        return Outcome(file.stem, "equal" if tried else "-", f"on {len(tried)} events")
    if not (ours ^ truth) & set(apart):
        why = blame(written, rule, compiled, _read(draft.text), twin)
        return Outcome(file.stem, "twin", why, shown)
    if conversion.fidelity is Fidelity.SUPERSET and truth <= ours:
        return Outcome(file.stem, "stated loss", f"ours: {conversion.losses[0].message}", shown)
    return Outcome(file.stem, "ours", "ours: differs from the rule", shown)


def detection_of(draft: Draft) -> Draft:
    """Return a conversion without its correlation: the test of single events."""
    first = draft.text.partition("\n---\n")[0]
    return replace(draft, text=first, observable=Observable.EVENTS, groups=(), sides=())


def admitted(event: Any, draft: Draft, compiled: Compiled) -> bool:
    """Return whether an event is one that our conversion speaks about."""
    row = source_row(event, compiled.pipeline.stages[0])
    met = compile_pred(draft.required)(row or {})
    return met and SigmaEngine().accepts(event, draft)


def _found(compiled: Compiled, pred: p.Pred, events: Sequence[Any], content: Content) -> list[int]:
    """Return the events that the rule finds, a threshold aside."""
    stages = compiled.pipeline.stages
    alone = Pipeline((stages[0], Filter(pred)))
    counted = any(isinstance(each, Aggregate) for each in stages) and event_rule(
        compiled.pipeline
    ).threshold is not None
    run = alone if counted else compiled.pipeline
    return matched(run, events, context_for(run, content))


# -- twins ----------------------------------------------------------------------------------------


def read_twin(written: Any) -> p.Pred:
    """Return a twin's detection over Sigma's fields, bare file names read as base names."""
    import yaml

    code = str(written["data_source"][0]).rpartition(" ")[2]
    document = {
        "title": written["name"],
        "logsource": {"product": "windows", "category": CATEGORIES[code]},
        "detection": written["search"],
    }
    return _as_meant(_read(yaml.safe_dump(document, allow_unicode=True, sort_keys=False)))


def _read(text: str) -> p.Pred:
    """Return the filter of a Sigma rule."""
    stage = SigmaReader().read(text).pipeline.stages[1]
    assert isinstance(stage, Filter)
    return simplify_pred(stage.pred)


def _as_meant(pred: p.Pred) -> p.Pred:
    """Return a twin's filter with names and registry numbers as the log source has them."""
    match pred:
        case p.Test(Field("Details"), p.TextEq(text)) if _DWORD.fullmatch(text):
            return replace(pred, condition=p.TextEq(f"DWORD ({text})"))
        case p.Test(Field(name), condition) if name in PATHS:
            bare = _bare_name(condition)
            named = p.Glob(Pattern.of(Wild.RUN, f"\\{bare}"))
            return pred if bare is None else replace(pred, condition=named)
        case p.And() | p.Or() | p.Not():
            return rebuild(pred, _as_meant)  # type: ignore[arg-type]
        case _:
            return pred


def _bare_name(condition: p.Condition) -> str | None:
    match condition:
        case p.TextEq(text) | p.Glob(Pattern(parts=(Wild.RUN, str() as text))):
            return None if "\\" in text or text.startswith(".") else text
        case _:
            return None


def run_twin(twin: p.Pred, events: Sequence[Any], resolution: Resolution) -> Iterator[int]:
    """Yield the events that a twin finds, in Sigma's view and, for names it left so, Splunk's."""
    decide = compile_pred(twin)
    prefix = resolution.dataset.prefix or ""
    for at, event in enumerate(events):
        shown = model_view(event, resolution.dataset, "sigma", resolution.variant)
        own = {f"{prefix}.{resolution.fields.strip(key)}": value for key, value in event.items()}
        if decide({**own, **shown}):
            yield at


def made_events(compiled: Compiled, twin: p.Pred, resolution: Resolution) -> list[Any]:
    """Return events made from the rule and from its twin, in Splunk's view."""
    found = witnesses(compiled.pipeline, maker_for(compiled.pipeline, compiled.rule.data_sources))
    origin = Origin(resolution.dataset, platform=resolution.platform)
    native = Pipeline((_native_source(), Filter(twin)))
    seen = simplify(in_splunks_view(native, origin=origin).pipeline)
    return [*found, *witnesses(seen, maker_for(seen))]


def _native_source() -> Any:
    from transpile.ir.stages import Events

    return Events(origin=(("taxonomy", "sigma"),))


# -- why ------------------------------------------------------------------------------------------


def blame(written: Any, rule: Rule, compiled: Compiled, own: p.Pred, twin: p.Pred) -> str:
    """Return why a twin does not say what its rule says, by the tests of both.

    own: our conversion, which says the same as the rule on all events.
    """
    if any(isinstance(stage, (Join, Branch)) for stage in compiled.pipeline.stages):
        return "twin wrong, keeps one side of a join:"
    mine, theirs = _terms(own), _terms(twin)
    missing, more = sorted(mine - theirs), sorted(theirs - mine)
    if missing or more:
        told = ", ".join([*(f"-{t}" for t in missing[:3]), *(f"+{t}" for t in more[:3])])
        if rule.version is not None and rule.version > int(written.get("version") or 0):
            versions = f"version {written.get('version')} of {rule.version}"
            return f"twin older than its rule: {versions}, {told}"
        return f"twin wrong, {'misses a term' if missing else 'has a term more'}: {told}"
    if _tests(own) != _tests(twin):
        told = " or ".join(sorted(_tests(twin) - _tests(own))[:2])
        return f"twin wrong, another field or wildcard: {told}"
    if _negated(own) != _negated(twin):
        return "twin wrong, loses or adds a NOT:"
    return "twin wrong, mixes up AND and OR:"


def _tests(pred: p.Pred) -> frozenset[str]:
    """Return the tests of a predicate as text."""
    return frozenset(fold(show_pred(each)) for each in descend(pred) if isinstance(each, p.Test))


def _terms(pred: p.Pred) -> frozenset[str]:
    """Return the literal texts of a predicate, without wildcards and separators at the edges."""
    found = set()
    for node in descend(pred):
        match node:
            case p.Test(_, p.TextEq(text)):
                found.add(text)
            case p.Test(_, p.NumEq(number)):
                found.add(str(number))
            case p.Test(_, p.Glob(pattern)):
                found.update(part for part in pattern.parts if isinstance(part, str))
            case p.Test(_, p.Matches(regex)):
                found.add(regex.source)
    return frozenset(fold(text).strip("\\ ") for text in found) - {"", "unknown"}


def _negated(pred: p.Pred) -> frozenset[str]:
    return frozenset(
        term for node in descend(pred) if isinstance(node, p.Not) for term in _terms(node.arg)
    )


if __name__ == "__main__":
    sys.exit(main())
