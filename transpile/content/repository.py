"""A content repository: rules, macros, lookups, data sources and deployments, read when asked for.

Macros and lookups are found by name: `<folder>/<name>.yml` first, then any file of the folder that
names it. A folder's files are read as text for that and only the right one is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from transpile.content.fields import Fields, Origin
from transpile.content.lookups import (
    Lookup,
    bare_table,
    define,
    given_table,
    is_lookup,
    table_file,
)
from transpile.content.macros import BUILT_IN, Macro, implied_macro
from transpile.content.reading import RULE_FOLDER, YAML_SUFFIXES, load_rules
from transpile.content.rules import Rule
from transpile.content.sources import DataSource, Deployment, data_source, deployment
from transpile.errors import ContentError

_SIGNS = (RULE_FOLDER, "macros", "lookups")
# Later ones win, as in Splunk: what an app ships, then what its user changed.
_CONF_FOLDERS = ("", "default", "local")
_DEFINITIONS = ("macros", "lookups", "data_sources", "deployments")
_DEFINING_CONFS = ("macros.conf", "transforms.conf")
_NAME = re.compile(
    r"""^name[ \t]*:[ \t]*["']?(?P<name>[^"'\r\n#]+?)["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE
)
_ARITY = re.compile(r"(?P<name>.+?)\((?P<nargs>\d+)\)")


_NO_FILE = re.compile(r"[/\\\0]")
_LONGEST = 250
"""Bytes of the name of a file without its suffix."""


class Folder:
    """The YAML files of one folder, found by the `name` that they give to what they define."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.errors: list[ContentError] = []
        self._parsed: dict[Path, Fields] = {}

    def files_naming(self, name: str) -> tuple[Path, ...]:
        """Return the files that define a name."""
        return self._names.get(name, ())

    def names(self) -> tuple[str, ...]:
        """Return all names that the folder defines."""
        return tuple(self._names)

    def direct(self, name: str) -> Path | None:
        """Return the file that is called like the name."""
        if self.path is None or _NO_FILE.search(name) or len(name.encode()) > _LONGEST:
            return None
        return next((f for s in YAML_SUFFIXES if (f := self.path / f"{name}{s}").is_file()), None)

    def read(self, file: Path) -> Fields:
        """Return the mapping in a file. Raises ContentError."""
        from transpile.content.yaml import documents, read_text

        if file not in self._parsed:
            text = read_text(file)
            data = next(documents(text, str(file)), None)
            if not isinstance(data, dict):
                raise ContentError("a definition is a mapping", code="CNT408", path=str(file))
            self._parsed[file] = Fields(data, Origin(text, str(file)))
        return self._parsed[file]

    def all(self) -> tuple[Fields, ...]:
        """Return the mappings of all files; files that cannot be read are noted in `errors`."""
        found: list[Fields] = []
        for file in self._files:
            try:
                found.append(self.read(file))
            except ContentError as error:
                self.errors.append(error)
        return tuple(found)

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        if self.path is None or not self.path.is_dir():
            return ()
        return tuple(sorted(f for f in self.path.iterdir() if f.suffix in YAML_SUFFIXES))

    @cached_property
    def _names(self) -> dict[str, tuple[Path, ...]]:
        from transpile.content.yaml import read_text

        found: dict[str, list[Path]] = {}
        for file in self._files:
            try:
                text = read_text(file)
            except ContentError as error:
                self.errors.append(error)
                continue
            for match in _NAME.finditer(text):
                name = _ARITY.sub(r"\g<name>", match["name"])
                found.setdefault(name, []).append(file)
        return {name: tuple(files) for name, files in found.items()}


class Repository:
    """The files of one repository, shared by all contents made from it."""

    def __init__(self, root: Path | None) -> None:
        self.root = root
        self._folders: dict[str, Folder] = {}

    def folder(self, name: str) -> Folder:
        """Return one of the folders with definitions, which need not exist."""
        if name not in self._folders:
            self._folders[name] = Folder(self.root / name if self.root else None)
        return self._folders[name]

    @property
    def errors(self) -> tuple[ContentError, ...]:
        """Return the errors of the files that were met so far."""
        met = (error for folder in self._folders.values() for error in folder.errors)
        return (*self.rules[1], *dict.fromkeys(met))

    @cached_property
    def rules(self) -> tuple[tuple[Rule, ...], tuple[ContentError, ...]]:
        """Return the rules, sorted by path, and the errors of the files that failed."""
        if self.root is None:
            return (), ()
        found = [load_rules(self.root)]
        saved = (self.root / folder / "savedsearches.conf" for folder in _CONF_FOLDERS)
        found += [load_rules(file) for file in saved if file.is_file()]
        unique = {(rule.path, rule.document): rule for rules, _ in found for rule in rules}
        rules = sorted(unique.values(), key=lambda rule: (rule.path or "", rule.document))
        return tuple(rules), tuple(error for _, errors in found for error in errors)

    def definition_files(self) -> tuple[Path, ...]:
        """Return the files other than rules that what becomes of a rule can depend on, sorted."""
        if self.root is None:
            return ()
        found = [self.root / folder / name for folder in _CONF_FOLDERS for name in _DEFINING_CONFS]
        for folder in _DEFINITIONS:
            found += (self.root / folder).rglob("*")
        return tuple(sorted(file for file in found if file.is_file()))

    @cached_property
    def macros(self) -> dict[tuple[str, int], Macro]:
        """Return the macros of `macros.conf`."""
        found = map(_conf_macro, self._stanzas("macros.conf"))
        return {(macro.name, len(macro.args)): macro for macro in found}

    @cached_property
    def lookups(self) -> dict[str, Fields]:
        """Return the lookup definitions of `transforms.conf`."""
        places = filter(is_lookup, self._stanzas("transforms.conf"))
        return {place.text("name"): place for place in places}

    @cached_property
    def deployments(self) -> dict[str, Deployment]:
        """Return the deployments by the type of rule that they are for, in lower case."""
        found = map(deployment, self.folder("deployments").all())
        return {each.type.lower(): each for each in found}

    def _stanzas(self, filename: str) -> list[Fields]:
        """Return the stanzas of a `.conf` file, with their `name`, those that win last."""
        from transpile.content.conf import read_conf
        from transpile.content.yaml import read_text

        found: list[Fields] = []
        if self.root is None:
            return found
        for file in (self.root / folder / filename for folder in _CONF_FOLDERS):
            if file.is_file():
                origin = Origin(path=str(file))
                stanzas = read_conf(read_text(file), str(file))
                found += [Fields({**s.values(), "name": s.name}, origin) for s in stanzas]
        return found


class Content:
    """A content repository, or only what is built in.

    Nothing is read before it is asked for; what was read is kept.  `with_lookups` and `with_macros`
    return a new content and change nothing.
    """

    def __init__(
        self,
        repository: Repository,
        macros: Mapping[tuple[str, int], Macro] | None = None,
        lookups: Mapping[str, Lookup] | None = None,
    ) -> None:
        self._repository = repository
        self._given_macros = dict(macros or {})
        self._given_lookups = dict(lookups or {})
        self._macros: dict[tuple[str, int], Macro | None] = {**self._given_macros}
        self._lookups: dict[str, Lookup | None] = {**self._given_lookups}

    @classmethod
    def load(cls, path: Path | str) -> Content:
        """Return the repository that a path is, or lies in; without one, the path's own folder.

        Raises ContentError CNT407 if there is no such path.
        """
        place = Path(path)
        if not place.exists():
            raise ContentError("no such file or folder", code="CNT407", path=str(path))
        folder = place if place.is_dir() else place.parent
        upwards = (folder, *folder.resolve().parents)
        return cls(Repository(next(filter(_is_repository, upwards), folder)))

    @classmethod
    def builtin(cls) -> Content:
        """Return the content without a repository: the built-in macros."""
        return cls(Repository(None))

    def __repr__(self) -> str:
        return f"Content.load({str(self.root)!r})" if self.root else "Content.builtin()"

    @property
    def root(self) -> Path | None:
        """Return the repository's folder, None without one."""
        return self._repository.root

    @property
    def definition_files(self) -> tuple[Path, ...]:
        """Return the repository's files other than rules, sorted: macros, lookups and so on."""
        return self._repository.definition_files()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return all rules, sorted by path; `errors` tells which files failed."""
        return self._repository.rules[0]

    @property
    def errors(self) -> tuple[ContentError, ...]:
        """Return the errors of the rules' files, and of other files that were met so far."""
        return self._repository.errors

    # --- macros ---

    def macro(self, name: str, nargs: int = 0) -> Macro | None:
        """Return the macro of this name and number of arguments: given, the repository's, built in.

        Raises ContentError if the file that defines it is broken.
        """
        key = (name, nargs)
        if key not in self._macros:
            self._macros[key] = self._find_macro(name, nargs)
        return self._macros[key]

    def arities(self, name: str) -> tuple[int, ...]:
        """Return the numbers of arguments with which a macro is defined, ascending."""
        known = {nargs for table in self._tables() for found, nargs in table if found == name}
        return tuple(sorted(known | {len(m.args) for m in self._macros_in_files(name)}))

    def macro_names(self) -> tuple[str, ...]:
        """Return the names of all macros, sorted."""
        known = {name for table in self._tables() for name, _ in table}
        return tuple(sorted(known | set(self._repository.folder("macros").names())))

    def with_macros(self, macros: Mapping[str, str | Macro]) -> Content:
        """Return a content with these macros added; they win over all others.

        macros: name -> definition, or a `Macro` for one with arguments.
        """
        given = [m if isinstance(m, Macro) else Macro(n, (), m) for n, m in macros.items()]
        added = {(macro.name, len(macro.args)): macro for macro in given}
        return Content(
            self._repository, {**self._given_macros, **added}, self._given_lookups
        )

    def _tables(self) -> tuple[Mapping[tuple[str, int], Macro], ...]:
        return self._given_macros, self._repository.macros, BUILT_IN

    def _find_macro(self, name: str, nargs: int) -> Macro | None:
        if (found := self._repository.macros.get((name, nargs))) is not None:
            return found
        folder = self._repository.folder("macros")
        file = folder.direct(name)
        if file is not None:
            macro = _macro(folder.read(file))
            if (macro.name, len(macro.args)) == (name, nargs):
                return macro
        fitting = (m for m in self._macros_in_files(name) if len(m.args) == nargs)
        return next(fitting, None) or implied_macro(name, nargs)

    def _macros_in_files(self, name: str) -> tuple[Macro, ...]:
        folder = self._repository.folder("macros")
        return tuple(_macro(folder.read(file)) for file in folder.files_naming(name))

    # --- lookups ---

    def lookup(self, name: str) -> Lookup | None:
        """Return the lookup of this name: a definition, or a CSV file with default settings.

        Raises ContentError if the file that defines it is broken.
        """
        if name not in self._lookups:
            self._lookups[name] = self._find_lookup(name)
        return self._lookups[name]

    def with_lookups(self, tables: Mapping[str, Iterable[Mapping[str, object]]]) -> Content:
        """Return a content with these tables added: name -> rows (column -> value).

        A table of a known name keeps how the definition matches and gets these rows.
        """
        added = {n: given_table(n, rows, self.lookup(n)) for n, rows in tables.items()}
        return Content(
            self._repository, self._given_macros, {**self._given_lookups, **added}
        )

    def _find_lookup(self, name: str) -> Lookup | None:
        if self.root is None:
            return None
        tables = self.root / "lookups"
        place = self._repository.lookups.get(name)
        place = place or _by_name(self._repository.folder("lookups"), name)
        if place is not None:
            return define(place, tables)
        file = table_file(tables, name) if name.endswith(".csv") else None
        return None if file is None else bare_table(file)

    # --- data sources and deployments ---

    def data_source(self, name: str) -> DataSource | None:
        """Return the data source of this name. Raises ContentError if its file is broken."""
        place = _by_name(self._repository.folder("data_sources"), name)
        return None if place is None else data_source(place)

    def deployment_for(self, rule: Rule) -> Deployment | None:
        """Return the deployment of a rule: its own schedule, else that of its type (any case)."""
        if rule.schedule is not None:
            return Deployment(rule.name, rule.type, rule.schedule, rule.path)
        return self._repository.deployments.get(rule.type.lower())


def _is_repository(folder: Path) -> bool:
    if any((folder / sign).is_dir() for sign in _SIGNS):
        return True
    confs = ("macros.conf", "savedsearches.conf", "transforms.conf")
    return any((folder / part / name).is_file() for part in _CONF_FOLDERS[1:] for name in confs)


def _by_name(folder: Folder, name: str) -> Fields | None:
    file = folder.direct(name)
    if file is not None:
        place = folder.read(file)
        if place.text("name", name) == name:
            return place
    return next(map(folder.read, folder.files_naming(name)), None)


def _macro(place: Fields) -> Macro:
    name = place.text("name")
    bare = _ARITY.fullmatch(name)
    return Macro(
        name=bare["name"] if bare else name,
        args=place.texts("arguments") or place.texts("args"),
        definition=place.text("definition"),
        description=place.text("description"),
        iseval=place.truth("iseval", False),
        path=place.origin.path,
    )


def _conf_macro(place: Fields) -> Macro:
    names = (name.strip() for name in place.text("args").split(","))
    return _macro(Fields({**place.data, "arguments": [n for n in names if n]}, place.origin))


