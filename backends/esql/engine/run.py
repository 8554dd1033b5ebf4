"""The engine behind `transpile verify`: a draft's text, parsed anew, over events seen as ECS."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from transpile.backends.base import Draft, Event, Seen
from transpile.backends.eql.engine.documents import COERCE, is_shown
from transpile.backends.eql.engine.indexing import Index
from transpile.backends.eql.types import FAMILY
from transpile.backends.esql.engine import tree as t
from transpile.backends.esql.engine.evaluate import Row, Rows, Run, evaluate
from transpile.backends.esql.engine.parser import parse_esql
from transpile.backends.esql.scope import ARRAYS
from transpile.backends.esql.writer import LAST_PART

from transpile.fidelity import Observable
from transpile.interpret.events import raw_text
from transpile.ir.remember import Same, by_event, remember
from transpile.ir.text import number
from transpile.records import dataclass
from transpile.schema.ecs import is_ecs
from transpile.schema.model_view import fills_plainly
from transpile.tables import Table

_REAL = frozenset({"double", "float", "half_float", "scaled_float"})
_TYPES = {"string": "keyword", "number": "long", "boolean": "boolean", "ip": "ip", "date": "date"}
_RAW = "event.original"
_ONE_KIND = frozenset({"event.dataset", "event.module"})
_METADATA = ("_id", "_index", "_version")

_parsed = lru_cache(maxsize=32)(parse_esql)


@dataclass(frozen=True, slots=True)
class EsqlEngine:
    """Runs ES|QL with Elasticsearch's semantics (spec/eql-semantics.md 14) in this process."""

    name: str = "transpile esql"

    def run(
        self,
        draft: Draft,
        events: Sequence[Event],
        *,
        lookups: Mapping[str, Table],
        now: float,
    ) -> Seen:
        """Return the rows of a query, the groups in its first columns, or the events it keeps.

        Raises `EsqlError` if the text is no ES|QL, `UsageError` for an unknown dataset.
        """
        query = _parsed(draft.text)
        index = Index.of(draft.inputs)
        tables = {name: _table(table) for name, table in lookups.items() if table.rows is not None}
        found = evaluate(query, _source(query, index, events), Run(now * 1000, tables))
        match draft.observable:
            case Observable.EVENTS:
                return Seen(events=frozenset[int]().union(*(row.events for row in found.rows)))
            case Observable.ROWS:
                return Seen(rows=tuple(_shown(row, found.columns) for row in found.rows))
            case Observable.GROUPS:
                keys = list(found.columns)[: len(draft.groups)]
                shown = (_shown(row, found.columns) for row in found.rows)
                return Seen(groups=frozenset(tuple(row.get(key) for key in keys) for row in shown))

    def accepts(self, event: Event, draft: Draft) -> bool:
        """Return whether an event is one that the draft's assumptions admit.

        It has the event code that the log source stands for, the document tells what the event's
        fields say, each value is spelt as a field of its type shows it, a field that the schema
        knows as single has one value, what stands for a missing value is written as the query
        shows one, and the values fit what the query takes them for.
        """
        index = Index.of(draft.inputs)
        read = frozenset(map(index.fields.strip, draft.inputs.fields))
        if index.conflicts(event, read) & read or not index.has_code(event, read):
            return False
        if any(len(_listed(value)) > 1 and not _is_list(name, index)
               for name, value in event.items() if index.fields.strip(name) in read):
            return False
        if not fills_plainly(event, index.source):
            return False
        query = _parsed(draft.text)
        document = _document(event, Same(index))
        if not _ends_as_told(index, event, document, read):
            return False
        kinds = index.mapping(_paths(query), (event,))
        if not all(map(_spelt, kinds, kinds.values(), (document.get(p) for p in kinds))):
            return False
        if any(len(_listed(document.get(path))) > 1 and not _holds_many(path, index)
               for path in kinds):
            return False
        return all(
            fits(str(value))
            for path, fits in _demands(query)
            for value in _listed(document.get(path))
        )


# -- rows ------------------------------------------------------------------------------------------


def _source(query: t.Query, index: Index, events: Sequence[Event]) -> Rows:
    """Return the rows of FROM: a document a row, with the columns that the query names."""
    source = query[0]
    assert isinstance(source, t.From)
    documents = [_document(event, Same(index)) for event in events]
    held = {name for document in documents for name in document}
    paths = dict.fromkeys((*_paths(query), *(sorted(held) if _shows_all(query) else ())))
    known = [path for path in paths if path in held or is_ecs(path) or index.has_field(path)]
    kinds = index.mapping(known, events)
    columns = {path: _type(kind) for path, kind in kinds.items()}
    columns |= dict.fromkeys(source.metadata, "keyword")
    rows = []
    for at, document in enumerate(documents):
        values = {path: _stored(document.get(path), kind) for path, kind in kinds.items()}
        rows.append(Row(values | dict.fromkeys(source.metadata, str(at)), frozenset((at,))))
    return Rows(columns, rows)


@by_event
def _document(event: Event, same: Same[Index]) -> Mapping[str, Any]:
    """Return an event as Elastic holds it.

    It is of one data set: of the kinds that describe it the first, which the query asks for too.
    What was sent is kept; an event of which no raw text is known was sent as it is.
    """
    found = {_RAW: raw_text(event), **same.item.document(event)}
    for name in _ONE_KIND & found.keys():
        found[name] = (_listed(found[name]) or [None])[0]
    return found


def _is_list(name: str, index: Index) -> bool:
    """Return whether a field of the source has several values where the schema has them too.

    A list of properties has a member for each.
    """
    target = index.fields.lookup(name, "ecs")
    return target is not None and target.mv and target.derive in (None, "o365_props")


def _holds_many(path: str, index: Index) -> bool:
    return path in ARRAYS or index.holds_many(path)


def _shows_all(query: t.Query) -> bool:
    return not any(isinstance(command, t.Keep) and "*" not in command.names for command in query)


@remember
def _paths(query: t.Query) -> Sequence[str]:
    """Return the columns that a query names, in expressions and where it orders or expands."""
    found = [node.name for node in t.nodes(query) if isinstance(node, t.Name)]
    for command in query:
        match command:
            case t.Sort(keys):
                found += (name for name, _, _ in keys)
            case t.Expand(name):
                found.append(name)
            case t.Lookup(_, names):
                found += names
            case _:
                pass
    return list(dict.fromkeys(found))


def _type(kind: str) -> str:
    if kind in _REAL:
        return "double"
    return "unsupported" if kind == "flattened" else _TYPES.get(FAMILY.get(kind, ""), "unsupported")


def _stored(value: Any, kind: str) -> Any:
    coerce = COERCE.get(kind)
    if coerce is None:
        return None
    found = [made for item in _listed(value) if (made := coerce(item)) is not None]
    if kind in _REAL:
        found = [float(str(item)) for item in found]
    return found if len(found) > 1 else found[0] if found else None


def _shown(row: Row, columns: Mapping[str, str]) -> dict[str, Any]:
    """Return a row as Splunk shows it: dates are seconds."""
    return {
        name: _seconds(row.values.get(name)) if kind == "date" else row.values.get(name)
        for name, kind in columns.items()
    }


def _seconds(value: Any) -> Any:
    return value / 1000 if isinstance(value, (int, float)) else value


def _table(table: Table) -> Rows:
    """Return a lookup table as a lookup index; an empty cell has no value."""
    names = table.columns or tuple(dict.fromkeys(name for row in table.rows or () for name in row))
    rows = [
        Row({name: row.get(name) or None for name in names}, frozenset())
        for row in table.rows or ()
    ]
    return Rows(dict.fromkeys(names, "keyword"), rows)


# -- what a query takes its events for ------------------------------------------------------------

Fits = Callable[[str], bool]


def _listed(value: Any) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if item is not None]


def _ends_as_told(
    index: Index, event: Event, document: Mapping[str, Any], read: Collection[str]
) -> bool:
    """Return whether names are spelt as in the paths that a query takes them from."""
    for key, value in event.items():
        name = index.fields.strip(key)
        target = index.fields.lookup(name, "ecs") if name in read else None
        if target is None or target.field is None or target.derive not in LAST_PART:
            continue
        wholes = [str(item) for item in _listed(document.get(target.field))]
        for item in map(str, _listed(value)):
            told = [w for w in wholes if w.lower().endswith(item.lower())]
            if told and not any(w.endswith(item) for w in told):
                return False
    return True


def _spelt(path: str, kind: str, value: Any) -> bool:
    """Return whether every value is one of the type, spelt as Elasticsearch shows it."""
    if kind not in COERCE:
        return True
    for item in _listed(value):
        if not is_shown(item, kind):
            return False
        made = COERCE[kind](item)
        if FAMILY[kind] == "ip" and made != item:
            return False
        if FAMILY[kind] == "date" and made != int(str(made).partition(".")[0]):
            return False
    return True


@remember
def _demands(query: t.Query) -> Sequence[tuple[str, Fits]]:
    """Return fields with what the assumptions say of their texts, as the query's own words show."""
    return tuple(_demanded(query))


def _demanded(query: t.Query) -> Iterator[tuple[str, Fits]]:
    for node in t.nodes(query):
        match node:
            case t.Apply("<" | "<=" | ">" | ">=", args):
                for path in _under("TO_DOUBLE", args):
                    yield path, _is_plain_number
            case t.Apply("==" | "!=", (t.Name(one), t.Name(two))):
                yield one, _is_word
                yield two, _is_word
            case t.Apply("MAX" | "MIN", args):
                for path in _under("TO_DOUBLE", args):
                    yield path, _is_plain_number
            case t.Apply("TO_DOUBLE", (t.Name(path),)):
                yield path, _is_plain
            case t.Apply("KQL", (t.Name(path), t.Value("true" | "false"))):
                yield path, lambda text: text in ("true", "false")
            case t.Apply("URL_DECODE", args):
                for path in _names(args):
                    yield path, _is_decodable
            case t.Apply("MV_CONCAT", (inner, t.Value("\n"))):
                for path in _names((inner,)):
                    yield path, lambda text: "\n" not in text
            case _:
                continue


def _under(function: str, args: Iterable[t.Node]) -> Iterator[str]:
    for node in args:
        if isinstance(node, t.Apply):
            if node.name == function:
                yield from _names(node.args)
            else:
                yield from _under(function, node.args)


def _names(args: Iterable[t.Node]) -> Iterator[str]:
    for node in args:
        if isinstance(node, t.Name):
            yield node.name
        elif isinstance(node, t.Apply):
            yield from _names(node.args)


def _is_plain_number(text: str) -> bool:
    return number(text) is not None and _is_plain(text)


def _is_plain(text: str) -> bool:
    """Return whether a text is a number plainly spelt, or nothing that Java reads as one."""
    found = number(text)
    if found is None:
        return re.fullmatch(r"\s*[+-]?(?:[\d.].*|NaN|Infinity)\s*", text) is None
    return text == (str(int(found)) if found == int(found) else repr(found))


def _is_word(text: str) -> bool:
    return number(text) is None


def _is_decodable(text: str) -> bool:
    return re.search(r"%(?![0-9a-fA-F]{2})|[^\x00-\x7f]", text) is None
