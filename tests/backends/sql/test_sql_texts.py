"""JSON, XML, several matches, names with wildcards, transactions: engines against interpreter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sql_bench import ENGINES, Events, assert_same, emit, engine_of

from transpile.errors import Unsupported
from transpile.interpret import NotComputable
from transpile.tables import Table


def timed(*events: dict[str, object]) -> Events:
    """Give events distinct times, newest first."""
    return [{"_time": 100_000 - at * 10, **event} for at, event in enumerate(events)]


DOCUMENTS = timed(
    {"doc": '{"a": {"b": "x"}, "n": 1.5, "t": true, "z": null, "l": [1, "two", {"k": "v"}]}'},
    {"doc": '{"a": "flat", "n": 12, "l": [], "s": "quo\\"te \\u00e9"}', "n": "own"},
    {"doc": '{"a": {"b": {"deep": [1,  2]}}, "l": [{"k": 1}, {"k": null}, {"m": 2}]}'},
    {"doc": '{"broken": ', "n": "kept"}, {"doc": "plain text"}, {"n": "no document"},
    {"doc": '[{"k": "first"}, {"k": "second"}]'}, {"doc": '"text"'},
)
RENAMED = timed(
    {"who.name": "ann", "who.ip": "1.1.1.1"}, {"name": "bob"}, {"who.name": "cy", "name": "old"},
    {"other": "x"},
)
TEXTS = timed(
    {"t": "id=1 id=22 id=333"}, {"t": "none"}, {"t": "id=7", "id": "old"}, {"id": "only"},
    {"t": "<Name>a</Name><Size unit='k'>5</Size><Name>b</Name><Names>c</Names>"},
)
CASES = [
    pytest.param("search index=x | spath input=doc path=a.b output=v | table v", DOCUMENTS,
                 id="json-path"),
    pytest.param("search index=x | spath input=doc path=n output=n | table n", DOCUMENTS,
                 id="json-path-not-there-keeps-the-field"),
    pytest.param("search index=x | spath input=doc path=t output=t | spath input=doc path=z "
                 "output=z | spath input=doc path=s output=s | table t z s", DOCUMENTS,
                 id="json-scalars-as-text"),
    pytest.param('search index=x | eval v=spath(doc,"a.b") | table v', DOCUMENTS,
                 id="json-function"),
    pytest.param("search index=x | bin span=10 t | table t",
                 timed({"t": "12"}, {"t": "x9"}, {}, {"t": "-3.5"}), id="bins-of-text"),
    pytest.param("search index=x | bin span=5m _time | stats count by _time",
                 timed({}, {"_time": 12.5}, {"_time": 299}, {"_time": 300}), id="bins-of-time"),
    pytest.param("search index=x | rename who.* as * | table name ip _time", RENAMED,
                 id="wildcard-rename-keeps-what-the-row-has-and-internal-names"),
    pytest.param("search index=x | rename who.* as * | stats count min(_time) as t by name",
                 RENAMED, id="wildcard-rename-before-grouping"),
    pytest.param("search index=x | table who.name name | rename who.* as *", RENAMED,
                 id="wildcard-rename-of-known-fields"),
    pytest.param("search index=x | eval a=1, b=t | addtotals fieldname=s a b | table s",
                 timed({"t": "12"}, {"t": "x"}, {}, {"t": "0.5"}), id="totals"),
    pytest.param("search index=x | eval m=min(a,b), n=max(a,b,\"5\") | table m n",
                 timed({"a": "9", "b": "10"}, {"a": "x", "b": "10"}, {"b": "y"}, {},
                       {"a": "a", "b": "B"}), id="least-and-greatest"),
    pytest.param("search index=x | table a b | fillnull", timed({"a": "1"}, {"a": ""}, {}),
                 id="fillnull-of-fields-that-some-row-has"),
    pytest.param("search index=x | table a b c | fillnull value=u c*", timed({"a": "1"}, {}),
                 id="fillnull-of-a-pattern"),
    pytest.param("search index=x a=1 | append [search index=x a=2] | dedup b | table a b",
                 timed({"a": "2", "b": "k"}, {"a": "1", "b": "k"}, {"a": "2", "b": "m"}),
                 id="appended-rows-come-last"),
    pytest.param("search index=x | eval user=mvappend(a,b) | stats count by user",
                 timed({"a": "1", "b": "2"}, {"b": "2"}, {}), id="list-called-as-a-function-is"),
    pytest.param('search index=x | stats values(a) as l | eval i=mvfind(l,"^b"), '
                 "v=mvindex(l,i) | table i v", timed({"a": "ab"}, {"a": "bc"}, {"a": "bd"}),
                 id="position-of-a-value"),
    pytest.param("search index=x | transaction u startswith=(e=on) endswith=(e=off) maxspan=45s "
                 "| table u duration eventcount e", timed(
                     {"u": "a", "e": "off"}, {"u": "a", "e": "mid"}, {"u": "b", "e": "mid"},
                     {"u": "a", "e": "on"}, {"u": "a", "e": "on"}, {"u": "a", "e": "off"},
                     {"u": "b", "e": "off"}, {"e": "off"}, {"u": "a", "e": "x"}, {"u": "a"},
                     {"u": "a", "e": "on"}), id="transaction-between-two-events"),
    pytest.param("search index=x | transaction u maxpause=15s maxevents=2 "
                 "| table u duration eventcount e", timed(
                     {"u": "a", "e": "1"}, {"u": "a", "e": "2"}, {"u": "a", "e": "3"},
                     {"u": "b", "e": "4"}, {"u": "b"}, {"u": "a", "e": "5"}),
                 id="transaction-up-to-a-pause"),
    pytest.param('search index=x | makemv delim="," t | stats min(t) as a max(t) as b '
                 "latest(t) as c earliest(t) as d by k", timed(
                     {"k": "1", "t": "b,9,10"}, {"k": "1", "t": "8"}, {"k": "1"},
                     {"k": "2", "t": "5,40"}), id="aggregates-of-lists"),
    pytest.param('search index=x | makemv delim="," t | eval w=strftime(t,"%H:%M") | table t w',
                 timed({"t": "60,x,3660"}, {"t": ",,"}, {"t": "x"}), id="each-value-mapped"),
    pytest.param('search index=x | eval a=split(t,"\\\\"), b=split(t,", "), c=split(t,".") '
                 "| table a b c",
                 timed({"t": 'C:\\a.b\\n, "q"\\'}, {"t": ""}, {"t": "\\\\\n.x"}, {}),
                 id="pieces-of-a-text"),
]
DUCKDB = [
    pytest.param("search index=x | spath input=doc path=l{} output=v | table v", DOCUMENTS,
                 id="json-elements"),
    pytest.param("search index=x | spath input=doc path=l{}.k output=v | table v", DOCUMENTS,
                 id="json-members-of-elements"),
    pytest.param("search index=x | spath input=doc path=l{} output=e | spath input=e path=k "
                 "output=v | table v", DOCUMENTS, id="json-in-each-value"),
    pytest.param("search index=x | spath input=doc | table a.b l{} l{}.k n {}.k", DOCUMENTS,
                 id="json-leaves"),
    pytest.param('search index=x | rex field=t max_match=2 "id=(?<id>\\d+)" | table id', TEXTS,
                 id="first-two-matches"),
    pytest.param('search index=x | rex field=t max_match=0 "id=(?<id>\\d+)" '
                 '| rex field=id "(?<digit>\\d)" | table id digit', TEXTS,
                 id="matches-in-each-value"),
    pytest.param("search index=x | xmlkv t | table Name Size Names", TEXTS, id="xml-elements"),
    pytest.param("search index=x | eval d=urldecode(t) | table d",
                 timed({"t": "a%20b+c%2Bd%zz%"}, {"t": "%C3%A9"}, {}), id="url-decoding"),
    pytest.param('search index=x | eval e=strptime(t,"%Y-%m-%d") | table e', timed(
        {"t": "2024-02-29"}, {"t": "2024-2-1 and more"}, {"t": "2023-02-29"}, {"t": "x"}, {}),
        id="dates-read"),
]


@pytest.mark.parametrize("variant", ENGINES)
@pytest.mark.parametrize(("search", "events"), CASES)
def test_the_engines_agree_with_the_interpreter(
    search: str, events: Events, variant: str
) -> None:
    assert_same(search, events, variant)


@pytest.mark.parametrize(("search", "events"), DUCKDB)
def test_duckdb_agrees_with_the_interpreter(search: str, events: Events) -> None:
    assert_same(search, events, "duckdb")


LISTED = {
    "many": Table("many", ({"k": "a", "v": "1"}, {"k": "b", "v": "2"}, {"k": "a", "v": "3"},
                           {"k": "c", "v": ""}), ("k", "v")),
}


@pytest.mark.parametrize("variant", ENGINES)
def test_each_value_of_a_key_is_looked_up(variant: str) -> None:
    events = timed({"x": "b", "y": "a"}, {"x": "c"}, {"x": "none"}, {})
    search = "search index=x | eval k=mvappend(x,y) | lookup many k OUTPUT v | table k v"
    assert_same(search, events, variant, LISTED)


@pytest.mark.parametrize("variant", ENGINES)
def test_an_address_is_looked_up_by_network(variant: str) -> None:
    rows = ({"net": "10.0.0.0/8", "v": "wide"}, {"net": "10.1.2.0/30", "v": "narrow"},
            {"net": "none", "v": "x"}, {"net": "192.168.1.1", "v": "one"})
    table = {"nets": Table("nets", rows, ("net", "v"), match_types={"net": "CIDR"})}
    events = timed({"ip": "10.1.2.3"}, {"ip": "10.1.2.4"}, {"ip": "192.168.1.1"},
                   {"ip": "8.8.8.8"}, {"ip": "10.1.2.3\n"}, {"ip": "none"}, {})
    assert_same("search index=x | lookup nets net as ip OUTPUT v | table ip v", events, variant,
                table)


@pytest.mark.parametrize("variant", ENGINES)
def test_outputnew_leaves_a_row_alone_that_has_some_output(variant: str) -> None:
    table = {"t": Table("t", ({"k": "a", "v": "1", "w": "2"},), ("k", "v", "w"))}
    events = timed({"k": "a"}, {"k": "a", "v": "own"}, {"k": "z", "w": "own"})
    search = "search index=x | lookup t k OUTPUTNEW v w | table k v w"
    assert_same(search, events, variant, table)


def test_a_lookup_without_rows_is_not_computable() -> None:
    search = "search index=x | lookup t k OUTPUT v | table k v"
    with pytest.raises(NotComputable):
        assert_same(search, timed({"k": "a"}), "duckdb", {"t": Table("t", None, ("k", "v"))})


@pytest.mark.parametrize(("search", "code"), [
    pytest.param("search index=x | rename a*b* as c*d* | stats count by cxdy | rename c* as e",
                 "TGT603", id="many-fields-to-one-name"),
    pytest.param("search index=x | spath input=doc", "TGT603", id="all-leaves"),
    pytest.param("search index=x | spath input=SomeXml | table a", "TGT603", id="xml-leaves"),
    pytest.param("search index=x | transaction a b maxpause=5s | table a", "TGT603",
                 id="transaction-of-two-fields"),
    pytest.param("search index=x | transaction a maxspan=5s maxpause=2s | table a", "TGT603",
                 id="transaction-of-a-span-and-a-pause"),
    pytest.param('search index=x | rex field=t max_match=0 "(?<n>\\d*)" | table n', "TGT604",
                 id="matches-that-may-be-empty"),
])
def test_what_is_refused(search: str, code: str) -> None:
    with pytest.raises(Unsupported) as caught:
        emit(search)
    assert caught.value.code == code
    assert caught.value.span is not None


@pytest.mark.parametrize(("doc", "accepted"), [
    pytest.param('{"a": {"b": 1}}', True, id="plain"),
    pytest.param('{"a.b": 1}', False, id="dot-in-a-name"),
    pytest.param('{"a": 1, "a": 2}', False, id="name-given-twice"),
    pytest.param('{"_time": 1}', False, id="internal-name"),
    pytest.param(" <a>x</a>", False, id="xml"),
    pytest.param("a < b", True, id="other-text"),
])
def test_texts_that_a_query_over_json_takes(doc: str, accepted: bool) -> None:
    from sql_bench import BACKEND

    draft = emit("search index=x | spath input=doc path=a.b output=v | table v")
    engine = BACKEND.sql_engine("duckdb")
    assert engine is not None
    assert engine.accepts({"doc": doc}, draft) is accepted


_NAMES = st.sampled_from(["a", "b", "a b", "c-d", "é"])
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 99), st.text("x\"\\'%_é\n{[", max_size=4)
)
_JSON: st.SearchStrategy[Any] = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("variant", ENGINES)
@settings(max_examples=12, deadline=None)
@given(documents=st.lists(_JSON, min_size=1, max_size=4), spaced=st.booleans())
def test_random_json_is_read_alike(variant: str, documents: list[Any], spaced: bool) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    events = timed(*(
        {"doc": json.dumps(doc, ensure_ascii=False, separators=separators)} for doc in documents
    ))
    search = (
        "search index=x | spath input=doc path=a output=p | spath input=doc path=a.b output=q "
        "| table p q"
    )
    assert_same(search, events, variant)
    if variant == "sqlite":  # no arrays
        return
    elements = "search index=x | spath input=doc path=a{}.b output=p | table p"
    assert_same(elements, events, variant)
    leaves = "search index=x | spath input=doc | table a a.b a{} a{}.b {} b.c-d"
    assert_same(leaves, events, variant)


DECODED = timed(
    {"t": "a%20b+c%2Bd%zz%"}, {"t": "%C3%A9%e2%82%ac%F0%9F%98%80 é%41"}, {"t": ""}, {"t": "%"}, {},
    {"t": "%7F%C2%80%ef%bf%bd"},
)


@pytest.mark.parametrize("variant", [v for v in ENGINES if v != "sqlite"])
def test_percent_encoded_text_is_decoded(variant: str) -> None:
    assert_same("search index=x | eval d=urldecode(t) | table d t", DECODED, variant)


BYTES = st.sampled_from([
    "%41", "%80", "%BF", "%C1", "%C3", "%E0", "%9F", "%A0", "%ED", "%EF", "%F0", "%8F", "%90",
    "%F4", "%F5", "%FF", "a", "%4", "%", "é",
])


@pytest.mark.engines
def test_postgres_decodes_what_is_no_utf_8_as_python_does() -> None:
    engine_of("postgres")

    @settings(max_examples=150, deadline=None)
    @given(st.lists(BYTES, max_size=7).map("".join))
    def check(value: str) -> None:
        assert_same("search index=x | eval d=urldecode(t) | table d", [{"t": value}], "postgres")

    check()
