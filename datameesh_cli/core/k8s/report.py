"""export-report.json: what was exported for what, what became of every key, which Secrets it expects, the sums, the stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from datameesh_cli.core.k8s.fidelity import KeyVerdict
from datameesh_cli.core.k8s.passes.ingress import own_certificates
from datameesh_cli.core.k8s.passes.quotas import Sum
from datameesh_cli.core.k8s.passes.secrets import expected
from datameesh_cli.core.k8s.source import Part, Source


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the validation: passed, failed or skipped, and why or what was found."""

    name: str
    state: str
    detail: str
    problems: tuple[str, ...] = ()


def report_of(
    source: Source,
    asked: Mapping[str, Any],
    conversion_report: Sequence[KeyVerdict],
    sums: Sequence[Sum],
    stages: Sequence[Stage],
) -> dict[str, Any]:
    """Given what an export was made of and what came of it, return the report. It holds no time: equal exports are equal."""
    return {
        "asked": dict(asked),
        "services": {
            p.name: {"namespace": p.namespace, "kind": p.kind, "image": p.body["image"]} for p in source.parts
        },
        "left out": dict(source.left_out),
        "taken from outside": {s.name: source.target.external[s.name].host for s in source.outside},
        "secrets expected": {name: list(namespaces) for name, namespaces in expected(source).items()}
        | {name: [namespace] for name, (namespace, _) in own_certificates(source).items()},
        "quotas": [asdict(s) for s in sums],
        "edges": [f"{link.source.name} -> {link.service}:{link.port}" for link in source.links()],
        "keys": [asdict(f) for f in conversion_report],
        "validation": [{"stage": r.name, "state": r.state, "detail": r.detail} for r in stages],
        "images": {source.image(p): _id(p, source) for p in source.parts},
    }


def _id(part: Part, source: Source) -> str:
    known = source.images.get(str(part.body["image"]))
    return known.id if known else "not in this engine"
