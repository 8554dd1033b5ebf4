"""An EQL engine with Elasticsearch's semantics (spec/eql-semantics.md): parse, then evaluate.

It reads the text that the emitter wrote with a parser of its own and runs it over documents; it is
held to Elasticsearch's published test cases (tests/backends/eql).
"""

from transpile.backends.eql.engine.errors import EqlError
from transpile.backends.eql.engine.evaluate import evaluate
from transpile.backends.eql.engine.parser import parse_eql
from transpile.backends.eql.engine.tree import Query

__all__ = ["EqlError", "Query", "evaluate", "parse_eql"]
