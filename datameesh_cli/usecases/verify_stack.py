"""`dm verify`: run every check that applies against the running stack, and remember how it went."""

from __future__ import annotations

import json
import statistics
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import TYPE_CHECKING, TypeVar

from datameesh_cli.core.applicability import EXCUSED, MART, Reason, Situation, why_not
from datameesh_cli.core.check import Check
from datameesh_cli.core.checks.psql import Psql
from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.kind import Primitives
from datameesh_cli.core.model import Service
from datameesh_cli.core.rows import FAILED, PASSED
from datameesh_cli.core.seed.dataset import Database
from datameesh_cli.errors import DmError, SqlError, UnhealthyError, UserError
from datameesh_cli.usecases.derive_secrets import read_mode
from datameesh_cli.usecases.mark_inputs import ran_on
from datameesh_cli.usecases.open_target import ChosenCluster, open_place
from datameesh_cli.usecases.plan_memory import Planned
from datameesh_cli.usecases.read_checks import read_checks
from datameesh_cli.usecases.read_datasets import read_databases

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters, Clock

NOT_APPLICABLE = "not applicable"
VERDICTS = "verify.json"
VERDICTS_K8S = "verify-k8s.json"
"""Of the cluster: what passed there says nothing of Compose."""
LANES = 2
"""How many files of checks run side by side. A check mostly waits; more would queue at the engine's single node."""

# `small` times ten holds other figures than `small`.
_LOADED = """
SELECT CASE scale WHEN 1 THEN set_name ELSE set_name || ' x ' || scale END, extract(epoch FROM max(loaded_at))
FROM datameesh.loaded_set GROUP BY 1
"""
_NEVER_LOADED = 'relation "datameesh.loaded_set" does not exist'
# Not `build`: in set flow addresses repeat by design, so the test of unique ones stops what follows it.
_BUILD = "run: dm dbt run"
_NOT_BUILT = ("TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check went: `passed`, `failed` or `not applicable`, in how many seconds, and why not. `reason` is the kind of what
    kept it from applying (`target`, `plan`, `mode`, `data`, `mart`), else ""."""

    name: str
    file: str
    rows: tuple[str, ...]
    result: str
    seconds: float
    why: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """One run: the data sets that were loaded, each check's result, and the counts."""

    loaded: tuple[str, ...]
    passed: int
    failed: int
    not_applicable: int
    seconds: float
    results: tuple[CheckResult, ...]


Watch = Callable[[CheckResult], None]
T = TypeVar("T")


def verify_stack(
    adapters: Adapters,
    patterns: Sequence[str],
    watch: Watch,
    cluster: ChosenCluster | None = None,
    *,
    strict: bool = False,
) -> Verified:
    """Given patterns of check names, files or row ids (none: all), run what applies; `watch` gets each result as it comes.

    With `cluster` the stack is the one applied there, not the one under Compose. With `strict` a check fails that does not apply
    for a reason which is no excuse (see `EXCUSED`).

    A check is tried once: what passes only at the second try has failed. Raise UserError for a file that is not valid or a
    pattern that fits nothing or of which nothing applies, UnhealthyError if the stack does not run.
    """
    checks = selected(read_checks(adapters, adapters.repository.model()), patterns)
    opened = open_place(adapters, cluster)
    verified = run_checks(adapters, checks, opened.planned, opened.target, watch, strict=strict)
    refuse_idle(checks, patterns, verified)
    return verified


def run_checks(
    adapters: Adapters,
    checks: Sequence[Check],
    planned: Planned,
    target: Primitives,
    watch: Watch,
    *,
    strict: bool = False,
) -> Verified:
    """Given checks, the plan and a target, run what applies there and save the verdicts."""
    began = adapters.clock.now()
    inputs = ran_on(adapters, adapters.state.read_json("plan.json") if target.kind == "compose" else None)
    situation, loaded_at = situation_of(planned, target, read_databases(adapters.repository).values())
    situation = replace(situation, mode=read_mode(adapters))
    guard = threading.Lock()

    def run_one(check: Check) -> tuple[Check, CheckResult]:
        result = _tried(adapters.clock, check, planned.model.services, situation, loaded_at, target)
        if strict and result.result == NOT_APPLICABLE and result.reason not in EXCUSED:
            result = replace(result, result=FAILED)
        with guard:
            watch(result)
        return check, result

    done = in_stages(checks, planned.services, run_one)
    _save(adapters, done, situation, inputs)
    return _counted(checks, {check.id: result for check, result in done}, situation, adapters.clock.now() - began)


def _tried(
    clock: Clock, check: Check, services: Sequence[Service], situation: Situation, loaded_at: float, target: Primitives
) -> CheckResult:
    """Run a check if it applies. That it cannot be told whether it does is a failure: a refusal must not look like an excuse."""
    reason = why_not(check, services, situation)
    if not reason and check.mart:
        try:
            reason = _mart_reason(target, check.mart, loaded_at)
        except DmError as failed:
            return _result(check, FAILED, 0, f"cannot tell whether mart {check.mart} is built: {failed.message}")
    if reason:
        return replace(_result(check, NOT_APPLICABLE, 0, reason.text), reason=reason.kind)
    return _run(clock, check, target)


def _counted(
    checks: Sequence[Check], by_check: Mapping[str, CheckResult], situation: Situation, seconds: float
) -> Verified:
    results = tuple(by_check[check.id] for check in checks)
    passed, failed = (sum(r.result == kind for r in results) for kind in (PASSED, FAILED))
    return Verified(
        loaded=tuple(sorted(situation.loaded)),
        passed=passed,
        failed=failed,
        not_applicable=len(results) - passed - failed,
        seconds=round(seconds, 2),
        results=results,
    )


def refuse_idle(checks: Sequence[Check], patterns: Sequence[str], verified: Verified) -> None:
    """Given a run, raise UserError if nothing applied of what one of the patterns names (without patterns: of everything)."""
    ran = {(r.file, r.name) for r in verified.results if r.result != NOT_APPLICABLE}
    for pattern in patterns or [""]:
        mine = [c for c in checks if _fits(c, pattern)]
        if not any((c.file, c.name) in ran for c in mine):
            reasons = [r.why for r in verified.results if any((r.file, r.name) == (c.file, c.name) for c in mine)]
            told = "; ".join(dict.fromkeys(reasons))
            raise UserError(
                f"nothing was checked: no check of '{pattern or 'all'}' applies here: {told}",
                "load the data set, build the marts (dm dbt run) or start the profile that it needs",
            )


def selected(checks: Sequence[Check], patterns: Sequence[str]) -> tuple[Check, ...]:
    """Given checks and patterns, return those whose file, name or row ids fit any. Raise UserError for one that fits none."""
    for pattern in patterns:
        if not any(_fits(check, pattern) for check in checks):
            raise UserError(f"no check fits {pattern}", "patterns are parts of a check's file, name or row ids")
    return tuple(c for c in checks if not patterns or any(_fits(c, pattern) for pattern in patterns))


def _fits(check: Check, pattern: str) -> bool:
    return any(fnmatch(text.lower(), f"*{pattern.lower()}*") for text in (check.id, *check.rows))


def in_stages(checks: Sequence[Check], services: Sequence[Service], do: Callable[[Check], T]) -> list[T]:
    """Given checks and what is done with each, do it: jobs alone and first (they change what others read), then file beside file,
    then alone what is measured. Return what came of them."""
    jobs = {s.name for s in services if s.kind == "job"}
    first = [c for c in checks if jobs & set(c.action.needs.services)]
    last = [c for c in checks if c.expect.max_seconds is not None and c not in first]
    lanes: dict[str, list[Check]] = {}
    for check in checks:
        if check not in first and check not in last:
            lanes.setdefault(check.file, []).append(check)
    done = [do(check) for check in first]
    with ThreadPoolExecutor(LANES) as pool:
        running = [pool.submit(lambda lane: [do(check) for check in lane], lane) for lane in lanes.values()]
        try:
            done += [each for lane in running for each in lane.result()]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return done + [do(check) for check in last]


def situation_of(planned: Planned, target: Primitives, databases: Iterable[Database]) -> tuple[Situation, float]:
    """Given the plan, a target and the domains' databases, return what decides which checks apply, and the last load's moment."""
    loaded_at, loaded = _loaded(target, [d for d in databases if planned.replicas.get(d.service)])
    return Situation(target.kind, planned.replicas, planned.plan.left_out, loaded), loaded_at


def _loaded(target: Primitives, databases: Sequence[Database]) -> tuple[float, frozenset[str]]:
    """When the domains' data was loaded last (seconds since 1970), and which sets it is of.

    Raise UnhealthyError if a domain refuses to tell: taken for "nothing is loaded", that would excuse most checks.
    """
    newest, sets = 0.0, set()
    for database in databases:
        found = Psql(database.service, database.name, _LOADED).run(target)
        if found.error and _NEVER_LOADED not in found.error:
            why = f"{database.service} does not tell which data set it holds: {found.error}"
            raise UnhealthyError(why, f"see: dm why {database.service}")
        newest = max([newest, *(float(at) for _, at in found.rows)])
        sets |= {str(name) for name, _ in found.rows}
    return newest, frozenset(sets)


def _mart_reason(target: Primitives, mart: str, loaded_at: float) -> Reason | None:
    """Why a mart cannot be checked: it is not there, or not of what is loaded. Raise DmError if the engine refuses to tell."""
    newest = f'SELECT max(to_unixtime(committed_at)) FROM lake.marts."{mart}$snapshots"'
    try:
        built = target.sql([newest], "admin").rows[0][0]
    except SqlError as refused:
        if refused.name not in _NOT_BUILT:
            raise
        return Reason(MART, f"mart {mart} is not built; {_BUILD}")
    if built is None or built < loaded_at:
        return Reason(MART, f"mart {mart} is older than the loaded data; {_BUILD}")
    return None


def _run(clock: Clock, check: Check, target: Primitives) -> CheckResult:
    with cleaned_up(check, target):
        seen, seconds = _observe(clock, check, target)
        wrong = check.expect.complaints(seen, seconds)
    return _result(check, FAILED if wrong else PASSED, seconds, "; ".join(wrong))


@contextmanager
def cleaned_up(check: Check, target: Primitives) -> Iterator[None]:
    """Run a check's cleanup at the end, whatever came before and whether or not there is something to clean."""
    try:
        yield
    finally:
        for statement in check.cleanup:
            with suppress(DmError):
                target.sql([statement], "admin")


def _observe(clock: Clock, check: Check, target: Primitives) -> tuple[Answer, float]:
    times = []
    for _ in range(check.repeat + 1):
        began = clock.now()
        seen = check.ask(target)
        times.append(clock.now() - began)
        if seen.error:
            return seen, times[-1]
    return seen, statistics.median(times[1:] or times)


def _result(check: Check, result: str, seconds: float, why: str) -> CheckResult:
    return CheckResult(check.name, check.file, check.rows, result, round(seconds, 3), why)


def _save(adapters: Adapters, done: Sequence[tuple[Check, CheckResult]], situation: Situation, inputs: str) -> None:
    """Keep the last verdict on each check: what one data set shows stays when another one is loaded."""
    name = VERDICTS_K8S if situation.target == "kubernetes" else VERDICTS
    saved = adapters.state.read_json(name)
    verdicts = dict(saved) if isinstance(saved, dict) else {}
    for check, result in done:
        if result.result != NOT_APPLICABLE:
            verdicts[check.id] = {
                "digest": check.digest,
                "ran_on": inputs,
                "result": result.result,
                "rows": list(check.rows),
                "why": result.why,
                "seconds": result.seconds,
                "loaded": sorted(situation.loaded),
                "target": situation.target,
                "at": adapters.clock.utc().isoformat(timespec="seconds"),
            }
    adapters.state.write(name, json.dumps(verdicts, indent=1, sort_keys=True))
