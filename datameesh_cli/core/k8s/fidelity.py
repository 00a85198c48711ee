"""What became of every key of every Compose service: converted, repaired (by which pass, why), or dropped (why). Nothing is silent.

A key that no rule knows is an error: whoever uses a new one says here what becomes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from datameesh_cli.core.k8s.source import Source
from datameesh_cli.errors import UserError

CONVERTED, REPAIRED, DROPPED = "converted", "repaired", "dropped"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one key of one service."""

    service: str
    key: str
    verdict: str
    by: str
    reason: str


_RULES: tuple[tuple[str, str, str, str], ...] = (
    ("image", CONVERTED, "containers", ""),
    ("entrypoint*", CONVERTED, "containers", ""),
    ("command*", REPAIRED, "containers", "kompose damages `$` in it; it is taken from the model"),
    (
        "environment*",
        REPAIRED,
        "containers",
        "kompose lower-cases values that name a secret's path; taken from the model",
    ),
    ("working_dir", CONVERTED, "containers", ""),
    ("tty", CONVERTED, "containers", ""),
    ("stdin_open", CONVERTED, "containers", ""),
    ("expose*", CONVERTED, "ports", ""),
    (
        "ports[].target",
        REPAIRED,
        "ports",
        "kompose gives the Service the published port, so `minio:9000` would fail inside",
    ),
    ("ports[].published", REPAIRED, "ports", "it is the NodePort; a stack's own offset does not count"),
    ("ports[].protocol", CONVERTED, "ports", ""),
    ("ports[].mode", DROPPED, "ports", "Swarm's; a NodePort answers on every node"),
    (
        "ports[].host_ip",
        DROPPED,
        "ports",
        "a NodePort listens on every address of a node; the service's login protects it",
    ),
    ("networks.*.aliases*", REPAIRED, "aliases", "kompose drops them; they become ExternalName Services"),
    (
        "networks*",
        REPAIRED,
        "policies",
        "one network becomes default deny and one pair of policies for each declared edge",
    ),
    ("configs[].mode", DROPPED, "configs", "a file is readable by all, and executable if it is so in the checkout"),
    (
        "configs*",
        REPAIRED,
        "configs",
        "kompose alters files that are not plain text and loses folders; read from the checkout",
    ),
    ("secrets*", REPAIRED, "secrets", "kompose writes values in clear; here only names are written"),
    ("volumes[].type", CONVERTED, "volumes", ""),
    (
        "volumes[].source",
        REPAIRED,
        "volumes",
        "kompose makes every claim 100Mi; the size comes from the volume's label",
    ),
    ("volumes[].target", CONVERTED, "volumes", ""),
    ("volumes[].read_only", CONVERTED, "volumes", ""),
    ("volumes[].tmpfs*", CONVERTED, "volumes", ""),
    ("volumes[].volume*", DROPPED, "volumes", "says nothing, or how Docker fills a new volume; Kubernetes' are empty"),
    ("volumes[].bind*", DROPPED, "configs", "how Docker mounts a folder of the host; here it is a ConfigMap"),
    (
        "tmpfs*",
        REPAIRED,
        "volumes",
        "kompose loses the size; mode and exec need no word: the folder is open and executable",
    ),
    ("shm_size", REPAIRED, "volumes", "kompose drops it; /dev/shm becomes a folder in memory"),
    ("healthcheck.disable", CONVERTED, "probes", ""),
    ("healthcheck.start_interval", DROPPED, "probes", "a startup probe has one period"),
    (
        "healthcheck*",
        REPAIRED,
        "probes",
        "kompose makes it a liveness check, which kills; it says when a pod is ready and started",
    ),
    ("depends_on*", REPAIRED, "waiting", "kompose drops it; an init container waits until the dependency is ready"),
    ("deploy.replicas", CONVERTED, "controllers", ""),
    (
        "deploy.resources.limits.memory",
        REPAIRED,
        "resources",
        "kompose writes bytes and no request; requests = limits, in Mi",
    ),
    ("deploy.resources.limits.cpus", DROPPED, "resources", "CPU is requested and never limited"),
    ("deploy.resources.reservations.cpus", CONVERTED, "resources", ""),
    ("deploy.resources.reservations.memory", DROPPED, "resources", "the request of memory is its limit"),
    ("cpu_shares", REPAIRED, "resources", "kompose drops it; the weight of a pod follows from its request of CPU"),
    ("deploy.placement", DROPPED, "scheduling", "says nothing"),
    ("user", CONVERTED, "security", ""),
    ("group_add*", CONVERTED, "security", ""),
    ("read_only", CONVERTED, "security", ""),
    ("cap_drop*", CONVERTED, "security", ""),
    ("security_opt*", REPAIRED, "security", "kompose drops it; allowPrivilegeEscalation: false"),
    ("restart", CONVERTED, "controllers", ""),
    ("stop_grace_period", CONVERTED, "controllers", ""),
    ("profiles*", CONVERTED, "export", "chosen by --profile"),
    ("hostname", DROPPED, "controllers", "a pod has its own name"),
    ("init", DROPPED, "controllers", "the runtime reaps what the entry process leaves; no key of a pod asks for it"),
    ("logging*", DROPPED, "export", "the kubelet rotates the logs of containers"),
    ("ulimits*", DROPPED, "export", "a pod has no such key; the node's runtime sets it"),
    ("deploy.resources.limits.pids", DROPPED, "resources", "a pod has no such key; the kubelet's podPidsLimit sets it"),
    ("pids_limit", DROPPED, "export", "a pod has no such key; the kubelet's podPidsLimit sets it"),
    ("stop_signal", DROPPED, "controllers", "the image's own STOPSIGNAL holds on both"),
    ("labels*", DROPPED, "adopt", "the objects carry labels of their own"),
    ("pull_policy", DROPPED, "containers", "IfNotPresent: images are pinned by version"),
)
_TOP_RULES: tuple[tuple[str, str, str, str], ...] = (
    ("name", DROPPED, "export", "the Compose project; here namespaces separate"),
    ("networks*", REPAIRED, "policies", "one network becomes NetworkPolicies"),
    ("volumes.*.labels.kompose.volume.size", REPAIRED, "volumes", "kompose makes every claim 100Mi"),
    ("volumes*", CONVERTED, "volumes", ""),
    ("configs*", CONVERTED, "configs", ""),
    ("secrets*", CONVERTED, "secrets", ""),
    ("x-*", DROPPED, "export", "an extension of Compose"),
)


def fates(source: Source) -> tuple[Fate, ...]:
    """Return what became of every key. Raise UserError, naming service and key, for one that no rule knows."""
    found = [_fate(p.name, key, _RULES) for p in source.parts for key in sorted(set(keys(p.body)))]
    rest = {k: v for k, v in source.compose.items() if k != "services"}
    found += [_fate("(model)", key, _TOP_RULES) for key in sorted(set(keys(rest)))]
    return tuple(found)


def keys(value: Any, path: str = "") -> Iterator[str]:
    """Given a Compose service, yield the path of every value in it; entries of a list share a path; null says nothing."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from keys(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for inner in value:
            yield from keys(inner, f"{path}[]")
    elif value is not None:
        yield path


def _fate(service: str, key: str, rules: tuple[tuple[str, str, str, str], ...]) -> Fate:
    for pattern, verdict, by, reason in rules:
        if fnmatchcase(key, pattern.replace("[]", "[[][]]")):
            return Fate(service, key, verdict, by, reason)
    raise UserError(
        f"service '{service}': no pass knows the Compose key '{key}', so it would be lost on Kubernetes",
        "remove it from the fragment, or say in core/k8s/fidelity.py what becomes of it",
    )
