"""What `tools/fuzz.py` found: texts that a reader must refuse with an error of ours, or read."""

from __future__ import annotations

from pathlib import Path

import pytest

from transpile import Content, TranspileError
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.convert import convert_compiled
from transpile.fidelity import Fidelity
from transpile.targets import reader_for

ROOT = Path(__file__).parents[1]
TARGETS = ("sigma", "eql", "esql", "sql:duckdb")


@pytest.mark.parametrize(("language", "text"), [
    pytest.param("sigma", "title: t\nlogsource: {product: windows}\ndetection:\n",
                 id="no-detection"),
    pytest.param("sigma", "title: t\nlogsource: {product: windows}\ndetection: 7\n",
                 id="a-number-as-detection"),
    pytest.param("sigma", "title: t\nid: 7\nlogsource: {product: windows}\ndetection:\n"
                 "  a: {b: c}\n  condition: a\n", id="a-number-as-id"),
    pytest.param("sigma", "title: t\nlogsource: {product: windows}\ndetection:\n  a: {b: c}\n"
                 "  condition:\n", id="an-empty-condition"),
    pytest.param("sigma", "title: t\nlogsource: {product: windows}\ndetection:\n  a: {b: c}\n"
                 "  condition: {b: [a]}\n", id="a-mapping-as-condition"),
    pytest.param("sigma", "title: t\nlogsource: {product: windows}\ndetection:\n  a: {b: c}\n"
                 "  condition: [a, {b: a}]\n", id="a-mapping-among-conditions"),
    pytest.param("sigma", "title: t\nlogsource: {product: windows}\ndetection:\n"
                 "  a: {b: c}\n  on: {d: e}\n  condition: 1 of a*\n", id="a-truth-value-as-name"),
    pytest.param("sigma", "title: t\nlogsource: {product: windows}\ndetection:\n  a:\n  - "
                 + "- " * 500 + "b\n  condition: a\n", id="a-search-nested-500-deep"),
    pytest.param("eql", "any where a" + " * a" * 3000 + " == 1", id="a-long-product"),
    pytest.param("eql", "any where (" + "(a * a" * 100 + ")" * 100 + " == 1", id="deep-products"),
])
def test_the_reader_refuses(language: str, text: str) -> None:
    with pytest.raises(TranspileError):
        reader_for(language).read(text, language, {})


@pytest.mark.parametrize(("language", "text"), [
    pytest.param("kuery", "NOT " * 5001 + "a:x", id="many-times-not"),
    pytest.param("eql", "any where a : (" + ", ".join(f'"{n}*"' for n in range(20_000)) + ")",
                 id="many-values"),
])
def test_the_reader_reads(language: str, text: str) -> None:
    assert reader_for(language).read(text, language, {}).pipeline.stages


@pytest.mark.parametrize("name", [
    pytest.param("a" * 5000, id="a-name-longer-than-a-file-name"),
    pytest.param("é" * 200, id="a-name-of-many-bytes"),
    pytest.param("a\0b", id="a-nul"),
    pytest.param("../lookups/x", id="a-path"),
])
def test_a_macro_that_no_file_can_define_is_unknown(name: str) -> None:
    content = Content.load(ROOT / "rules")
    with pytest.raises(TranspileError) as caught:
        compile_rule(read_rule(f"search index=x | `{name}`"), content)
    assert caught.value.code.startswith("SPL")


def test_a_search_that_doubles_again_and_again_is_too_large() -> None:
    search = "index=x | eval a=" + "a = " * 40 + "b | table a"
    with pytest.raises(TranspileError) as caught:
        compile_rule(read_rule(search), Content.builtin())
    assert caught.value.code == "SPL107"


@pytest.mark.parametrize("search", [
    pytest.param("index=x " + "word" * 6000, id="a-long-word"),
    pytest.param('index=x | eval d=urldecode(replace(a, "([0-9A-F]{2})", "%\\\\1")) | search d="'
                 + "y" * 6000 + '"', id="a-long-text-in-digits"),
    pytest.param("sourcetype=aws:cloudtrail | stats count by requestParameters.a/*/*Name user",
                 id="a-column-beside-a-family-of-fields"),
    pytest.param("index=x | rename b as c | rename a" + "*" * 3000 + "z as d | search d=1",
                 id="many-wildcards"),
    pytest.param("index=x | table a | eventstats avg(a) as b by gone | search b>1",
                 id="totals-by-a-field-that-no-row-has"),
    pytest.param("index=x | where _time > relative_time(now(), \"-" + "9" * 30 + "d\")",
                 id="a-time-out-of-reach"),
    pytest.param("index=x earliest=-" + "9" * 5000 + "d", id="a-time-of-many-digits"),
    pytest.param("index=x a<81e999", id="a-number-beyond-the-doubles"),
    pytest.param('index=x | eval b=1e999*2 | where b>a', id="a-computed-number-beyond-the-doubles"),
    pytest.param("index=x | table a _time | transaction gone maxspan=1h | search a=1",
                 id="transactions-of-a-field-that-no-row-has"),
    pytest.param("index=x " + "".join(f'| rename "{x}*" as "*" ' for x in "abcdefg" * 70)
                 + "| search d=1", id="names-that-double-from-stage-to-stage"),
    pytest.param("| tstats count from datamodel=Web where Web.a=1 by Web.b "
                 + "".join(f'| rename "{x}*" as "*" ' for x in "abcdefg" * 70)
                 + "| search d=1", id="columns-that-double-from-stage-to-stage"),
])
def test_every_target_answers(search: str) -> None:
    content = Content.builtin()
    compiled = compile_rule(read_rule(search), content)
    for target in TARGETS:
        found = convert_compiled(compiled, target, content=content)
        assert bool(found.text) == (found.fidelity is not Fidelity.UNSUPPORTED)
        assert found.text or found.losses


@pytest.mark.parametrize("step", [
    pytest.param('eval a=if(a="x", a, a."y")', id="if"),
    pytest.param('eval a=case(a="x", a, b="z", a, 1=1, b), b=coalesce(b, a)', id="case"),
    pytest.param("eval a=coalesce(a, b), b=coalesce(b, a)", id="coalesce"),
    pytest.param("spath input=a", id="members"),
    pytest.param("rename a* as b*, b* as a*", id="names"),
])
@pytest.mark.parametrize("target", ["sigma", "eql", "esql"])
def test_a_value_that_doubles_from_stage_to_stage_is_left_out(step: str, target: str) -> None:
    search = "index=x z=1 " + f"| {step} " * 30 + '| where like(a, "%b%")'
    compiled = compile_rule(read_rule(search), Content.builtin())
    conversion = convert_compiled(compiled, target, content=Content.builtin())
    assert conversion.fidelity is not Fidelity.EXACT
    assert conversion.losses


@pytest.mark.parametrize("search", [
    pytest.param("| tstats values(a" + "\\" * 3000 + " b) by c", id="aggregation"),
    pytest.param("index=x | table a" + "\\" * 3000 + "]", id="name"),
    pytest.param("index=x | head limit=" + "\\" * 3000 + '"', id="option"),
])
def test_many_backslashes_are_refused_at_once(search: str) -> None:
    with pytest.raises(TranspileError):
        compile_rule(read_rule(search), Content.builtin())


@pytest.mark.parametrize("version", ["1e999", ".nan", "1.5"])
def test_a_version_that_is_no_whole_number_is_refused(version: str) -> None:
    with pytest.raises(TranspileError) as caught:
        read_rule(f"name: n\nversion: {version}\nsearch: index=x\n")
    assert caught.value.code == "CNT408"
