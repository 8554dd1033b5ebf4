"""Packages that share their name with a library call: `transpile.verify(...)` works either way.

Importing a subpackage binds its name in `transpile`, over the function of the same name. The two
packages concerned are therefore callable and pass the call on.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class CallableModule(ModuleType):
    """A module that, when called, calls the function of its last name in `transpile.api`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from transpile import api

        return getattr(api, self.__name__.rpartition(".")[2])(*args, **kwargs)


def callable_module(name: str) -> None:
    """Make an imported module callable."""
    sys.modules[name].__class__ = CallableModule
