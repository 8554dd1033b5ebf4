"""Settings of all tests: random tests draw the same examples every time, so CI is stable."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("stable", derandomize=True, deadline=None)
settings.register_profile("search", derandomize=False, deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "stable"))
