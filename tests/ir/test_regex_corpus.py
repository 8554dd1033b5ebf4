"""Every regular expression of the public rules parses and runs."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml

from transpile.ir.regex import compile_python, parse_regex

CORPUS = os.environ.get("TRANSPILE_CORPUS")
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_PLACES = [
    re.compile(r"\|\s*rex\b(?:\s+(?!mode)\w+\s*=\s*(?:\"[^\"]*\"|\S+))*?\s*" + _QUOTED, re.DOTALL),
    re.compile(r"\|\s*regex\s+(?:[\w.{}]+\s*!?=\s*)?" + _QUOTED, re.DOTALL),
    re.compile(r"\bmatch\(\s*[^,]+?,\s*" + _QUOTED, re.DOTALL),
]


def _expressions():
    for path in sorted(Path(CORPUS, "splunk", "detections").rglob("*.yml")):
        rule = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        search = (rule or {}).get("search")
        for place in _PLACES if isinstance(search, str) else ():
            for found in place.findall(search):
                yield path.stem, re.sub(r'\\(["\\])', r"\1", found)


@pytest.mark.corpus
@pytest.mark.skipif(CORPUS is None, reason="TRANSPILE_CORPUS is not set")
def test_every_expression_of_the_corpus_compiles():
    expressions = list(_expressions())
    assert len(expressions) > 100
    for rule, text in expressions:
        regex = parse_regex(text)
        assert compile_python(regex).groups == regex.group_count, rule
