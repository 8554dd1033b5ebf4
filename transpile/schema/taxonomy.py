"""Taxonomies: the built-in ones and a user's own, with tables and columns for SQL.

Built in: `cim` (Splunk's names as columns, the default of SQL), `splunk` (names kept), `sigma`,
`ecs`, `ocsf`. A user's taxonomy is a YAML file:

    name: lake
    base: ecs                  # optional: where the file says nothing
    datasets:
      endpoint.processes:
        table: proc_events
        fields:
          process: cmd
          process_name: {field: image, derive: basename, type: string, mv: false}

Fields are Splunk's names without data model prefix; `_any` stands for every dataset. Without
`base`, a field that the file does not name has no counterpart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from transpile.errors import UsageError
from transpile.records import dataclass
from transpile.schema.datasets import Dataset, dataset, dataset_ids
from transpile.schema.fields import TAXONOMIES, FieldMap, FieldTarget, Taxonomy
from transpile.schema.placing import Event
from transpile.schema.views import implied, view_by

DESCRIPTIONS: Mapping[Taxonomy, str] = {
    "cim": "Splunk's names without data model prefix, as columns in lower case",
    "splunk": "Splunk's names, unchanged",
    "sigma": "Sigma's field taxonomy and log sources",
    "ecs": "Elastic Common Schema and the fields of Elastic's integrations",
    "ocsf": "Open Cybersecurity Schema Framework",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a dataset's table; type: `string`, `int`, `ip`, `bool`, `time` or ECS's own."""

    name: str
    type: str
    mv: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """A taxonomy: targets of fields, tables and views. `base` is None for a closed user's file."""

    name: str
    base: Taxonomy | None
    tables: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, Mapping[str, FieldTarget]] = field(default_factory=dict)

    def target(self, fields: FieldMap, name: str) -> FieldTarget | None:
        """Return the target of a Splunk field (with or without prefix), or None."""
        plain = fields.strip(name)
        for key in (fields.dataset.id, fields.dataset.parent, "_any"):
            found = self.targets.get(key or "", {}).get(plain)
            if found is not None:
                return found
        return fields.lookup(name, self.base) if self.base else None

    def table(self, source: Dataset) -> str | None:
        """Return the table of a dataset; the user's name outranks the default."""
        own = self.tables.get(source.id) or self.tables.get(source.parent or "")
        return own or source.sql_table

    def columns(self, source: Dataset, variant: str | None = None) -> tuple[Column, ...]:
        """Return the columns of a dataset's table, sorted by name.

        They are the targets of the fields that the mapping knows; where fields share a column,
        it holds many values if one of them does.
        """
        fields = FieldMap(source, variant)
        own = {name for key in (source.id, source.parent or "", "_any")
               for name in self.targets.get(key, {})}
        columns: dict[str, Column] = {}
        for name in sorted({*fields.names(), "_time", *own}):
            found = self.target(fields, name)
            if found is None or found.field is None:
                continue
            known = columns.get(found.field)
            mv = found.mv or (known is not None and known.mv)
            kind = known.type if known is not None else found.type
            columns[found.field] = Column(found.field, kind, mv)
        return tuple(columns[name] for name in sorted(columns))

    def view(
        self,
        event: Mapping[str, Any],
        source: Dataset,
        variant: str | None = None,
        *,
        platform: str = "windows",
        keep_unmapped: bool = False,
    ) -> Event:
        """Return an event of a dataset as this taxonomy shows it (see `views`)."""
        fields = FieldMap(source, variant)
        code = next((str(event[key]) for key in ("EventCode", "EventID") if key in event), None)
        return view_by(
            event,
            lambda name: self.target(fields, name),
            self.base or "sigma",
            implied=implied(source, self.base, variant, code) if self.base else {},
            platform=platform,
            keep_unmapped=keep_unmapped,
            strip=fields.strip,
        )


def schemas() -> tuple[tuple[str, str], ...]:
    """Return (name, description) of the built-in taxonomies."""
    return tuple(DESCRIPTIONS.items())


def find_schema(name: str) -> Schema:
    """Return a built-in taxonomy, or the one of a YAML file when `name` ends in .yml or .yaml.

    Raises UsageError(OUT505) for an unknown name and for a file that is not a taxonomy.
    """
    if name.lower().endswith((".yml", ".yaml")):
        return load_schema(Path(name))
    for known in TAXONOMIES:
        if known == name.lower():
            return Schema(known, known)
    near = get_close_matches(name.lower(), TAXONOMIES, 1)
    raise UsageError(
        f"unknown schema '{name}'",
        code="OUT505",
        hint=f"did you mean '{near[0]}'?" if near else f"known: {', '.join(TAXONOMIES)}",
    )


def load_schema(path: Path) -> Schema:
    """Return the taxonomy of a YAML file. Raises UsageError(OUT505) with the path."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read the schema: {error}", code="OUT505", path=str(path)
        ) from error
    return parse_schema(text, str(path))


def parse_schema(text: str, path: str | None = None) -> Schema:
    """Return the taxonomy of a YAML text. Raises UsageError(OUT505)."""
    import yaml

    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise UsageError(
            f"the schema is not valid YAML: {getattr(error, 'problem', error)}",
            code="OUT505",
            path=path,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
        ) from error
    return _Reader(path).schema(raw)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Checks a user's taxonomy; `path` is for messages."""

    path: str | None

    def schema(self, raw: Any) -> Schema:
        body = self._mapping(raw, "the schema", {"name", "base", "datasets"})
        base = body.get("base")
        if base is not None and base not in TAXONOMIES:
            self._fail(f"base '{base}' is no taxonomy", f"one of {', '.join(TAXONOMIES)}")
        if not isinstance(body.get("name"), str):
            self._fail("the schema needs a 'name'", "add `name: my_schema`")
        datasets = self._mapping(body.get("datasets"), "'datasets'")
        tables: dict[str, str] = {}
        targets: dict[str, Mapping[str, FieldTarget]] = {}
        for name, entry in datasets.items():
            self._known_dataset(name)
            parts = self._mapping(entry, f"dataset '{name}'", {"table", "fields"})
            if "table" in parts:
                tables[name] = self._text(parts["table"], f"the table of '{name}'")
            fields = self._mapping(parts.get("fields", {}), f"the fields of '{name}'")
            targets[name] = {key: self._target(name, key, value) for key, value in fields.items()}
        return Schema(body["name"], base, tables, targets)

    def _target(self, source: str, name: str, raw: Any) -> FieldTarget:
        from transpile.schema.derive import DERIVES

        place = f"field '{name}' of '{source}'"
        if isinstance(raw, str) and raw:
            return FieldTarget(raw)
        body = self._mapping(raw, place, {"field", "derive", "type", "mv"})
        derive = body.get("derive")
        if derive is not None and derive not in DERIVES:
            near = get_close_matches(str(derive), DERIVES, 1)
            self._fail(f"{place}: unknown derive '{derive}'",
                       f"did you mean '{near[0]}'?" if near else f"known: {', '.join(DERIVES)}")
        if not isinstance(body.get("mv", False), bool):
            self._fail(f"{place}: 'mv' must be true or false")
        return FieldTarget(
            self._text(body.get("field"), f"{place}: 'field'"),
            derive,
            type=self._text(body.get("type", "string"), f"{place}: 'type'"),
            mv=body.get("mv", False),
        )

    def _known_dataset(self, name: str) -> None:
        if name == "_any" or dataset(name) is not None:
            return
        near = get_close_matches(name, dataset_ids(), 1)
        self._fail(f"unknown dataset '{name}'", f"did you mean '{near[0]}'?" if near else "")

    def _mapping(self, raw: Any, what: str, allowed: set[str] | None = None) -> dict[str, Any]:
        if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
            self._fail(f"{what} must be a mapping with text keys")
        unknown = sorted(raw.keys() - allowed) if allowed else []
        if unknown:
            self._fail(f"{what}: unknown key '{unknown[0]}'",
                       f"known: {', '.join(sorted(allowed or ()))}")
        return dict(raw)

    def _text(self, raw: Any, what: str) -> str:
        if not isinstance(raw, str) or not raw:
            self._fail(f"{what} must be a text")
        return str(raw)

    def _fail(self, message: str, hint: str = "") -> NoReturn:
        raise UsageError(message, code="OUT505", path=self.path, hint=hint)


def columns(
    source: Dataset, taxonomy: Taxonomy, variant: str | None = None
) -> tuple[Column, ...]:
    """Return the columns of a dataset's table in a built-in taxonomy, sorted by name."""
    return Schema(taxonomy, taxonomy).columns(source, variant)
