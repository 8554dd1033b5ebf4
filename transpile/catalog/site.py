"""The static site: every page with its facts, written only where something changed.

Works from a file and from any web server: no page asks the network for anything, and what the
search needs comes as scripts, since a page from a file may not fetch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transpile.cache import digest, program
from transpile.catalog import overviews
from transpile.catalog.index import rows, shards
from transpile.catalog.pages import Facts, around, rule_facts
from transpile.catalog.render import json_text, page
from transpile.catalog.views import navigator_layer, report_csv
from transpile.output import sweep, write_text
from transpile.records import dataclass

if TYPE_CHECKING:
    from transpile.catalog import Catalog

Progress = Callable[[Iterator[Any], int], Iterator[Any]]

ASSETS = ("style.css", "site.js", "theme.js", "icon.svg")
MANY = 200
"""Pages from which on more than one process pays."""

RULE = "rule.html.j2"
"""The template of a rule's page."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page to write. sheets: rules whose sheets it shows.

    said: JSON that, with the files of these rules, says all that its facts are made of.
    """

    name: str
    template: str
    said: str
    facts: Callable[[], Facts]
    sheets: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a site: pages written anew, pages that were as they had to be, pages gone."""

    written: int
    kept: int
    removed: int


def write_site(
    catalog: Catalog,
    folder: Path,
    *,
    title: str = "Detection catalogue",
    processes: int | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write the site of a catalogue into a folder; files of an older build that are no more go."""
    site = overviews.site_facts(catalog, title)
    known = catalog.cache.pages(str(folder.resolve()))
    there = set(_written_before(folder))
    stamps: dict[str, str] = {}
    new: list[Page] = []
    common = digest(program(), json.dumps(site))
    rule_stamps = catalog.stamps()

    def holds(name: str, stamp: str) -> bool:
        stamps[name] = stamp
        return known.get(name) == stamp and name in there

    index = shards(rows(catalog.rules, overviews.targets_of(catalog)))
    for item in _pages(catalog, len(index)):
        of_sheets = (rule_stamps[key] for key in item.sheets)
        if not holds(item.name, digest(common, item.template, item.said, *of_sheets)):
            new.append(item)
    for name, text in _files(catalog, index):
        if not holds(name, digest(text)):
            _write(folder / name, text)
    jobs = (_job(catalog, item) for item in new)
    done = _rendered(jobs, len(new), site, folder, processes)
    for _ in progress(done, len(new)) if progress else done:
        pass
    removed = _remove(folder, known.keys() - stamps.keys())
    for name in {os.path.dirname(name) for name in stamps}:
        sweep(folder / name)
    catalog.cache.store_pages(str(folder.resolve()), stamps)
    return Written(len(new), len(stamps) - len(new), removed)


def _written_before(folder: Path) -> Iterator[str]:
    """Yield the files of a site that is there, as their names in it."""
    for place, _, names in os.walk(folder):
        above = os.path.relpath(place, folder).replace(os.sep, "/")
        yield from names if above == "." else (f"{above}/{name}" for name in names)


def _pages(catalog: Catalog, shards: int) -> Iterator[Page]:
    """Yield every page with its facts. shards: files of the search's index."""
    groups = {
        text: group.key
        for group in catalog.false_positives()
        for text in group.texts
    }
    for rule in catalog.rules:
        others = around(catalog, rule, groups)
        facts = partial(rule_facts, rule, others)
        yield Page(f"rules/{rule.key}.html", RULE, json.dumps(others), facts, (rule.key,))
    for name, template, made, sheets in overviews.pages(catalog, shards):
        yield Page(name, template, json.dumps(made), partial(dict, made), sheets)


def _files(catalog: Catalog, index: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file that is no page. index: of the search."""
    for name in ASSETS:
        text = (files("transpile.catalog") / "assets" / name).read_text(encoding="utf-8")
        yield f"assets/{name}", text
    for number, shard in enumerate(index):
        yield f"data/rules-{number}.js", _script(shard)
    yield "report.csv", report_csv(catalog.rules)
    for name, file, rules in overviews.layers(catalog):
        yield file, json_text(navigator_layer(rules, name))


def _script(rows: Sequence[str]) -> str:
    listed = ",\n".join(rows)
    return f"window.transpileRules.push(\n{listed}\n);\n"


_Job = tuple[str, str, Facts, list[dict[str, Any]]]
"""Name of a page, its template, its facts, the sheets that it shows."""


def _job(catalog: Catalog, item: Page) -> _Job:
    sheets = [catalog.sheet(catalog.by_key[key]).to_json() for key in item.sheets]
    return item.name, item.template, item.facts(), sheets


def _rendered(
    jobs: Iterator[_Job],
    number: int,
    site: Mapping[str, Any],
    folder: Path,
    processes: int | None,
) -> Iterator[int]:
    """Yield a number for each page that was written."""
    if processes is None:
        processes = (os.cpu_count() or 1) if number > MANY else 1
    if processes <= 1:
        for job in jobs:
            yield _render(job, site, folder)
        return
    from concurrent.futures import ProcessPoolExecutor

    work = partial(_render, site=site, folder=folder)
    with ProcessPoolExecutor(processes) as pool:
        for batch in _batches(jobs, 512):  # a pool takes in all that it is given at once
            yield from pool.map(work, batch, chunksize=16)


def _batches(items: Iterator[_Job], size: int) -> Iterator[list[_Job]]:
    batch: list[_Job] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    yield batch


def _render(job: _Job, site: Mapping[str, Any], folder: Path) -> int:
    name, template, facts, sheets = job
    if template != RULE:
        if sheets:
            facts = {**facts, "samples": _samples(facts, sheets)}
        _write(folder / name, page(template, name, site, facts))
        return 1
    facts = {**facts, **sheets[0]}
    facts["stages"] = [_named(row, _STAGE) for row in facts["stages"]]
    facts["conversions"] = [_named(row, _CONVERTED) for row in facts["conversions"]]
    stem = name.removesuffix(".html")
    _write(folder / name, page(template, name, site, facts))
    _write(folder / f"{stem}.md", page("rule.md.j2", f"{stem}.md", site, facts))
    _write(folder / f"{stem}.json", json_text(facts))
    return 1


_STAGE = ("number", "kind", "text", "predicates")
_CONVERTED = ("target", "fidelity", "observable", "text", "losses", "assumptions")


def _named(row: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
    return dict(zip(names, row, strict=True))


def _samples(facts: Facts, sheets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the sample rules of a page with what their sheets say of them."""
    shown = ("description", "search", "search_format")
    pairs = zip(facts["samples"], sheets, strict=True)
    return [{**link, **{name: sheet[name] for name in shown}} for link, sheet in pairs]


def _write(path: Path, text: str) -> None:
    """Write a file in one step. What cannot be text of a file is written as an escape."""
    write_text(path, text.encode("utf-8", "backslashreplace").decode())


def _remove(folder: Path, names: Iterator[str] | set[str]) -> int:
    """Remove pages of an older build, with the files beside them."""
    removed = 0
    for name in names:
        stem = name.removesuffix(".html")
        beside = (f"{stem}.md", f"{stem}.json") if name.startswith("rules/") else ()
        for old in (name, *beside):
            (folder / old).unlink(missing_ok=True)
        removed += 1
    return removed
