"""The validation of an export: schema, graph, kube-score, a server's dry run. What a stage rejects is never written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from datameesh_cli.core.k8s.graph import graph_problems
from datameesh_cli.core.k8s.objects import Objects
from datameesh_cli.core.k8s.report import Stage
from datameesh_cli.core.k8s.trial import trial
from datameesh_cli.core.k8s.waivers import unwaived
from datameesh_cli.errors import UserError

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


def validate(adapters: Adapters, objects: Objects) -> tuple[Stage, ...]:
    """Given objects, return the stages that need no cluster. Raise UserError at the first that fails."""
    return _passed(objects, (partial(_schema, adapters), _graph, partial(_score, adapters)))


def ask_server(adapters: Adapters, objects: Objects, context: str | None) -> Stage:
    """Given objects and a cluster's context (None: skipped), return the stage of the server. Raise UserError if it fails."""
    return _passed(objects, (lambda o: _dry_run(adapters, o, context),))[0]


def _passed(objects: Objects, asked: Sequence[Callable[[Objects], Stage]]) -> tuple[Stage, ...]:
    stages = []
    for stage in asked:
        found = stage(objects)
        if found.state == "failed":
            more = f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
            raise UserError(
                f"the export does not pass '{found.name}': {found.problems[0]}{more}",
                "correct the named fragment or pass; nothing was written",
            )
        stages.append(found)
    return tuple(stages)


def _stage(name: str, problems: list[str], passed: str) -> Stage:
    if problems:
        return Stage(name, "failed", f"{len(problems)} problems", tuple(problems))
    return Stage(name, "passed", passed)


def _schema(adapters: Adapters, objects: Objects) -> Stage:
    done = f"{len(objects)} objects by the schemas of Kubernetes {adapters.schemas.VERSION}, strict"
    return _stage("schema", adapters.schemas.problems(objects), done)


def _graph(objects: Objects) -> Stage:
    return _stage("graph", graph_problems(objects), "every name, address, port, policy, mount and sum leads somewhere")


def _score(adapters: Adapters, objects: Objects) -> Stage:
    found = adapters.score(objects)
    if found is None:
        return Stage("kube-score", "skipped", "the program kube-score is not installed")
    problems, waived = unwaived(found)
    return _stage("kube-score", problems, "waived by name: " + ", ".join(waived) if waived else "nothing critical")


def _dry_run(adapters: Adapters, objects: Objects, context: str | None) -> Stage:
    if context is None:
        return Stage("server", "skipped", "no --context was given")
    return _stage(
        "server", adapters.kubectl.dry_run(trial(objects), context), "a server-side dry run, strict, of each pod too"
    )
