"""Rules that decode titles and join arguments of Linux's audit, on the fields that Elastic has."""

from __future__ import annotations

import pytest
from transpile.backends.eql import backend

from transpile import Content, convert, match, parse
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.convert import convert_compiled
from transpile.verify import check_conversion

PROCTITLE = """sourcetype=linux:audit type=PROCTITLE
| eval d = if(type=="PROCTITLE" AND isnotnull(proctitle),
    if(match(proctitle, "^[0-9A-F]+$"), replace(proctitle, "000", "020"), proctitle), null())
| eval d = if(type=="PROCTITLE" AND isnotnull(proctitle),
    if(match(d, "^[0-9A-F]+$"), replace(d, "00", "20"), d), null())
| eval exec = if(match(d, "^[0-9A-F]+$"), urldecode(replace(d, "([0-9A-F]{2})", "%\\1")), d)
| where """

EXECVE = """sourcetype=linux:audit type=EXECVE
| eval all = if(type="EXECVE", "", all)
| foreach a* [eval all=if(type="EXECVE", mvappend(all, '<<FIELD>>'), all)]
| eval exec = if(type="EXECVE", mvjoin(all, " "), exec)
| eval exec = if(type="EXECVE", trim(exec), exec)
| where """

TITLES = (
    "shred -n 3 /x", "shred -u", "ls -l", "SHRED -n", "touch a", "a  b -n shred", "useradd -m eva",
)  # fmt: skip
COMMANDS = (
    ("rm", "-rf", "/x"), ("rm", "-r"), ("cat", "rm -rf x"), ("/bin/rm", "x", "-rf"), ("arm", "-rf"),
    ("find", "/", "-name", "id_rsa"), ("grep", "key"), ("find",), ("split", "-b", "10"),
    ("ls", "rm"),
)  # fmt: skip


def title_events():
    for title in TITLES:
        coded = title.encode().replace(b" ", b"\0").hex().upper()
        for text in (title, coded):
            yield {"sourcetype": "linux:audit", "type": "PROCTITLE", "proctitle": text}
    yield {"sourcetype": "linux:audit", "type": "PROCTITLE"}
    yield {"sourcetype": "linux:audit", "type": "SYSCALL", "proctitle": "shred -n"}


def execve_events():
    for words in COMMANDS:
        arguments = {f"a{number}": word for number, word in enumerate(words)}
        yield {"sourcetype": "linux:audit", "type": "EXECVE", "argc": len(words), **arguments}
    yield {"sourcetype": "linux:audit", "type": "SYSCALL", "a0": "rm", "a1": "-rf"}


def compared(spl, events, exact=True):
    """Check that the query finds what the rule finds, and return that."""
    content = Content.builtin()
    result = convert(spl, "eql", content=content)
    assert (str(result.fidelity) == "exact") is exact
    engine = backend.engine("")
    admitted = [event for event in events if engine.accepts(event, result.draft)]
    seen = engine.run(result.draft, admitted, lookups={}, now=0.0).events
    wanted = set(match(spl, admitted, content=content))
    assert seen == wanted if exact else seen >= wanted
    assert len(admitted) > 7
    return wanted


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ('LIKE(exec, "%shred%") AND (LIKE(exec, "%-n%") OR LIKE(exec, "%-u%"))', 6),
        ('LIKE(exec, "%useradd %")', 2),
        ('NOT LIKE(exec, "%shred%")', 8),
    ],
)
def test_a_decoded_title_is_the_title_in_elastic(condition, count):
    assert len(compared(PROCTITLE + condition, list(title_events()))) == count


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ('LIKE(exec, "%rm %") AND LIKE(exec, "% -rf %")', 4),
        ('LIKE(exec, "%find%") AND LIKE(exec, "%id_rsa%")', 1),
        ('LIKE(exec, "%rm%") AND NOT LIKE(exec, "% -rf %")', 2),
        ('LIKE(exec, "%split %") AND LIKE(exec, "% -b %")', 1),
    ],
)
def test_joined_arguments_are_tested_one_by_one(condition, count):
    assert len(compared(EXECVE + condition, list(execve_events()))) == count


def test_several_arguments_in_a_row_are_a_superset():
    assert len(compared(EXECVE + 'LIKE(exec, "%rm -rf%")', list(execve_events()), False)) == 3


def test_a_program_whose_name_begins_with_a_blank_is_set_aside():
    spl = EXECVE + 'LIKE(exec, "%rm %") AND LIKE(exec, "% -rf %") | stats count by argc exec'
    compiled = compile_rule(read_rule(spl), Content.builtin())
    conversion = convert_compiled(compiled, "eql", content=Content.builtin())
    assert any("does not begin with a blank" in text for text in conversion.assumptions)
    words = [("rm", "-rf"), ("/bin/rm", "-rf"), ("ls", "-l"), (" -rf rm ",), ("\t-rf rm ",)]
    events = [
        {"sourcetype": "linux:audit", "type": "EXECVE", "argc": str(len(each)),
         **{f"a{at}": word for at, word in enumerate(each)}}
        for each in words
    ]  # fmt: skip
    report = check_conversion(compiled, conversion, events, content=Content.builtin())
    assert (str(report.fidelity), str(report.verdict)) == ("exact", "equal")
    assert (report.tried, report.set_aside, report.found) == (3, 2, 2)


def test_the_query_names_the_fields_of_elastic():
    text = convert(EXECVE + 'LIKE(exec, "%find%")', "eql", content=Content.builtin()).text
    assert '?auditd.message_type == "execve" and\n  process.args like "*find*"\n' in text


def test_another_transformation_of_a_title_is_no_title():
    spl = 'sourcetype=linux:audit | eval d=replace(proctitle, "00", "21") | where d="x"'
    assert parse(spl)
    result = convert(spl, "eql", content=Content.builtin())
    assert not result.supported
