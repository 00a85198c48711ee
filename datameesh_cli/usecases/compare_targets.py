"""`dm k8s parity`: the same questions to the stack under Compose and the one on a cluster, and whether the answers are the same."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from datameesh_cli.core.cluster import container_of, image_id_of
from datameesh_cli.core.k8s.balanced import whom_to_ask
from datameesh_cli.core.k8s.passes.configs import HASH, config_hash, sources_of
from datameesh_cli.core.k8s.source import Image, Source
from datameesh_cli.core.parity import Parity, compare, declared_from
from datameesh_cli.core.stream import Report
from datameesh_cli.usecases.export_kubernetes import images_of
from datameesh_cli.usecases.observe_stack import observe_stack
from datameesh_cli.usecases.open_target import ChosenCluster, open_compose, open_kubernetes
from datameesh_cli.usecases.plan_memory import Planned
from datameesh_cli.usecases.read_checks import read_checks
from datameesh_cli.usecases.read_datasets import read_databases
from datameesh_cli.usecases.read_source import TargetRequest, read_source

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.kubernetes_target import KubernetesTarget

DECLARED = "k8s-export/parity.yaml"


@dataclass(frozen=True, slots=True)
class ComparedTargets:
    """What was compared: the two stacks by name, the comparison, and the seconds it took."""

    compose: str
    kubernetes: str
    parity: Parity
    seconds: float


def compare_targets(adapters: Adapters, cluster: ChosenCluster, report: Report) -> ComparedTargets:
    """Given a cluster, observe the stack there and the one under Compose at the same time, and compare.

    Raise UserError for a file of declared differences that is not valid, UnhealthyError or HostError if either does not run.
    """
    began = adapters.clock.now()
    path = adapters.repository.root / DECLARED
    declared = declared_from(adapters.repository.read_yaml(path), DECLARED)
    here, there = open_compose(adapters), open_kubernetes(adapters, cluster.context)
    checks = read_checks(adapters, here.planned.model)
    databases = list(read_databases(adapters.repository).values())
    source = _source(adapters, here.planned)
    configs = {p.name: [path for _, path in sources_of(p)] for p in source.parts}
    with ThreadPoolExecutor(2) as pool:
        seen = [pool.submit(observe_stack, opened, checks, databases, configs, report) for opened in (here, there)]
        compose, kubernetes = (each.result() for each in seen)
    images = images_of(adapters, source)
    compose |= _modelled(source) | _started(adapters, source, images)
    kubernetes |= _applied(cast("KubernetesTarget", there.target), images)
    compared = compare(compose, kubernetes, declared)
    return ComparedTargets(adapters.project, there.planned.source, compared, round(adapters.clock.now() - began, 1))


def _source(adapters: Adapters, planned: Planned) -> Source:
    """The Compose model as it would be exported now, with the plan in force."""
    return read_source(adapters, planned.plan.profiles, planned.plan.budget, TargetRequest()).source


def _modelled(source: Source) -> dict[str, str]:
    """Of each service by the Compose model: the image, and the hash of what it mounts."""
    facts = {f"image/{p.name}": str(p.body["image"]) for p in source.parts}
    for part in source.parts:
        mounted = [(path, source.content(name)) for name, path in sources_of(part)]
        facts[f"config/{part.name}"] = config_hash(mounted) if mounted else "none"
    return facts


def _started(adapters: Adapters, source: Source, images: Mapping[str, Image]) -> dict[str, str]:
    """The image that each service's container was made from; of a job, the one that its next run takes."""
    started = {c.service: c.image_id for c in adapters.engine.containers(adapters.project)}
    known = {p.name: images[p.body["image"]].id for p in source.parts if p.body["image"] in images}
    return {
        f"image-id/{p.name}": started.get(whom_to_ask(p.service, started)) or known.get(p.name, "none")
        for p in source.parts
    }


def _applied(target: KubernetesTarget, images: Mapping[str, Image]) -> Mapping[str, str]:
    """The same of each workload on the cluster."""
    digests = {digest: image.id for image in images.values() for digest in image.digests}
    facts = {
        f"image-id/{w.service}": image_id_of(w, target.cluster.pod(w.service), digests)
        for w in target.cluster.workloads
    }
    for workload in target.cluster.workloads:
        facts[f"image/{workload.service}"] = str(container_of(workload)["image"])
        facts[f"config/{workload.service}"] = workload.annotations.get(HASH, "none")
    return facts
