"""kubectl: a dry run on a server, and applying an export to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import answers, process
from datameesh_cli.core.k8s.trial import objections, speaks_of_limits
from datameesh_cli.errors import DmError, HostError, UnhealthyError, UserError

_APPLY = ("apply", "--server-side", "--force-conflicts", "--field-manager=dm")
_UNREACHABLE = ("connection refused", "no such host", "i/o timeout", "unable to connect", "couldn't get current server")


def dry_run(objects: Sequence[Mapping[str, Any]], context: str) -> list[str]:
    """Given objects and a context, return what the API server says against them; nothing is changed.

    Where a namespace does not exist yet, its objects are tried in `default`. Quota and limit range of an export that was
    applied before are no objection: this one brings its own. Raise HostError if the server is not reached.
    """
    there = set(run(context, ["get", "namespaces", "-o", "name"]).split())
    tried = [dict(o) | {"metadata": _somewhere(o, there)} for o in objects]
    done = call(context, [*_APPLY, "--dry-run=server", "--validate=strict", "-f", "-"], stdin=_list(tried))
    if not done.code:
        return []
    _refuse_unreachable(done.err, context)
    # A warning is no refusal: what it warns of is refused too, or allowed.
    said = [line for line in done.err.splitlines() if not line.startswith("Warning: ")]
    if any(speaks_of_limits(line) for line in said):
        limits = json.loads(run(context, ["get", "resourcequotas,limitranges", "-A", "-o", "json"]))["items"]
        said = objections(said, objects, {name.partition("/")[2] for name in there}, limits)
        if not any(line.strip() for line in said):
            return []
    return _lines("\n".join(said))


def apply_folder(folder: Path, context: str) -> list[str]:
    """Given a folder with a kustomization, apply it and return a line for each object. Raise DmError if the server refuses one."""
    return run(context, [*_APPLY, "-k", str(folder)]).splitlines()


def apply_objects(objects: Iterable[Mapping[str, Any]], context: str) -> list[str]:
    """Given objects, apply them by standard input, so that no value stands in a file or on a command line."""
    return run(context, [*_APPLY, "-f", "-"], stdin=_list(objects)).splitlines()


def secrets(names: Sequence[str], namespace: str, context: str) -> dict[str, str]:
    """Given names of Secrets, return what each of those that are there holds under its own name, if anything."""
    said = run(context, ["get", "secret", *names, "-n", namespace, "--ignore-not-found", "-o", "json"])
    with answers.understood("kubectl get"):
        found: Any = answers.json_of("kubectl get", said) if said.strip() else {"items": []}
        held = {o["metadata"]["name"]: o.get("data") or {} for o in found.get("items", [found])}
    return {name: base64.b64decode(data[name]).decode(errors="replace") for name, data in held.items() if name in data}


def remove_idle_jobs(names: Iterable[tuple[str, str]], context: str) -> None:
    """Given (namespace, job), remove each that is there and runs no pod: a Job's template cannot be changed."""
    for namespace, name in names:
        query = [
            "get",
            "job",
            name,
            "-n",
            namespace,
            "--ignore-not-found",
            "-o",
            "jsonpath={.metadata.name} {.status.active}",
        ]
        found = run(context, query).split()
        if len(found) == 1:
            run(context, ["delete", "job", name, "-n", namespace, "--wait=true"])


def _somewhere(o: Mapping[str, Any], there: set[str]) -> dict[str, Any]:
    metadata = dict(o["metadata"])
    if metadata.get("namespace") and f"namespace/{metadata['namespace']}" not in there:
        metadata["namespace"] = "default"
    return metadata


def _lines(text: str) -> list[str]:
    """What kubectl said, a line for each object; the server may print a whole pod into one."""
    found = [line.strip() for line in text.splitlines() if line.strip()]
    return [line if len(line) <= 300 else line[:150] + " ... " + line[-140:] for line in found] or ["no message"]


def _list(objects: Iterable[Mapping[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def command(context: str, args: Sequence[str]) -> list[str]:
    """Given a context and arguments, return the call of kubectl."""
    return ["kubectl", "--context", context, *args]


def call(context: str, args: Sequence[str], stdin: str | None = None) -> process.Finished:
    """Given a context and arguments, call kubectl and return what came out, whatever its exit code."""
    # Never the terminal: without a login kubectl would ask for one.
    return process.run(command(context, args), stdin=stdin or "", timeout=120)


def read(context: str, args: Sequence[str]) -> Any:
    """Given a context and the arguments of a question, return the JSON of kubectl's answer. Raise what `run` raises."""
    return answers.json_of(f"kubectl {args[0]}", run(context, [*args, "-o", "json"]))


def run(context: str, args: Sequence[str], stdin: str | None = None) -> str:
    """Given a context and arguments, call kubectl and return its output.

    Raise UserError for an unknown context, HostError if the server is not reached, UnhealthyError for what it refuses.
    """
    done = call(context, args, stdin)
    if done.code:
        _refuse_unreachable(done.err, context)
        raise _refused(done.err, args)
    return done.out


def _refuse_unreachable(text: str, context: str) -> None:
    low = text.lower()
    if "context" in low and ("does not exist" in low or "context was not found" in low):
        raise UserError(f"kubectl knows no context '{context}'", "see: kubectl config get-contexts")
    if any(sign in low for sign in _UNREACHABLE):
        last = text.strip().splitlines()[-1]
        raise HostError(
            f"the cluster of context '{context}' is not reached: {answers.short(last)}", "see: kubectl cluster-info"
        )


def _refused(text: str, args: Sequence[str]) -> DmError:
    lines = [answers.short(line) for line in _lines(text)]
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return UnhealthyError(f"kubectl {args[0]}: {lines[0]}{more}", "correct it and run the command again")
