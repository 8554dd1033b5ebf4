"""Reading rules from files and texts: YAML of any generation, savedsearches.conf, bare SPL.

Rules of other languages are read as well: Sigma's YAML and Elastic's TOML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transpile.content.elastic import elastic_rule, is_elastic
from transpile.content.fields import Fields, Origin
from transpile.content.rules import (
    AttackData,
    Drilldown,
    Entity,
    Generation,
    Rule,
    RuleTest,
    ThreatObject,
    rule_id,
)
from transpile.content.sigma import is_sigma, sigma_rules
from transpile.content.times import Schedule
from transpile.errors import ContentError

YAML_SUFFIXES = (".yml", ".yaml")
TOML_SUFFIX = ".toml"
RULE_FOLDER = "detections"
# Where SigmaHQ and Elastic keep rules: `rules`, `rules-emerging-threats`, `rules_building_block`.
_FOREIGN_SIGNS = ("rules-emerging-threats", "rules-threat-hunting", "rules_building_block")
_FOREIGN_FOLDER = re.compile(r"rules(?:[-_].+)?")
# Folders of a content repository that hold no rules.
OTHER_FOLDERS = frozenset({"macros", "lookups", "data_sources", "deployments", "stories", "events"})

# TOML files that are no rules.
_SETTINGS = frozenset({"transpile.toml", "pyproject.toml"})

_SEARCH_KEY = re.compile(r"""^["']?search["']?[ \t]*:(?:\s|$)""", re.MULTILINE)
_FIRST_LINE_IS_KEY = re.compile(r"""\s*(?:\#.*\s+|---\s+)*["']?\w+["']?[ \t]*:(?:\s|$)""")
_LONGEST_PATH = 4096
_SPACE = re.compile(r"[\s|=]")
_KEYS_OF_2024 = ("risk_score", "confidence", "impact", "message", "observable", "required_fields")
_KEYS_OF_2026 = ("finding", "intermediate_findings", "creation_date", "modification_date")

# Types of a 2024 `observable`, in lower case, as the risk framework calls them.
_USER_TYPES = frozenset({"user", "user name", "username", "email address"})
_SYSTEM_TYPES = frozenset({"device", "endpoint", "hostname", "ip address"})
_ATTACKER = "attacker"


def read_rule(rule: Rule | Path | str) -> Rule:
    """Return a rule given as such, as a path, or as text (YAML with a `search` key, else SPL).

    Raises ContentError as `load_rule` does.
    """
    return rule if isinstance(rule, Rule) else load_rule(rule)


def load_rule(rule: Path | str) -> Rule:
    """Return the rule of a file, or of a text that is no path; of several documents the first.

    Raises ContentError: CNT401 not YAML, CNT402 no search, CNT403 duplicate key, CNT404 alias bomb,
    CNT405 too large, CNT406 empty, CNT407 unreadable, CNT408 wrong type.
    """
    path = rule if isinstance(rule, Path) else _named_file(rule)
    rules = _rules_of_text(str(rule), None) if path is None else _rules_of_file(path)
    found = next(rules, None)
    if found is None:
        place = None if path is None else str(path)
        raise ContentError("there is no rule here", code="CNT406", path=place)
    if isinstance(found, ContentError):
        raise found
    return found


def load_rules(path: Path | str) -> tuple[tuple[Rule, ...], tuple[ContentError, ...]]:
    """Return the rules of a file or folder, sorted by path, and the errors of what is no rule.

    Of a folder with `detections/` only that; folders of macros, lookups and so on are passed over.
    Raises ContentError CNT407 if there is no such path.
    """
    top = Path(path)
    rules: list[Rule] = []
    errors: list[ContentError] = []
    for file in rule_files(top):
        try:
            for found in _rules_of_file(file):
                if isinstance(found, Rule):
                    rules.append(found)
                else:
                    errors.append(found)
        except ContentError as error:
            errors.append(error)
    return tuple(rules), tuple(errors)


def rules_of_text(text: str) -> tuple[tuple[Rule, ...], tuple[ContentError, ...]]:
    """Return the rules in a text (YAML documents, or a bare search), and what is no rule in it."""
    rules: list[Rule] = []
    errors: list[ContentError] = []
    try:
        for found in _rules_of_text(text, None):
            if isinstance(found, Rule):
                rules.append(found)
            else:
                errors.append(found)
    except ContentError as error:
        errors.append(error)
    return tuple(rules), tuple(errors)


def rule_files(top: Path) -> tuple[Path, ...]:
    """Return the files that hold rules, sorted. Raises ContentError CNT407 without such a path."""
    if top.is_file():
        return (top,)
    if not top.is_dir():
        raise ContentError("no such file or folder", code="CNT407", path=str(top))
    return tuple(sorted(file for start in _starts(top) for file in _walk(start)))


def _starts(top: Path) -> list[Path]:
    """Return the folders below which a repository has its rules; for any other folder itself."""
    if (top / RULE_FOLDER).is_dir():
        return [top / RULE_FOLDER]
    if any((top / sign).is_dir() for sign in _FOREIGN_SIGNS):
        below = (each for each in top.iterdir() if each.is_dir())
        return [each for each in below if _FOREIGN_FOLDER.fullmatch(each.name)]
    return [top]


def _walk(folder: Path, above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[Path]:
    """Yield the files with rules, and folders that cannot be read: who reads one is told why."""
    facts = folder.stat()
    here = (facts.st_dev, facts.st_ino)
    if here in above:  # a link back to a folder that it lies in
        return
    try:
        entries = list(folder.iterdir())
    except OSError:
        yield folder
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if entry.name not in OTHER_FOLDERS:
                yield from _walk(entry, above | {here})
        elif _holds_rules(entry):
            yield entry


def _holds_rules(file: Path) -> bool:
    if file.suffix == TOML_SUFFIX:
        return file.name not in _SETTINGS
    return file.suffix in (*YAML_SUFFIXES, ".spl") or file.name == "savedsearches.conf"


def _named_file(text: str) -> Path | None:
    """Return the file that a text names: one that exists, or could only be meant as one."""
    if len(text) > _LONGEST_PATH or not text.isprintable():
        return None
    path = Path(text)
    meant = path.suffix in (*YAML_SUFFIXES, TOML_SUFFIX) and not _SPACE.search(text)
    return path if meant or _exists(path) else None


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a search whose text is too long for a file name
        return False


def _rules_of_file(path: Path) -> Iterator[Rule | ContentError]:
    """Yield rules, and errors of single rules; an error of the whole file is raised."""
    from transpile.content.yaml import read_text

    text = read_text(path)
    if path.suffix in YAML_SUFFIXES:
        return _from_yaml(text, path)
    if path.suffix == TOML_SUFFIX:
        return _from_toml(text, path)
    if path.suffix == ".conf":
        return _from_conf(text, path)
    return _rules_of_text(text, path)


def _rules_of_text(text: str, path: Path | None) -> Iterator[Rule | ContentError]:
    clean = text.removeprefix("\ufeff")
    if is_elastic(clean):
        return _from_toml(clean, path)
    if _SEARCH_KEY.search(clean) or _FIRST_LINE_IS_KEY.match(clean):
        return _from_yaml(clean, path)
    return _from_spl(clean, path)


# --- bare SPL -------------------------------------------------------------------------------------


def _from_spl(text: str, path: Path | None) -> Iterator[Rule]:
    if text.strip():
        yield Rule(
            id=rule_id(text),
            name=path.stem if path else "search",
            search=text,
            generation="spl",
            path=str(path) if path else None,
            source=text,
        )


# --- YAML -----------------------------------------------------------------------------------------


def _from_yaml(text: str, path: Path | None) -> Iterator[Rule | ContentError]:
    from transpile.content.yaml import documents

    place = str(path) if path else None
    sigma: list[Fields] = []
    for index, data in enumerate(documents(text, place)):
        if data is None:
            continue
        if is_sigma(data):
            sigma.append(Fields(data, Origin(text, place, index)))
            continue
        if not isinstance(data, dict):
            yield ContentError("a rule is a mapping with a 'search'", code="CNT402", path=place)
            continue
        try:
            yield _rule(Fields(data, Origin(text, place, index)), path)
        except ContentError as error:
            yield error
    if sigma:
        yield from sigma_rules(sigma, path)


def _rule(top: Fields, path: Path | None) -> Rule:
    search = _search(top)
    tags = top.child("tags")
    rba = top.child("rba")
    finding = top.child("finding")
    lesser = top.child("intermediate_findings")
    flat = _Either(top, tags)
    entities = _entities(tags, rba, finding, lesser)
    scores = [entity.score for entity in entities if entity.score is not None]
    score = flat.number("risk_score")
    return Rule(
        id=top.text("id") or rule_id(search),
        name=top.text("name") or (path.stem if path else "search"),
        search=search,
        generation=_generation(top, tags),
        version=top.integer("version"),
        status=top.text("status"),
        type=top.text("type"),
        author=top.text("author"),
        date=top.text("date") or top.text("creation_date"),
        modified=top.text("modified") or top.text("modification_date"),
        description=top.text("description"),
        how_to_implement=top.text("how_to_implement"),
        known_false_positives=top.text("known_false_positives"),
        references=top.texts("references"),
        data_sources=top.texts("data_source") or top.texts("data_sources"),
        mitre_attack_ids=flat.texts("mitre_attack_id"),
        analytic_stories=flat.texts("analytic_story"),
        cve=flat.texts("cve") or flat.texts("CVE"),
        products=flat.texts("product"),
        required_fields=flat.texts("required_fields"),
        security_domain=flat.text("security_domain"),
        category=flat.text("category") or _folder(path),
        asset_type=flat.text("asset_type"),
        severity=flat.text("severity"),
        risk_score=max(scores, default=None) if score is None else score,
        confidence=flat.number("confidence"),
        impact=flat.number("impact"),
        message=_message(top, tags, rba, finding, lesser),
        entities=entities,
        threat_objects=_threat_objects(top, tags, rba),
        drilldowns=tuple(map(_drilldown, top.children("drilldown_searches"))),
        tests=tuple(map(_test, top.children("tests"))),
        schedule=_schedule(top),
        path=top.origin.path,
        document=top.origin.document,
        source=top.origin.text,
        raw=top.data,
    )


def _search(top: Fields) -> str:
    written = top.data.get("search")
    if written is not None and not isinstance(written, str):
        raise top.wrong("search", "a text")
    if not written or not written.strip():
        raise ContentError(
            "the rule has no search",
            code="CNT402",
            path=top.origin.path,
            hint="a rule needs the key 'search' with an SPL search",
        )
    return written


class _Either:
    """Reads a key from the first of several mappings that has it."""

    def __init__(self, *places: Fields) -> None:
        self.places = places

    def _holder(self, key: str) -> Fields:
        return next((p for p in self.places if p.data.get(key) is not None), self.places[0])

    def text(self, key: str) -> str:
        return self._holder(key).text(key)

    def texts(self, key: str) -> tuple[str, ...]:
        return self._holder(key).texts(key)

    def number(self, key: str) -> float | None:
        return self._holder(key).number(key)


def _generation(top: Fields, tags: Fields) -> Generation:
    if any(key in top.data for key in _KEYS_OF_2026) or not ("rba" in top.data or tags.data):
        return "2026"
    if "rba" in top.data or not any(key in tags.data for key in _KEYS_OF_2024):
        return "2025"
    return "2024"


def _folder(path: Path | None) -> str:
    """Return the folder below `detections/`, which is the rule's category in older generations."""
    if path is None or RULE_FOLDER not in path.parts[:-2]:
        return ""
    return path.parts[path.parts.index(RULE_FOLDER) + 1]


def _message(top: Fields, tags: Fields, rba: Fields, finding: Fields, lesser: Fields) -> str:
    texts = (finding.text("title"), rba.text("message"), lesser.text("title"), tags.text("message"))
    return next((text for text in texts if text), top.text("message"))


def _entities(tags: Fields, rba: Fields, finding: Fields, lesser: Fields) -> tuple[Entity, ...]:
    scored = (
        *finding.children("entity"),
        *finding.children("entities"),
        *lesser.children("entities"),
        *rba.children("risk_objects"),
    )
    if scored:
        return tuple(Entity(e.text("field"), e.text("type"), e.number("score")) for e in scored)
    return tuple(
        Entity(e.text("name"), _entity_type(e.text("type")), tags.number("risk_score"))
        for e in tags.children("observable")
        if not _is_attacker(e)
    )


def _entity_type(observable: str) -> str:
    kind = observable.lower()
    return "user" if kind in _USER_TYPES else "system" if kind in _SYSTEM_TYPES else "other"


def _is_attacker(observable: Fields) -> bool:
    return _ATTACKER in map(str.lower, observable.texts("role"))


def _threat_objects(top: Fields, tags: Fields, rba: Fields) -> tuple[ThreatObject, ...]:
    written = (*top.children("threat_objects"), *rba.children("threat_objects"))
    named = tuple(ThreatObject(t.text("field"), t.text("type")) for t in written)
    return named or tuple(
        ThreatObject(t.text("name"), t.text("type").lower().replace(" ", "_"))
        for t in tags.children("observable")
        if _is_attacker(t)
    )


def _drilldown(entry: Fields) -> Drilldown:
    return Drilldown(
        entry.text("name"),
        entry.text("search"),
        entry.text("earliest_offset"),
        entry.text("latest_offset"),
    )


def _test(entry: Fields) -> RuleTest:
    data = tuple(
        AttackData(d.text("data"), d.text("source"), d.text("sourcetype"))
        for d in entry.children("attack_data")
    )
    return RuleTest(entry.text("name"), entry.text("test_type"), data)


def _schedule(top: Fields) -> Schedule | None:
    """Return the rule's own schedule, written under `scheduling` or `schedule`."""
    place = top.child("scheduling") if "scheduling" in top.data else top.child("schedule")
    found = schedule_of(place)
    return found if found != Schedule() else None


def schedule_of(place: Fields) -> Schedule:
    """Return the schedule that a mapping holds."""
    return Schedule(
        place.text("cron_schedule"), place.text("earliest_time"), place.text("latest_time")
    )


# --- Elastic's TOML -------------------------------------------------------------------------------


def _from_toml(text: str, path: Path | None) -> Iterator[Rule]:
    if not is_elastic(text):
        place = str(path) if path else None
        raise ContentError("a rule in TOML has a table [rule]", code="CNT402", path=place)
    yield elastic_rule(text, path)


# --- savedsearches.conf ---------------------------------------------------------------------------


def _from_conf(text: str, path: Path) -> Iterator[Rule | ContentError]:
    from transpile.content.conf import read_conf

    for index, stanza in enumerate(read_conf(text, str(path))):
        values = stanza.values()
        if not values.get("search", "").strip():
            continue
        try:
            yield _saved_search(stanza.name, values, Origin(text, str(path), index))
        except ContentError as error:
            yield error


def _saved_search(name: str, values: dict[str, str], origin: Origin) -> Rule:
    notes = Fields(_annotations(name, values, origin), origin)
    schedule = Schedule(
        values.get("cron_schedule", ""),
        values.get("dispatch.earliest_time", ""),
        values.get("dispatch.latest_time", ""),
    )
    return Rule(
        id=rule_id(f"{name}\n{values['search']}"),
        name=name,
        search=values["search"],
        generation="conf",
        description=values.get("description", ""),
        how_to_implement=values.get("action.escu.how_to_implement", ""),
        known_false_positives=values.get("action.escu.known_false_positives", ""),
        mitre_attack_ids=notes.texts("mitre_attack"),
        analytic_stories=notes.texts("analytic_story"),
        cve=notes.texts("cve"),
        security_domain=values.get("action.notable.param.security_domain", ""),
        severity=values.get("action.notable.param.severity", ""),
        message=values.get("action.risk.param._risk_message", ""),
        schedule=schedule if schedule != Schedule() else None,
        path=origin.path,
        document=origin.document,
        source=origin.text,
        raw=values,
    )


def _annotations(name: str, values: dict[str, str], origin: Origin) -> dict[str, Any]:
    key = "action.correlationsearch.annotations"
    try:
        found = json.loads(values.get(key) or "{}")
    except ValueError as error:
        message = f"'{key}' of [{name}] is not JSON: {error}"
        raise ContentError(message, code="CNT408", path=origin.path) from None
    if not isinstance(found, dict):
        message = f"'{key}' of [{name}] must be an object"
        raise ContentError(message, code="CNT408", path=origin.path)
    return found
