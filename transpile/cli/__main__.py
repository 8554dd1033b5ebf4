"""`python -m transpile.cli`."""

from __future__ import annotations

import sys

from transpile.cli import main

sys.exit(main())
