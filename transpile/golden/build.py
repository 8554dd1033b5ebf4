"""What the golden files of some rules should be, with what each of them depends on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, field
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transpile.cache import digest
from transpile.compiled import Compiled, compile_rule
from transpile.convert import convert_compiled, rule_info
from transpile.errors import TranspileError
from transpile.fidelity import Fidelity
from transpile.ir.codec import to_json
from transpile.ir.show import show_pipeline
from transpile.records import dataclass
from transpile.tables import tables_for
from transpile.verify import Report, Verdict, check_conversion, load_fixtures
from transpile.verify.check import check_trial
from transpile.verify.trial import Trial, trial_of

if TYPE_CHECKING:
    from transpile.content import Content, Rule
    from transpile.convert import Conversion
    from transpile.spl.source import MacroCall

MANIFEST = "manifest.json"
TARGETS = ("sigma", "eql", "esql", "elastic", "sql:duckdb", "sql:sqlite")
LAYOUT = 2
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss in words, and where in the rule's file it stands (1-based), None if nowhere."""

    text: str
    place: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """One conversion: its golden file ("" if there is none) and what the manifest says of it."""

    target: str
    fidelity: Fidelity
    verdict: str
    file: str
    losses: tuple[Loss, ...]
    assumptions: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Return the manifest's object."""
        found: dict[str, Any] = {
            "fidelity": str(self.fidelity),
            "verdict": self.verdict,
            "losses": [loss.text for loss in self.losses],
            "assumptions": list(self.assumptions),
        }
        return {**found, "file": self.file} if self.file else found


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule: its name among the golden files, its layers, its conversions.

    layers: a digest (`rule`, `ir`, `metadata`, `mapping`), or name -> digest (`macros`, `lookups`).
    """

    name: str
    rule: Rule
    layers: Mapping[str, Any] = field(default_factory=dict)
    made: tuple[Made, ...] = ()
    compiled: Compiled | None = None
    error: TranspileError | None = None

    def facts(self) -> dict[str, Any]:
        """Return the manifest's object."""
        if self.error is not None:
            return {"error": {"code": self.error.code, "message": self.error.message}}
        return {**self.layers, "targets": {made.target: made.facts() for made in self.made}}


@dataclass(frozen=True, slots=True)
class Build:
    """The golden texts by relative path, the manifest among them, and what they come from."""

    files: Mapping[str, str]
    entries: tuple[Entry, ...]
    reports: tuple[Report, ...]


def build(
    rules: Sequence[Rule],
    content: Content,
    targets: Sequence[str] = TARGETS,
    *,
    schema: str = "",
    names: Mapping[tuple[str | None, int], str] | None = None,
) -> Build:
    """Return what the golden files of the rules should be.

    names: of the rules among the golden files, by path and document (`names_for`), where `rules`
    are not all of the repository's.
    """
    known = names_for(rules) if names is None else names
    files: dict[str, str] = {}
    entries: list[Entry] = []
    reports: list[Report] = []
    for rule in rules:
        name = known[(rule.path, rule.document)]
        try:
            entries.append(_entry(rule, name, content, targets, schema, files, reports))
        except TranspileError as error:
            entries.append(Entry(name, rule, error=error))
    files[MANIFEST] = manifest_text({entry.name: entry.facts() for entry in entries})
    return Build(files, tuple(entries), tuple(reports))


def manifest_text(rules: Mapping[str, Any]) -> str:
    """Return the manifest as a file."""
    data = {"version": LAYOUT, "rules": rules}
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def names_for(rules: Iterable[Rule]) -> dict[tuple[str | None, int], str]:
    """Return the name of each rule among the golden files: its file's, numbered if used already."""
    found: dict[tuple[str | None, int], str] = {}
    used: set[str] = set()
    for rule in rules:
        wanted = Path(rule.path).stem if rule.path else rule.id
        numbered = (wanted if n == 1 else f"{wanted}_{n}" for n in count(1))
        name = next(name for name in numbered if name not in used)
        used.add(name)
        found[(rule.path, rule.document)] = name
    return found


@lru_cache(maxsize=4)
def mapping_digest(schema: str) -> str:
    """Return a digest of the built-in field mappings and of the user's own schema."""
    import transpile.schema

    folder = Path(transpile.schema.__file__).parent / "data"
    texts = [file.read_bytes() for file in sorted(folder.rglob("*.json"))]
    own = Path(schema).read_bytes() if schema.endswith((".yml", ".yaml")) else schema
    return digest(*texts, own)[:_DIGITS]


def _entry(
    rule: Rule,
    name: str,
    content: Content,
    targets: Sequence[str],
    schema: str,
    files: dict[str, str],
    reports: list[Report],
) -> Entry:
    compiled = compile_rule(rule, content)
    fixtures = load_fixtures(rule, content)
    ir = json.dumps(to_json(compiled.pipeline, spans=False), ensure_ascii=False)
    files[f"ir/{name}.txt"] = show_pipeline(compiled.pipeline) + "\n"
    files[f"ir/{name}.json"] = ir + "\n"
    found = []
    trial: Trial | None = None
    for target in targets:
        conversion = convert_compiled(compiled, target, content=content, schema=schema)
        report = check_conversion(
            compiled, conversion, fixtures.events, content=content, now=fixtures.now
        )
        if report.verdict is Verdict.NOT_RUN:  # no fixture fits: events made from the rule may
            trial = trial or trial_of(compiled, (), content=content)
            report = check_trial(trial, conversion, mutation=False)
        reports.append(report)
        made = _made(compiled, conversion, str(report.verdict), name)
        if made.file:
            files[made.file] = conversion.text.rstrip("\n") + "\n"
        found.append(made)
    layers = {**_layers(compiled, content, ir), "mapping": mapping_digest(schema)}
    return Entry(name, rule, layers, tuple(found), compiled)


def _made(compiled: Compiled, conversion: Conversion, verdict: str, name: str) -> Made:
    suffix = Path(conversion.filename).suffix
    folder = conversion.target.replace(":", "-")
    return Made(
        conversion.target,
        conversion.fidelity,
        verdict,
        f"{folder}/{name}{suffix}" if conversion.supported else "",
        tuple(
            Loss(f"{loss.code}: {loss.message}", compiled.place_of(loss.span))
            for loss in conversion.losses
        ),
        conversion.assumptions,
    )


def _layers(compiled: Compiled, content: Content, ir: str) -> dict[str, Any]:
    tables = tables_for(compiled.pipeline, content)
    info = asdict(rule_info(compiled.rule, content))
    return {
        "rule": _short(compiled.text.original),
        "macros": {call.name: _short(_definition(call, content)) for call in compiled.text.calls},
        "lookups": {name: _short(repr(table)) for name, table in tables.items()},
        "metadata": _short(json.dumps(info, sort_keys=True)),
        "ir": _short(ir),
    }


def _definition(call: MacroCall, content: Content) -> str:
    macro = content.macro(call.name, len(call.args))
    return "" if macro is None else macro.definition


def _short(text: str) -> str:
    return digest(text)[:_DIGITS]
