"""Interpreter and target engine on the same events, and a verdict (design, section 6).

The emitted text is run by the target's engine, which parses it anew; the rule is run by the
reference interpreter. Both must agree at the observable the conversion claims: equal for `exact`,
contained for `superset`. Events that break an assumption the conversion states are set aside and
counted; an engine that is not installed is reported as not run.
"""

from __future__ import annotations

from transpile.verify.check import (
    check_conversion,
    check_trial,
    verify_rule,
    verify_trial,
)
from transpile.verify.fixtures import Fixtures, load_fixtures, read_fixtures
from transpile.verify.report import Difference, Report, Verdict
from transpile.verify.trial import Trial, trial_of

__all__ = [
    "Difference",
    "Fixtures",
    "Report",
    "Trial",
    "Verdict",
    "check_conversion",
    "check_trial",
    "load_fixtures",
    "read_fixtures",
    "trial_of",
    "verify_rule",
    "verify_trial",
]
