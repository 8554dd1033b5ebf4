"""Golden files: what a repository's rules convert to, kept in git and checked in CI.

    golden/ir/<rule>.txt  golden/ir/<rule>.json  golden/sigma/<rule>.yml  golden/eql/<rule>.eql
    golden/sql-duckdb/<rule>.sql
    golden/manifest.json  per rule what it depends on; per target fidelity, verdict, losses, file

The text is a function of the rules alone: no clock, no absolute path, no random id. A golden file
says what changed; the manifest says which layer it changed in (rule, macro, lookup, IR, mapping,
emitter), and the kept IR whether the meaning changed with it.
"""

from transpile.golden.build import MANIFEST, TARGETS, Build, Entry, build
from transpile.golden.compare import Change, check_folder, compare

__all__ = [
    "MANIFEST",
    "TARGETS",
    "Build",
    "Change",
    "Entry",
    "build",
    "check_folder",
    "compare",
]
