"""What becomes of each Compose key on Kubernetes: the table behind `fidelity.py`. The first rule that fits counts.

`converted`: kompose's draft says it, and so does the export. `repaired`: kompose loses or damages it, and a pass makes it from the
model. `dropped`: nothing of the export depends on it. tests/integration/test_k8s_fidelity.py changes every one of them and looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from datameesh_cli.core.k8s.passes.controllers import scale_of
from datameesh_cli.core.k8s.passes.probes import test_command
from datameesh_cli.core.k8s.source import Part, Source

CONVERTED, REPAIRED, DROPPED = "converted", "repaired", "dropped"
UNKNOWN, REFUSED = "unknown", "refused"
VERDICTS = (CONVERTED, REPAIRED, DROPPED, REFUSED, UNKNOWN)
"""What can become of a key. An export is not made as long as one is refused or unknown."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a service: its path (`[]` for an entry of a list), its value, and the mapping that it stands in."""

    path: tuple[str, ...]
    value: Any
    beside: Mapping[str, Any]
    leaf: bool = True

    @property
    def name(self) -> str:
        """The path as people write it: `ports[].target`."""
        return ".".join(self.path).replace(".[]", "[]")


When = Callable[[Key, Part, Source], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern`: a path with `*` for any one name. `values`: what alone can be said there, all else is refused. `when`: where it
    holds."""

    pattern: str
    verdict: str
    by: str
    reason: str = ""
    values: str = ""
    when: When | None = None

    @property
    def head(self) -> str:
        """The first name of the pattern."""
        return self.pattern.partition("/")[0]

    def fits(self, path: tuple[str, ...]) -> bool:
        """Say whether a path is this pattern: as long as it, and name by name the same but for `*`."""
        wanted = self.pattern.split("/")
        return len(wanted) == len(path) and all(
            w == p or ("*" in w and p != "[]" and fnmatchcase(p, w)) for w, p in zip(wanted, path, strict=True)
        )


def _job(_: Key, part: Part, __: Source) -> bool:
    return part.kind == "Job"


def _scaled(_: Key, part: Part, source: Source) -> bool:
    return scale_of(part, source) is not None


def _unchecked(_: Key, part: Part, __: Source) -> bool:
    return part.kind == "Job" or not test_command(part.body.get("healthcheck") or {})


def _untested(_: Key, part: Part, __: Source) -> bool:
    return part.kind == "Job" or not (part.body.get("healthcheck") or {}).get("test")


def _own_grace(_: Key, part: Part, __: Source) -> bool:
    return part.service.kubernetes.grace is not None


def _reserved(_: Key, part: Part, __: Source) -> bool:
    resources = (part.body.get("deploy") or {}).get("resources") or {}
    return bool((resources.get("reservations") or {}).get("cpus"))


def _awaited(key: Key, part: Part, source: Source) -> bool:
    return any(link.source.name == part.name and link.service == key.path[1] for link in source.links())


def _of_type(kind: str) -> When:
    return lambda key, _, __: key.beside.get("type") == kind


_CLAIM, _FOLDER = _of_type("volume"), _of_type("bind")
_HEALTH = ("test/[]", "interval", "timeout", "retries", "start_period")
_MODE = "the folder is open, and executable, to the container's user alone"
_EMPTY = "how Docker fills a new volume; a claim is empty"
_PIDS = "a pod has no such key; the kubelet's podPidsLimit sets it"
_WAITS = "the init container waits until the Service leads to a pod that is ready"

RULES: tuple[Rule, ...] = (
    Rule("image", CONVERTED, "containers"),
    Rule("entrypoint/[]", CONVERTED, "adopt"),
    Rule("command/[]", REPAIRED, "containers", "kompose damages `$` in it; it is taken from the model"),
    Rule("environment/*", REPAIRED, "containers", "kompose alters values that name a secret's path"),
    Rule("working_dir", CONVERTED, "adopt"),
    Rule("tty", CONVERTED, "adopt"),
    Rule("stdin_open", CONVERTED, "adopt"),
    Rule("expose/[]", CONVERTED, "ports", "everything here speaks TCP", values=r"\d+(/tcp)?"),
    Rule("ports/[]/target", REPAIRED, "ports", "kompose's Service has the published port: it would not answer at the one inside"),
    Rule("ports/[]/published", DROPPED, "ports", "a job has no Service", when=_job),
    Rule("ports/[]/published", REPAIRED, "ports", "the fragment's default is the NodePort; a stack's own offset is not"),
    Rule("ports/[]/protocol", CONVERTED, "ports", "everything here speaks TCP", values="tcp"),
    Rule("ports/[]/mode", DROPPED, "ports", "Swarm's; a NodePort answers on every node"),
    Rule("ports/[]/host_ip", DROPPED, "ports", "a NodePort listens on every address; the service's login protects it"),
    Rule("networks/*", DROPPED, "policies", "who may talk is declared by `consumes` and `depends_on`"),
    Rule("networks/*/aliases/[]", REPAIRED, "aliases", "kompose drops them; they become ExternalName Services"),
    Rule("configs/[]/source", REPAIRED, "configs", "kompose alters files that are not plain text; read from the checkout"),
    Rule("configs/[]/target", REPAIRED, "configs", "kompose gets no file, so it mounts none"),
    Rule("configs/[]/mode", DROPPED, "configs", "readable by all, and executable if it is so in the checkout"),
    Rule("secrets/[]/source", REPAIRED, "secrets", "kompose writes values in clear; here only names are written"),
    Rule("secrets/[]/target", REPAIRED, "secrets", "kompose mounts file by file; here a folder at a time"),
    Rule("secrets/[]/mode", DROPPED, "secrets", "readable by the container's group, and by nobody else"),
    Rule(
        "volumes/[]/type", REPAIRED, "volumes", "kompose makes a claim of a tmpfs and of a folder", "volume|bind|tmpfs"
    ),
    Rule("volumes/[]/source", REPAIRED, "configs", "kompose makes it a claim; it becomes a ConfigMap", when=_FOLDER),
    Rule("volumes/[]/source", CONVERTED, "volumes"),
    Rule("volumes/[]/target", CONVERTED, "adopt", when=_CLAIM),
    Rule("volumes/[]/target", REPAIRED, "volumes", "kompose mounts a claim there"),
    Rule("volumes/[]/read_only", CONVERTED, "adopt", when=_CLAIM),
    Rule("volumes/[]/read_only", DROPPED, "configs", "a ConfigMap can only be read, a tmpfs is there to be written"),
    Rule("volumes/[]/tmpfs", DROPPED, "volumes", "says nothing"),
    Rule("volumes/[]/tmpfs/size", REPAIRED, "volumes", "kompose makes it a claim of 100Mi; it is the limit of the folder"),
    Rule("volumes/[]/tmpfs/mode", DROPPED, "volumes", _MODE),
    Rule("volumes/[]/volume", DROPPED, "volumes", "says nothing"),
    Rule("volumes/[]/volume/nocopy", DROPPED, "volumes", _EMPTY),
    Rule("volumes/[]/bind", DROPPED, "configs", "says nothing"),
    Rule("volumes/[]/bind/create_host_path", DROPPED, "configs", "the folder must be in the checkout"),
    Rule("tmpfs/[]", REPAIRED, "volumes", f"kompose loses the size; mode and exec need no word: {_MODE}"),
    Rule("shm_size", REPAIRED, "volumes", "kompose drops it; /dev/shm becomes a folder in memory"),
    Rule("healthcheck/disable", DROPPED, "probes", "there is no test to switch off", when=_untested),
    Rule("healthcheck/disable", CONVERTED, "probes"),
    Rule("healthcheck/start_interval", DROPPED, "probes", "a startup probe has one period"),
    *(
        Rule(f"healthcheck/{key}", DROPPED, "probes", "a job has no probes, and without a test there is nothing to ask",
             when=_unchecked) for key in _HEALTH
    ),
    *(
        Rule(f"healthcheck/{key}", REPAIRED, "probes",
             "kompose makes it a liveness check, which kills; it says when a pod is ready and started") for key in _HEALTH
    ),
    Rule("depends_on/*", REPAIRED, "waiting", f"kompose drops it; {_WAITS}", when=_awaited),
    Rule("depends_on/*", DROPPED, "waiting", "it takes no connections, or is not exported"),
    Rule("depends_on/*/condition", DROPPED, "waiting", _WAITS, values="service_healthy|service_started"),
    Rule("depends_on/*/required", DROPPED, "waiting", "it is waited for where it is exported"),
    Rule("depends_on/*/restart", DROPPED, "waiting", "a pod is not started anew with another; services connect again"),
    Rule("deploy/replicas", DROPPED, "controllers", "a job runs in one pod", when=_job),
    Rule("deploy/replicas", DROPPED, "scheduling", "the autoscaler says how many", when=_scaled),
    Rule("deploy/replicas", CONVERTED, "adopt"),
    Rule("deploy/resources/limits/memory", REPAIRED, "resources", "kompose requests none; requests = limits, in Mi"),
    Rule("deploy/resources/limits/cpus", DROPPED, "resources", "CPU is requested and never limited"),
    Rule("deploy/resources/limits/pids", DROPPED, "resources", _PIDS),
    Rule("pids_limit", DROPPED, "resources", _PIDS),
    Rule("deploy/resources/reservations/cpus", CONVERTED, "resources"),
    Rule("deploy/resources/reservations/memory", DROPPED, "resources", "the request of memory is its limit"),
    Rule("cpu_shares", DROPPED, "resources", "it reserves CPU, and that is its weight", when=_reserved),
    Rule("cpu_shares", REPAIRED, "resources", "kompose drops it; the weight of a pod follows from its request of CPU"),
    Rule("deploy/placement", DROPPED, "scheduling", "says nothing"),
    Rule("user", CONVERTED, "security"),
    Rule("group_add/[]", CONVERTED, "adopt"),
    Rule("read_only", CONVERTED, "adopt"),
    Rule("cap_drop/[]", DROPPED, "security", "every container drops all, whatever its service says"),
    Rule(
        "security_opt/[]", DROPPED, "security", "every container has no new privileges and the runtime's seccomp profile",
        values="no-new-privileges(:true)?",
    ),
    Rule("restart", DROPPED, "controllers", "a job is never started anew by itself", values="no", when=_job),
    Rule("restart", DROPPED, "controllers", "the pod of a service always comes back", values="always|unless-stopped"),
    Rule("stop_grace_period", DROPPED, "controllers", "x-datameesh.kubernetes.grace says how long", when=_own_grace),
    Rule("stop_grace_period", CONVERTED, "controllers"),
    Rule("profiles/[]", CONVERTED, "export", "chosen by --profile"),
    Rule("hostname", DROPPED, "adopt", "a pod has its own name"),
    Rule("init", DROPPED, "controllers", "the runtime reaps what the entry process leaves; no key of a pod asks for it"),
    Rule("logging/driver", DROPPED, "export", "the kubelet rotates the logs of containers"),
    Rule("logging/options/*", DROPPED, "export", "the kubelet rotates the logs of containers"),
    Rule("ulimits/*", DROPPED, "export", "a pod has no such key; the node's runtime sets it"),
    Rule("ulimits/*/soft", DROPPED, "export", "a pod has no such key; the node's runtime sets it"),
    Rule("ulimits/*/hard", DROPPED, "export", "a pod has no such key; the node's runtime sets it"),
    Rule("stop_signal", DROPPED, "controllers", "the image's own STOPSIGNAL holds on both"),
    Rule("labels/*", DROPPED, "adopt", "the objects carry labels of their own; kompose gets none"),
    Rule("pull_policy", DROPPED, "containers", "IfNotPresent: images are pinned by version"),
)  # fmt: skip
TOP_RULES: tuple[Rule, ...] = (
    Rule("x-*", DROPPED, "export", "an extension of Compose, which only other fragments read"),
    Rule("name", DROPPED, "export", "the Compose project; here namespaces separate"),
    Rule("networks/*/name", DROPPED, "policies", "one network becomes NetworkPolicies, which name pods"),
    Rule("networks/*/ipam", DROPPED, "policies", "the cluster gives addresses"),
    Rule("volumes/*/name", DROPPED, "volumes", "the name in this engine; a claim has the one in the model"),
    Rule("volumes/*/labels/kompose.volume.size", CONVERTED, "volumes"),
    Rule("configs/*/name", DROPPED, "configs", "the name in this engine; a ConfigMap has the one in the model"),
    Rule("configs/*/file", REPAIRED, "configs", "kompose gets no file; its bytes are read from the checkout"),
    Rule("secrets/*/name", DROPPED, "secrets", "the name in this engine; a Secret has the one in the model"),
    Rule("secrets/*/file", DROPPED, "secrets", "its value comes from the local store, at --apply"),
)
