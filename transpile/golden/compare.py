"""How a folder of golden files differs from what it should be, why, and what it means."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from transpile.errors import UsageError
from transpile.golden.build import MANIFEST, Build, Entry, Made
from transpile.golden.meaning import Meaning, compare_meaning
from transpile.ir.codec import from_json
from transpile.records import dataclass, replace

if TYPE_CHECKING:
    from transpile.content import Content

Kind = Literal["changed", "stale", "missing", "orphan"]



@dataclass(frozen=True, slots=True)
class Change:
    """A golden file that differs.

    kind: `changed` (the program converts the same rule to something else), `stale` (the rule, or a
    macro or lookup of it, was changed since), `missing` (not yet there) or `orphan` (no rule gives
    it).  cause: the layer that changed.  meaning: whether what the rule finds changed with it.
    entry, made: what the file comes from.
    """

    path: str
    kind: Kind
    diff: str = ""
    cause: str = ""
    meaning: Meaning | None = None
    entry: Entry | None = None
    made: Made | None = None

    def reasons(self) -> tuple[str, ...]:
        """Return, each in a line, why the file differs and what that means."""
        meaning = self.meaning.text if self.meaning else ""
        return tuple(text for text in (self.cause, meaning) if text)


def compare(
    folder: Path, build: Build, content: Content, *, partial: bool = False
) -> list[Change]:
    """Return how the files of a folder differ from what they should be.

    partial: `build` holds some of the repository's rules only; of the others nothing is said.
    Raises `UsageError` OUT505 for a manifest that cannot be read.
    """
    kept = read_manifest(folder)
    owners = {path: found for entry in build.entries for path, found in _files_of(entry)}
    changes = []
    for path, text in sorted(build.files.items()):
        if path == MANIFEST and partial:
            continue
        file = folder / path
        before = file.read_text(encoding="utf-8") if file.is_file() else None
        if before == text:
            continue
        entry, made = owners.get(path, (None, None))
        diff = "" if before is None else _diff(path, before, text)
        old = {} if entry is None else kept.get(entry.name, {})
        changes.append(_change(path, before, diff, entry, made, old))
    meanings: dict[str, Meaning | None] = {}
    changes = [_with_meaning(change, folder, content, meanings) for change in changes]
    if not partial:
        changes += [Change(path, "orphan") for path in present(folder) if path not in build.files]
    return changes


def _files_of(entry: Entry) -> Iterator[tuple[str, tuple[Entry, Made | None]]]:
    for suffix in ("txt", "json"):
        yield f"ir/{entry.name}.{suffix}", (entry, None)
    for made in entry.made:
        if made.file:
            yield made.file, (entry, made)


def _change(
    path: str,
    before: str | None,
    diff: str,
    entry: Entry | None,
    made: Made | None,
    old: Mapping[str, Any],
) -> Change:
    if before is None:
        return Change(path, "missing", entry=entry, made=made)
    if entry is None:
        return Change(path, "changed", diff)
    cause, inputs = cause_of(old, entry.layers)
    kind: Kind = "stale" if inputs else "changed"
    return Change(path, kind, diff, cause, entry=entry, made=made)


def cause_of(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the layer in which a rule's conversion changed, and whether it is an input."""
    if old.get("ir") != new.get("ir"):
        if old.get("rule") != new.get("rule"):
            return "the rule's search changed", True
        changed = _changed_names(old.get("macros", {}), new.get("macros", {}))
        if changed:
            return f"a macro changed: {', '.join(changed)}", True
        return "the program reads the search differently now (IR)", False
    changed = _changed_names(old.get("lookups", {}), new.get("lookups", {}))
    if changed:
        return f"a lookup changed: {', '.join(changed)}", True
    if old.get("metadata") != new.get("metadata"):
        return "the rule's metadata or its schedule changed", True
    if old.get("mapping") != new.get("mapping"):
        return "the field mapping changed", False
    return "the program writes it differently now (emitter)", False


def _changed_names(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _with_meaning(
    change: Change, folder: Path, content: Content, known: dict[str, Meaning | None]
) -> Change:
    entry = change.entry
    if entry is None or change.kind == "missing":
        return change
    if entry.name not in known:
        known[entry.name] = _meaning(entry, folder, content)
    return replace(change, meaning=known[entry.name])


def _meaning(entry: Entry, folder: Path, content: Content) -> Meaning | None:
    """Return what became of the rule's meaning since its golden files, None if they have none."""
    file = folder / f"ir/{entry.name}.json"
    if entry.compiled is None or not file.is_file():
        return None
    try:
        before = from_json(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError):
        return Meaning("not compared", "the meaning was not compared: the kept IR is of another "
                                       "version of transpile")  # fmt: skip
    return compare_meaning(before, entry.compiled.pipeline, content, entry.rule.data_sources)


# -- the folder ----------------------------------------------------------------------------------


def check_folder(folder: Path) -> None:
    """Raise `UsageError` OUT505 if a folder holds something, but no golden files.

    `update` deletes orphans; this keeps it from deleting what is not ours.
    """
    if folder.is_dir() and next(present(folder), None) and not (folder / MANIFEST).is_file():
        raise UsageError(
            f"{folder} holds files but no {MANIFEST}",
            code="OUT505",
            hint="name an empty folder, or the one with the golden files",
        )


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what a folder's manifest says, by rule; nothing without one.

    Raises `UsageError` OUT505 for a file that is no manifest.
    """
    file = folder / MANIFEST
    if not file.is_file():
        return {}
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {str(name): dict(entry) for name, entry in kept["rules"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{file} is no manifest of golden files",
            code="OUT505",
            hint="delete the folder and run `transpile golden update`",
        ) from error


def present(folder: Path) -> Iterator[str]:
    """Yield the relative paths of the files in a folder, sorted, hidden ones aside."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.name.startswith("."):
            yield file.relative_to(folder).as_posix()


def _diff(path: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), f"golden/{path}", f"now/{path}", lineterm=""
    )
    return "\n".join(lines)
