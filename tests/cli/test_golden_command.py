"""`golden`: files are written and checked; a difference says its layer, its meaning, its place."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

Write = Callable[[str, str], Path]
LOG = "detections/log_emptied.yml"
GOLDEN = ("--rules", ".", "--golden", "kept", "-t", "eql")
USES_MACRO = """\
name: Uses Macro
type: TTP
search: source="XmlWinEventLog:Security" `codes` | stats count by Computer
"""
CODES = "name: codes\ndefinition: {}\n"


@pytest.fixture(autouse=True)
def with_macro(repo: Path, write: Write) -> None:
    write("detections/uses_macro.yml", USES_MACRO)
    write("macros/codes.yml", CODES.format("EventCode=4625"))


@pytest.fixture
def write(repo: Path) -> Write:
    def written(name: str, text: str) -> Path:
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return written


def heads(err: str) -> list[str]:
    """Return the lines that name a file, without those that say why."""
    return [line for line in err.splitlines()[:-2] if not line.startswith("  ")]


def test_golden_files_are_written_and_then_as_they_should_be(cli):
    ran = cli("golden", "update", *GOLDEN)
    assert (ran.code, ran.err) == (0, "10 golden files, 10 missing\n")
    assert sorted(f.relative_to("kept").as_posix() for f in Path("kept").rglob("*.*")) == [
        f"{folder}/{rule}.{suffix}"
        for folder, suffixes in (("eql", ["eql"]), ("ir", ["json", "txt"]))
        for rule in ("log_emptied", "tool_started", "uses_macro")
        for suffix in suffixes
    ] + ["manifest.json"]
    ran = cli("golden", "check", *GOLDEN)
    assert (ran.code, ran.out, ran.err) == (0, "", "10 golden files, none differs\n")


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        pytest.param(
            lambda: Path("kept/eql/log_emptied.eql").unlink(),
            ["missing: kept/eql/log_emptied.eql"],
            id="missing",
        ),
        pytest.param(
            lambda: Path("kept/eql/log_emptied.eql").write_text("x\n"),
            ["changed: kept/eql/log_emptied.eql"],
            id="changed",
        ),
        pytest.param(
            lambda: Path("kept/eql/gone.eql").write_text("x\n"),
            ["orphan: kept/eql/gone.eql"],
            id="orphan",
        ),
        pytest.param(
            lambda: Path(LOG).write_text(Path(LOG).read_text().replace("1102", "1100")),
            [
                "stale: kept/eql/log_emptied.eql",
                "stale: kept/ir/log_emptied.json",
                "stale: kept/ir/log_emptied.txt",
                "changed: kept/manifest.json",
            ],
            id="stale-after-the-rule-was-changed",
        ),
    ],
)
def test_golden_difference(cli, change, kinds):
    cli("golden", "update", *GOLDEN)
    change()
    ran = cli("golden", "check", *GOLDEN)
    assert ran.code == 1
    assert heads(ran.err) == kinds
    cli("golden", "update", *GOLDEN)
    assert cli("golden", "check", *GOLDEN).code == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "reasons"),
    [
        pytest.param(
            LOG, "1102", "1100",
            ["the rule's search changed",
             "the meaning changed: the rule no longer finds the event _time=1767222000, "
             "source='XmlWinEventLog:Security', EventCode='1102'"],
            id="another-search-and-meaning",
        ),
        pytest.param(
            LOG, 'source="XmlWinEventLog:Security" EventCode=1102',
            'EventCode=1102 source="XmlWinEventLog:Security"',
            [], id="the-order-of-conditions-changes-nothing",
        ),
        pytest.param(
            "macros/codes.yml", "EventCode=4625", "(EventCode=4625 OR EventCode=4776)",
            ["a macro changed: codes",
             "the meaning changed: the rule now finds the event _time="],
            id="a-macro-that-means-more",
        ),
        pytest.param(
            "macros/codes.yml", "EventCode=4625", "EventCode IN (4625)",
            [], id="a-macro-written-otherwise",
        ),
        pytest.param(
            "kept/eql/uses_macro.eql", "authentication", "file",
            ["the program writes it differently now (emitter)",
             "the meaning is the same: proved equal"],
            id="an-output-changed-by-the-emitter",
        ),
    ],
)  # fmt: skip
def test_a_difference_says_its_layer_and_its_meaning(cli, file, old, new, reasons):
    cli("golden", "update", *GOLDEN)
    text = Path(file).read_text()
    assert old in text
    Path(file).write_text(text.replace(old, new))
    lines = cli("golden", "check", *GOLDEN).err.splitlines()
    told = [line.strip() for line in lines if line.startswith("  ") and "help" not in line]
    for wanted in reasons:
        assert any(line.startswith(wanted) for line in told), told
    if not reasons:
        assert told == []


def _less_exact() -> None:
    text = Path(LOG).read_text()
    Path(LOG).write_text(text.rstrip("\n") + " | join Computer [search index=x]\n")


def test_a_rule_that_loses_exactness_fails_with_an_annotation_at_its_line(cli):
    cli("golden", "update", *GOLDEN)
    _less_exact()
    ran = cli("golden", "check", *GOLDEN, "--format", "github")
    assert ran.code == 1
    fell = [line for line in ran.out.splitlines() if "is superset, it was exact" in line]
    assert len(fell) == 1
    assert fell[0].startswith(
        "::error file=detections/log_emptied.yml,line=4,col=59,title=Log Emptied (eql)::"
    )


def test_each_format_is_what_it_says(cli):
    cli("golden", "update", *GOLDEN)
    _less_exact()
    data = json.loads(cli("golden", "check", *GOLDEN, "--format", "json").out)
    assert data["summary"]["failed"] > 0
    log = json.loads(cli("golden", "check", *GOLDEN, "--format", "sarif").out)
    codes = [result["ruleId"] for result in log["runs"][0]["results"]]
    assert codes.count("GLD705") == 1
    assert codes.count("GLD702") == 2
    assert (codes.count("GLD701"), codes.count("GLD703"), codes.count("GLD704")) == (1, 0, 0)
    ran = cli("golden", "check", *GOLDEN, "--format", "junit", "--output", "report.xml")
    assert (ran.code, ran.out) == (1, "")
    root = ElementTree.parse("report.xml").getroot()
    assert root.find("testsuite[@name='eql']").get("failures") == "1"


def test_a_file_that_is_missing_or_too_many_has_a_code_of_its_own(cli):
    cli("golden", "update", *GOLDEN)
    Path("kept/eql/log_emptied.eql").rename("kept/eql/gone.eql")
    data = json.loads(cli("golden", "check", *GOLDEN, "--format", "json").out)
    found = {(f["code"], f["path"]) for case in data["cases"] for f in case["findings"]}
    assert found == {("GLD703", "detections/log_emptied.yml"), ("GLD704", "kept/eql/gone.eql")}


def test_golden_notes_rules_that_do_not_parse(cli, write: Write):
    write("detections/bad.yml", "search: index=a | stat count\n")
    cli("golden", "update", *GOLDEN)
    manifest = json.loads(Path("kept/manifest.json").read_text())
    assert manifest["rules"]["bad"] == {
        "error": {"code": "SPL104", "message": "unknown command 'stat'"}
    }


def test_golden_keeps_rules_of_one_file_name_apart(cli, write: Write):
    write("detections/other/log_emptied.yml", Path(LOG).read_text().replace("1102", "1100"))
    cli("golden", "update", *GOLDEN)
    assert '"1102"' in Path("kept/eql/log_emptied.eql").read_text()
    assert '"1100"' in Path("kept/eql/log_emptied_2.eql").read_text()


def test_an_ir_of_another_version_is_not_compared(cli):
    cli("golden", "update", *GOLDEN)
    Path("kept/ir/log_emptied.json").write_text('{"is": "Nothing"}\n')
    ran = cli("golden", "check", *GOLDEN)
    assert "the meaning was not compared: the kept IR is of another version" in ran.err


# --- settings -------------------------------------------------------------------------------------

SETTINGS = """\
rules = ["detections"]
targets = ["eql"]
golden = "kept"

[min_fidelity]
eql = "exact"
"""


def test_rules_targets_folder_and_accepted_fidelity_come_from_the_settings(cli, write: Write):
    write("transpile.toml", SETTINGS)
    assert cli("golden", "update").code == 0
    assert Path("kept/eql/log_emptied.eql").is_file()
    _less_exact()
    ran = cli("golden", "update")
    assert ran.code == 1
    assert "detections/log_emptied.yml:4:59: error[GLD705]" in ran.err
    assert "is superset, the settings ask for exact" in ran.err
    assert cli("golden", "check").code == 1


def test_a_conversion_that_fails_on_events_fails_the_check(cli, write: Write, monkeypatch):
    cli("golden", "update", *GOLDEN)
    from transpile.backends.eql.engine import run as engine

    found = next(name for name in vars(engine) if name.endswith("Engine"))
    monkeypatch.setattr(getattr(engine, found), "run", _finds_nothing)
    ran = cli("golden", "check", *GOLDEN)
    assert ran.code == 1
    assert "error[GLD706]: run on events, the conversion is narrower" in ran.err


def _finds_nothing(self, draft, events, *, lookups, now):
    from transpile.backends.base import Seen

    return Seen(events=frozenset())


# --- only what a change concerns ------------------------------------------------------------------


def git(*arguments: str) -> str:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.hooksPath=")
    ran = subprocess.run(["git", *settings, *arguments], capture_output=True, text=True, check=True)
    return ran.stdout


@pytest.fixture
def checkout(repo: Path) -> Path:
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "rules")
    return repo


@pytest.mark.parametrize(
    ("file", "old", "new", "checked"),
    [
        pytest.param("macros/codes.yml", "4625", "4626", {"uses_macro"}, id="macro"),
        pytest.param(LOG, "1102", "1100", {"log_emptied"}, id="rule"),
        pytest.param("macros/tool.yml", "tool", "other", set(), id="a-macro-nobody-uses"),
        pytest.param(
            "transpile.toml", "[]", '["stats2"]', {"log_emptied", "tool_started", "uses_macro"},
            id="settings",
        ),
    ],
)  # fmt: skip
def test_only_rules_that_a_change_concerns_are_checked(
    cli, checkout, write: Write, file, old, new, checked
):
    write("transpile.toml", "custom_commands = []\n")
    cli("golden", "update", *GOLDEN)
    git("add", "-A")
    git("commit", "-q", "-m", "golden files")
    path = Path(file)
    path.write_text(path.read_text().replace(old, new))
    data = json.loads(
        cli("golden", "check", *GOLDEN, "--changed-since", "HEAD", "--format", "json").out
    )
    names = {case["name"] for case in data["cases"] if case["suite"] == "eql"}
    assert names == {{"log_emptied": "Log Emptied", "tool_started": "Tool Started",
                      "uses_macro": "Uses Macro"}[name] for name in checked}  # fmt: skip


def test_an_update_of_some_rules_leaves_the_others(cli, checkout):
    cli("golden", "update", *GOLDEN)
    git("add", "-A")
    git("commit", "-q", "-m", "golden files")
    Path(LOG).write_text(Path(LOG).read_text().replace("1102", "1100"))
    ran = cli("golden", "update", *GOLDEN, "--changed-since", "HEAD")
    assert ran.code == 0
    assert set(git("diff", "--name-only").split()) == {
        LOG, "kept/eql/log_emptied.eql", "kept/ir/log_emptied.json", "kept/ir/log_emptied.txt",
        "kept/manifest.json",
    }  # fmt: skip
    assert cli("golden", "check", *GOLDEN).code == 0


@pytest.mark.parametrize("ref", ["nowhere", "--output=x", ""])
def test_a_commit_that_is_none_is_an_error(cli, checkout, ref):
    ran = cli("golden", "check", *GOLDEN, f"--changed-since={ref}")
    assert ran.code == 2
    assert ran.err.startswith("error[OUT505]: git cannot tell what changed")
    assert not Path("x").exists()


def test_no_checkout_is_an_error(cli, repo, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repo.parent))
    ran = cli("golden", "check", *GOLDEN, "--changed-since", "HEAD")
    assert ran.code == 2
    assert "not a git repository" in ran.err
