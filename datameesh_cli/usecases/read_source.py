"""Everything that an export is made of: the plan, the resolved model, the files, the users, the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datameesh_cli.core.declaration import Scale
from datameesh_cli.core.identity.providers import opened
from datameesh_cli.core.k8s.balanced import folded
from datameesh_cli.core.k8s.passes.configs import sources_of
from datameesh_cli.core.k8s.source import File, Part, Source, unescaped
from datameesh_cli.core.k8s.target import Ingress, Target, TargetFile, target_from
from datameesh_cli.core.k8s.users import user_from, user_of_dockerfile
from datameesh_cli.core.model import Service
from datameesh_cli.core.schema import read
from datameesh_cli.errors import HostError, UserError
from datameesh_cli.usecases.derive_secrets import read_providers
from datameesh_cli.usecases.plan_memory import Planned, plan_memory

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters

JOB_PROFILE = "job"


@dataclass(frozen=True, slots=True)
class TargetRequest:
    """The target's name and what the command line adds to its file."""

    name: str = "kind"
    storage_class: str | None = None
    registry: str | None = None
    pull_secret: str | None = None
    workers: int | None = None
    ingress_host: str | None = None
    pod_network: str | None = None
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """The source of the passes, the plan behind it, and the model that kompose gets."""

    source: Source
    planned: Planned
    model: Mapping[str, Any]
    profiles: tuple[str, ...]


def read_source(adapters: Adapters, profiles: Sequence[str], ram: int | None, asked: TargetRequest) -> Read:
    """Given profiles, a budget and a target, return what the passes read. Nothing of the plan in force is touched.

    Raise UserError for an unknown profile, target or key, HostError for a budget too small or an image that is not known.
    """
    target = read_target(adapters, asked)
    planned = plan_memory(adapters, profiles, ram, elsewhere=True)
    model = _resolve(adapters, planned)
    wanted = [s for s in planned.services if planned.replicas[s.name] > 0]
    unknown = sorted(set(target.external) - {s.name for s in planned.model.services})
    if unknown:
        raise UserError(
            f"target {target.name}: there is no service '{unknown[0]}' to take from outside", "see: dm plan"
        )
    inside = [s for s in wanted if s.name not in target.external]
    exported, kept = folded(opened(inside, read_providers(adapters)), model["services"])
    given = dict(model) | {"services": kept}
    seen = unescaped(given)
    users = _users(adapters, exported, seen["services"])
    parts = [Part(s, seen["services"][s.name], users[s.name]) for s in sorted(exported, key=lambda s: s.name)]
    source = Source(
        compose=_used(seen, parts),
        parts=tuple(parts),
        files=_files(adapters, parts, seen, target),
        target=target,
        outside=tuple(s for s in wanted if s.name in target.external),
        left_out=planned.plan.left_out,
    )
    return Read(source, planned, _alone(given), (*planned.plan.profiles, JOB_PROFILE))


def read_target(adapters: Adapters, asked: TargetRequest) -> Target:
    """Given a target's name and the additions of the command line, return it. Raise UserError if there is no such target."""
    folder = adapters.repository.root / "k8s-export" / "targets"
    path = folder / f"{asked.name}.yaml"
    if not adapters.repository.has(path):
        known = ", ".join(sorted(p.stem for p in adapters.repository.found(folder, "*.yaml")))
        raise UserError(
            f"there is no target '{asked.name}'", f"targets: {known}; a new one is a file in k8s-export/targets/"
        )
    if asked.encrypted and asked.storage_class:
        raise UserError(
            "--encrypted takes the class that the target names, and --storage-class names another",
            "leave one out; the target's is encrypted-storage-class in its file",
        )
    target = target_from(asked.name, adapters.repository.read_yaml(path), adapters.repository.relative(path))
    added = {
        "storage-class": asked.storage_class,
        "registry": asked.registry,
        "pull-secret": asked.pull_secret,
        "ingress": {"host": asked.ingress_host} if asked.ingress_host else None,
        "pod-network": asked.pod_network,
    }
    options = read(TargetFile, {name: value for name, value in added.items() if value}, "the options")
    return replace(
        target,
        storage_class=options.storage_class
        or (target.encrypted_storage_class if asked.encrypted else target.storage_class),
        registry=options.registry or target.registry,
        pull_secret=options.pull_secret or target.pull_secret,
        ingress=_way_in(target.ingress, options.ingress),
        scale=_with_workers(adapters, target, asked.workers),
        pod_network=options.pod_network or target.pod_network,
    )


def _way_in(said: Ingress | None, asked: Ingress | None) -> Ingress | None:
    """Another host, by the same class and issuer that the target's file names."""
    return replace(said, host=asked.host) if said and asked else asked or said


def _with_workers(adapters: Adapters, target: Target, workers: int | None) -> Mapping[str, Scale]:
    """So many of each query worker, and twice as many when they are busy: every scaled service of the query layer."""
    if workers is None:
        return target.scale
    if workers < 1:
        raise UserError(f"--workers {workers} is not a number of workers", "write 1 or more")
    scaled = {s.name: s.kubernetes.scale for s in adapters.repository.model().services if s.kubernetes.scale}
    query = {s.name for s in adapters.repository.model().services if s.layer == "query and federation"}
    more = {n: replace(s, min=workers, max=workers * 2) for n, s in scaled.items() if n in query}
    return {**target.scale, **more}


def _resolve(adapters: Adapters, planned: Planned) -> dict[str, Any]:
    variables = planned.variables(adapters)
    with adapters.export.scratch("".join(f"{k}={v}\n" for k, v in variables.items())) as env_file:
        return adapters.compose.resolve([*planned.plan.profiles, JOB_PROFILE], env_file)


def _alone(model: Mapping[str, Any]) -> dict[str, Any]:
    """The model for kompose: nobody waits for a service that is not in it."""
    services = {}
    for name, body in model["services"].items():
        waits = {d: rule for d, rule in (body.get("depends_on") or {}).items() if d in model["services"]}
        services[name] = {k: v for k, v in body.items() if k != "depends_on"} | ({"depends_on": waits} if waits else {})
    return dict(model) | {"services": services}


def _used(model: Mapping[str, Any], parts: Sequence[Part]) -> dict[str, Any]:
    """The model without the volumes, configs and secrets that no exported service uses."""
    names = {
        kind: {str(e["source"]) for p in parts for e in p.body.get(kind) or () if e.get("source")}
        for kind in ("volumes", "configs", "secrets")
    }
    return {
        key: {n: v for n, v in value.items() if n in names[key]} if key in names else value
        for key, value in model.items()
    }


def _users(adapters: Adapters, services: Sequence[Service], bodies: Mapping[str, Any]) -> dict[str, Any]:
    """By number: what the model says, else what the image's Dockerfile says, else what the engine says of the image."""
    root = adapters.repository.root
    texts = {
        i.reference: adapters.repository.read_text(adapters.image_folders.folder(root, i) / "Dockerfile")
        for i in adapters.image_folders.read_images(root)
    }
    found = {}
    for service in services:
        body = bodies[service.name]
        image = str(body["image"])
        said = str(body["user"]) if body.get("user") else user_of_dockerfile(image, texts)
        if said is None:
            said = adapters.images.user_of(image)
            if said is None:
                raise HostError(
                    f"service '{service.name}': the engine has no image {image}, so who it runs as is not known",
                    f'pull it: docker pull {image}; or say it in the fragment: user: "10001"',
                )
        found[service.name] = user_from(said, service.name, image)
    return found


def _files(
    adapters: Adapters, parts: Sequence[Part], model: Mapping[str, Any], target: Target
) -> dict[str, tuple[File, ...]]:
    definitions = model.get("configs") or {}
    folder = adapters.repository.root / "k8s-export" / "targets"
    found: dict[str, tuple[File, ...]] = {}
    for part in parts:
        binds = {str(v["target"]): Path(v["source"]) for v in part.body.get("volumes") or () if v["type"] == "bind"}
        for name, inside in sources_of(part):
            if inside in binds:
                path = binds[inside]
            elif name in target.configs:
                path = folder / target.configs[name]
            elif "file" in (definitions.get(name) or {}):
                path = Path(definitions[name]["file"])
            else:
                raise UserError(f"config '{name}' of {part.name} is no file", "write configs: {name: {file: ...}}")
            found[name] = adapters.export.read_files(path, f"config '{name}' of {part.name}")
    return found
