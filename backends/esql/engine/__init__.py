"""An ES|QL engine for the part of the language that the emitter writes.

It reads the text with a lexer and parser of its own, checks names and types as Elasticsearch does,
and runs it in this process. Sources: spec/eql-semantics.md 14.
"""
