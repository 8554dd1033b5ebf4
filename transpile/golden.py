"""Golden files: what a repository's rules convert to, kept in git and checked in CI.

    golden/ir/<rule>.txt  golden/sigma/<rule>.yml  golden/eql/<rule>.eql
    golden/sql-duckdb/<rule>.sql
    golden/manifest.json  per rule its hash, and per target fidelity, verdict, losses and file

The text is a function of the rules alone: no clock, no absolute path, no random id. A golden file
says what changed; the verdict beside it, computed anew by `update`, says whether it is right.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transpile.compiled import compile_rule
from transpile.convert import convert_compiled
from transpile.errors import TranspileError, UsageError
from transpile.ir.show import show_pipeline
from transpile.verify import Report, check_conversion, load_fixtures

if TYPE_CHECKING:
    from transpile.content import Content, Rule

MANIFEST = "manifest.json"
TARGETS = ("sigma", "eql", "sql:duckdb", "sql:sqlite")


@dataclass(frozen=True, slots=True)
class Change:
    """A golden file that differs.

    kind: `changed` (the program converts the same rule to something else), `stale` (the rule was
    changed since), `missing` (not yet there) or `orphan` (no rule gives it).
    """

    path: str
    kind: str
    diff: str = ""


def build(
    rules: Sequence[Rule], content: Content, targets: Sequence[str] = TARGETS
) -> tuple[dict[str, str], list[Report]]:
    """Return the golden texts by relative path, the manifest among them, and the verdicts."""
    files: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    reports: list[Report] = []
    for rule in rules:
        name = _free_name(Path(rule.path).stem if rule.path else rule.id, manifest)
        try:
            entry = _rule(rule, name, content, targets, files, reports)
        except TranspileError as error:
            entry = {"error": {"code": error.code, "message": error.message}}
        manifest[name] = entry
    text = json.dumps({"version": 1, "rules": manifest}, indent=1, sort_keys=True)
    files[MANIFEST] = text + "\n"
    return files, reports


def _free_name(wanted: str, used: Mapping[str, Any]) -> str:
    """Return the name, numbered if another folder has a rule file of that name."""
    numbers = (wanted if n == 1 else f"{wanted}_{n}" for n in count(1))
    return next(name for name in numbers if name not in used)


def _rule(
    rule: Rule,
    name: str,
    content: Content,
    targets: Sequence[str],
    files: dict[str, str],
    reports: list[Report],
) -> dict[str, Any]:
    compiled = compile_rule(rule, content)
    fixtures = load_fixtures(rule, content)
    files[f"ir/{name}.txt"] = show_pipeline(compiled.pipeline) + "\n"
    entry: dict[str, Any] = {"rule": _hash(compiled.text.text), "targets": {}}
    for target in targets:
        conversion = convert_compiled(compiled, target, content=content)
        report = check_conversion(
            compiled, conversion, fixtures.events, content=content, now=fixtures.now
        )
        reports.append(report)
        facts: dict[str, Any] = {
            "fidelity": str(conversion.fidelity),
            "verdict": str(report.verdict),
            "losses": [f"{x.code}: {x.message}" for x in conversion.losses],
            "assumptions": list(conversion.assumptions),
        }
        if conversion.supported:
            suffix = Path(conversion.filename).suffix
            path = f"{target.replace(':', '-')}/{name}{suffix}"
            files[path] = conversion.text.rstrip("\n") + "\n"
            facts["file"] = path
        entry["targets"][target] = facts
    return entry


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def compare(folder: Path, files: Mapping[str, str]) -> list[Change]:
    """Return how the files of a folder differ from what they should be."""
    changed_rules = _changed_rules(folder, files)
    changes = []
    for path, text in sorted(files.items()):
        file = folder / path
        if not file.is_file():
            changes.append(Change(path, "missing"))
            continue
        kept = file.read_text(encoding="utf-8")
        if kept != text:
            kind = "stale" if Path(path).stem in changed_rules else "changed"
            changes.append(Change(path, kind, _diff(path, kept, text)))
    changes += [Change(path, "orphan") for path in _present(folder) if path not in files]
    return changes


def check_folder(folder: Path) -> None:
    """Raise `UsageError` OUT505 if a folder holds something, but no golden files.

    `update` deletes orphans; this keeps it from deleting what is not ours.
    """
    if folder.is_dir() and next(_present(folder), None) and not (folder / MANIFEST).is_file():
        raise UsageError(
            f"{folder} holds files but no {MANIFEST}",
            code="OUT505",
            hint="name an empty folder, or the one with the golden files",
        )


def _changed_rules(folder: Path, files: Mapping[str, str]) -> set[str]:
    """Return the names of the rules whose text is another one than that of the golden files."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return set()
    try:
        kept = json.loads(manifest.read_text(encoding="utf-8"))
        hashes = {name: entry.get("rule") for name, entry in kept["rules"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{manifest} is no manifest of golden files",
            code="OUT505",
            hint="delete the folder and run `transpile golden update`",
        ) from error
    now = json.loads(files[MANIFEST])["rules"]
    return {name for name, entry in now.items() if hashes.get(name) != entry.get("rule")}


def _present(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.name.startswith("."):
            yield file.relative_to(folder).as_posix()


def _diff(path: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), f"golden/{path}", f"now/{path}", lineterm=""
    )
    return "\n".join(lines)
