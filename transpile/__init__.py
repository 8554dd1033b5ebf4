"""Moves Splunk detections to Sigma, Elastic EQL and SQL, and proves each conversion on events.

    from transpile import Content, parse, convert, run, match, verify, explain

    content = Content.load("security_content")
    result = convert("detections/endpoint/x.yml", "eql", content=content)
    print(result.text, result.fidelity, result.losses)

Importing this package prints nothing, changes no global state and loads nothing heavy: names are
resolved when they are first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
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
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Keeps `transpile.convert` and its like calls, though modules have the same names.

    Importing a submodule sets it as an attribute of the package; which of the two a user got would
    depend on what was imported before.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
