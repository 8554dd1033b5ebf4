"""Reports of `transpile verify` as text, as findings for CI systems, and as a page."""

from __future__ import annotations

from transpile.verify.render.cases import cases
from transpile.verify.render.page import page
from transpile.verify.render.text import verdict_text

__all__ = ["cases", "page", "verdict_text"]
