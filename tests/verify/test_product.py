"""Products of automata: a text that some accept and others miss, or that there is none."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.ir import pred as p
from transpile.ir.decide import compile_condition
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.regex import parse_regex
from transpile.verify.prove.languages import Language, language
from transpile.verify.prove.product import Budget, in_product

TEXTS = ["".join(chars) for size in range(6) for chars in product("abx", repeat=size)]

PATTERNS = st.lists(st.sampled_from(["a", "b", "ab", Wild.RUN, Wild.ONE]), max_size=5).map(
    lambda parts: p.Glob(Pattern.of(*parts))
)
REGEXES = st.sampled_from(["a+b", "^a", "b$", r"\bab\b"]).map(lambda r: p.Matches(parse_regex(r)))
CONDITIONS = st.lists(st.tuples(PATTERNS | REGEXES, st.booleans()), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(CONDITIONS)
def test_a_product_is_empty_only_if_no_text_is_as_wanted(
    conditions: list[tuple[p.Condition, bool]]
) -> None:
    checks = [(compile_condition(condition), wanted) for condition, wanted in conditions]
    found = in_product([(language(each), wanted) for each, wanted in conditions], Budget(60_000))
    if found is None:
        assert not [text for text in TEXTS if all(c(text) is wanted for c, wanted in checks)]
    else:
        assert all(check(found) is wanted for check, wanted in checks)


def test_what_is_matched_is_not_looked_for_again() -> None:
    wanted = [(_language("*alpha*"), True), (_language("*alpha*beta*"), True)]
    assert in_product([*wanted, (_language("*alpha*"), False)], Budget(200)) is None


def _language(pattern: str) -> Language:
    return language(p.Glob(Pattern.from_spl(pattern)))
