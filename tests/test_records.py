"""`records.dataclass` makes what `dataclasses.dataclass` makes of the same fields, only faster."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, field
from dataclasses import dataclass as slow_dataclass
from functools import cached_property
from typing import Any

import pytest

from transpile.records import dataclass, replace


@slow_dataclass(frozen=True, slots=True)
class Slow:
    first: str
    second: int = 2
    listed: tuple[str, ...] = field(default_factory=tuple)
    place: int | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Fast:
    first: str
    second: int = 2
    listed: tuple[str, ...] = field(default_factory=tuple)
    place: int | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Base:
    span: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Checked(Base):
    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("below zero")


def _outcome(make: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> str:
    try:
        made = make(*args, **named)
    except TypeError:
        return "refused"
    return repr((made, made.place)).replace("Slow", "Fast")


@pytest.mark.parametrize(("args", "named"), [
    pytest.param(("a",), {}, id="defaults"),
    pytest.param(("a", 3, ("b",)), {"place": 7}, id="all-given"),
    pytest.param((), {"second": 1, "first": "z"}, id="by-name"),
    pytest.param((), {}, id="one-missing"),
    pytest.param(("a", 1, (), 4), {}, id="a-named-one-by-place"),
    pytest.param(("a",), {"third": 1}, id="one-that-is-not"),
])
def test_the_constructor_takes_what_the_other_takes(
    args: tuple[Any, ...], named: dict[str, Any]
) -> None:
    assert _outcome(Fast, args, named) == _outcome(Slow, args, named)


def test_it_is_still_frozen_equal_hashed_pickled_and_described() -> None:
    one = Fast("a", place=1)
    with pytest.raises(FrozenInstanceError):
        one.first = "b"  # type: ignore[misc]
    assert one == Fast("a", place=2)
    assert hash(one) == hash(Fast("a"))
    assert pickle.loads(pickle.dumps(one)).place == 1
    assert repr(one) == "Fast(first='a', second=2, listed=())"
    assert asdict(one) == asdict(Slow("a", place=1))
    assert one != Slow("a", place=1)


def test_its_signature_is_known_before_an_object_is_made() -> None:
    @dataclass(slots=True)
    class Unmade:
        first: str
        second: int = 2

    assert str(inspect.signature(Unmade)) == "(first: 'str', second: 'int' = 2) -> None"
    assert str(inspect.signature(Fast)) == str(inspect.signature(Slow))


def test_one_that_may_change_has_no_hash() -> None:
    @dataclass(slots=True)
    class Open:
        first: str
        second: list[str] = field(default_factory=list)

    one = Open("a")
    one.first = "b"
    assert one == Open("b")
    assert one != Open("b", ["c"])
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_one_without_slots_computes_once_and_stays_frozen() -> None:
    asked = []

    @dataclass(frozen=True)
    class Counted:
        first: str

        @cached_property
        def length(self) -> int:
            asked.append(self.first)
            return len(self.first)

    one = Counted("abc")
    assert (one.length, one.length, asked) == (3, 3, ["abc"])
    with pytest.raises(FrozenInstanceError):
        one.first = "b"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del one.first  # type: ignore[misc]


def test_what_a_class_writes_itself_stays() -> None:
    @dataclass(frozen=True, slots=True)
    class Own:
        first: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "own"

    assert (Own("a") == Own("b"), hash(Own("a")), repr(Own("a"))) == (True, 7, "own")


def test_a_field_that_is_not_given_is_set_all_the_same() -> None:
    @dataclass(slots=True)
    class Preset:
        first: str
        seen: list[str] = field(default_factory=list, init=False)
        later: str = field(init=False)

        def __post_init__(self) -> None:
            self.later = self.first + "!"

    one = Preset("a")
    one.seen.append("x")
    again = replace(one, first="b")
    assert (again.first, again.seen, again.later) == ("b", [], "b!")


def test_a_factory_makes_a_new_default_each_time() -> None:
    @dataclass(frozen=True, slots=True)
    class Holder:
        items: list[int] = field(default_factory=list)

    Holder().items.append(1)
    assert Holder().items == []


@pytest.mark.parametrize("changes", [
    pytest.param({}, id="nothing"),
    pytest.param({"first": "b"}, id="one"),
    pytest.param({"second": None, "listed": ("x",), "place": 9}, id="several"),
])
def test_replace_gives_what_the_other_gives(changes: dict[str, Any]) -> None:
    for make in (Fast, Slow):
        made = replace(make("a", 1, ("y",), place=3), **changes)
        assert (made.first, made.second, made.listed, made.place) == (
            changes.get("first", "a"), changes.get("second", 1),
            changes.get("listed", ("y",)), changes.get("place", 3),
        )


@pytest.mark.parametrize("make", [Fast, Slow])
def test_replace_refuses_a_field_that_is_not(make: Callable[..., Any]) -> None:
    record = make("a")
    with pytest.raises(TypeError, match="third"):
        replace(record, third=1)


def test_what_a_class_checks_when_it_is_made_is_checked() -> None:
    with pytest.raises(ValueError, match="below zero"):
        Checked(-1)
    with pytest.raises(ValueError, match="below zero"):
        replace(Checked(1, span=4), number=-1)
    assert replace(Checked(1, span=4), number=2).span == 4
