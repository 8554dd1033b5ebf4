"""What every command and expression becomes: SPL and the printed IR, from two files of cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from transpile.explain.words import in_words
from transpile.ir.codec import from_json, to_json
from transpile.ir.show import show_pipeline
from transpile.ir.stages import Opaque, Pipeline
from transpile.lower import FIRST, LATER, lower
from transpile.lower.expressions.conditions import CONDITIONS
from transpile.lower.expressions.functions import PLAIN, SPECIAL
from transpile.lower.generic import GENERIC, SOURCES
from transpile.lower.opaque import ADDS_AND_FILTERS, CHANGES
from transpile.lower.options import HARMLESS
from transpile.lower.sets import SETS
from transpile.spl import ast, parse
from transpile.spl.commands import COMMANDS as SPECS
from transpile.spl.functions import EVAL_FUNCTIONS
from transpile.spl.source import OPAQUE_COMMAND

HERE = Path(__file__).parent


def _cases(name: str) -> dict[str, str]:
    text = HERE.joinpath(name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    blocks = "\n".join(lines).strip("\n").split("\n\n")
    cases = {}
    for block in blocks:
        spl, *shown = block.split("\n")
        cases[spl] = "\n".join(line.removeprefix("    ") for line in shown)
    return cases


COMMANDS = _cases("command_cases.txt")
SEARCHES = _cases("search_cases.txt")


def _lowered(spl: str) -> Pipeline:
    return lower(parse(spl, custom_commands=frozenset((OPAQUE_COMMAND,))))


@pytest.mark.parametrize("spl", COMMANDS)
def test_command_becomes(spl: str) -> None:
    pipeline = _lowered(f"* | {spl}")
    assert show_pipeline(Pipeline(pipeline.stages[1:])) == COMMANDS[spl]


@pytest.mark.parametrize("spl", SEARCHES)
def test_search_becomes(spl: str) -> None:
    assert show_pipeline(_lowered(spl)) == SEARCHES[spl]


def _reread(pipeline: Pipeline) -> object:
    return from_json(json.loads(json.dumps(to_json(pipeline))))


@pytest.mark.parametrize("spl", [*COMMANDS, *SEARCHES])
def test_the_ir_survives_json_and_every_stage_has_words(spl: str) -> None:
    pipeline = _lowered(spl if spl in SEARCHES else f"* | {spl}")
    assert _reread(pipeline) == pipeline
    assert all(in_words(stage) for stage in pipeline.stages)


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_options_that_are_refused_are_options_of_the_command(name: str) -> None:
    known = SPECS[name].options
    assert known is None or set(HARMLESS[name]) <= set(known)


def test_every_kind_of_command_has_a_case() -> None:
    parsed = [parse(f"* | {spl}", custom_commands=frozenset((OPAQUE_COMMAND,))) for spl in COMMANDS]
    parsed += [parse(spl) for spl in SEARCHES]
    kinds = {type(command) for search in parsed for command in search.commands}
    assert {*FIRST, *LATER, *SETS} - kinds == set()


ARGUMENTS = {
    "collect": "index=a",
    "contingency": "a b",
    "fieldformat": "a=b",
    "format": "",
    "localop": "",
    "rangemap": "field=a",
    "rtorder": "",
    "sendemail": "to=a",
    "setfields": 'a="b"',
    "strcat": "a b",
    "transpose": "3",
    "uniq": "",
}


@pytest.mark.parametrize("name", sorted({*GENERIC} - {OPAQUE_COMMAND}))
def test_a_generic_command_of_the_table_is_computed(name: str) -> None:
    stages = lower(parse(f"* | {name} {ARGUMENTS.get(name, 'a')}")).stages
    assert not any(isinstance(stage, Opaque) for stage in stages)


def test_every_function_of_the_tables_is_one_of_spl() -> None:
    assert {*CONDITIONS, *SPECIAL, *PLAIN} - set(EVAL_FUNCTIONS) == set()


@pytest.mark.parametrize(("name", "entry"), [*ADDS_AND_FILTERS.items(), *CHANGES.items()])
def test_what_cannot_be_computed_says_why_and_where_that_is_written(
    name: str, entry: tuple[str, str]
) -> None:
    assert all(entry)
    command = ast.Generic(name=name)
    (stage,) = lower(ast.Search((ast.SearchCommand(None, name="search"), command))).stages[1:]
    assert isinstance(stage, Opaque)
    assert (stage.reason, stage.section) == entry
    assert stage.filters or stage.changes


def test_sources_made_of_nothing_stand_first_only() -> None:
    assert set(SOURCES) == {"makeresults", "gentimes"}
    (_, stage) = lower(parse("* | makeresults")).stages
    assert isinstance(stage, Opaque)
