"""The ladder of an export: schema, graph, kube-score, a server's dry run. What a rung rejects is never written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from datameesh_cli.core.k8s.graph import graph_problems
from datameesh_cli.core.k8s.objects import Objects
from datameesh_cli.core.k8s.report import Rung
from datameesh_cli.core.k8s.trial import trial
from datameesh_cli.core.k8s.waivers import unwaived
from datameesh_cli.errors import UserError

if TYPE_CHECKING:
    from datameesh_cli.adapters.outside import Outside


def climb(outside: Outside, objects: Objects) -> tuple[Rung, ...]:
    """Given objects, return the rungs that need no cluster. Raise UserError at the first that fails."""
    return _climbed(objects, (partial(_schema, outside), _graph, partial(_score, outside)))


def ask_server(outside: Outside, objects: Objects, context: str | None) -> Rung:
    """Given objects and a cluster's context (None: skipped), return the rung of the server. Raise UserError if it fails."""
    return _climbed(objects, (lambda o: _dry_run(outside, o, context),))[0]


def _climbed(objects: Objects, asked: Sequence[Callable[[Objects], Rung]]) -> tuple[Rung, ...]:
    rungs = []
    for rung in asked:
        found = rung(objects)
        if found.state == "failed":
            more = f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
            raise UserError(
                f"the export does not pass '{found.name}': {found.problems[0]}{more}",
                "correct the named fragment or pass; nothing was written",
            )
        rungs.append(found)
    return tuple(rungs)


def _rung(name: str, problems: list[str], passed: str) -> Rung:
    if problems:
        return Rung(name, "failed", f"{len(problems)} problems", tuple(problems))
    return Rung(name, "passed", passed)


def _schema(outside: Outside, objects: Objects) -> Rung:
    done = f"{len(objects)} objects by the schemas of Kubernetes {outside.schemas.VERSION}, strict"
    return _rung("schema", outside.schemas.problems(objects), done)


def _graph(objects: Objects) -> Rung:
    return _rung("graph", graph_problems(objects), "every name, address, port, policy, mount and sum leads somewhere")


def _score(outside: Outside, objects: Objects) -> Rung:
    found = outside.score(objects)
    if found is None:
        return Rung("kube-score", "skipped", "the program kube-score is not installed")
    problems, waived = unwaived(found)
    return _rung("kube-score", problems, "waived by name: " + ", ".join(waived) if waived else "nothing critical")


def _dry_run(outside: Outside, objects: Objects, context: str | None) -> Rung:
    if context is None:
        return Rung("server", "skipped", "no --context was given")
    return _rung(
        "server", outside.kubectl.dry_run(trial(objects), context), "a server-side dry run, strict, of each pod too"
    )
