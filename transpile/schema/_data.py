"""Lazy access to the JSON facts of this package (made by `tools/build_schema.py`)."""

from __future__ import annotations

import json
import os.path
from functools import cache
from typing import Any

_FOLDER = os.path.join(os.path.dirname(__file__), "data")


@cache
def load(name: str) -> Any:
    """Return the parsed file `name` (`datasets.json`, `fields/endpoint.json` ...); read once.

    The result is shared: callers must not change it.
    """
    with open(os.path.join(_FOLDER, name), "rb") as file:
        return json.loads(file.read())


def exists(name: str) -> bool:
    """Return whether the package ships the file `name`."""
    return os.path.exists(os.path.join(_FOLDER, name))
