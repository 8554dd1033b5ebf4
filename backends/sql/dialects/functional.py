"""What the dialects with higher-order array functions share: lists as calls with a lambda."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects.base import Dialect, OnColumn
from transpile.backends.sql.nodes import Sql


class Functional(Dialect):
    """Lists by functions. calls: what the dialect calls each primitive.

    lambda_first: the lambda stands before the list.  collected: values without NULL.
    """

    calls: ClassVar[Mapping[str, str]] = {}
    lambda_first: ClassVar[bool] = False

    def _with(self, what: str, values: Sql, function: OnColumn) -> Sql:
        name, body = n.lambda_body(function)
        made = exp.Lambda(this=body, expressions=[n.identifier(name)])
        args = (made, values) if self.lambda_first else (values, made)
        return n.call(self.calls[what], *args)

    def any_of(self, values: Sql, test: OnColumn) -> Sql:
        def decided(item: Sql) -> Sql:
            # where a test of an element is NULL, so would be the whole if no other one is true
            made = test(item)
            open_ends = any(isinstance(part, (exp.Case, exp.TryCast)) for part in n.walk(made))
            return n.coalesce(made, n.boolean(False)) if open_ends else made

        return self._with("any", values, decided)

    def list_of(self, value: Sql) -> Sql:
        return n.call(self.calls["array"], value)

    def list_length(self, values: Sql) -> Sql:
        return n.call(self.calls["length"], values)

    def list_item(self, values: Callable[[], Sql], index: int) -> Sql:
        return n.call(self.calls["item"], values(), n.number(index + 1 if index >= 0 else index))

    def list_join(self, values: Sql, delimiter: Sql) -> Sql:
        return n.call(self.calls["join"], values, delimiter)

    def list_sorted(self, values: Sql) -> Sql:
        return n.call(self.calls["sort"], values)

    def list_map(self, values: Sql, function: OnColumn) -> Sql:
        return self._with("map", values, function)

    def list_filter(self, values: Sql, test: OnColumn) -> Sql:
        kept = self._with("filter", values, test)
        return n.nullif(kept, n.call(self.calls["array"]))

    def distinct_values(self, value: Sql) -> tuple[Sql, OnColumn | None]:
        made = n.call(self.calls["sort"], self.distinct_set(value))
        return n.nullif(made, n.call(self.calls["array"])), None

    def distinct_of_lists(self, values: Sql) -> tuple[Sql, OnColumn | None]:
        if "flatten" not in self.calls:
            self.refuse("values of several lists together")
        flat = n.call(self.calls["flatten"], self.values_of(values))
        return n.call(self.calls["sort"], n.call(self.calls["distinct"], flat)), None

    def distinct_set(self, value: Sql) -> Sql:
        """The distinct values that are not NULL, in any order."""
        return n.call(self.calls["set"], value)

    def values_of(self, value: Sql) -> Sql:
        """All values that are not NULL, in any order."""
        return n.call(self.calls["list"], value)

    def nearest_rank(
        self, value: Callable[[], Sql], percent: float
    ) -> tuple[Sql, OnColumn | None]:
        if percent >= 100:
            return exp.Max(this=value()), None
        array = n.call(self.calls["sort"], self.values_of(value()))
        place = n.binary(exp.Mul, exp.Count(this=value()), n.number(percent / 100))
        at = n.binary(exp.Add, n.cast(n.call("FLOOR", place), exp.DType.INT), n.number(1))
        return n.case([(
            n.binary(exp.GT, exp.Count(this=value()), n.number(0)),
            n.call(self.calls["item"], array, at),
        )]), None
