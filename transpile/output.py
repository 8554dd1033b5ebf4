"""Files written whole or not at all, below one folder and nowhere else."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path

from transpile.errors import UsageError

_UNFINISHED = ".transpile-"
"""Begins the name of a file that is being written; the process's number follows."""

_NUMBERS = itertools.count()
_BINARY = getattr(os, "O_BINARY", 0)  # of Windows


def write_text(path: Path | str, text: str) -> None:
    """Write a file in one step, unless it says that already. Raises `UsageError` OUT501."""
    data = text.encode()
    try:
        if not _says(path, data):
            _write(path, data)
    except OSError as error:
        raise _unwritable(path, error) from error


def _says(path: Path | str, data: bytes) -> bool:
    """Return whether a file has this content: its time then tells when it last changed."""
    try:
        with open(path, "rb") as file:
            return os.fstat(file.fileno()).st_size == len(data) and file.read() == data
    except (FileNotFoundError, PermissionError):
        return False


def _write(path: Path | str, data: bytes) -> None:
    handle, temporary = _unfinished(path)
    try:
        with open(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _unfinished(path: Path | str) -> tuple[int, str]:
    """Return an open file beside a path, and its name; the folder is made if there is none."""
    folder = os.path.dirname(path)
    beginning = os.path.join(folder, f"{_UNFINISHED}{os.getpid()}-")
    while True:
        name = f"{beginning}{next(_NUMBERS)}.tmp"
        try:
            return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o644), name
        except FileNotFoundError:
            make_folder(Path(folder))
        except FileExistsError:  # of a process that had our number and was killed
            continue


def make_folder(path: Path) -> None:
    """Make a folder and those above it. Raises `UsageError` OUT501."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def check_file(path: Path) -> None:
    """Find out before the work whether a file can be written. Raises `UsageError` OUT501."""
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder", code="OUT501")
    make_folder(path.parent)
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"cannot write {path}: permission denied", code="OUT501")
    sweep(path.parent)


def _unwritable(path: Path | str, error: OSError) -> UsageError:
    reason = "a file is in the way" if isinstance(error, FileExistsError) else error.strerror
    return UsageError(f"cannot write {path}: {reason or error}", code="OUT501")


def sweep(folder: Path) -> None:
    """Remove what runs that were killed left unfinished in a folder."""
    for file in folder.glob(f"{_UNFINISHED}*.tmp"):
        number = file.name.removeprefix(_UNFINISHED).partition("-")[0]
        if number.isdigit() and not _runs(int(number)):
            with contextlib.suppress(OSError):  # another run sweeps too, or may and we may not
                file.unlink()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


class OutputFolder:
    """A folder for results; two results of one name get numbers, no name leaves the folder."""

    def __init__(self, root: Path) -> None:
        make_folder(root)
        self._before = "" if root == Path() else os.path.join(root, "")
        self._used: set[str] = set()
        self._swept: set[str] = set()

    def write(self, name: str, text: str) -> str:
        """Write a text under a relative name; return the path written."""
        relative = Path(name)
        if relative.is_absolute() or ".." in relative.parts:
            raise UsageError(f"the output name {name!r} leaves the folder", code="OUT501")
        path = self._before + self._free(relative)
        folder = os.path.dirname(path)
        if folder not in self._swept:
            self._swept.add(folder)
            sweep(Path(folder))
        write_text(path, text)
        return path

    def _free(self, wanted: Path) -> str:
        name, number = str(wanted), 1
        while name.lower() in self._used:  # file systems may not tell case
            number += 1
            name = str(wanted.with_name(f"{wanted.stem}_{number}{wanted.suffix}"))
        self._used.add(name.lower())
        return name
