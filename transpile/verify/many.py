"""Verifying many rules, in this process or in several; results in the order of the rules.

What targets have in common is done once per rule: its events, and what the interpreter finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from transpile.compiled import compile_rule
from transpile.errors import BugError, TranspileError
from transpile.garbage import collect_seldom
from transpile.records import dataclass
from transpile.verify.check import verify_trial
from transpile.verify.report import Report
from transpile.verify.trial import trial_of

if TYPE_CHECKING:
    from transpile.content import Content, Rule

_CHUNK = 4


@dataclass(frozen=True, slots=True)
class Job:
    """What to verify rules against. events: the user's.  debug: let an unforeseen error through."""

    targets: tuple[str, ...]
    events: tuple[Mapping[str, Any], ...] = ()
    witness: bool = True
    schema: str = ""
    custom_commands: frozenset[str] = frozenset()
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """The reports on one rule, and what went wrong."""

    reports: tuple[Report, ...]
    errors: tuple[TranspileError, ...] = ()


def verify_all(
    rules: Sequence[Rule], job: Job, content: Content, processes: int = 1
) -> Iterator[Verified]:
    """Yield the reports on each rule, in order; an error in one stops nothing else."""
    if min(processes, len(rules)) <= 1:
        yield from (verify_one(rule, job, content) for rule in rules)
        return
    from concurrent.futures import ProcessPoolExecutor

    root = None if content.root is None else str(content.root)
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(partial(_in_worker, job=job, root=root), rules, chunksize=_CHUNK)


def _in_worker(rule: Rule, job: Job, root: str | None) -> Verified:
    return verify_one(rule, job, _content_of_worker(root))


@lru_cache(maxsize=1)
def _content_of_worker(root: str | None) -> Content:
    """Return the content that a worker process reads once in its life."""
    from transpile.content import Content

    content = Content.builtin() if root is None else Content.load(root)
    collect_seldom()
    return content


def verify_one(rule: Rule, job: Job, content: Content) -> Verified:
    """Return the reports on one rule."""
    try:
        compiled = compile_rule(rule, content, custom_commands=job.custom_commands)
        trial = trial_of(compiled, job.events, content=content, witness=job.witness)
    except Exception as error:  # a bug that one rule shows hides no verdict of another
        return Verified((), (_told(error, rule, job),))
    reports: list[Report] = []
    errors: list[TranspileError] = []
    for target in job.targets:
        try:
            reports.append(verify_trial(trial, target, schema=job.schema))
        except Exception as error:
            errors.append(_told(error, rule, job))
    return Verified(tuple(reports), tuple(errors))


def _told(error: Exception, rule: Rule, job: Job) -> TranspileError:
    """Return the error to report: as raised on purpose, else as a bug; `debug` raises a bug."""
    if isinstance(error, TranspileError):
        return error
    if job.debug:
        raise error
    return BugError.of(error).moved(path=rule.path)
