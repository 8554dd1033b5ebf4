"""What happens around the program does no harm: kills, concurrent runs, odd folders and files."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from transpile.cli import main
from transpile.content import load_rules

RULE = """\
name: {name}
type: TTP
search: '| tstats count from datamodel=Endpoint.Processes where {tests} by Processes.dest'
"""
RULES = 12
KILLS = 50
TARGETS = ("-t", "sigma", "-t", "eql", "-t", "sql:duckdb")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    for number in range(RULES):
        tests = " OR ".join(f'Processes.process="*tool{number}_{n}*"' for n in range(20))
        (folder / f"r{number:02}.yml").write_text(RULE.format(name=f"R{number:02}", tests=tests))
    return folder


def command(rules: Path, out: Path) -> list[str]:
    return ["convert", str(rules), *TARGETS, "-j", "2", "-o", str(out),
            "--report", str(out / "report.json"), "-q"]  # fmt: skip


def start(rules: Path, out: Path, cache: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "transpile", *command(rules, out)],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)}, start_new_session=True,
        stderr=subprocess.PIPE,
    )  # fmt: skip


FORKS = """
import os, sys
from transpile.cli import main
from transpile.targets import find
for target in ("sigma", "eql", "sql:duckdb"):
    find(target)
for line in sys.stdin:
    cache, *command = line.rstrip("\\n").split("\\t")
    child = os.fork()
    os.setpgid(child, child)
    if not child:
        os.environ["XDG_CACHE_HOME"] = cache
        os._exit(main(command))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""A process that has loaded the program and runs it in a child for each line: kills come cheap."""


class Forks:
    """Runs of the program, one after the other, that can be killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.commands, self.answers = process.stdin, process.stdout

    def killed(self, rules: Path, out: Path, cache: Path, files: int) -> bool:
        """Start a run, kill it once so many outputs are written; return whether it was killed."""
        print(cache, *command(rules, out), sep="\t", file=self.commands, flush=True)
        child = int(self.answers.readline())
        while Path("/proc", str(child)).exists() and len(texts(out)) < files:
            time.sleep(0.005)
        with suppress(ProcessLookupError):  # it came to its end
            os.killpg(child, signal.SIGKILL)
        return int(self.answers.readline()) == -signal.SIGKILL


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with subprocess.Popen(
        [sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Forks(process)


def finished(run: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """Return the exit code and what was said, once it is done."""
    _, told = run.communicate(timeout=120)
    return run.returncode, told


def texts(out: Path) -> dict[str, bytes]:
    """Return the outputs by name: hidden files are no outputs."""
    return {
        file.relative_to(out).as_posix(): file.read_bytes()
        for file in out.rglob("*")
        if file.is_file() and not file.name.startswith(".") and file.name != "report.json"
    }


@pytest.fixture(scope="module")
def whole(rules: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return what a run that nobody disturbs writes."""
    out = tmp_path_factory.mktemp("whole")
    assert finished(start(rules, out, tmp_path_factory.mktemp("cache"))) == (0, b"")
    found = texts(out)
    assert len(found) == 3 * RULES
    return found


def test_a_run_that_is_killed_leaves_whole_files_and_a_whole_cache(
    rules: Path, whole: dict[str, bytes], forks: Forks, tmp_path: Path
) -> None:
    chance = random.Random(1)
    stopped = 0
    for number in range(KILLS):
        out, cache = tmp_path / f"out{number}", tmp_path / f"cache{number}"
        stopped += forks.killed(rules, out, cache, chance.randrange(3 * RULES))
        left = texts(out)
        assert left == {name: whole[name] for name in left}
    assert stopped > KILLS // 2
    for number in range(0, KILLS, 5):
        out, cache = tmp_path / f"out{number}", tmp_path / f"cache{number}"
        assert finished(start(rules, out, cache)) == (0, b"")
        assert texts(out) == whole
        assert list(out.rglob("*.tmp")) == []


def test_two_runs_into_one_folder_both_finish(
    rules: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    runs = [start(rules, tmp_path / "out", tmp_path / "cache") for _ in range(2)]
    assert [finished(run) for run in runs] == [(0, b""), (0, b"")]
    assert texts(tmp_path / "out") == whole


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_an_error_and_no_traceback(rules: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    code, told = finished(start(rules, tmp_path / "out", tmp_path / "cache"))
    assert code == 2
    assert b"error[OUT501]" in told


def test_a_folder_of_the_system_is_an_error_and_no_traceback(rules: Path, tmp_path: Path) -> None:
    code, told = finished(start(rules, Path("/proc/self/out"), tmp_path / "cache"))
    assert code == 2
    assert told.startswith(b"error[OUT501]: cannot write /proc/self/out")


def test_links_in_a_circle_are_followed_once(rules: Path, tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "inner").mkdir(parents=True)
    (top / "inner" / "a.yml").write_text((rules / "r00.yml").read_text())
    (top / "inner" / "back").symlink_to(top)
    (top / "again").symlink_to(top / "inner")
    (top / "itself").symlink_to("itself")
    (top / "gone.yml").symlink_to("nowhere")
    found, errors = load_rules(top)
    assert [Path(str(rule.path)).relative_to(top).as_posix() for rule in found] == [
        "again/a.yml", "inner/a.yml",
    ]  # fmt: skip
    assert [error.code for error in errors] == ["CNT407"]


@pytest.mark.parametrize(
    "name",
    ["../../escaped", "/etc/escaped", "..", ".", "a/../../escaped", "C:\\\\escaped", "nul\\u0000l",
     "\\u202e reversed", "x" * 4000, ".hidden", "CON", "-o"],
)  # fmt: skip
def test_no_name_of_a_rule_leaves_the_output_folder(name: str, tmp_path: Path) -> None:
    folder, out = tmp_path / "rules", tmp_path / "deep" / "out"
    folder.mkdir()
    for number in (1, 2):
        text = f'name: "{name}"\nsearch: source="XmlWinEventLog:Security" EventCode={number}\n'
        (folder / f"{number}.yml").write_text(text)
    assert finished(start(folder, out, tmp_path / "cache")) == (0, b"")
    written = [file for file in tmp_path.rglob("*") if file.is_file() and "escaped" in file.name]
    assert all(file.is_relative_to(out) for file in written)
    assert len(texts(out)) == 6
    assert all(file.count("/") == 1 for file in texts(out))


def test_a_folder_that_cannot_be_read_is_told_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("open", "shut"):
        (tmp_path / "top" / name).mkdir(parents=True)
        (tmp_path / "top" / name / "a.yml").write_text(f"name: {name}\nsearch: index=x a=1\n")
    listed, scanned = Path.iterdir, os.scandir

    def refused(path: Path | str) -> None:
        if Path(path).name == "shut":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", lambda path: refused(path) or listed(path))
    monkeypatch.setattr(os, "scandir", lambda path: refused(path) or scanned(path))
    out = tmp_path / "out"
    top = str(tmp_path / "top")
    assert main(["convert", top, "-t", "sql:duckdb", "-o", str(out), "--no-cache"]) == 1
    assert "error[CNT407]: the file cannot be read" in capsys.readouterr().err
    assert [path.name for path in out.rglob("*.sql")] == ["open.sql"]
    assert main(["catalog", top, "-o", str(tmp_path / "site"), "--no-cache"]) == 1
    assert "top/shut: shut: the file cannot be read" in capsys.readouterr().err
    assert (tmp_path / "site/rules/splunk/open.html").is_file()


def test_what_a_killed_run_left_beside_the_report_goes(rules: Path, tmp_path: Path) -> None:
    gone = start(rules, tmp_path / "first", tmp_path / "cache")
    assert finished(gone) == (0, b"")
    out = tmp_path / "out"
    out.mkdir()
    for number in (gone.pid, os.getpid()):
        (out / f".transpile-{number}-x.tmp").write_text("half")
    assert finished(start(rules, out, tmp_path / "cache")) == (0, b"")
    assert [file.name for file in out.glob(".*")] == [f".transpile-{os.getpid()}-x.tmp"]
