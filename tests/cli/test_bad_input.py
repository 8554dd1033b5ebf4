"""Bad input: a clear message with its place, the right exit code, and nothing half-written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Case:
    """A file (or none) under the name that the arguments use, and all that is printed."""

    message: str
    text: str | bytes = ""
    name: str = "bad.yml"
    args: tuple[str, ...] = ("convert", "bad.yml", "-t", "eql")
    code: int = 1
    stdin: bytes = b""
    files: dict[str, str] = field(default_factory=dict)


RUN = ("run", "detections/log_emptied.yml", "--events")
DEEP = "index=a " + "(" * 10_000 + "x=1" + ")" * 10_000
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdef", "bcdefg", strict=True)
)
CYCLE = {
    "macros/m1.yml": "name: m1\ndefinition: index=a `m2`\n",
    "macros/m2.yml": "name: m2\ndefinition: b=1 `m1`\n",
}
GROWING = {
    f"macros/g{n}.yml": f"name: g{n}\ndefinition: x=1 {f'`g{n + 1}` ' * 10 if n < 7 else ''}\n"
    for n in range(8)
}
CASES = {
    # --- the file ---------------------------------------------------------------------------------
    "not-yaml": Case(
        text="a: [1\nb: 2\n",
        message="""\
bad.yml:2:2: error[CNT401]: not valid YAML: did not find expected ',' or ']'
  | b: 2
  |  ^
""",
    ),
    "yaml-without-search": Case(
        text="name: x\n",
        message="""\
bad.yml: error[CNT402]: the rule has no search
  = help: a rule needs the key 'search' with an SPL search
""",
    ),
    "a-key-twice": Case(
        text="name: x\nsearch: index=a\nname: y\n",
        message="""\
bad.yml:3:1: error[CNT403]: key 'name' stands twice in one mapping
  | name: y
  | ^^^^
""",
    ),
    "alias-bomb": Case(
        text=BOMB + "search: index=a\n",
        message="""\
bad.yml:6:11: error[CNT404]: more than 200,000 values with aliases expanded
  | f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]
  |           ^^
""",
    ),
    "a-file-over-5-MB": Case(
        text="search: index=a " + "x=1 " * 1_250_000,
        message="bad.yml: error[CNT405]: more than 5,000,000 bytes\n",
    ),
    "binary-file": Case(
        text=b"\x7fELF\x02\x01\xff\xfe",
        message="""\
bad.yml:1:7: error[CNT407]: the file is not UTF-8: byte 0xff
  = help: save it as UTF-8
""",
    ),
    "search-is-a-list": Case(
        text="name: x\nsearch: [index=a]\n",
        message="""\
bad.yml:2:9: error[CNT408]: 'search' must be a text, not a list
  | search: [index=a]
  |         ^^^^^^^^^
""",
    ),
    # --- the search: scalars of every style -------------------------------------------------------
    "quote-not-closed": Case(
        text='search: index=a foo="bar\n',
        message="""\
bad.yml:1:21: error[SPL102]: the string is never closed
  | search: index=a foo="bar
  |                     ^
  = help: add the closing quote
""",
    ),
    "parenthesis-not-closed": Case(
        text="search: index=a (foo=1\n",
        message="""\
bad.yml:1:17: error[SPL102]: this opening parenthesis is never closed
  | search: index=a (foo=1
  |                 ^
  = help: add the closing ')'
""",
    ),
    "unknown-command-in-a-literal-scalar": Case(
        text="search: |\n  index=a foo=1\n  | stat count by x\n",
        message="""\
bad.yml:3:5: error[SPL104]: unknown command 'stat'
  |   | stat count by x
  |     ^^^^
  = help: did you mean 'stats'?
""",
    ),
    "unknown-function-in-a-folded-scalar": Case(
        text="search: >-\n  index=a foo=1\n\n  | where lenn(x)=1\n",
        message="""\
bad.yml:4:11: error[SPL105]: unknown eval function 'lenn'
  |   | where lenn(x)=1
  |           ^^^^
  = help: did you mean 'len'?
""",
    ),
    "unknown-statistic-in-a-double-quoted-scalar": Case(
        text='search: "index=a foo=\\"1\\"\n  | stats coun(x)"\n',
        message="""\
bad.yml:2:11: error[SPL105]: unknown statistical function 'coun'
  |   | stats coun(x)"
  |           ^^^^
  = help: did you mean 'count'?
""",
    ),
    "unknown-command-in-a-single-quoted-scalar": Case(
        text="search: 'index=a foo=''1''\n  | wher x=1'\n",
        message="""\
bad.yml:2:5: error[SPL104]: unknown command 'wher'
  |   | wher x=1'
  |     ^^^^
  = help: did you mean 'where'?
""",
    ),
    "unknown-command-in-a-plain-scalar-after-a-tab": Case(
        text="search: index=a\n  foo=1\n  |\tstat count\n",
        message="""\
bad.yml:3:5: error[SPL104]: unknown command 'stat'
  |   |\tstat count
  |    \t^^^^
  = help: did you mean 'stats'?
""",
    ),
    "operand-missing": Case(
        text="search: index=a | where x >\n",
        message="""\
bad.yml:1:28: error[SPL103]: an operand is missing at the end
  | search: index=a | where x >
  |                            ^
""",
    ),
    "wrong-option": Case(
        text="search: index=a | dedup x keepempty=maybe\n",
        message="""\
bad.yml:1:27: error[SPL106]: the option 'keepempty' of 'dedup' must be true or false
  | search: index=a | dedup x keepempty=maybe
  |                           ^^^^^^^^^^^^^^^
""",
    ),
    "regular-expression-that-does-not-compile": Case(
        text='search: index=a | regex x="(a"\n',
        message="""\
bad.yml:1:27: error[SPL108]: the regular expression is wrong: a group is never closed
  | search: index=a | regex x="(a"
  |                           ^^^^
""",
    ),
    "empty-pipeline": Case(text="search: '|'\n", message="""\
bad.yml:1:10: error[SPL103]: a command is missing after the pipe
  | search: '|'
  |          ^
""",),
    "character-that-has-no-place": Case(text="search: index=a | where x ! 1\n", message="""\
bad.yml:1:27: error[SPL101]: unexpected '!' in 'where'
  | search: index=a | where x ! 1
  |                           ^
  = help: join conditions with AND or OR; texts stand in double quotes
""",),
    "ten-thousand-parentheses": Case(
        text=f"search: {DEEP}\n",
        message="""\
bad.yml:1:117: error[SPL107]: nested deeper than 100 levels
  | ...((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((...
  |                                                                ^
""",
    ),
    "a-search-of-5-MB": Case(
        name="big.spl",
        args=("convert", "big.spl", "-t", "eql"),
        text="index=a " + "x=1 " * 1_200_000,
        message="""\
big.spl:1:1: error[SPL107]: the search has 4,800,008 characters, the limit is 1,000,000
  | index=a x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 x=1 ...
  | ^
""",
    ),
    # --- macros -----------------------------------------------------------------------------------
    "unknown-macro": Case(
        text="name: Bad\nsearch: >-\n  index=a `toll` foo=1\n",
        files={"macros/tool.yml": "name: tool\ndefinition: x=1\n"},
        message="""\
bad.yml:3:11: error[SPL201]: unknown macro 'toll' in rule 'Bad'
  |   index=a `toll` foo=1
  |           ^^^^^^
  = help: did you mean 'tool'?
""",
    ),
    "macro-cycle": Case(
        text="name: Bad\nsearch: |\n  `m1` c=1\n", files=CYCLE,
        message="""\
bad.yml:3:3: error[SPL202]: macro 'm1' calls itself: m1 -> m2 -> m1 in rule 'Bad'
  |   `m1` c=1
  |   ^^^^
""",
    ),
    "macro-with-wrong-number-of-arguments": Case(
        text="name: Bad\nsearch: |\n  c=1 `m1(3)`\n", files=CYCLE,
        message="""\
bad.yml:3:7: error[SPL203]: macro 'm1' is called with 1 argument in rule 'Bad'
  |   c=1 `m1(3)`
  |       ^^^^^^^
  = help: it takes 0 arguments; put double quotes around an argument that contains a comma
""",
    ),
    "macros-that-grow-without-bound": Case(
        text="name: Bad\nsearch: |\n  `g0`\n", files=GROWING,
        message="""\
bad.yml:3:3: error[SPL204]: more than 10,000 macro calls in rule 'Bad'
  |   `g0`
  |   ^^^^
""",
    ),
    "error-in-the-definition-of-a-macro": Case(
        text="name: Bad\nsearch: >-\n  c=1\n  `part`\n",
        files={"macros/part.yml": "name: part\ndefinition: index=a (b=1\n"},
        message="""\
bad.yml:4:3: error[SPL102]: this opening parenthesis is never closed
  |   `part`
  |   ^^^^^^
  = help: add the closing ')'; look into the definition of the macro 'part'
""",
    ),
    # --- arguments --------------------------------------------------------------------------------
    "no-command": Case(args=(), code=2, message="""\
usage: transpile [-h] [--version] COMMAND ...

Moves Splunk detections to Sigma, Elastic EQL and SQL, and proves it.

positional arguments:
  COMMAND
    convert   convert rules to one or more targets
    explain   show stages, predicates and indicators of a rule
    run       run a rule over events with the reference interpreter
    verify    run rule and conversion on the same events and compare
    catalog   write pages about many rules and what they have in common
    report    say what of a repository converts, and what is left to do
    golden    check or update the golden files of a rule repository
    targets   list what rules can be converted to
    schemas   list the taxonomies, or show one
    config    show the settings and where each comes from
    complete  print a script that completes commands and options in a shell

options:
  -h, --help  show this help message and exit
  --version   print the version
""",),
    "unknown-command": Case(args=("frob",), code=2, message="""\
error[OUT507]: no such command: frob
  = help: there are: convert, explain, run, verify, catalog, report, golden, targets, schemas, config, complete
""",),
    "unknown-option": Case(args=("targets", "--frob"), code=2, message="""\
error[OUT507]: no such option: --frob
  = help: there are: --color, --debug, --format, --help, --quiet
""",),
    "misspelt-command": Case(args=("convrt", "x.yml"), code=2, message="""\
error[OUT507]: no such command: convrt
  = help: did you mean 'convert'?
""",),
    "misspelt-option": Case(args=("convert", "x.yml", "--traget=eql"), code=2, message="""\
error[OUT507]: no such option: --traget
  = help: did you mean '--target'?
""",),
    "one-argument-too-many": Case(args=("targets", "sigma"), code=2, message="""\
error[OUT507]: one argument too many: sigma
""",),
    "folder-without-rules": Case(
        args=("convert", "empty", "-t", "eql"), files={"empty/x.txt": ""}, code=2, message="""\
error[CNT406]: no rule found in empty
  = help: rules are .yml and .spl files and savedsearches.conf
""",
    ),
    "no-such-file": Case(args=("convert", "nowhere.yml", "-t", "eql"), code=2, message="error[CNT407]: no such file or folder: nowhere.yml\n",),
    "glob-that-matches-nothing": Case(args=("convert", "x*.yml", "-t", "eql"), code=2, message="error[CNT407]: no such file or folder: x*.yml\n",),
    "nothing-on-standard-input": Case(args=("convert", "-", "-t", "eql"), code=2, message="error[CNT406]: nothing on standard input\n",),
    "binary-on-standard-input": Case(
        args=("convert", "-", "-t", "eql"), stdin=b"a=1\n\xff", message="""\
2:1: error[CNT407]: the text is not UTF-8: byte 0xff
  = help: save it as UTF-8
""",
    ),
    "no-target": Case(args=("convert", "detections"), code=2, message="""\
error[OUT502]: no target given
  = help: add -t sigma, -t eql or -t sql:duckdb; `transpile targets` lists all
""",),
    "unknown-target": Case(args=("convert", "detections", "-t", "sigm"), code=2, message="""\
error[OUT502]: unknown target 'sigm'
  = help: did you mean 'sigma'?
""",),
    "unknown-variant": Case(args=("verify", "detections", "-t", "sigma:x"), code=2, message="""\
error[OUT502]: unknown target 'sigma:x'
  = help: it can be sigma
""",),
    "unknown-format": Case(
        args=("convert", "detections", "-t", "sigma", "-f", "json"), code=2, message="""\
error[OUT502]: target 'sigma' has no format 'json'
  = help: it has: yaml
""",
    ),
    "unknown-format-of-a-target-with-one": Case(
        args=("convert", "detections", "-t", "sigma", "-f", "json"), code=2, message="""\
error[OUT502]: target 'sigma' has no format 'json'
  = help: it has: yaml
""",
    ),
    "unknown-schema": Case(
        args=("convert", "detections", "-t", "sql:duckdb", "--schema", "sigma"), code=2, message="""\
error[OUT502]: target 'sql:duckdb' has no schema 'sigma'
  = help: it has: cim, splunk, ecs, ocsf, *.yml
""",
    ),
    "schema-to-show-is-unknown": Case(args=("schemas", "show", "cmi"), code=2, message="""\
error[OUT505]: unknown schema 'cmi'
  = help: did you mean 'cim'?
""",),
    "schema-to-show-is-not-named": Case(args=("schemas", "show"), code=2, message="""\
error[OUT502]: no schema named
  = help: transpile schemas show cim
""",),
    "dataset-is-unknown": Case(
        args=("schemas", "show", "cim", "--dataset", "endpoint.proceses"), code=2, message="""\
error[OUT502]: unknown dataset 'endpoint.proceses'
  = help: did you mean 'endpoint.processes'?
""",
    ),
    "output-below-a-file": Case(
        args=("convert", "detections", "-t", "eql", "-o", "plain.txt/out"),
        files={"plain.txt": ""}, code=2, message="error[OUT501]: cannot write plain.txt/out: Not a directory\n",
    ),
    "output-is-a-file": Case(
        args=("convert", "detections", "-t", "eql", "-o", "plain.txt"),
        files={"plain.txt": ""}, code=2, message="error[OUT501]: cannot write plain.txt: a file is in the way\n",
    ),
    "report-below-a-file": Case(
        args=("convert", "detections", "-t", "eql", "--report", "plain.txt/r.json"),
        files={"plain.txt": ""}, code=2, message="error[OUT501]: cannot write plain.txt: a file is in the way\n",
    ),
    "report-is-a-folder": Case(
        args=("convert", "detections", "-t", "eql", "--report", "detections"), code=2, message="error[OUT501]: cannot write detections: it is a folder\n",
    ),
    "content-is-not-there": Case(
        args=("convert", "detections", "-t", "eql", "--content", "nowhere"), code=2, message="error[CNT407]: no such content folder: nowhere\n",
    ),
    "folder-where-a-rule-is-wanted": Case(args=("explain", "detections"), code=2, message="error[CNT407]: detections is a folder, not a rule\n",),
    "rule-to-explain-is-not-there": Case(args=("explain", "nowhere.yml"), code=2, message="error[CNT407]: no such file: nowhere.yml\n",),
    "search-to-explain-is-wrong": Case(
        args=("explain", "index=a | stats coun(x)"), message="""\
1:17: error[SPL105]: unknown statistical function 'coun'
  | index=a | stats coun(x)
  |                 ^^^^
  = help: did you mean 'count'?
""",
    ),
    "search-to-explain-is-empty": Case(args=("explain", " "), message="error[CNT406]: there is no rule here\n",),
    # --- events -----------------------------------------------------------------------------------
    "events-are-not-there": Case(args=(*RUN, "nowhere.json"), code=2, message="error[CNT407]: cannot read the events of nowhere.json: no such file\n",),
    "events-are-a-folder": Case(args=(*RUN, "detections"), code=2, message="error[CNT407]: cannot read the events of detections: it is a folder\n",),
    "events-of-an-unknown-kind": Case(
        args=(*RUN, "events.xml"), files={"events.xml": ""}, code=2, message="""\
error[CNT407]: unknown kind of event file: events.xml
  = help: the name must end with one of .csv .evtx .json .jsonl .log .ndjson .yaml .yml
""",
    ),
    "broken-ndjson": Case(
        args=(*RUN, "e.ndjson"), files={"e.ndjson": '{"a": 1}\n{"a":\n'}, message="""\
e.ndjson:2:6: error[CNT401]: not valid JSON: expecting value
  | {"a":
  |      ^
""",
    ),
    "ndjson-line-that-is-no-event": Case(
        args=(*RUN, "e.ndjson"), files={"e.ndjson": '{"a": 1}\n\n7\n'}, message="""\
e.ndjson:3: error[CNT408]: line 3 is no event: a mapping of field names to values is needed
""",
    ),
    "broken-json": Case(args=(*RUN, "e.json"), files={"e.json": "[{}\n,]"}, message="e.json:2:2: error[CNT401]: not valid JSON: expecting value\n",),
    "json-that-holds-no-events": Case(args=(*RUN, "e.json"), files={"e.json": "[{}, 7]"}, message="""\
e.json: error[CNT408]: entry 2 is no event: a mapping of field names to values is needed
""",),
    "broken-csv": Case(args=(*RUN, "e.csv"), files={"e.csv": 'a,b\n1,"x"y\n'}, message="e.csv:2: error[CNT401]: not valid CSV: ',' expected after '\"'\n",),
    "broken-events-in-yaml": Case(args=(*RUN, "e.yml"), files={"e.yml": "- {a: 1\n"}, message="e.yml:2:1: error[CNT401]: not valid YAML: did not find expected ',' or '}'\n",),
    "broken-fixtures": Case(
        args=("verify", "detections/log_emptied.yml", "-t", "eql", "-q"),
        files={"events/log_emptied.yml": "events: 7\n"}, message="events/log_emptied.yml: error[CNT408]: fixtures need a list 'events'\n",
    ),
    # --- settings ---------------------------------------------------------------------------------
    "settings-that-are-not-toml": Case(
        args=("convert", "detections"), files={"transpile.toml": "targets = [\n"}, code=2, message="""\
transpile.toml: error[OUT505]: the settings cannot be read: Invalid value (at end of document)
""",
    ),
    "unknown-setting": Case(
        args=("convert", "detections"), files={"transpile.toml": "target = 'eql'\n"},
        code=2, message="""\
transpile.toml: error[OUT505]: unknown setting 'target'
  = help: did you mean 'targets'?
""",
    ),
    "setting-of-the-wrong-type": Case(
        args=("convert", "detections"), files={"transpile.toml": "targets = 'eql'\n"},
        code=2, message="transpile.toml: error[OUT505]: setting 'targets' must be a list of texts\n",
    ),
    "settings-table-that-is-none": Case(
        args=("convert", "detections"), files={"pyproject.toml": "[tool]\ntranspile = 7\n"},
        code=2, message="pyproject.toml: error[OUT505]: [tool.transpile] must be a table\n",
    ),
    "content-of-the-settings-is-not-there": Case(
        args=("convert", "detections", "-t", "eql"),
        files={"transpile.toml": "content = 'nowhere'\n"}, code=2, message="""\
error[CNT407]: no such content folder: nowhere
  = help: it is named in transpile.toml
""",
    ),
    # --- golden files -----------------------------------------------------------------------------
    "golden-folder-that-is-none": Case(
        args=("golden", "update", "--rules", ".", "--golden", "macros"), code=2, message="""\
error[OUT505]: macros holds files but no manifest.json
  = help: name an empty folder, or the one with the golden files
""",
    ),
    "golden-manifest-that-is-none": Case(
        args=("golden", "check", "--rules", "."), files={"golden/manifest.json": "7"},
        code=2, message="""\
error[OUT505]: golden/manifest.json is no manifest of golden files
  = help: delete the folder and run `transpile golden update`
""",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_message(cli, repo, write: Callable[[str, str | bytes], Path], case: Case):
    for name, text in case.files.items():
        write(name, text)
    if case.text:
        write(case.name, case.text)
    before = sorted(str(path) for path in repo.rglob("*"))
    ran = cli(*case.args, stdin=case.stdin)
    assert ran.err.replace(f"{repo}/", "") == case.message
    assert (ran.code, ran.out) == (case.code, "")
    assert sorted(str(path) for path in repo.rglob("*")) == before
