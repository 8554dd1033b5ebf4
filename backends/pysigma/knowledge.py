"""What is known of pySigma's backends: how their queries differ from what a Sigma rule means.

Observed on pySigma 1.5.1 with the backends elasticsearch 2.1, kusto, opensearch, splunk 2.1 and
sqlite 2.0, and read in the manuals of the query languages (spec/sigma-semantics.md 9). A backend or
a feature that is not listed is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from transpile.records import dataclass


class Feature(Enum):
    """What a Sigma rule may use and a backend may say in another way."""

    TEXT = "whole texts without regard to case"
    WILDCARD = "wildcards without regard to case"
    ONE = "the wildcard for one character"
    CASED = "texts with regard to case"
    REGEX = "regular expressions that match anywhere"
    EXISTS = "presence of a field, empty texts included"
    NOT = "a negated test on a field that an event lacks"
    KEYWORD = "keywords anywhere in the text of an event"
    NETWORK = "networks"
    FIELD = "two fields of the same value"
    COUNT = "event counts in a sliding window"
    VALUES = "counts and sums of values in a sliding window"
    TEMPORAL = "several rules within a sliding window"


class Effect(Enum):
    """How a query compares with the rule where it uses a feature."""

    KEEPS = "as Sigma means it"
    ASSUMED = "as Sigma means it, if the fields are indexed so"
    WIDER = "more than Sigma means"
    NARROWER = "less than Sigma means"
    OTHER = "something else than Sigma means"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """suffix: of its files.  effects: by feature; one that is not listed is unknown.  why: in words
    for those that do not keep the meaning."""

    suffix: str
    effects: Mapping[Feature, Effect]
    why: Mapping[Feature, str]


_ALL_KEPT = dict.fromkeys(Feature, Effect.KEEPS)
_INDEXED = "text is compared with regard to case unless its field has a lower-case normalizer"
_WHOLE = "its regular expressions match the whole value and know no ^, $ and (?i)"
_TUMBLING = "its windows begin at fixed times, groups across two of them are missed"

_LUCENE = Knowledge(
    ".lucene",
    {
        **_ALL_KEPT,
        **dict.fromkeys((Feature.TEXT, Feature.WILDCARD, Feature.ONE), Effect.ASSUMED),
        Feature.KEYWORD: Effect.ASSUMED,
        Feature.REGEX: Effect.OTHER,
    },
    {
        **dict.fromkeys((Feature.TEXT, Feature.WILDCARD, Feature.ONE), _INDEXED),
        Feature.KEYWORD: "keywords are looked for in the default field of the index",
        Feature.REGEX: _WHOLE,
    },
)

KNOWN: Mapping[str, Knowledge] = {
    "splunk": Knowledge(
        ".spl",
        {
            **_ALL_KEPT,
            Feature.ONE: Effect.WIDER,
            Feature.KEYWORD: Effect.NARROWER,
            Feature.FIELD: Effect.NARROWER,
            **dict.fromkeys((Feature.COUNT, Feature.VALUES, Feature.TEMPORAL), Effect.NARROWER),
        },
        {
            Feature.ONE: "it writes * for ?",
            Feature.KEYWORD: "it finds whole words only",
            Feature.FIELD: "it compares two fields with regard to case",
            **dict.fromkeys((Feature.COUNT, Feature.VALUES, Feature.TEMPORAL), _TUMBLING),
        },
    ),
    "lucene": _LUCENE,
    "opensearch_lucene": _LUCENE,
    "elastalert": Knowledge(".yml", _LUCENE.effects, _LUCENE.why),
    "eql": Knowledge(
        ".eql",
        {
            **_ALL_KEPT,
            Feature.CASED: Effect.NARROWER,
            Feature.REGEX: Effect.OTHER,
            Feature.KEYWORD: Effect.OTHER,
            Feature.COUNT: Effect.WIDER,
            Feature.VALUES: Effect.OTHER,
            Feature.TEMPORAL: Effect.WIDER,
        },
        {
            Feature.CASED: "it writes wildcards into ==, where they are none",
            Feature.REGEX: "its regular expressions match the whole value, without case",
            Feature.KEYWORD: "it writes a text where EQL needs a condition",
            Feature.COUNT: "it counts gt as gte",
            Feature.VALUES: "it counts events instead of values",
            Feature.TEMPORAL: "it leaves the time span out",
        },
    ),
    "esql": Knowledge(
        ".esql",
        {
            **_ALL_KEPT,
            **dict.fromkeys((Feature.TEXT, Feature.WILDCARD, Feature.ONE), Effect.NARROWER),
            Feature.REGEX: Effect.OTHER,
            Feature.NOT: Effect.NARROWER,
            Feature.FIELD: Effect.NARROWER,
            **dict.fromkeys((Feature.COUNT, Feature.VALUES, Feature.TEMPORAL), Effect.NARROWER),
        },
        {
            Feature.TEXT: "it compares text with regard to case",
            Feature.WILDCARD: "it compares text with regard to case",
            Feature.ONE: "it compares text with regard to case",
            Feature.REGEX: _WHOLE,
            Feature.NOT: "it drops events that lack the negated field",
            Feature.FIELD: "it compares two fields with regard to case",
            **dict.fromkeys((Feature.COUNT, Feature.VALUES, Feature.TEMPORAL), _TUMBLING),
        },
    ),
    "kusto": Knowledge(
        ".kql",
        {
            **_ALL_KEPT,
            Feature.ONE: Effect.OTHER,
            Feature.EXISTS: Effect.NARROWER,
            Feature.KEYWORD: Effect.OTHER,
        },
        {
            Feature.ONE: "it writes an expression without anchors and with regard to case",
            Feature.EXISTS: "to it an empty text is no value",
            Feature.KEYWORD: "it writes a text where Kusto needs a condition",
        },
    ),
    "sqlite": Knowledge(
        ".sql",
        {
            **_ALL_KEPT,
            Feature.TEXT: Effect.NARROWER,
            Feature.FIELD: Effect.NARROWER,
            Feature.NETWORK: Effect.OTHER,
        },
        {
            Feature.TEXT: "it compares whole texts with regard to case",
            Feature.FIELD: "it compares two fields with regard to case",
            Feature.NETWORK: "it compares addresses as text",
        },
    ),
}
