"""Nodes keep their hash and their mark; neither is part of what they are, and neither travels."""

from __future__ import annotations

import pickle
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from transpile.errors import Span
from transpile.ir.expr import Field, Lit, Node
from transpile.ir.hashed import keep_simple, known_simple
from transpile.ir.pred import And, Exists, Not, Or, Pred, Test, TextEq
from transpile.ir.simplify import simplify_pred

LEAVES = st.sampled_from([Exists(Field("a")), Exists(Field("b")), Test(Field("a"), TextEq("x"))])
PREDS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(Not), *(st.tuples(inner, inner).map(kind) for kind in (And, Or))
    ),
)


def test_a_hash_is_made_once() -> None:
    node = And((Exists(Field("a")), Exists(Field("b"))))
    assert not hasattr(node, "_hash")
    assert hash(node) == node._hash
    assert hasattr(node.args[0], "_hash")


def test_equal_nodes_have_one_hash_wherever_they_stand() -> None:
    assert hash(Field("a", span=Span(1, 2))) == hash(Field("a"))
    assert len({Field("a", span=Span(1, 2)), Field("a"), Lit("a")}) == 2


def test_a_hash_stays_in_its_process() -> None:
    node = Exists(Field("a"))
    hash(node)
    keep_simple(node, node)
    copy: Node = pickle.loads(pickle.dumps(node))
    assert copy == node
    assert not hasattr(copy, "_hash")
    assert known_simple(copy) is None
    code = (
        "import pickle, sys; from transpile.ir.pred import Exists; from transpile.ir.expr import "
        "Field; assert pickle.load(sys.stdin.buffer) in {Exists(Field('a'))}"
    )
    subprocess.run([sys.executable, "-c", code], input=pickle.dumps(node), check=True)


@given(PREDS)
def test_what_is_simple_stays_as_it_is(pred: Pred) -> None:
    found = simplify_pred(pred)
    assert known_simple(found) is found
    assert simplify_pred(found) is found
    assert simplify_pred(pred) is found
    assert simplify_pred(pickle.loads(pickle.dumps(found))) == found
