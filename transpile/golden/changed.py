"""Which rules a change in git concerns: their own files, and what they are converted with."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from transpile.compiled import compile_rule
from transpile.errors import TranspileError, UsageError
from transpile.tables import tables_for

if TYPE_CHECKING:
    from transpile.content import Content, Rule


def changed_files(folder: Path, ref: str) -> frozenset[Path]:
    """Return the files that differ from a commit, new and deleted ones included, resolved.

    Raises `UsageError` OUT505: git is missing, the folder is in no checkout, or there is no `ref`.
    """
    top = Path(_git(folder, "rev-parse", "--show-toplevel").rstrip("\n"))
    commit = _git(folder, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}").strip()
    listed = _git(top, "diff", "--name-only", "-z", commit) + _git(
        top, "ls-files", "--others", "--exclude-standard", "-z"
    )
    return frozenset((top / name).resolve() for name in listed.split("\0") if name)


def _git(folder: Path, *arguments: str) -> str:
    try:
        ran = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, text=True, check=True, errors="surrogateescape",
        )  # fmt: skip
    except FileNotFoundError:
        raise UsageError("git is not installed", code="OUT505") from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().removeprefix("fatal: ") or "git failed"
        raise UsageError(
            f"git cannot tell what changed: {reason}",
            code="OUT505",
            hint="name a commit, branch or tag of the checkout that the rules lie in",
        ) from None
    return ran.stdout


def concerned(
    rules: Sequence[Rule], content: Content, changed: frozenset[Path], settings: Sequence[Path] = ()
) -> list[Rule]:
    """Return the rules that a change concerns, in order: all of them if it touches the settings.

    settings: files that every conversion depends on.
    """
    if any(file.resolve() in changed for file in settings):
        return list(rules)
    return [rule for rule in rules if any(f in changed for f in _files_behind(rule, content))]


def _files_behind(rule: Rule, content: Content) -> Iterator[Path]:
    """Yield the files that a rule and its conversion come from, as far as they can be read."""
    if rule.path is not None:
        yield Path(rule.path).resolve()
    deployment = content.deployment_for(rule)
    names = [deployment.path if deployment else None]
    try:
        compiled = compile_rule(rule, content)
    except TranspileError:  # what it needs may be what was changed
        yield from (file.resolve() for file in content.definition_files)
        return
    for call in compiled.text.calls:
        macro = content.macro(call.name, len(call.args))
        names.append(macro.path if macro else None)
    for name in tables_for(compiled.pipeline, content):
        lookup = content.lookup(name)
        if lookup is not None:
            names += [lookup.path, str(lookup.table) if lookup.table else None]
    yield from (Path(name).resolve() for name in names if name)
