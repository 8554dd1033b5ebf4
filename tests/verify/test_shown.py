"""How many of a rule's mutants events show, where it takes something of them to be found at all."""

from __future__ import annotations

import pytest

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.verify import trial_of, verify_rule

CONTENT = Content.builtin()


@pytest.mark.parametrize(
    ("search", "killed"),
    [
        pytest.param(
            r'x=1 NOT image="C:\\w\\*" NOT loaded="C:\\w\\*" | rex field=image "(?<a>.+\\\\)" '
            r'| rex field=loaded "(?<b>.+\\\\)" | where a=b | stats count by image, loaded',
            23, id="parts-of-two-fields-that-have-to-agree"),
        pytest.param(
            "| tstats count from datamodel=Network_Traffic where All_Traffic.dest_port=139 OR "
            "All_Traffic.app=smb by _time span=1h, All_Traffic.src | rename All_Traffic.* as * | "
            "eventstats max(_time) as last | stats count as times "
            'max(eval(if(_time>=relative_time(last, "-70m@m"), count, null()))) as new '
            'avg(eval(if(_time<relative_time(last, "-70m@m"), count, null()))) as old by src '
            "| where new > 2*old AND times >= 30",
            16, id="as-many-earlier-times-as-are-counted"),
        pytest.param(
            "| tstats count from datamodel=Web where Web.url_length > 40 Web.status=200 by Web.src "
            "Web.url Web.url_length | rename Web.* as * | eval n=mvcount(split(url, "
            '"select")) + mvcount(split(url, "union")) - 2 | where n > 3',
            17, id="texts-as-long-as-another-field-tells"),
        pytest.param(
            'x=1 cmd="* /c *" cmd="* del*" | eval r=if(like(p, "%".pp."%"), "yes", "no") '
            '| stats count by cmd, r | where r="yes"',
            21, id="a-text-like-a-pattern-that-is-computed"),
        pytest.param(
            'x=1 (y=ab OR y=cd) | spath input=j path=a{}.b output=v | mvexpand v | search v="*@*.*"'
            ' | eval to=if(match(v, "^[^@]+@[^@]+\\\\.[^@]+$"), v, null()) | dedup to '
            "| stats count by user, to",
            25, id="one-row-for-each-key-that-stands-in-a-text"),
        pytest.param(
            "x=1 | eval two=substr(body,1,2), four=substr(body,1,4) | stats count by two, four "
            '| where count>3 AND (two="7z" OR two="PK" OR four="Rar!")',
            24, id="texts-that-begin-as-is-asked"),
        pytest.param(
            "x=1 | where name!=other | stats dc(user) as n by name | eventstats avg(n) as a "
            "stdev(n) as s | where n>a+3*s",
            9, id="a-key-that-is-held-against-another-field"),
        pytest.param(
            '(op=add OR op=del) name="*a,b*" | transaction name startswith=(op=add) '
            'endswith=(op=del) | eval short=if(duration<30, "yes", "no") | search short=yes '
            "| stats count by _time, host",
            21, id="the-first-and-the-last-event-of-a-transaction"),
    ],
)  # fmt: skip
def test_events_show_the_mutants_of_a_rule(search: str, killed: int) -> None:
    report = verify_rule(read_rule(search), "sql:duckdb", content=CONTENT)
    assert report.verdict.good, report
    assert report.adequacy is not None
    assert report.adequacy.killed >= killed, report.adequacy.gaps


@pytest.mark.parametrize(
    ("then", "had"),
    [
        pytest.param('rex field=t "(?<k>a+)" | stats count by x', ("x",),
                     id="rows-without-it-are-in-no-group"),
        pytest.param('rex field=t "(?<k>a+)" | stats count by k', (),
                     id="it-may-be-missing-before-it-is-taken-out-of-a-text"),
        pytest.param("rename y as x | stats count by x", ("y",), id="renamed"),
        pytest.param("rename y.* as * | stats count by x", (), id="renamed-or-there-before"),
        pytest.param("rename y.* as z.* | stats count by x", ("x",), id="another-renamed"),
    ],
)  # fmt: skip
def test_rows_have_the_keys_of_the_first_grouping(then: str, had: tuple[str, ...]) -> None:
    rule = read_rule(f"x!=1 k!=1 | {then}")
    trial = trial_of(compile_rule(rule, CONTENT), content=CONTENT)
    assert tuple(field.name for field in trial.keys_behind) == had
