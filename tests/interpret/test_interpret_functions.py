"""Every function of the IR: values, missing, empty text, several values, numbers as text."""

from __future__ import annotations

import math
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from transpile.interpret import Context, NotComputable, compile_expr
from transpile.interpret.functions import BOUND, PLAIN
from transpile.ir.expr import Call, Each, Expr, Field, Lit, RegexLit
from transpile.ir.functions import FUNCTIONS
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Glob, Test
from transpile.ir.regex import parse_regex

CONTEXT = Context(now=1_700_000_000)  # 2023-11-14T22:13:20Z, a Tuesday
T = 1_700_000_000


class R(str):
    """Marks an argument as a regular expression."""


def evaluate(name: str, *values: Any, context: Context = CONTEXT) -> Any:
    """Call a function with values (lists are multivalue fields, None is missing)."""
    row = {
        f"f{at}": value
        for at, value in enumerate(values)
        if value is not None and not isinstance(value, R)
    }
    args = tuple(
        RegexLit(parse_regex(str(value))) if isinstance(value, R) else Field(f"f{at}")
        for at, value in enumerate(values)
    )
    return compile_expr(Call(name, args), context)(row)


CASES: dict[str, list[tuple[tuple[Any, ...], Any]]] = {
    "add": [((1, 2), 3), (("1", "2"), 3), ((1.5, 1.5), 3), (("a", 1), None), (("", 1), None),
            (([4, 9], 1), 5)],
    "plus": [(("1", "2"), 3), (("a", "b"), "ab"), (("a", 1), None), (("", "x"), "x"),
             ((2**53, 1), 2**53)],
    "sub": [((5, 7), -2), (("5", "x"), None)],
    "mul": [((3, "4"), 12), ((1e200, 1e200), math.inf)],
    "div": [((7, 2), 3.5), ((6, 3), 2), ((1, 0), None), ((0, 0), None)],
    "mod": [((7, 3), 1), ((-7, 3), -1), ((7, 0), None), ((7.5, 2), 1.5)],
    "neg": [(("3",), -3), (("x",), None)],
    "abs": [((-3,), 3), (("-2.5",), 2.5)],
    "ceil": [((1.2,), 2), ((-1.2,), -1)],
    "floor": [((1.8,), 1), ((-1.2,), -2), (("x",), None)],
    "round": [((3.5,), 4), ((2.555, 2), 2.56), ((-2.5,), -3), ((2.5, -1), None),
              (("1.24", 1), 1.2)],
    "sqrt": [((9,), 3), ((2,), math.sqrt(2))],
    "pow": [((2, 10), 1024), ((10, 400), math.inf), ((2, "x"), None)],
    "exp": [((0,), 1)],
    "ln": [((1,), 0), ((0,), None)],
    "log": [((100,), 2), ((8, 2), 3), ((-1,), None)],
    "pi": [((), math.pi)],
    "sin": [((0,), 0)],
    "cos": [((0,), 1)],
    "tan": [((0,), 0)],
    "asin": [((0,), 0)],
    "acos": [((1,), 0)],
    "atan": [((0,), 0)],
    "atan2": [((0, 1), 0)],
    "hypot": [((3, 4), 5)],
    "sinh": [((0,), 0)],
    "cosh": [((0,), 1)],
    "tanh": [((0,), 0)],
    "asinh": [((0,), 0)],
    "acosh": [((1,), 0)],
    "atanh": [((0,), 0)],
    "bit_and": [((6, 3), 2), ((6, 3, 1), 0), ((-1, 3), None), ((1.5, 3), None)],
    "bit_or": [((6, 3), 7)],
    "bit_xor": [((6, 3), 5)],
    "bit_not": [((1, 7), 6), ((0,), 2**53 - 1)],
    "bit_shift_left": [((1, 4), 16)],
    "bit_shift_right": [((16, 4), 1)],
    "concat": [(("a", 1, 2.0), "a12"), (("a", ""), "a"), ((["x", "y"], "z"), "xz")],
    "lower": [(("AbC",), "abc"), ((["A", "B"],), ["a", "b"]), (("",), ""), ((5,), "5"),
              (("ΑΣİ",), "ασİ")],
    "upper": [(("AbC",), "ABC"), ((["a", "b"],), ["A", "B"])],
    "len": [(("abc",), 3), (("",), 0), ((12.0,), 2), (("é𝄞",), 2)],
    "substr": [(("abcdef", 2, 3), "bcd"), (("abcdef", -2), "ef"), (("abcdef", 3), "cdef"),
               (("abcdef", 0, 3), "ab"), (("abc", 9), ""), (("abc", "x"), None),
               (("abcdef", -3, 2), "de"), (("abc", 1, 0), "")],
    "index_of": [(("abcabc", "c"), 2), (("abc", ""), 0), (("abc", "C"), None), ((51, 1), 1)],
    "trim": [((" \tx ",), "x"), (("xxaxx", "x"), "a"), (([" a ", "b "],), ["a", "b"]),
             (("\nx\n",), "\nx\n")],
    "ltrim": [(("  x ",), "x ")],
    "rtrim": [(("  x ",), "  x"), (("ab]]", "]"), "ab")],
    "replace": [(("a1b2", R(r"\d"), "#"), "a#b#"), (("ab", R("(a)(b)"), r"\2\1"), "ba"),
                (("abc", R("b"), ""), "ac"), ((["a1", "2"], R(r"\d"), "x"), ["ax", "x"]),
                (("ABC", R("(?i)b"), r"\\"), r"A\\C")],
    "sed": [(("aaa", R("a"), "b", 0), "bbb"), (("aaa", R("a"), "b", 2), "aba"),
            ((["a", "ca"], R("a"), "b", 1), ["b", "cb"])],
    "translate": [(("abc", "ab", "xy"), "xyc")],
    "text_like": [(("xab", "%a_"), 1), (("XAB", "%a_"), 0), ((["q", "a"], "a"), [0, 1])],
    "regex_found": [(("xab", "a.$"), 1), (("xab", "^a"), 0), ((["q", "a"], "a"), [0, 1])],
    "urldecode": [(("a%20b+c",), "a b+c"), (("%41%zz",), "A%zz")],
    "printf": [(("%05.1f|%s|%d", 3.14159, "x", 7), "003.1|x|7"), (("%%",), "%"),
               (("%x", 255), "ff"), (("%c", "hello"), "h"), (("%-4sx", "ab"), "ab  x")],
    "md5": [(("",), "d41d8cd98f00b204e9800998ecf8427e")],
    "sha1": [(("abc",), "a9993e364706816aba3e25717850c26c9cd0d89d")],
    "sha256": [
        (("abc",), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ],
    "sha512": [(("abc",), "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")],
    "tonumber": [(("12",), 12), (("1e3",), 1000), (("ff", 16), 255), (("0xff", 16), 255),
                 (("x",), None), (("",), None), (("9", 8), None), ((["1", "x", "3"],), [1, 3])],
    "tostring": [((3.0,), "3"), ((255, "hex"), "0xFF"), ((1234567.891, "commas"), "1,234,567.89"),
                 ((1234, "commas"), "1,234"), ((3661, "duration"), "01:01:01"),
                 ((90061, "duration"), "1+01:01:01"), ((5, "binary"), "101"), (("x", "hex"), None)],
    "typeof": [((1,), "Number"), (("1",), "Number"), (("a",), "String"), ((None,), "Invalid")],
    "unit_number": [(("1,234", "rmcomma"), 1234), (("12ms", "rmunit"), 12), (("2m", "memk"), 2048),
                    (("01:00:10", "dur2sec"), 3610), (("1:30.5", "mstime"), 90.5),
                    (("x", "num"), None), (("7", "auto"), 7),
                    ((["1,0", "2"], "rmcomma"), [10, 2])],
    "coalesce": [((None, "b"), "b"), (("", "b"), ""), ((None, None), None),
                 ((["x", "y"], "b"), ["x", "y"])],
    "nullif": [(("a", "b"), "a"), (("a", "a"), None), (("1.0", 1), None), (("a", None), "a")],
    "mvappend": [(("a", None, ["b", "c"]), ["a", "b", "c"]), ((None,), None), (("a", None), "a")],
    "mvcount": [((["a", "b"],), 2), (("a",), 1), ((None,), None), (("",), 1)],
    "mvdedup": [((["b", "a", "b"],), ["b", "a"]), ((["a", "a"],), "a"), ((["1", "1.0"],),
                                                                         ["1", "1.0"])],
    "mvfind": [((["ab", "cd"], R("^c")), 1), ((["ab"], R("x")), None), (("ab", R("b")), 0)],
    "mvindex": [((["a", "b", "c"], 0), "a"), ((["a", "b", "c"], -1), "c"),
                ((["a", "b", "c"], 1, 2), ["b", "c"]), ((["a"], 5), None), (("a", 0), "a"),
                (("a", -1), "a"), ((["a", "b", "c"], -2, -1), ["b", "c"]), (("a", -2), None)],
    "mvjoin": [((["a", "b"], "-"), "a-b"), (("a", "-"), "a")],
    "mvsort": [((["b", "a", "B"],), ["B", "a", "b"]), ((["10", "9"],), ["10", "9"])],
    "mvzip": [((["a", "b"], ["1", "2", "3"]), ["a,1", "b,2"]), (("a", "1", "|"), "a|1")],
    "mvrange": [((1, 4), [1, 2, 3]), ((0, 10, 5), [0, 5]), ((3, 0, -1), [3, 2, 1]),
                ((1, 1), None), ((0, 200_000, "1d"), [0, 86_400, 172_800]), ((0, 9, "x"), None)],
    "split": [(("a,b,,c", ","), ["a", "b", "", "c"]), (("abc", "x"), "abc"),
              (("abc", ""), ["a", "b", "c"])],
    "mvsplit": [((["a b", "c"], " "), ["a", "b", "c"]), (("a  b", " "), ["a", "b"]),
                (("a  b", " ", 1), ["a", "", "b"])],
    "mvtokens": [(("a1b2", R(r"\d")), ["1", "2"]), (("k=v", R("(.)=")), "k"),
                 (("x", R("y")), None)],
    "mvkeyed": [((["a", 1],), '["a", 1]')],
    "least": [((3, "2", None), "2"), (("a", 5), 5), ((["9", "10"],), "9"), ((None,), None)],
    "greatest": [((3, "2"), 3), (("a", 5), "a"), ((["9", "10"],), "10")],
    "sum": [((1, "2", "x", None), 3), ((["1", "2"], 3), 6), (("x",), None)],
    "avg": [((1, "2", "x"), 1.5), ((None,), None)],
    "now": [((), T)],
    "parameter": [(("earliest", 5), 5), (("earliest", None), None)],
    "relative_time": [((T, "-1d@d"), 1_699_833_600), ((T, "@h"), 1_699_999_200),
                      (("x", "-1d"), None), ((T, "soon"), None),
                      ((str(T), "-70m@m"), 1_699_995_780)],
    "time_bin": [((T, 1, "day"), 1_699_920_000), ((T, 1, "week"), 1_699_747_200),
                 ((T, 3, "month"), 1_696_118_400), (("x", 1, "day"), None)],
    "strftime": [((T, "%Y-%m-%dT%H:%M:%S"), "2023-11-14T22:13:20"), (("x", "%Y"), None),
                 (([T, T + 86400], "%d"), ["14", "15"])],
    "strptime": [(("2023-11-14 22:13:20", "%Y-%m-%d %H:%M:%S"), T), (("x", "%Y"), None)],
    "spath": [(('{"a":{"b":[1,2]}}', "a.b{}"), [1, 2]), (('{"a":1}', "x"), None),
              (("no json", "a"), None)],
    "json_extract": [(('{"a":{"b":1}}', "a"), '{"b":1}'), (('{"a":[1,2]}', "a{1}"), 2),
                     (('{"a":1,"b":"x"}', "a", "b"), '[1,"x"]'), (('{"a":1}', "z"), None),
                     (('{"a":[{"b":1},{"b":2}]}', "a{}.b"), "[1,2]"), (("{", "a"), None),
                     (('[1]',), "[1]")],
    "json_extract_exact": [(('{"a.b":1}', "a.b"), 1), (('{"a":{"b":1}}', "a.b"), None)],
    "json_object": [(("k", "v", "n", 1), '{"k":"v","n":1}'), ((), "{}"),
                    (("k", None), '{"k":null}')],
    "json_array": [(("a", 1, None), '["a",1,null]'), (('{"a":1}',), '[{"a":1}]'), ((), "[]")],
    "json_keys": [(('{"a":1,"b":2}',), '["a","b"]'), (("[1]",), None)],
    "json_set": [(('{"a":1}', "a", 2), '{"a":2}'), (('{"a":{"b":1}}', "a.c", "x"),
                                                    '{"a":{"b":1,"c":"x"}}')],
    "json_append": [(('{"a":[1]}', "a", 2), '{"a":[1,2]}')],
    "json_extend": [(('{"a":[1]}', "a", "[2,3]"), '{"a":[1,2,3]}')],
    "json_valid": [(('{"a":1}',), 1), (("{",), 0)],
    "random": [],
}  # fmt: skip

ROWS = [
    pytest.param(name, args, expected, id=f"{name}{tuple(args)}->{expected!r}"[:90])
    for name, cases in CASES.items()
    for args, expected in cases
]


@pytest.mark.parametrize(("name", "args", "expected"), ROWS)
def test_function(name: str, args: tuple[Any, ...], expected: Any) -> None:
    found = evaluate(name, *args)
    assert found == expected
    assert type(found) is type(expected)


def test_every_function_has_an_implementation_and_a_case() -> None:
    assert set(CASES) == set(FUNCTIONS)
    assert set(PLAIN) | set(BOUND) == set(FUNCTIONS)
    assert not set(PLAIN) & set(BOUND)


@pytest.mark.parametrize("name", [n for n, f in FUNCTIONS.items() if f.least and not f.null])
def test_a_missing_argument_gives_missing(name: str) -> None:
    args = tuple(Field(f"gone{at}") for at in range(FUNCTIONS[name].least))
    assert compile_expr(Call(name, args), CONTEXT)({}) is None


def test_square_root_below_zero_is_nan() -> None:
    assert math.isnan(evaluate("sqrt", -1))


def test_random_is_in_range_and_repeats_with_the_seed() -> None:
    first, second = (compile_expr(Call("random"), Context(now=0, seed=7)) for _ in range(2))
    draws = [first({}) for _ in range(5)]
    assert draws == [second({}) for _ in range(5)]
    assert all(0 <= draw < 2**31 for draw in draws)
    assert len(set(draws)) == 5


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(Call("no_such"), id="unknown-function"),
        pytest.param(Call("len"), id="too-few-arguments"),
        pytest.param(Call("len", (Lit("a"), Lit("b"))), id="too-many-arguments"),
    ],
)
def test_a_wrong_call_is_refused_when_compiled(call: Call) -> None:
    with pytest.raises(NotComputable) as caught:
        compile_expr(call, CONTEXT)
    assert caught.value.code == "SPL301"


def test_times_are_written_in_the_users_zone() -> None:
    context = Context(now=T, timezone=ZoneInfo("Asia/Kolkata"))
    assert (
        evaluate("strftime", T, "%F %T %z %Z", context=context) == "2023-11-15 03:43:20 +0530 IST"
    )


VALUES = Field("v")


@pytest.mark.parametrize(
    ("expr", "value", "expected"),
    [
        pytest.param(
            Each("filter", "x", VALUES, keep=Test(Field("x"), Glob(Pattern.from_spl("a*")))),
            ["ab", "b", "A"], ["ab", "A"], id="filter-keeps-in-order",
        ),
        pytest.param(
            Each("filter", "x", VALUES, keep=Test(Field("x"), Glob(Pattern.from_spl("z")))),
            ["ab"], None, id="filter-with-nothing-left-is-missing",
        ),
        pytest.param(
            Each("map", "x", VALUES, body=Call("add", (Field("x"), Lit(1)))),
            ["1", "x", "3"], [2, 4], id="map-leaves-missing-results-out",
        ),
        pytest.param(
            Each("map", "x", VALUES, body=Field("x")), None, None, id="map-of-missing-is-missing",
        ),
    ],
)  # fmt: skip
def test_each(expr: Expr, value: Any, expected: Any) -> None:
    row = {} if value is None else {"v": value}
    assert compile_expr(expr, CONTEXT)(row) == expected
