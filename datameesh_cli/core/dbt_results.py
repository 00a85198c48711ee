"""What a run of dbt did: from its artifacts (run_results.json, manifest.json) to values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_OUTCOMES = {
    "success": "pass",
    "pass": "pass",
    "warn": "warn",
    "error": "error",
    "fail": "error",
    "runtime error": "error",
    "skipped": "skip",
    "partial success": "error",
    "no-op": "pass",
}
"""dbt's words for the outcome of a node, as the four words of its own last line."""

_HEADING = re.compile(r"^\w+ Error in (?:model|test|snapshot|seed|unit_test) \S+ \([^)]*\) ")
_WRITTEN_TO = re.compile(r" compiled code at \S+$")
_TRINO = re.compile(r'Trino\w*Error\(type=\w+, name=(\w+), message="(.*)", query_id=\w+\)')

TESTED_BY = frozenset({"build", "run", "test", "seed", "snapshot", "retry"})
"""The commands whose results say something about the data. Others, like `compile`, call everything they compiled a success."""


@dataclass(frozen=True, slots=True)
class NodeResult:
    """One model or test: its outcome (pass, warn, error, skip), seconds, rows (written, or failing a test), message and file."""

    name: str
    kind: str
    outcome: str
    seconds: float
    rows: int | None = None
    message: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many nodes ended in which way."""

    passed: int = 0
    warned: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.passed + self.warned + self.failed + self.skipped


@dataclass(frozen=True, slots=True)
class Summary:
    """One run of dbt: which command, when it ended, how long it took, what came of its models and tests, and which models were
    skipped because of a failure before them."""

    command: str
    version: str
    finished_at: str
    seconds: float
    models: Counts
    tests: Counts
    slowest: tuple[NodeResult, ...]
    failures: tuple[NodeResult, ...]
    skipped: tuple[str, ...]


def summary_from(results: Mapping[str, Any], manifest: Mapping[str, Any]) -> Summary:
    """Given run_results.json and manifest.json, return the summary of that run."""
    nodes = node_results(results, manifest)
    metadata = results.get("metadata", {})
    models = [n for n in nodes if not _is_test(n)]
    return Summary(
        command=str(results.get("args", {}).get("which", "")),
        version=str(metadata.get("dbt_version", "")),
        finished_at=str(metadata.get("generated_at", "")),
        seconds=float(results.get("elapsed_time", 0.0)),
        models=_count(models),
        tests=_count(n for n in nodes if _is_test(n)),
        slowest=tuple(sorted(models, key=lambda n: -n.seconds)[:3]),
        failures=tuple(n for n in nodes if n.outcome in ("error", "warn")),
        skipped=tuple(n.name for n in models if n.outcome == "skip"),
    )


def node_results(results: Mapping[str, Any], manifest: Mapping[str, Any]) -> tuple[NodeResult, ...]:
    """Given run_results.json and manifest.json, return one result per node, in the order of the run.

    Exposures are listed by dbt too, but nothing is done with them.
    """
    known = _known(manifest)
    return tuple(_node(result, known.get(result["unique_id"], {})) for result in _done(results))


def latest(
    remembered: Mapping[str, Any], results: Mapping[str, Any], manifest: Mapping[str, Any], by: str = ""
) -> dict[str, Any]:
    """Given what is remembered of earlier runs, a run and who ran it, return the newest outcome of every node that still exists.

    A run of one model does not forget the tests of the others; a test that was deleted from the project is forgotten.
    """
    at = results.get("metadata", {}).get("generated_at", "")
    known = _known(manifest)
    kept = {name: entry for name, entry in remembered.items() if name in known}
    if results.get("args", {}).get("which") not in TESTED_BY:
        return kept
    for raw, node in zip(_done(results), node_results(results, manifest), strict=True):
        kept[raw["unique_id"]] = {
            "name": node.name,
            "kind": node.kind,
            "outcome": node.outcome,
            "seconds": node.seconds,
            "rows": node.rows,
            "message": node.message,
            "file": node.file,
            "at": at,
            "by": by,
        }
    return kept


def _done(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [r for r in results.get("results", ()) if not str(r["unique_id"]).startswith("exposure.")]


def _known(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {**manifest.get("nodes", {}), **manifest.get("unit_tests", {})}


def _node(result: Mapping[str, Any], known: Mapping[str, Any]) -> NodeResult:
    unique_id = str(result["unique_id"])
    kind, _, rest = unique_id.partition(".")
    rows = result.get("failures") if kind == "test" else result.get("adapter_response", {}).get("rows_affected")
    file = known.get("original_file_path")
    return NodeResult(
        name=str(known.get("name") or rest.split(".")[1]),
        kind=kind.replace("_", " "),
        outcome=_OUTCOMES.get(str(result.get("status")), "error"),
        seconds=round(float(result.get("execution_time", 0.0)), 2),
        rows=rows if isinstance(rows, int) and rows >= 0 else None,
        message=_plain(str(result.get("message") or "")),
        file=f"dbt/{file}" if file else "",
    )


def _plain(message: str) -> str:
    """Given dbt's message, return what is wrong, without where dbt read and wrote (the file is known) and Trino's wrapping."""
    text = _WRITTEN_TO.sub("", _HEADING.sub("", " ".join(message.split())))
    return _TRINO.sub(r"\2 (\1)", text)


def _is_test(node: NodeResult) -> bool:
    return node.kind in ("test", "unit test")


def _count(nodes: Iterable[NodeResult]) -> Counts:
    outcomes = [node.outcome for node in nodes]
    return Counts(outcomes.count("pass"), outcomes.count("warn"), outcomes.count("error"), outcomes.count("skip"))
