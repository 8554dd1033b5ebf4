"""A PostgreSQL server of our own, on a Unix socket in a temporary folder, until we end."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from transpile.errors import UsageError

_FOLDERS = "/usr/lib/postgresql"
"""Where Debian puts the programs of each release, which are not in PATH."""
_SETTINGS = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "listen_addresses=")


def own_server() -> str:
    """Start a server and return how to connect to it. Raises UsageError OUT504 without PostgreSQL.

    The server refuses to run as root: root starts it as the user that the package made.
    """
    programs = _programs()
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="transpile-postgres-"))
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    _end_with_us(user, programs, folder)
    _run(user, [
        programs / "initdb", "-D", data, "-U", "transpile", "-A", "trust", "-E", "UTF8",
        "--locale=C.UTF-8", "--no-sync",
    ])
    settings = (*_SETTINGS, f"unix_socket_directories={folder}")
    options = " ".join(f"-c {setting}" for setting in settings)
    control: list[str | Path] = [programs / "pg_ctl", "-D", data, "-w", "-s"]
    _run(user, [*control, "-l", folder / "log", "-o", options, "start"])
    return f"host={folder} user=transpile dbname=postgres"


_KEEPER = 'read -r _; "$1/pg_ctl" -D "$2/data" -m immediate -w -s stop; rm -rf "$2"'


def _end_with_us(user: str | None, programs: Path, folder: Path) -> None:
    """Have a process stop the server and remove the folder when we end, be it that we are killed.

    It waits for the end of a pipe, which closes with the process that holds the other side.
    """
    keeper = subprocess.Popen(
        ["sh", "-c", _KEEPER, "sh", str(programs), str(folder)],
        user=user, cwd="/", start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    atexit.register(keeper.communicate)


def _programs() -> Path:
    """Return the folder of `initdb` and `pg_ctl`, the newest release first."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).parent
    releases = [path.parent for path in Path(_FOLDERS).glob("*/bin/pg_ctl")]
    if not releases:
        raise UsageError(
            "PostgreSQL is not installed",
            code="OUT504",
            hint="apt-get install postgresql, or name a server in TRANSPILE_POSTGRES",
        )
    return max(releases, key=lambda folder: float(folder.parent.name))


def _user() -> str | None:
    """Return the user to run the server as, None for the one we are."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError as error:
        raise UsageError(
            "PostgreSQL does not run as root, and there is no user postgres", code="OUT504"
        ) from error


def _run(user: str | None, command: Sequence[str | Path]) -> None:
    done = subprocess.run(
        list(map(str, command)), user=user, cwd="/", stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
    )
    if done.returncode:
        raise UsageError(f"PostgreSQL does not start: {done.stderr.strip()}", code="OUT504")
