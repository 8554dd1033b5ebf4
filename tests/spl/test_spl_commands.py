"""Every command: what its text becomes."""

from __future__ import annotations

import pytest

from transpile.spl import ast, parse, parse_subsearch
from transpile.spl.ast import (
    AggCall,
    Assignment,
    Binary,
    Call,
    Command,
    Comparison,
    Conversion,
    FieldRef,
    Literal,
    LookupField,
    Option,
    Renaming,
    ReturnItem,
    Search,
    SearchCommand,
    SortKey,
    SplitField,
    Term,
    Token,
    Trend,
    Value,
)
from transpile.spl.commands import COMMANDS
from transpile.spl.commands.generic import SHAPES

COUNT = AggCall("count")
A, B = FieldRef("a"), FieldRef("b")
A_IS_1 = Comparison("a", "=", Value("1"))
INNER = Search((SearchCommand(A_IS_1, name="search"),))


def options(**values: str) -> tuple[Option, ...]:
    return tuple(Option(name, value) for name, value in values.items())


CASES: list[tuple[str, Command]] = [
    ("search a=1", SearchCommand(A_IS_1, name="search")),
    ("where a=b", ast.Where(Binary("=", A, B), name="where")),
    (
        'eval a=1, "b c"=x, {k}=b, a{}.b=a',
        ast.Eval(
            (
                Assignment("a", Literal(1)),
                Assignment("b c", FieldRef("x")),
                Assignment("{k}", B, True),
                Assignment("a{}.b", A),
            ),
            name="eval",
        ),
    ),
    (
        "stats count dc(a) AS n, values(eval(lower(b))) p95(a) by a, b",
        ast.Stats(
            (
                COUNT,
                AggCall("dc", "a", alias="n"),
                AggCall("values", eval_arg=Call("lower", (B,))),
                AggCall("perc", "a", percent=95.0),
            ),
            ("a", "b"),
            name="stats",
        ),
    ),
    ("stats values(x.*) as x.*", ast.Stats((AggCall("values", "x.*", alias="x.*"),), name="stats")),
    (
        "stats Count(eval(a=1))",
        ast.Stats((AggCall("count", eval_arg=Binary("=", A, Literal(1))),), name="stats"),
    ),
    ("sistats count by a", ast.Stats((COUNT,), ("a",), name="sistats")),
    ("eventstats count by a", ast.Eventstats((COUNT,), ("a",), name="eventstats")),
    (
        "streamstats window=2 reset_after=(a=b) count by a",
        ast.Streamstats(
            (COUNT,),
            ("a",),
            None,
            Binary("=", A, B),
            name="streamstats",
            options=options(window="2"),
        ),
    ),
    (
        "chart limit=5 count over a by b usenull=f where count > 5",
        ast.Chart(
            (COUNT,),
            SplitField("a"),
            SplitField("b", options(usenull="f")),
            "count > 5",
            name="chart",
            options=options(limit="5"),
        ),
    ),
    ("chart count by a b", ast.Chart((COUNT,), SplitField("a"), SplitField("b"), name="chart")),
    (
        "timechart span=5m eval(sum(a)/sum(b)) AS r by a",
        ast.Timechart(
            (
                AggCall(
                    "eval", eval_arg=Binary("/", Call("sum", (A,)), Call("sum", (B,))), alias="r"
                ),
            ),
            SplitField("a"),
            name="timechart",
            options=options(span="5m"),
        ),
    ),
    (
        "timechart count by a span=1h",
        ast.Timechart((COUNT,), SplitField("a"), name="timechart", options=options(span="1h")),
    ),
    (
        "chart sparkline(count, 1h) by a",
        ast.Chart(
            (AggCall("sparkline", inner=COUNT, spark_span="1h"),), SplitField("a"), name="chart"
        ),
    ),
    ("top 5 a by b", ast.Top(("a",), ("b",), 5, name="top")),
    ("rare limit=3 a", ast.Top(("a",), (), 3, name="rare")),
    (r'rex field=a "\\\(?<n>.*)$"', ast.Rex(r"\\(?<n>.*)$", "a", name="rex")),
    (
        'rex "(?<n>x)" max_match=0',
        ast.Rex("(?<n>x)", name="rex", options=options(max_match="0")),
    ),
    ('rex mode=sed "s/a/b/g"', ast.Rex("s/a/b/g", "_raw", "sed", name="rex")),
    (
        'rex field=a mode=sed "s/a/b/ s/c/d/g"',
        ast.Rex("s/a/b/ s/c/d/g", "a", "sed", name="rex"),
    ),
    (r'regex "\Q(\E[]a]"', ast.Regex(r"\Q(\E[]a]", name="regex")),
    ('regex a!="^x[0-9]"', ast.Regex("^x[0-9]", "a", True, name="regex")),
    ('regex a = "x"', ast.Regex("x", "a", name="regex")),
    ('regex "x|y"', ast.Regex("x|y", name="regex")),
    (
        'rename a.* AS *, "b c" as d,',
        ast.Rename((Renaming("a.*", "*"), Renaming("b c", "d")), name="rename"),
    ),
    ('table a b*, "c d"', ast.Table(("a", "b*", "c d"), name="table")),
    ("fields a, b", ast.Fields(("a", "b"), name="fields")),
    ("fields - a b", ast.Fields(("a", "b"), False, name="fields")),
    ("fields -a", ast.Fields(("a",), False, name="fields")),
    (
        "lookup update=true t k AS a, l OUTPUTNEW o AS b p",
        ast.Lookup(
            "t",
            (LookupField("k", "a"), LookupField("l", "l")),
            (LookupField("o", "b"), LookupField("p", "p")),
            "OUTPUTNEW",
            name="lookup",
            options=options(update="true"),
        ),
    ),
    ("lookup t k", ast.Lookup("t", (LookupField("k", "k"),), name="lookup")),
    (
        "inputlookup append=t t.csv where a=1",
        ast.Inputlookup("t.csv", A_IS_1, name="inputlookup", options=options(append="t")),
    ),
    ("outputlookup t.csv", ast.Outputlookup("t.csv", name="outputlookup")),
    ("spath", ast.Spath(name="spath")),
    ("spath input=a output=b x{}.y", ast.Spath("x{}.y", "a", "b", name="spath")),
    (
        "join type=left a, b [search a=1]",
        ast.Join(("a", "b"), INNER, name="join", options=options(type="left")),
    ),
    (
        "join a type=outer [search a=1]",
        ast.Join(("a",), INNER, name="join", options=options(type="outer")),
    ),
    (
        "join left=L right=R where L.a=R.b [search a=1]",
        ast.Join(
            (),
            INNER,
            Binary("=", FieldRef("L.a"), FieldRef("R.b")),
            name="join",
            options=options(left="L", right="R"),
        ),
    ),
    ("append [search a=1]", ast.Append(INNER, name="append")),
    ("append [a=1]", ast.Append(INNER, name="append")),
    (
        "appendcols override=t [search a=1]",
        ast.Appendcols(INNER, name="appendcols", options=options(override="t")),
    ),
    (
        "appendpipe [stats count]",
        ast.Appendpipe(Search((ast.Stats((COUNT,), name="stats"),)), name="appendpipe"),
    ),
    ("union datamodel:x [search a=1]", ast.Union(("datamodel:x", INNER), name="union")),
    ("multisearch [search a=1] [search a=1]", ast.Multisearch((INNER, INNER), name="multisearch")),
    ("fillnull", ast.Fillnull(name="fillnull")),
    ('fillnull value="" a, b', ast.Fillnull(("a", "b"), "", name="fillnull")),
    ("filldown a*", ast.Filldown(("a*",), name="filldown")),
    (
        "dedup 2 a b sortby -a +b",
        ast.Dedup(("a", "b"), 2, (SortKey("a", True), SortKey("b")), name="dedup"),
    ),
    (
        "foreach a* [eval <<FIELD>>=if('<<FIELD>>'=1, \"[\", 2)]",
        ast.Foreach(("a*",), "eval <<FIELD>>=if('<<FIELD>>'=1, \"[\", 2)", name="foreach"),
    ),
    ("mvexpand a limit=3", ast.Mvexpand("a", name="mvexpand", options=options(limit="3"))),
    ('makemv delim="," a', ast.Makemv("a", name="makemv", options=options(delim=","))),
    ("mvcombine a", ast.Mvcombine("a", name="mvcombine")),
    ("nomv a", ast.Nomv("a", name="nomv")),
    (
        "iplocation prefix=p_ a",
        ast.Iplocation("a", name="iplocation", options=options(prefix="p_")),
    ),
    (
        'transaction a, b startswith="go on" endswith=eval(a=b) maxspan=5m',
        ast.Transaction(
            ("a", "b"),
            Term("go on", True),
            Binary("=", A, B),
            name="transaction",
            options=options(maxspan="5m"),
        ),
    ),
    (
        "transaction a startsWith=(a=1)",
        ast.Transaction(("a",), A_IS_1, name="transaction"),
    ),
    ("bucket span=5m _time", ast.Bin("_time", name="bucket", options=options(span="5m"))),
    ("bin a span=1h AS b", ast.Bin("a", "b", name="bin", options=options(span="1h"))),
    (
        "sort 0 - a, b +num(c)",
        ast.Sort(
            (SortKey("a", True), SortKey("b", True), SortKey("c", False, "num")), 0, name="sort"
        ),
    ),
    ('sort "1" b', ast.Sort((SortKey("1"), SortKey("b")), name="sort")),
    ("sort -a b", ast.Sort((SortKey("a", True), SortKey("b")), name="sort")),
    ("sort a desc", ast.Sort((SortKey("a"),), None, True, name="sort")),
    ("head", ast.Head(name="head")),
    ("head 5", ast.Head(5, name="head")),
    ("head limit=5", ast.Head(5, name="head")),
    ("head (a=b) limit=9", ast.Head(9, Binary("=", A, B), name="head")),
    ("tail 3", ast.Tail(3, name="tail")),
    ("reverse", ast.Reverse(name="reverse")),
    (
        'convert timeformat="%Y" ctime(a) AS b num(a)',
        ast.Convert(
            (Conversion("ctime", "a", "b"), Conversion("num", "a")),
            name="convert",
            options=options(timeformat="%Y"),
        ),
    ),
    (
        'replace "x*" WITH y, z WITH "" IN a, b',
        ast.Replace((Renaming("x*", "y"), Renaming("z", "")), ("a", "b"), name="replace"),
    ),
    (
        "addtotals fieldname=n a, b",
        ast.Addtotals(("a", "b"), name="addtotals", options=options(fieldname="n")),
    ),
    ("xmlkv a", ast.Xmlkv("a", name="xmlkv")),
    ("extract x", ast.Extract(("x",), name="extract")),
    ("kv", ast.Extract(name="kv")),
    ("fromjson a", ast.Fromjson(("a",), name="fromjson")),
    ("from datamodel M.N", ast.From("datamodel", "M.N", name="from")),
    ('from datamodel:"M.N"', ast.From("datamodel", "M.N", name="from")),
    ("datamodel M N search", ast.Datamodel("M", "N", "search", name="datamodel")),
    (
        r'map search="search a=\"$b$\" | head 1" maxsearches=3',
        ast.Map('search a="$b$" | head 1', name="map", options=options(maxsearches="3")),
    ),
    ("map saved", ast.Map(None, "saved", name="map")),
    (
        "return 5 a=b $c d",
        ast.Return(
            (ReturnItem("b", "a"), ReturnItem("c", None, True), ReturnItem("d")), 5, name="return"
        ),
    ),
    ("xyseries a b c", ast.Xyseries("a", "b", ("c",), name="xyseries")),
    ("untable a b c", ast.Untable("a", "b", "c", name="untable")),
    (
        "trendline sma5(a) AS b",
        ast.Trendline((Trend("sma", 5, "a", "b"),), name="trendline"),
    ),
    (
        "tstats summariesonly=t count min(_time) AS t FROM datamodel=M.N WHERE a=1 "
        "BY N.x _time span=1h N.y",
        ast.Tstats(
            (COUNT, AggCall("min", "_time", alias="t")),
            "M",
            "N",
            None,
            A_IS_1,
            ("N.x", "_time", "N.y"),
            "1h",
            name="tstats",
            options=options(summariesonly="t"),
        ),
    ),
    (
        "tstats count from datamodel M groupby x",
        ast.Tstats((COUNT,), "M", by=("x",), name="tstats"),
    ),
    (
        "tstats count where a=1 by PREFIX(k=)",
        ast.Tstats((COUNT,), where=A_IS_1, by=("k=",), prefixes=("k=",), name="tstats"),
    ),
    (
        "mstats avg(x.*) AS x.* where a=1 by b span=1m",
        ast.Mstats((AggCall("avg", "x.*", alias="x.*"),), A_IS_1, ("b",), "1m", name="mstats"),
    ),
    (
        "fieldformat a=b",
        ast.Generic(name="fieldformat", args=(Token("a=b"),)),
    ),
    ("makeresults count=5", ast.Generic(name="makeresults", options=options(count="5"))),
]


@pytest.mark.parametrize(("text", "node"), [pytest.param(t, n, id=t) for t, n in CASES])
def test_command_node(text: str, node: Command) -> None:
    assert parse(f"| {text}").commands == (node,)


def test_every_command_with_a_node_of_its_own_has_a_case() -> None:
    shown = {node.name for _, node in CASES}
    same = {"discretize", "sichart", "sitimechart", "sitop", "sirare"}
    assert set(COMMANDS) - set(SHAPES) - same <= shown


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_generic_command_keeps_words_and_options(name: str) -> None:
    shape = SHAPES[name]
    words = [f"w{i}" for i in range(min(max(shape.fewest, 1), shape.most))]
    (command,) = parse(f"| {name} {' '.join(words)} someoption=x").commands
    assert isinstance(command, ast.Generic)
    assert [t.text for t in command.args] == words
    assert command.option("someoption") == "x"


def test_custom_command_is_generic_only_when_declared() -> None:
    (command,) = parse(
        "| mything a b=c [search d]", custom_commands=frozenset({"mything"})
    ).commands
    assert isinstance(command, ast.Generic)
    assert [t.text for t in command.args] == ["a"]
    assert len(command.subsearches) == 1


def test_implied_search_and_explicit_search_are_the_same_tree() -> None:
    assert parse("a=1") == parse("search a=1") == parse("| search a=1") == parse("| SEARCH a=1")


def test_a_field_named_like_a_command_is_still_a_field() -> None:
    (command,) = parse("search=1").commands
    assert command == SearchCommand(Comparison("search", "=", Value("1")), name="search")


@pytest.mark.parametrize("text", ["eval a=1", "| eval a=1"])
def test_first_command_of_a_subsearch_needs_no_pipe(text: str) -> None:
    assert parse_subsearch(text) == parse("| eval a=1")


def test_without_pipe_a_whole_search_is_terms() -> None:
    (command,) = parse("stats count").commands
    assert command == SearchCommand(ast.And((Term("stats"), Term("count"))), name="search")


def test_pipes_in_quotes_and_subsearches_do_not_split() -> None:
    search = parse('a="x|y" [search b=1 | head 1] | where c="|" | eval \'d|e\'="]"')
    assert [c.name for c in search.commands] == ["search", "where", "eval"]


def test_subsearch_inside_an_expression() -> None:
    (command,) = parse("| where a > [search a=1]").commands
    assert command == ast.Where(Binary(">", A, ast.SubsearchExpr(INNER)), name="where")


def test_aggregation_keeps_its_text_as_typed() -> None:
    (command,) = parse("| stats Values( a ) count(eval( a = 1 ))").commands
    assert isinstance(command, ast.Stats)
    assert [a.text for a in command.aggs] == ["Values( a )", "count(eval( a = 1 ))"]


def test_option_accessors() -> None:
    (command,) = parse("| dedup a keepempty=T consecutive=0").commands
    assert command.flag("keepempty")
    assert not command.flag("consecutive", default=True)
    assert command.flag("keepevents", default=True)
    assert command.number("limit", 7) == 7
    (limited,) = parse("| mvexpand a limit=1 limit=2").commands
    assert limited.number("limit") == 2
