"""Faults that an emitter could make, as changes of the texts that it writes, one at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from transpile.convert import Conversion
from transpile.verify import Report


@dataclass(frozen=True, slots=True)
class Fault:
    """A change of emitted texts: what would be wrong, in which target, and how it is planted.

    needs: what a text has in which the change makes a difference.
    """

    what: str
    target: str
    pattern: str
    by: str | Callable[[re.Match[str]], str]
    everywhere: bool = False
    needs: str = ""

    def plant(self, text: str) -> str:
        """Return a text with the fault, itself if the fault does not apply."""
        if not re.search(self.needs, text):
            return text
        count = 0 if self.everywhere else 1
        return re.sub(self.pattern, self.by, text, count=count, flags=re.MULTILINE)


def one_more(found: re.Match[str]) -> str:
    """Return the match with its number one higher."""
    return re.sub(r"\d+", lambda digits: str(int(digits[0]) + 1), found[0])


def twice_as_large(found: re.Match[str]) -> str:
    """Return the match with the length of its network's prefix one lower."""
    return f"{found[1]}{int(found[2]) - 1}"


def swapped(found: re.Match[str]) -> str:
    """Return the match with its letters in the other case."""
    return found[0].swapcase()


SIGMA = [
    Fault("contains became equality", "sigma", r"\|contains:", ":"),
    Fault("contains became a prefix", "sigma", r"\|contains:", "|startswith:"),
    Fault("endswith became contains", "sigma", r"\|endswith:", "|contains:"),
    Fault("endswith became startswith", "sigma", r"\|endswith:", "|startswith:"),
    Fault("endswith became equality", "sigma", r"\|endswith:", ":"),
    Fault("startswith became contains", "sigma", r"\|startswith:", "|contains:"),
    Fault("all lost", "sigma", r"\|all:", ":"),
    Fault("cased lost", "sigma", r"\|cased:", ":"),
    Fault("cased added", "sigma", r"\|contains:", "|contains|cased:"),
    Fault("regular expression with case", "sigma", r"\|re\|i:", "|re:"),
    Fault("exists turned round", "sigma", r"(\|exists: )(true|false)",
          lambda m: m[1] + {"true": "false", "false": "true"}[m[2]]),
    Fault("filter lost", "sigma", r"(condition: .*?) and not 1 of filter_main_\*", r"\1"),
    Fault("negation lost", "sigma", r"and not 1 of", "and 1 of"),
    Fault("one filter became all", "sigma", r"not 1 of filter_main_\*", "not all of filter_main_*",
          needs=r"filter_main_\w+:[\s\S]*filter_main_\w+:"),
    Fault("all selections became one", "sigma", r"all of selection_\*", "1 of selection_*"),
    Fault("literal lost a character", "sigma", r"(\|endswith: .*)(exe)(')", r"\1ex\3"),
    Fault("event id off by one", "sigma", r"EventID: \d+", one_more),
    Fault("network twice as large", "sigma", r"(\|cidr:.*\n?.*?/)(\d+)", twice_as_large),
    Fault("another field", "sigma", r"\bCommandLine\b", "ParentCommandLine"),
    Fault("another log source", "sigma", r"category: process_creation", "category: image_load"),
    Fault("threshold off by one", "sigma", r"gte: \d+", one_more),
    Fault("window too short", "sigma", r"timespan: \d+[mh]", "timespan: 1s"),
]  # fmt: skip

EQL = [
    Fault("equality with case", "eql", r' : "', ' == "', everywhere=True),
    Fault("and became or", "eql", r" and\n", " or\n"),
    Fault("or became and", "eql", r" or ", " and "),
    Fault("negation lost", "eql", r"\bnot ", ""),
    Fault("condition lost", "eql", r" and\n +[?\w.]+ : \"[^\"]*\"$", ""),
    Fault("wildcard lost at the start", "eql", r'"\*', '"'),
    Fault("wildcard lost at the end", "eql", r'\*"', '"'),
    Fault("wildcard added", "eql", r'(process\.name : ")', r"\1*"),
    Fault("first of a list lost", "eql", r'\("[^"]*", ', "("),
    Fault("existence turned round", "eql", r"!= null", "== null"),
    Fault("absence turned round", "eql", r"== null", "!= null"),
    Fault("another field", "eql", r"\bprocess\.name\b", "process.executable"),
    Fault("another category", "eql", r"^process where", "file where"),
    Fault("another event type", "eql", r'event\.type == "start"', 'event.type == "end"'),
    Fault("literal lost a character", "eql", r"\.exe\"", '.ex"'),
    Fault("network twice as large", "eql", r"(cidrMatch\([^)]*?/)(\d+)", twice_as_large),
    Fault("a group key lost", "eql", r"sequence by [\w.]+ with", "sequence with"),
    Fault("one event more for a group", "eql", r"runs=\d+", one_more),
    Fault("code off by one", "eql", r'(event\.code (?::|==) "\d+")', one_more),
    Fault("parentheses lost", "eql", r"\(([^()]* or [^()]*)\)", r"\1"),
]  # fmt: skip

SQL = [
    Fault("case respected", "sql:duckdb", r"\bILIKE\b", "LIKE", everywhere=True),
    Fault("lower lost", "sql:duckdb", r"LOWER\((\"\w+\")\) (=|IN)", r"\1 \2", everywhere=True),
    Fault("literal in the other case", "sql:duckdb", r"(?<=\) = )'[a-z.]+'", swapped),
    Fault("and became or", "sql:duckdb", r"\n  AND (?!NOT)", "\n  OR "),
    Fault("or became and", "sql:duckdb", r"\bOR\b", "AND"),
    Fault("negation lost", "sql:duckdb", r"\bAND NOT\b", "AND"),
    Fault("guard of a negation lost", "sql:duckdb",
          r"NOT COALESCE\((.*), (?:FALSE|CAST\('f' AS BOOLEAN\))\)", r"NOT \1", everywhere=True),
    Fault("wildcard lost at the start", "sql:duckdb", r"LIKE '%", "LIKE '"),
    Fault("wildcard lost at the end", "sql:duckdb", r"(LIKE '.*?)%'", r"\1'"),
    Fault("wildcard added", "sql:duckdb", r"LIKE '(?!%)", "LIKE '%"),
    Fault("number off by one", "sql:duckdb", r"\"EventCode\" = \d+", one_more),
    Fault("threshold off by one", "sql:duckdb", r"(>|>=) \d+\b", one_more),
    Fault("greater or equal", "sql:duckdb", r" > (?=\d)", " >= "),
    Fault("smaller", "sql:duckdb", r" > (?=\d)", " < "),
    Fault("rows without a key kept", "sql:duckdb", r"\"\w+\" IS NOT NULL", "TRUE", everywhere=True),
    Fault("duplicates counted", "sql:duckdb", r"COUNT\(DISTINCT ", "COUNT("),
    Fault("min for max", "sql:duckdb", r"\bMAX\(", "MIN("),
    Fault("max for min", "sql:duckdb", r"\bMIN\(", "MAX("),
    Fault("first of a list lost", "sql:duckdb", r"IN \('[^']*', ", "IN ("),
    Fault("order reversed", "sql:duckdb", r"\bDESC\b", "ASC"),
    Fault("partition lost", "sql:duckdb", r"PARTITION BY\s+[^\n)]*?(?=\s+ORDER|\))", ""),
    Fault("outer join became inner", "sql:duckdb", r"LEFT JOIN", "INNER JOIN"),
    Fault("another column", "sql:duckdb", r"\"process\" (?=I?LIKE)", '"dest" '),
]  # fmt: skip

ESQL = [
    Fault("case respected", "esql", r"TO_LOWER\(([\w.]+)\)", r"\1", everywhere=True),
    Fault("and became or", "esql", r" AND\n", " OR\n"),
    Fault("or became and", "esql", r"\bOR\b", "AND"),
    Fault("negation lost", "esql", r"\bNOT (?=LIKE|IN|RLIKE|\()", ""),
    Fault("guard of a negation lost", "esql", r"[\w.@]+ IS NULL OR ", "", everywhere=True),
    Fault("wildcard lost at the start", "esql", r'(LIKE (?:\(\s*)?)("+)\*', r"\1\2"),
    Fault("wildcard lost at the end", "esql", r'\*("+)(?=[,\s)])', r"\1"),
    Fault("condition lost", "esql", r'TO_LOWER\([\w.]+\) == "[^"]*" AND\n', ""),
    Fault("literal lost a character", "esql", r'\.exe"', '.ex"'),
    Fault("threshold off by one", "esql", r"(WHERE[^|]*? >=? )(\d+)",
          lambda m: m[1] + str(int(m[2]) + 1)),
    Fault("greater or equal", "esql", r" > (?=\d)", " >= "),
    Fault("duplicates counted", "esql", r"COUNT_DISTINCT\(", "COUNT("),
    Fault("min for max", "esql", r"\bMAX\(", "MIN("),
    Fault("another field", "esql", r"\bprocess\.name\b", "process.executable"),
    Fault("another category", "esql", r'event\.category : "process"', 'event.category : "file"'),
    Fault("a group key lost", "esql", r",\s+\w+ = COALESCE\([\w.]+, \"\w+\"\)", ""),
]  # fmt: skip

FAULTS = [*SIGMA, *EQL, *ESQL, *SQL]


def planted(fault: Fault, honest: Conversion) -> Conversion | None:
    """Return a conversion with a fault in its text, None if the fault does not change it."""
    text = fault.plant(honest.text)
    if honest.draft is None or text == honest.text:
        return None
    return replace(honest, text=text, draft=replace(honest.draft, text=text))


def where(report: Report) -> str:
    """Return where a report that finds a fault places it, "" if it finds none or does not say."""
    proof = report.proof
    if report.verdict.bad:
        for item in report.differences:
            if item.blame is not None and (part := item.blame.target or item.blame.rule):
                return part.text if part.line is None else f"{part.line}:{part.column} {part.text}"
        for item in report.differences:
            return "on " + ", ".join(f"{name}={value}" for name, value in item.item.items())
        return report.reason
    if report.refuted and proof is not None:
        shown = proof.missed or proof.extra
        return proof.reason or "on " + ", ".join(f"{k}={v}" for k, v in (shown or {}).items())
    return ""
