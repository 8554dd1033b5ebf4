"""Data sources and deployments: what a rule's events are called, and when its type of rule runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from transpile.content.fields import Fields
from transpile.content.reading import schedule_of
from transpile.content.times import Schedule
from transpile.records import dataclass


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Names of a data source's fields in a data model's dataset, or in another data source."""

    target: str
    dataset: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DataSource:
    """A kind of events: how it is indexed, and the field that tells its parts apart."""

    name: str
    source: str = ""
    sourcetype: str = ""
    separator: str = ""
    fields: tuple[str, ...] = ()
    mappings: tuple[FieldMapping, ...] = ()
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """The schedule of all rules of one type, or of one rule."""

    name: str
    type: str = ""
    schedule: Schedule = field(default=Schedule())
    path: str | None = None

    def window_seconds(self) -> int | None:
        """Return the length of the search window; None if it is open or not of fixed length."""
        return self.schedule.window_seconds()


def data_source(place: Fields) -> DataSource:
    """Return the data source of a definition. Raises ContentError CNT408."""
    models = place.children("field_mappings")
    others = place.children("convert_to_log_source")
    return DataSource(
        name=place.text("name"),
        source=place.text("source"),
        sourcetype=place.text("sourcetype"),
        separator=place.text("separator"),
        fields=place.texts("fields"),
        mappings=(
            *(_mapping(m, m.text("data_model"), m.text("data_set")) for m in models),
            *(_mapping(m, m.text("data_source"), "") for m in others),
        ),
        path=place.origin.path,
    )


def _mapping(place: Fields, target: str, dataset: str) -> FieldMapping:
    names = place.child("mapping")
    return FieldMapping(target, dataset, {str(key): names.text(key) for key in names.data})


def deployment(place: Fields) -> Deployment:
    """Return the deployment of a definition. Raises ContentError CNT408."""
    return Deployment(
        name=place.text("name"),
        type=place.text("type"),
        schedule=schedule_of(place.child("scheduling")),
        path=place.origin.path,
    )
