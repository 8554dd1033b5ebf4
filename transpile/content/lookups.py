"""Lookup tables: definitions in YAML or transforms.conf, rows from CSV files.

A table without rows (a KV store collection, a script, a file that is not shipped) is the
customer's: `rows` is None, never empty. Source of the defaults: SPL semantics 5.17.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from transpile.content.fields import Fields
from transpile.errors import ContentError
from transpile.records import dataclass

Kind = Literal["csv", "kvstore", "external", "mlmodel"]
MatchType = Literal["EXACT", "WILDCARD", "CIDR"]
Rows = tuple[Mapping[str, str], ...]

MAX_MATCHES = 100
MAX_MATCHES_IN_TIME = 1

_MATCH_TYPE = re.compile(r"(?P<kind>EXACT|WILDCARD|CIDR)\s*\(\s*(?P<column>[^)]*?)\s*\)", re.I)
_SCRIPT_KEYS = ("external_cmd", "external_type")
_KINDS: dict[str, Kind] = {
    "csv": "csv",
    "kvstore": "kvstore",
    "mlmodel": "mlmodel",
    "external": "external",
}


@dataclass(frozen=True, slots=True)
class Lookup:
    """A lookup table: its columns, how its keys match, and where its rows are.

    match_types: column -> how it matches; columns not named match exactly.  default_match: text
    written to the outputs of a row without a match if `min_matches` is positive.  table: the CSV
    file; given: rows that were handed over instead.
    """

    name: str
    filename: str = ""
    case_sensitive: bool = True
    match_types: Mapping[str, MatchType] = field(default_factory=dict)
    min_matches: int = 0
    max_matches: int = MAX_MATCHES
    default_match: str | None = None
    kind: Kind = "csv"
    path: str | None = None
    declared: tuple[str, ...] = ()
    table: Path | None = None
    given: Rows | None = None

    @property
    def rows(self) -> Rows | None:
        """Return the rows, values as text, or None if they are the customer's data.

        Raises ContentError CNT407 if the CSV file cannot be read.
        """
        if self.given is not None:
            return self.given
        return None if self.table is None else read_table(self.table)[1]

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the columns: as declared, else from the CSV header, else from the given rows."""
        if self.declared:
            return self.declared
        if self.given is not None:
            return tuple(dict.fromkeys(column for row in self.given for column in row))
        return () if self.table is None else read_table(self.table)[0]


def define(place: Fields, folder: Path) -> Lookup:
    """Return the lookup of a definition (YAML, or a stanza of transforms.conf with `name`).

    folder: where the CSV files are.  Raises ContentError CNT408 for a wrong type.
    """
    name = place.text("name")
    kind = _kind(place, name)
    filename = place.text("filename")
    if kind == "csv" and not filename:
        origin = place.origin.path
        stem = Path(origin).stem if origin and not origin.endswith(".conf") else name
        filename = f"{stem}.csv"
    timed = bool(place.text("time_field"))
    most = place.integer("max_matches")
    return Lookup(
        name=name,
        filename=filename,
        case_sensitive=place.truth("case_sensitive_match", True),
        match_types=_match_types(place.texts("match_type")),
        min_matches=place.integer("min_matches") or 0,
        max_matches=most or (MAX_MATCHES_IN_TIME if timed else MAX_MATCHES),
        default_match=_default_match(place),
        kind=kind,
        path=place.origin.path,
        declared=_columns(place.texts("fields_list") or place.texts("fields")),
        table=table_file(folder, filename) if kind == "csv" else None,
    )


def is_lookup(place: Fields) -> bool:
    """Whether a stanza of transforms.conf defines a lookup; others define field extractions."""
    return any(key in place.data for key in ("filename", "collection", *_SCRIPT_KEYS))


def table_file(folder: Path, filename: str) -> Path | None:
    """Return the CSV file of this name if it is in the folder itself."""
    file = folder / filename
    return file if Path(filename).name == filename and file.is_file() else None


def bare_table(file: Path) -> Lookup:
    """Return the lookup that a CSV file is without a definition: all defaults."""
    return Lookup(name=file.name, filename=file.name, path=str(file), table=file)


def given_table(name: str, rows: Iterable[Mapping[str, object]], base: Lookup | None) -> Lookup:
    """Return a lookup with these rows; how it matches comes from `base`, what it fills."""
    texts = tuple(
        {column: "" if value is None else str(value) for column, value in row.items()}
        for row in rows
    )
    known = base or Lookup(name=name)
    return Lookup(
        name=name,
        filename=known.filename,
        case_sensitive=known.case_sensitive,
        match_types=known.match_types,
        min_matches=known.min_matches,
        max_matches=known.max_matches,
        default_match=known.default_match,
        kind=known.kind,
        path=known.path,
        declared=known.declared,
        given=texts,
    )


def _kind(place: Fields, name: str) -> Kind:
    declared = place.text("lookup_type").lower()
    if declared:
        found = _KINDS.get(declared)
        if found is None:
            raise place.wrong("lookup_type", f"one of {', '.join(_KINDS)}")
        return found
    if place.text("filename").endswith(".mlmodel") or name.startswith("__mlspl_"):
        return "mlmodel"
    if place.text("collection"):
        return "kvstore"
    if any(place.text(key) for key in _SCRIPT_KEYS):
        return "external"
    return "csv"


def _default_match(place: Fields) -> str | None:
    value = place.data.get("default_match")
    if isinstance(value, bool):
        return str(value).lower()
    return place.text("default_match") or None


def _columns(written: tuple[str, ...]) -> tuple[str, ...]:
    names = (name.strip() for text in written for name in text.split(","))
    return tuple(name for name in names if name)


def _match_types(written: tuple[str, ...]) -> dict[str, MatchType]:
    kinds: dict[str, MatchType] = {"EXACT": "EXACT", "WILDCARD": "WILDCARD", "CIDR": "CIDR"}
    return {
        found["column"]: kinds[found["kind"].upper()]
        for text in written
        for found in _MATCH_TYPE.finditer(text)
    }


def read_table(file: Path) -> tuple[tuple[str, ...], Rows]:
    """Return columns and rows of a CSV file, read once; a short row is filled up with "".

    Cells beyond the header and empty lines are left out.  Raises ContentError CNT407.
    """
    try:
        return _read_table(file, file.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ContentError(
            f"the lookup table cannot be read: {error}", code="CNT407", path=str(file)
        ) from None


@lru_cache(maxsize=128)
def _read_table(file: Path, changed: int) -> tuple[tuple[str, ...], Rows]:
    lines = csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline=""))
    columns = tuple(name.strip() for name in next(lines, []))
    width = len(columns)
    rows = tuple(
        dict(zip(columns, (*line, *([""] * (width - len(line)))), strict=False))
        for line in lines
        if line
    )
    return columns, rows
