"""A second opinion on our Sigma: pySigma's SQLite backend, executed, beside our own evaluator.

    TRANSPILE_CORPUS=... .venv-pysigma/bin/python tools/second_opinion.py [COUNT]

Takes COUNT rules (default 200) spread over the corpus, shows their witness events to both as the
log source has them, and prints every event about which they differ, with the rule's name. Needs
pysigma-backend-sqlite (`make test-pysigma` installs it). What the backend is known to read in
another way is made alike or left out, and counted:

- it compares whole texts with regard to case: the columns are declared NOCASE;
- it has no expressions and no lists: `REGEXP` is Python's, events with lists are left out;
- it refuses keywords and compares networks as text: such rules are left out, so are correlations,
  whose rules are compared one by one instead.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transpile.backends.sigma.engine import _read, _shown
from transpile.backends.sigma.evaluate import text

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import load_rules
from transpile.convert import convert_compiled
from transpile.tables import tables_for
from transpile.verify.witness import maker_for, witnesses

COUNT = 200


def main() -> int:
    """Compare; return 1 if the two differ about an event."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    root = Path(os.environ["TRANSPILE_CORPUS"], "splunk")
    content = Content.load(root)
    rules, _ = load_rules(root / "detections")
    found: Counter[str] = Counter()
    for rule in rules[:: max(1, len(rules) // count)][:count]:
        compiled = compile_rule(rule, content)
        conversion = convert_compiled(compiled, "sigma", content=content)
        if conversion.draft is None:
            found["unsupported"] += 1
            continue
        tables = tables_for(compiled.pipeline, content)
        events = witnesses(
            compiled.pipeline, maker_for(compiled.pipeline, rule.data_sources, tables)
        )
        sides = {side.name: side.inputs for side in conversion.draft.sides}
        for part in _read(conversion.text).rules:
            inputs = sides.get(part.name, conversion.draft.inputs)
            views = [_shown(event, inputs, part) for event in events]
            flat = [view for view in views if view is not None and _is_flat(view)]
            found[_compared(rule.name, part, conversion.text, flat)] += 1
    for what, number in found.most_common():
        print(f"{number:5} {what}")
    return 1 if found["differs"] else 0


def _is_flat(view: Mapping[str, Any]) -> bool:
    return not any(isinstance(value, (list, dict)) for value in view.values())


def _compared(name: str, part: Any, written: str, views: Sequence[Mapping[str, Any]]) -> str:
    """Return what came of comparing the two on one rule; differences are printed."""
    query = _query(written, part.name)
    if not query.startswith("SELECT"):
        return f"left out: {query}"
    if not views:
        return "left out: no event without lists"
    mine = {at for at, view in enumerate(views) if part.decide(view)}
    theirs = _run(query, views)
    for at in sorted(mine ^ theirs):
        who = "evaluator" if at in mine else "SQLite"
        print(f"{name}: only the {who} finds {dict(views[at])}\n    {query}")
    return "differs" if mine != theirs else "equal" if mine else "equal, nothing found"


def _query(written: str, name: str) -> str:
    """Return the backend's query for the named rule of a text, or why there is none."""
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection
    from sigma.exceptions import SigmaError

    # alone: the rules of a correlation have no query of their own beside it
    texts = [part for part in written.split("---\n") if "\ncorrelation:" not in part]
    parts = [SigmaCollection.from_yaml(part) for part in texts]
    own = next(r for c in parts for r in c.rules if name in (r.name, str(r.id)))
    if "|cidr" in written:
        return "networks are compared as text"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return str(sqliteBackend().convert_rule(own)[0])
    except (SigmaError, NotImplementedError) as error:
        return str(error).partition("(")[0].strip()


def _run(query: str, views: Sequence[Mapping[str, Any]]) -> set[int]:
    """Return the places of the events that a query finds."""
    names = list({name.lower(): name for view in views for name in view}.values())
    known = {name.lower() for name in names}
    named = {word.lower() for found in _NAME.findall(query) for word in found if word}
    columns = [*names, *sorted(named - known)]
    base = sqlite3.connect(":memory:")
    base.create_function("regexp", 2, _regexp)
    declared = ", ".join(f"`{column}` TEXT COLLATE NOCASE" for column in columns)
    base.execute(f"CREATE TABLE logs (place__ INTEGER, {declared})")
    for at, view in enumerate(views):
        row = [None if view.get(name) is None else text(view[name]) for name in names]
        marks = ", ".join("?" * (len(row) + 1))
        listed = ", ".join(f"`{name}`" for name in names)
        base.execute(f"INSERT INTO logs (place__, {listed}) VALUES ({marks})", [at, *row])
    found = {row[0] for row in base.execute(query.replace("SELECT *", "SELECT place__", 1))}
    base.close()
    return found


_NAME = re.compile(r"`([^`]+)`|\b([A-Za-z_][\w.]*)\b")


def _regexp(pattern: str, value: str | None) -> bool:
    return value is not None and re.search(pattern, value) is not None


if __name__ == "__main__":
    sys.exit(main())
