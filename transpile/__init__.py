"""Moves Splunk detections to Sigma, Elastic EQL and SQL, and proves each conversion on events.

    from transpile import Content, parse, convert, run, match, verify, explain

    content = Content.load("security_content")
    result = convert("detections/endpoint/x.yml", "eql", content=content)
    print(result.text, result.fidelity, result.losses)

Importing this package prints nothing, changes no global state and loads nothing heavy: names are
resolved when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transpile.api import convert, explain, match, parse, run, verify
    from transpile.content import Content, Rule
    from transpile.convert import Conversion
    from transpile.errors import (
        ContentError,
        MacroError,
        SplSyntaxError,
        TranspileError,
        Unsupported,
        UsageError,
    )
    from transpile.fidelity import Fidelity, Loss, Observable

_HOME = {
    **dict.fromkeys(("convert", "explain", "match", "parse", "run", "verify"), "transpile.api"),
    **dict.fromkeys(("Content", "Rule"), "transpile.content"),
    "Conversion": "transpile.convert",
    **dict.fromkeys(
        (
            "ContentError",
            "MacroError",
            "SplSyntaxError",
            "TranspileError",
            "Unsupported",
            "UsageError",
        ),
        "transpile.errors",
    ),
    **dict.fromkeys(("Fidelity", "Loss", "Observable"), "transpile.fidelity"),
}

__all__ = [
    "Content",
    "ContentError",
    "Conversion",
    "Fidelity",
    "Loss",
    "MacroError",
    "Observable",
    "Rule",
    "SplSyntaxError",
    "TranspileError",
    "Unsupported",
    "UsageError",
    "convert",
    "explain",
    "match",
    "parse",
    "run",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("transpile")
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'transpile' has no attribute {name!r}")
    if name == "explain":  # the function, not the package of the same name
        return import_module(home).explain
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
