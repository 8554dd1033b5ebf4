"""A repository is found upwards, read lazily, and survives broken files."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from transpile.content import Content, Macro, Schedule, expand, load_rule
from transpile.errors import ContentError

FILES: Mapping[str, str] = {
    "detections/endpoint/b.yml": "name: B\nsearch: '`one` x=2'\ntype: TTP\n",
    "detections/a.yml": "name: A\nsearch: index=a\ntype: hunting\n",
    "detections/c.yml": "name: C\nsearch: a\ntype: Baseline\nschedule: {earliest_time: -5m}\n",
    "detections/bad.yml": "name: [\n",
    "macros/one.yml": "name: one\ndefinition: index=one\ndescription: d\n",
    "macros/other_file.yml": "name: two\ndefinition: $a$ two\narguments: [a]\n",
    "macros/two.yml": "name: 'two(2)' # twice\ndefinition: $a$ $b$\narguments:\n- a\n- b\n",
    "macros/broken.yml": "name: broken\ndefinition: [\n",
    "data_sources/log.yml": (
        "name: Some Log\nsource: src\nsourcetype: st\nseparator: EventID\nfields: [a, b]\n"
        "field_mappings:\n- {data_model: cim, data_set: Web.Web, mapping: {a: Web.a}}\n"
        "convert_to_log_source:\n- {data_source: Other, mapping: {b: c}}\n"
    ),
    "deployments/t.yml": (
        "name: D\ntype: TTP\nscheduling: {cron_schedule: 0 * * * *, earliest_time: -70m@m,"
        " latest_time: -10m@m}\n"
    ),
    "deployments/broken.yml": "- x\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / "repo" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "repo"


@pytest.mark.parametrize(
    "inside", ["", "detections", "detections/endpoint", "detections/endpoint/b.yml", "macros"]
)
def test_root_is_found_upwards(root: Path, inside: str) -> None:
    assert Content.load(root / inside).root == root


def test_root_is_found_from_a_relative_path(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "detections")
    assert Content.load("endpoint").root == root
    assert Content.load(".").root == root
    monkeypatch.chdir(root)
    assert Content.load(".").root == Path(".")


def test_folder_of_its_own_and_missing_path(tmp_path: Path) -> None:
    assert Content.load(tmp_path).root == tmp_path
    with pytest.raises(ContentError) as caught:
        Content.load(tmp_path / "none")
    assert caught.value.code == "CNT407"


def test_rules_are_sorted_and_broken_files_do_not_stop(root: Path) -> None:
    content = Content.load(root)
    assert [rule.name for rule in content.rules] == ["A", "C", "B"]
    assert [(e.code, Path(e.path or "").name) for e in content.errors] == [("CNT401", "bad.yml")]


def test_nothing_is_parsed_before_it_is_needed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transpile.content import yaml as reader

    parsed: list[str] = []
    original = reader.documents

    def spy(text: str, path: str | None = None) -> object:
        parsed.append(Path(path or "").name)
        return original(text, path)

    monkeypatch.setattr(reader, "documents", spy)
    content = Content.load(root)
    rule = load_rule(root / "detections" / "endpoint" / "b.yml")
    assert expand(rule.search, content).text == "index=one x=2"
    assert parsed == ["b.yml", "one.yml"]


@pytest.mark.parametrize(
    ("name", "nargs", "definition"),
    [
        pytest.param("one", 0, "index=one", id="file-called-like-the-macro"),
        pytest.param("two", 1, "$a$ two", id="file-called-otherwise"),
        pytest.param("two", 2, "$a$ $b$", id="name-with-arity"),
        pytest.param("drop_dm_object_name", 1, 'rename "$object$.*" as *', id="built-in"),
        pytest.param("two", 3, None, id="arity-that-is-not-defined"),
        pytest.param("none", 0, None, id="unknown"),
        pytest.param("../deployments/t", 0, None, id="name-is-no-path"),
    ],
)
def test_macro(root: Path, name: str, nargs: int, definition: str | None) -> None:
    found = Content.load(root).macro(name, nargs)
    assert (found.definition if found else None) == definition


def test_known_names_and_arities(root: Path) -> None:
    content = Content.load(root)
    assert content.arities("two") == (1, 2)
    assert content.arities("drop_dm_object_name") == (1,)
    assert {"one", "two", "security_content_ctime"} <= set(content.macro_names())


def test_broken_macro_is_an_error_only_for_who_calls_it(root: Path) -> None:
    content = Content.load(root)
    assert content.macro("one", 0) is not None
    with pytest.raises(ContentError) as caught:
        expand("`broken`", content)
    assert Path(caught.value.path or "").name == "broken.yml"


def test_with_macros_changes_nothing(root: Path) -> None:
    content = Content.load(root)
    other = content.with_macros({"one": "mine", "f": Macro("f", ("x",), "<$x$>")})
    assert expand("`one` `f(y)`", other).text == "mine <y>"
    assert expand("`one`", content).text == "index=one"
    assert other.with_lookups({"t": []}).macro("f", 1) == other.macro("f", 1)
    assert other.rules is content.rules, "the repository is read once"


def test_macros_conf_with_local_changes(root: Path) -> None:
    for folder, text in {
        "default": "[one]\ndefinition = from default\n[f(2)]\nargs = x, y\ndefinition = $x$=$y$\n"
                   "[e]\ndefinition = \"a\"\niseval = 1\n[g]\ndefinition = a \\\n  b\n",
        "local": "# changed here\n[one]\ndefinition = from local\n",
    }.items():  # fmt: skip
        (root / folder).mkdir()
        (root / folder / "macros.conf").write_text(text, encoding="utf-8")
    content = Content.load(root)
    assert expand("`one` `f(1,2)` `g`", content).text == "from local 1=2 a \n  b"
    computed = content.macro("e", 0)
    assert computed is not None
    assert computed.iseval


def test_app_folder_without_yaml(tmp_path: Path) -> None:
    (tmp_path / "app" / "default").mkdir(parents=True)
    saved = tmp_path / "app" / "default" / "savedsearches.conf"
    saved.write_text("[S]\nsearch = `m`\n", encoding="utf-8")
    (saved.parent / "macros.conf").write_text("[m]\ndefinition = index=m\n", encoding="utf-8")
    content = Content.load(saved)
    assert content.root == tmp_path / "app"
    assert [rule.name for rule in content.rules] == ["S"]
    assert expand(content.rules[0].search, content).text == "index=m"


def test_data_source(root: Path) -> None:
    content = Content.load(root)
    found = content.data_source("Some Log")
    assert found is not None
    assert (found.source, found.sourcetype, found.separator) == ("src", "st", "EventID")
    assert found.fields == ("a", "b")
    assert [(m.target, m.dataset, dict(m.fields)) for m in found.mappings] == [
        ("cim", "Web.Web", {"a": "Web.a"}), ("Other", "", {"b": "c"}),
    ]  # fmt: skip
    assert content.data_source("Other Log") is None


def test_deployment_is_that_of_the_type_or_the_rules_own(root: Path) -> None:
    content = Content.load(root)
    hunting, own, ttp = content.rules
    deployed = content.deployment_for(ttp)
    assert deployed is not None
    assert (deployed.name, deployed.window_seconds()) == ("D", 3600)
    assert content.deployment_for(hunting) is None
    mine = content.deployment_for(own)
    assert mine is not None
    assert (mine.schedule, mine.window_seconds()) == (Schedule("", "-5m", ""), 300)
    assert any(Path(e.path or "").name == "broken.yml" for e in content.errors)


def test_content_pickles_for_work_in_several_processes(root: Path) -> None:
    content = Content.load(root).with_macros({"mine": "m"})
    assert content.rules
    copy: Content = pickle.loads(pickle.dumps(content))
    assert expand("`mine` `one`", copy).text == "m index=one"
    assert copy.rules == content.rules


def test_built_in_content_has_no_files() -> None:
    content = Content.builtin()
    assert (content.root, content.rules, content.errors) == (None, (), ())
    assert content.lookup("x") is None
    assert content.data_source("x") is None
    assert content.deployment_for(load_rule("index=a")) is None
    assert repr(content) == "Content.builtin()"


def test_importing_content_loads_no_yaml_library() -> None:
    code = "import sys, transpile.content; sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
