"""Files written whole or not at all, below one folder and nowhere else."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from transpile.errors import UsageError


def write_text(path: Path, text: str) -> None:
    """Write a file in one step. Raises `UsageError` OUT501."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".transpile-", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}", code="OUT501") from error


class OutputFolder:
    """A folder for results; two results of one name get numbers, no name leaves the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._used: dict[str, int] = {}
        if root.exists() and not root.is_dir():
            raise UsageError(f"{root} is no folder", code="OUT501")

    def write(self, name: str, text: str) -> str:
        """Write a text under a relative name; return the path written."""
        count = self._used.get(name, 0) + 1
        self._used[name] = count
        relative = Path(name)
        if relative.is_absolute() or ".." in relative.parts:
            raise UsageError(f"the output name {name!r} leaves the folder", code="OUT501")
        if count > 1:
            relative = relative.with_name(f"{relative.stem}_{count}{relative.suffix}")
        path = self.root / relative
        write_text(path, text)
        return str(path)
