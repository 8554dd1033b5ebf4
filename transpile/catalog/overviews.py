"""The facts of the pages that speak of many rules, and of the site itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from transpile.catalog import views
from transpile.catalog.entry import LANGUAGES, Entry
from transpile.catalog.pages import Facts, links
from transpile.catalog.plots import bars
from transpile.errors import CODES
from transpile.schema import attack

if TYPE_CHECKING:
    from transpile.catalog import Catalog

PER_PAGE = 400
"""Rules, statements or pairs on one page."""

SAMPLES = 8
"""Rules whose logic the page of a false positive shows."""

_FIELDS, _VALUES = 250, 8
"""Fields on the page of the indicators, and values of each."""

Made = tuple[str, str, Facts, Sequence[str]]
"""Name of a page, its template, its facts, the rules whose sheets it shows."""

NAVIGATION = (
    ("rules.html", "Rules"),
    ("attack.html", "ATT&CK"),
    ("events.html", "Events"),
    ("indicators.html", "Indicators"),
    ("false-positives.html", "False positives"),
    ("fidelity.html", "Migration"),
    ("duplicates.html", "Duplicates"),
)

_BY_LANGUAGE = tuple((title, name) for name, title in LANGUAGES.items())
_BY_STATUS = (("full", "full"), ("partial", "partial"), ("none", "none"))


def site_facts(catalog: Catalog, title: str) -> Facts:
    """Return what every page shows."""
    from importlib.metadata import version

    return {
        "title": title,
        "nav": [list(item) for item in NAVIGATION],
        "version": version("transpile"),
        "rules": len(catalog.rules),
        "attack": attack.version(),
    }


def languages_of(catalog: Catalog) -> list[str]:
    """Return the languages of the rules, in their order."""
    present = {rule.language for rule in catalog.rules}
    return [name for name in LANGUAGES if name in present]


def targets_of(catalog: Catalog) -> list[str]:
    """Return what some rule was converted to, in the order asked for."""
    return list(dict.fromkeys(name for rule in catalog.rules for name in rule.outcomes))


def layers(catalog: Catalog) -> Iterator[tuple[str, str, list[Entry]]]:
    """Yield title, file and rules of every ATT&CK Navigator layer."""
    names = languages_of(catalog)
    if len(names) > 1:
        yield "all rules", "attack-layer.json", list(catalog.rules)
    for name in names:
        rules = [rule for rule in catalog.rules if rule.language == name]
        yield LANGUAGES[name], f"attack-layer-{name}.json", rules


def pages(catalog: Catalog, shards: int) -> Iterator[Made]:
    """Yield every page that speaks of many rules. shards: files of the search's index."""
    yield "index.html", "index.html.j2", _index(catalog), ()
    yield "rules.html", "rules.html.j2", _finder(catalog, shards), ()
    yield from _lists(catalog)
    yield from _attack(catalog)
    yield from _events(catalog)
    yield "indicators.html", "indicators.html.j2", _indicators(catalog), ()
    yield from _false_positives(catalog)
    yield "fidelity.html", "fidelity.html.j2", _fidelity(catalog), ()
    yield from _duplicates(catalog)


def _by_language(rules: Sequence[Entry], positions: Sequence[int]) -> Counter[str]:
    return Counter(LANGUAGES[rules[at].language] for at in positions)


def _index(catalog: Catalog) -> Facts:
    rules = catalog.rules
    matrix = catalog.matrix
    covered = {cell.id for column in matrix for cell in column.cells if cell.all_rules}
    by_tactic = []
    for column in matrix:
        found = frozenset[int]().union(*(cell.all_rules for cell in column.cells))
        by_tactic.append((column.name, _by_language(rules, sorted(found))))
    tiles = (
        ("rules.html", len(rules), "rules"),
        ("attack.html", len(covered), "techniques covered"),
        ("events.html", len(catalog.events), "kinds of events"),
        ("indicators.html", len(catalog.indicators()), "fields looked at"),
        ("false-positives.html", len(catalog.false_positives()), "false positives"),
        ("duplicates.html", len(catalog.duplicates), "duplicate pairs"),
    )
    plots = [{**bars("Rules by tactic", by_tactic, _BY_LANGUAGE), "title": "Rules by tactic"}]
    fidelity = _fidelity_plot(catalog)
    if fidelity["bars"]:
        plots.append({**fidelity, "title": "Conversions"})
    return {
        "title": "Overview",
        "tiles": [{"page": p, "number": n, "label": label} for p, n, label in tiles],
        "plots": plots,
    }


def _finder(catalog: Catalog, shards: int) -> Facts:
    rules = catalog.rules
    targets = targets_of(catalog)
    return {
        "title": "Rules",
        "shards": shards,
        "languages": languages_of(catalog),
        "severities": sorted({rule.severity for rule in rules if rule.severity}, key=_by_severity),
        "collections": sorted({rule.collection for rule in rules}),
        "targets": targets,
    }


def _by_severity(name: str) -> tuple[int, str]:
    order = ("critical", "high", "medium", "low", "informational")
    return (order.index(name) if name in order else len(order), name)


def _paged(stem: str, items: Sequence[Any]) -> Iterator[tuple[str, Facts, Sequence[Any]]]:
    """Yield name, numbers and items of each page of a long list; one page at least."""
    chunks = [items[at : at + PER_PAGE] for at in range(0, len(items), PER_PAGE)] or [items]
    base = stem.rpartition("/")[2]
    names = [f"{base}.html", *(f"{base}-{n}.html" for n in range(2, len(chunks) + 1))]
    folder = stem[: len(stem) - len(base)]
    for number, chunk in enumerate(chunks, 1):
        paging = {
            "page": number,
            "pages": [[n, name] for n, name in enumerate(names, 1)],
            "total": len(items),
        }
        yield folder + names[number - 1], paging, chunk


def _lists(catalog: Catalog) -> Iterator[Made]:
    rules = catalog.rules
    for language in languages_of(catalog):
        positions = [at for at, rule in enumerate(rules) if rule.language == language]
        positions.sort(key=lambda at: rules[at].name.lower())
        for name, paging, chunk in _paged(f"browse/{language}", positions):
            title = f"{LANGUAGES[language]} rules"
            crumb = ["rules.html", "Detection rules"]
            yield name, "list.html.j2", _list(title, rules, chunk, paging, crumb=crumb), ()


def _list(
    title: str,
    rules: Sequence[Entry],
    positions: Sequence[int],
    paging: Facts,
    *,
    crumb: list[str],
    notes: Sequence[str] = (),
) -> Facts:
    return {
        "title": title,
        "crumb": crumb,
        "notes": list(notes),
        "link": "",
        "rules": links(rules, positions),
        **paging,
    }


# -- ATT&CK --------------------------------------------------------------------------------------


def _attack(catalog: Catalog) -> Iterator[Made]:
    matrix = catalog.matrix
    cells = {cell.id: cell for column in matrix for cell in column.cells}
    yield "attack.html", "attack.html.j2", {
        "title": "ATT&CK",
        "covered": sum(bool(cell.all_rules) for cell in cells.values()),
        "techniques": len(cells),
        "layers": [[name, file] for name, file, _ in layers(catalog)],
        "columns": [
            {
                "name": column.name,
                "covered": column.covered,
                "cells": [
                    {"id": c.id, "name": c.name, "count": (n := len(c.all_rules)), "heat": _heat(n)}
                    for c in column.cells
                ],
            }
            for column in matrix
        ],
    }, ()
    for cell in cells.values():
        for item in (cell, *cell.parts):
            found = sorted(item.all_rules)
            parent = "" if item is cell else cell.id
            if found or cell.all_rules:
                facts = _technique(catalog, item, found, parent)
                yield f"attack/{item.id}.html", "technique.html.j2", facts, ()


def _technique(catalog: Catalog, cell: views.Cell, found: list[int], parent: str) -> Facts:
    return {
        "title": f"{cell.id} {cell.name}",
        "id": cell.id,
        "parent": parent,
        "link": f"https://attack.mitre.org/techniques/{cell.id.replace('.', '/')}/",
        "parts": [{"id": p.id, "name": p.name, "count": len(p.rules)} for p in cell.parts],
        "total": len(found),
        "rules": links(catalog.rules, found[:PER_PAGE]),
    }


_HEATS = (1, 4, 15, 50)


def _heat(count: int) -> int:
    """Return how dark a cell is, 0 for a gap, 4 for very many rules."""
    return sum(count >= bound for bound in _HEATS)


# -- events, indicators --------------------------------------------------------------------------


def _events(catalog: Catalog) -> Iterator[Made]:
    rules, watched = catalog.rules, catalog.events
    most = sorted(watched, key=lambda w: -len(w.rules))[:15]
    rows = [(f"{w.event.provider} {w.event.id}", _by_language(rules, w.rules)) for w in most]
    yield "events.html", "events.html.j2", {
        "title": "Events",
        "plot": bars("Rules by kind of event", rows, _BY_LANGUAGE),
        "rows": [{**w.event._asdict(), "key": w.key, "rules": len(w.rules)} for w in watched],
    }, ()
    for w in watched:
        title = f"{w.event.provider} {w.event.id}".strip()
        crumb = ["events.html", "Events"]
        notes = [w.event.title] if w.event.title else []
        for name, paging, chunk in _paged(f"events/{w.key}", w.rules):
            facts = _list(title, rules, chunk, paging, crumb=crumb, notes=notes)
            yield name, "list.html.j2", facts, ()


def _indicators(catalog: Catalog) -> Facts:
    return {
        "title": "Indicators",
        "rows": [
            {
                "field": row.field,
                "kind": row.kind,
                "number": len(row.values),
                "values": [{"text": v.text, "corpus": v.total} for v in row.values[:_VALUES]],
            }
            for row in catalog.indicators()[:_FIELDS]
        ],
    }


# -- false positives, duplicates, fidelity -------------------------------------------------------


def _false_positives(catalog: Catalog) -> Iterator[Made]:
    groups = catalog.false_positives()
    for name, paging, chunk in _paged("false-positives", groups):
        rows = [{"key": g.key, "text": g.texts[0], "rules": len(g.rules)} for g in chunk]
        facts = {"title": "Known false positives", "rows": rows, **paging}
        yield name, "false_positives.html.j2", facts, ()
    for group in groups:
        shown, others = group.rules[:SAMPLES], group.rules[SAMPLES:]
        listed = others[:PER_PAGE]
        facts = {
            "title": group.texts[0] or "(nothing)",
            "texts": list(group.texts),
            "samples": links(catalog.rules, shown),
            "others": links(catalog.rules, listed),
            "more": len(others) - len(listed),
        }
        keys = [catalog.rules[at].key for at in shown]
        yield f"fp/{group.key}.html", "false_positive.html.j2", facts, keys


def _duplicates(catalog: Catalog) -> Iterator[Made]:
    rules = catalog.rules
    for name, paging, chunk in _paged("duplicates", catalog.duplicates):
        rows = [
            {
                "left": links(rules, (twin.left,))[0],
                "right": links(rules, (twin.right,))[0],
                "relation": twin.relation,
                "likeness": twin.likeness,
            }
            for twin in chunk
        ]
        yield name, "duplicates.html.j2", {"title": "Duplicates", "rows": rows, **paging}, ()


def _fidelity(catalog: Catalog) -> Facts:
    return {
        "title": "Migration",
        "plot": _fidelity_plot(catalog),
        "rows": [
            {
                **row._asdict(),
                "reasons": [
                    {"code": code, "title": CODES.get(code, code), "rules": number}
                    for code, number in row.reasons
                ],
            }
            for row in views.fidelity(catalog.rules)
        ],
    }


def _fidelity_plot(catalog: Catalog) -> Facts:
    rows = [
        (
            f"{LANGUAGES[row.language]} to {row.target}",
            {"full": row.full, "partial": row.partial, "none": row.none},
        )
        for row in views.fidelity(catalog.rules)
    ]
    return bars("Conversions by target and fidelity", rows, _BY_STATUS)
