"""The installed program: script, pipes, start-up, and a wheel that works from anywhere."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(sysconfig.get_path("scripts")) / "transpile"
RULE = 'search: source="XmlWinEventLog:Security" EventCode=1102\n'

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="the console script is not installed")


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "T": str(SCRIPT)}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rule.yml").write_text(RULE)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "code", "out", "err"),
    [
        pytest.param(
            "$T convert rule.yml -t eql", 0,
            'iam where event.code == "1102" and winlog.channel == "Security"\n', "", id="converts",
        ),
        pytest.param("$T convert - -t sql <&-", 2, "", "error[CNT406]", id="closed-stdin"),
        pytest.param("$T --version >&-", 2, "", "error[OUT501]: standard", id="closed-stdout"),
        pytest.param("$T targets 2>&- | grep -c ^sigma", 0, "1\n", "", id="closed-stderr"),
        pytest.param("$T schemas show cim | head -1; exit ${PIPESTATUS[0]}", 0, "dataset", "",
                     id="reader-that-stops-early"),
        pytest.param("$T targets > /dev/full", 2, "", "No space left on device", id="full-disk"),
    ],
)  # fmt: skip
def test_script(folder, command, code, out, err):
    ran = shell(command, folder)
    assert ran.returncode == code, ran.stderr
    assert ran.stdout.startswith(out)
    assert ran.stderr.count("\n") <= 2
    assert err in ran.stderr


def test_output_is_utf8_in_any_locale(folder):
    (folder / "rule.yml").write_text(f"name: Größe\n{RULE}", encoding="utf-8")
    ran = shell("PYTHONIOENCODING=ascii $T convert rule.yml -t sigma", folder)
    assert "title: Größe\n" in ran.stdout


def loaded(*args: str, folder: Path) -> set[str]:
    """Return the names of the modules that a run imports."""
    program = (
        "import sys; from transpile.cli import main; main(sys.argv[1:]); "
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *args], cwd=folder, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    return set(ran.stderr.split())


HEAVY = {"pyparsing", "yaml", "jinja2", "sqlglot", "sigma", "duckdb", "rich", "hypothesis", "eql"}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_nothing_heavy_is_loaded_for(folder, option):
    assert not loaded(option, folder=folder) & HEAVY


@pytest.mark.parametrize(
    ("target", "others"),
    [
        pytest.param(
            "sigma", {"sqlglot", "transpile.backends.sql", "transpile.backends.eql"}, id="sigma"
        ),
        pytest.param(
            "eql", {"sqlglot", "transpile.backends.sql", "transpile.backends.sigma"}, id="eql"
        ),
        pytest.param(
            "sql:duckdb", {"transpile.backends.eql", "transpile.backends.sigma"}, id="sql"
        ),
    ],
)
def test_one_target_loads_no_other_backend(folder, target, others):
    found = loaded("convert", "rule.yml", "-t", target, folder=folder)
    assert not found & (others | {"sigma", "duckdb", "jinja2", "rich", "hypothesis", "eql"})


@pytest.mark.parametrize(
    ("args", "limit"),
    [
        pytest.param(["--version"], 0.15, id="version"),
        pytest.param(["--help"], 0.15, id="help"),
    ],
)
def test_start_is_fast(folder, args, limit):
    """Processor time, the best of five: what else the machine does is not ours."""

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([SCRIPT, *args], cwd=folder, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(5)) < limit


def test_a_wheel_holds_one_package_and_works_from_an_empty_folder(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in (
        "pyproject.toml",
        "setup.py",
        "README.md",
        "LICENSE",
        "NOTICE",
        "transpile",
        "backends",
    ):
        (source / name).symlink_to(ROOT / name)
    wheels = tmp_path / "wheels"
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "--no-build-isolation",
         "-w", wheels, source],
        capture_output=True, text=True, timeout=120, check=True,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )  # fmt: skip
    assert "Warning" not in built.stdout + built.stderr
    (wheel,) = wheels.iterdir()
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"transpile"}
    assert {f"transpile/{f.relative_to(ROOT / 'transpile')}" for f in data_files()} <= set(names)

    installed = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(installed)
    empty = tmp_path / "empty"
    empty.mkdir()
    program = (
        "import sys, transpile.backends; from transpile.cli import main; "
        "assert transpile.__file__.startswith(sys.argv[1]), transpile.__file__; "
        "assert transpile.backends.__file__.startswith(sys.argv[1]); "
        "codes = [main(['--version']), main(['convert', '-', '-t', 'eql']), "
        "main(['explain', 'index=a'])]; sys.exit(max(codes))"
    )
    python = tmp_path / "venv"
    venv.create(python, with_pip=False, symlinks=True)
    ran = subprocess.run(
        [python / "bin" / "python", "-c", program, installed], input=RULE, cwd=empty,
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), dependencies()])},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "iam where event.code" in ran.stdout


def dependencies() -> str:
    """Return where the dependencies are installed; the checkout itself is not on that path."""
    return sysconfig.get_path("purelib")


def data_files() -> list[Path]:
    package = ROOT / "transpile"
    return [f for kind in ("*.json", "*.j2", "py.typed") for f in package.rglob(kind)]
