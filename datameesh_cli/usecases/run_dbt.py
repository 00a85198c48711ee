"""Run dbt as a job container, remember what came of it, and say how well the project is documented."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datameesh_cli.core.dbt_project import ModelCoverage, Problem, complaint_in, coverage_from, problem_from
from datameesh_cli.core.dbt_results import Summary, latest, summary_from
from datameesh_cli.core.model import Model, Service
from datameesh_cli.core.roles import SQL, TRANSFORMATION
from datameesh_cli.core.stream import heard
from datameesh_cli.errors import HostError, UnhealthyError, UserError
from datameesh_cli.usecases.open_target import ChosenCluster, Opened, open_place
from datameesh_cli.usecases.refresh_checkout import sources

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.dbt_files import DbtFiles

LOCK = "dbt.lock"
OFFLINE = frozenset({"parse", "ls", "list", "deps", "clean", "--version", "--help"})
"""The commands that read files only and need no running stack."""

_BAD_ARGUMENTS = ("Usage: dbt", "No such option", "No such command", "Invalid value", "Got unexpected extra argument")
_UNMATCHED = "does not match any enabled nodes"
_UNMATCHED_AT = re.compile(r"^\d\d:\d\d:\d\d\s+")
_UNREACHABLE = ("Connection refused", "Failed to resolve", "NameResolutionError", "Max retries exceeded")

_ARTIFACTS = ("run_results.json", "manifest.json")
_MARK = "dm-artifacts: "
_WITH_ARTIFACTS = f"""
dbt "$@"; code=$?
cd /tmp/dbt/target 2> /dev/null && \\
    [ -e {_ARTIFACTS[0]} ] && printf '{_MARK}' && tar -cz {" ".join(_ARTIFACTS)} | base64 -w 0 && echo
exit $code
"""

OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DbtRun:
    """One run: its arguments, dbt's exit code, its lines, and the summary if it got as far as running something."""

    arguments: tuple[str, ...]
    code: int
    lines: tuple[str, ...]
    summary: Summary | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How the project reads: what dbt found in it, and the problems it has."""

    found: str
    problems: tuple[Problem, ...]


def dbt_files(adapters: Adapters) -> DbtFiles:
    """Return dbt's files of the stack."""
    return adapters.dbt_files(adapters.repository.root / "dbt", adapters.state.folder)


def run_dbt(
    adapters: Adapters, arguments: Sequence[str], on_line: OnLine, cluster: ChosenCluster | None = None
) -> DbtRun:
    """Given dbt's arguments, run them over the checkout's project in a job container and return what came of it.

    With `cluster` the job runs there, over the project that is in its image (see run_dbt_on_cluster).

    Each line goes to `on_line` as it comes. The artifacts are then in `.dm/<name>/dbt/target`. Raise HostError if the image is
    missing or another dbt runs over the same artifacts, UnhealthyError if nobody runs its SQL, UserError if there is no project.
    """
    if cluster:
        return run_dbt_on_cluster(adapters, open_place(adapters, cluster), arguments, on_line)
    _refuse_unready(adapters, arguments)
    # Two runs in one target/ overwrite each other's manifest, and one reports the other's results.
    with adapters.state.locked(f"dbt {arguments[0]}" if arguments else "dbt", LOCK):
        return _run(adapters, arguments, on_line)


def _run(adapters: Adapters, arguments: Sequence[str], on_line: OnLine) -> DbtRun:
    files = dbt_files(adapters)
    state = files.prepare()
    before = files.artifact("run_results.json")
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        on_line(line)

    adapters.repository.refresh(sources(adapters.repository))
    service = _job(adapters.repository.model()).name
    with files.staged() as project:
        mounts = [f"{project}:/dbt:ro", f"{state}:/state"]
        code = heard(adapters.compose.run_job(service, arguments, env={"DBT_WORK": "/state"}, volumes=mounts), hear)
    results, manifest = files.artifact("run_results.json"), files.artifact("manifest.json")
    if results == before:
        results = {}  # what lies there is an earlier run's: this one got as far as no node
    if results:
        files.remember(latest(files.remembered(), results, manifest, adapters.host.user_name()))
    return DbtRun(tuple(arguments), code, tuple(lines), summary_from(results, manifest) if results else None)


def run_dbt_on_cluster(adapters: Adapters, opened: Opened, arguments: Sequence[str], on_line: OnLine) -> DbtRun:
    """Given a cluster's stack and dbt's arguments, run them there in a pod of the exported job; each line goes to `on_line`.

    The project is the one in the image, as for every run on a cluster. Nothing is mounted, so the artifacts come at the end of
    the log; they make the summary and are not kept.
    """
    model, place = opened.planned.model, opened.target
    engine = model.providing(SQL)
    if engine.name not in place.running and not OFFLINE.intersection(arguments):
        raise UnhealthyError(
            f"{engine.name} does not run, and dbt builds through it", f"see: kubectl get pods -n {engine.namespace}"
        )
    lines: list[str] = []
    packed = ""
    job = place.run_job(_job(model).name, arguments, ["sh", "-c", _WITH_ARTIFACTS, "dbt"])

    def hear(line: str) -> None:
        nonlocal packed
        if line.startswith(_MARK):
            packed = line.removeprefix(_MARK)
        else:
            lines.append(line)
            on_line(line)

    code = heard(job, hear)
    found = adapters.dbt_files.unpacked(packed)
    results, manifest = (found.get(name, {}) for name in _ARTIFACTS)
    return DbtRun(tuple(arguments), code, tuple(lines), summary_from(results, manifest) if results else None)


def require_success(run: DbtRun) -> None:
    """Given a run, return if it succeeded and did something.

    Raise UserError for arguments or files that dbt could not read, UnhealthyError for models or tests that failed.
    """
    command = "dbt " + " ".join(run.arguments)
    if run.code == 0:
        unmatched = [line for line in run.lines if _UNMATCHED in line]
        if unmatched and not (run.summary and run.summary.models.total + run.summary.tests.total):
            raise UserError(f"{command}: {_UNMATCHED_AT.sub('', unmatched[-1])}", "see: dm dbt ls")
        return
    text = "\n".join(run.lines)
    if run.summary and run.summary.failures:
        first = run.summary.failures[0]
        where = f" ({first.file})" if first.file else ""
        raise UnhealthyError(
            f"{command}: {len(run.summary.failures)} failed, first {first.kind} {first.name}{where}: {first.message}",
            "correct it, then: dm dbt retry",
        )
    if any(sign in text for sign in _UNREACHABLE):
        raise UnhealthyError(f"{command}: the SQL engine could not be reached", "see: dm status")
    if run.code == 2 and any(sign in text for sign in _BAD_ARGUMENTS):
        raise UserError(
            f"{command}: {_last_error(run.lines)}", f"see: dbt's own help, dm dbt {run.arguments[0]} --help"
        )
    complaint = complaint_in(run.lines)
    if complaint:
        raise UserError(f"{command}: {' '.join(complaint.split())}", "see: dm dbt doctor")
    raise UnhealthyError(f"{command} ended with exit code {run.code}", "see the lines above, or .dm/*/dbt/logs/dbt.log")


def last_summary(adapters: Adapters) -> tuple[Mapping[str, Any], ...]:
    """Return the newest outcome of every model and test, the failed ones first. Raise UserError if nothing ever ran."""
    remembered = dbt_files(adapters).remembered()
    if not remembered:
        raise UserError("dbt has not run yet in this stack", "run: dm dbt build")
    order = {"error": 0, "warn": 1, "skip": 2, "pass": 3}
    return tuple(sorted(remembered.values(), key=lambda e: (order.get(e["outcome"], 0), e["kind"], e["name"])))


def docs_coverage(adapters: Adapters) -> ModelCoverage:
    """Return how much of the project is documented. Raise UserError if the documentation was never generated."""
    files = dbt_files(adapters)
    manifest = files.artifact("manifest.json")
    if not manifest:
        raise UserError("there is no manifest of the project yet", "run: dm dbt docs generate")
    return coverage_from(manifest, files.artifact("catalog.json"))


def diagnose_project(adapters: Adapters) -> Diagnosis:
    """Read the project as dbt does and return what is wrong in it, by file and line. Needs no running stack."""
    run = run_dbt(adapters, ["parse", "--no-partial-parse", "--show-all-deprecations"], lambda _line: None)
    complaint = complaint_in(run.lines)
    if complaint:
        return Diagnosis("", (problem_from(complaint, dbt_files(adapters).texts()),))
    if run.code:
        raise UnhealthyError(f"dbt parse ended with exit code {run.code}", run.lines[-1] if run.lines else "")
    manifest = dbt_files(adapters).artifact("manifest.json")
    kinds = [node["resource_type"] for node in manifest.get("nodes", {}).values()]
    unit_tests = len(manifest.get("unit_tests", {}))
    return Diagnosis(f"{kinds.count('model')} models, {kinds.count('test')} tests, {unit_tests} unit tests", ())


def _refuse_unready(adapters: Adapters, arguments: Sequence[str]) -> None:
    model = adapters.repository.model()
    image = _job(model).image
    if adapters.engine.missing_images([image]):
        raise HostError(f"the image {image} is not built yet", "run: dm images build")
    if OFFLINE.intersection(arguments):
        return
    running = {c.service for c in adapters.engine.containers(adapters.project) if c.status == "running"}
    engine = model.providing(SQL)
    if engine.name not in running:
        raise UnhealthyError(
            f"{engine.name} does not run, and dbt builds through it", f"start it: dm up --profile {engine.profile}"
        )


def _job(model: Model) -> Service:
    return model.providing(TRANSFORMATION)


def _last_error(lines: Sequence[str]) -> str:
    errors = [line for line in lines if line.startswith("Error:")]
    return errors[-1].removeprefix("Error: ") if errors else "dbt refused its arguments"
