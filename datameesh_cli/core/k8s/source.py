"""What the passes read beside the objects: the resolved Compose model, what the folders declare, files, users, the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datameesh_cli.core.k8s.target import External, Target
from datameesh_cli.core.model import Service, connections
from datameesh_cli.errors import UserError

CLUSTER = "svc.cluster.local"
_PRIORITY_OF_LAYER = {
    "storage and metadata": "storage",
    "query and federation": "query",
    "transformation": "jobs",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file of a config or a folder: its path inside it, its content, and whether it may be executed."""

    path: str
    data: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """An image as the engine has it: its id, the digest of its configuration, which says what is in it; and the digests under
    which registries have it (`registry.example.org/mesh/datameesh/dbt@sha256:...`), none for one that was only built here."""

    id: str
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """Who a container runs as, by number."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Part:
    """One service that is exported: what its folder declares, its resolved Compose service, and who it runs as."""

    service: Service
    body: Mapping[str, Any]
    user: User

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.name

    @property
    def namespace(self) -> str:
        """The namespace it lives in."""
        return self.service.namespace

    @property
    def address(self) -> str:
        """Its full name in the cluster."""
        return f"{self.name}.{self.namespace}.{CLUSTER}"

    @property
    def kind(self) -> str:
        """The kind of its workload: as declared, else Job for a job, StatefulSet for what keeps a volume, else Deployment."""
        if self.service.kubernetes.kind:
            return self.service.kubernetes.kind
        if self.service.kind == "job":
            return "Job"
        return "StatefulSet" if self.claims else "Deployment"

    @property
    def priority(self) -> str:
        """Its priority: as declared, else by its layer."""
        if self.service.kubernetes.priority:
            return self.service.kubernetes.priority
        if self.service.kind == "job":
            return "jobs"
        return _PRIORITY_OF_LAYER.get(self.service.layer, "serving")

    @property
    def claims(self) -> tuple[Mapping[str, Any], ...]:
        """Its mounts of named volumes."""
        return tuple(v for v in self.body.get("volumes") or () if v["type"] == "volume")

    @property
    def limit(self) -> int:
        """Its memory limit in MiB. Raise UserError if it has none."""
        memory = (((self.body.get("deploy") or {}).get("resources") or {}).get("limits") or {}).get("memory")
        if memory is None:
            raise UserError(
                f"service '{self.name}' has no memory limit, and a quota admits no pod without one",
                "write it into its fragment: deploy: {resources: {limits: {memory: ...}}}",
            )
        return int(memory) // 2**20

    @property
    def replicas(self) -> int:
        """How many pods the plan runs; a job runs in one."""
        return 1 if self.kind == "Job" else int((self.body.get("deploy") or {}).get("replicas", 1))

    @property
    def aliases(self) -> tuple[str, ...]:
        """The further names that it has on the Compose network."""
        networks = self.body.get("networks") or {}
        return tuple(a for n in networks.values() for a in (n or {}).get("aliases", ()))


@dataclass(frozen=True, slots=True)
class Link:
    """A connection between two exported services, or to one that lives outside the cluster (`target` is None then).

    `port` is the one that is listened on there, which outside may be another than ours.
    """

    source: Part
    service: str
    namespace: str
    port: int
    target: Part | None

    @property
    def name(self) -> str:
        """What its policies are called."""
        return f"{self.source.name}-to-{self.service}-{self.port}"


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that the passes read. `outside` are the declared services that the target takes from elsewhere."""

    compose: Mapping[str, Any]
    parts: tuple[Part, ...]
    files: Mapping[str, tuple[File, ...]]
    target: Target
    outside: tuple[Service, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, Image] = field(default_factory=dict)
    """By the reference in the model; one that the engine has not is not in it."""

    def part(self, name: str) -> Part | None:
        """Given a service's name, return the exported service, or None."""
        return next((p for p in self.parts if p.name == name), None)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces of all exported services, and of those taken from outside, for their names stay."""
        return tuple(sorted({p.namespace for p in self.parts} | {s.namespace for s in self.outside}))

    def external(self, name: str) -> External | None:
        """Given a service's name, return where the target takes it from, or None if it is exported."""
        return self.target.external.get(name)

    def links(self) -> tuple[Link, ...]:
        """Return every connection: what `consumes` declares, what `depends_on` waits for; none to what is not exported."""
        found: dict[tuple[str, str, int], Link] = {}
        elsewhere = {s.name: s for s in self.outside}
        known = elsewhere | {p.name: p.service for p in self.parts}
        for part in self.parts:
            for edge in connections(part.service, known):
                name, port = edge.service, edge.port
                target = self.part(name)
                service = target.service if target else elsewhere.get(name)
                if service:
                    port = self._port_there(name, port)
                    found[part.name, name, port] = Link(part, name, service.namespace, port, target)
        return tuple(found[key] for key in sorted(found))

    def _port_there(self, name: str, port: int) -> int:
        external = self.external(name)
        return external.port or port if external else port

    def image(self, part: Part) -> str:
        """Given an exported service, return its image as the cluster pulls it: by digest where a registry has it, else by tag.

        Without a registry images are loaded by hand, and a node knows those by their tag only.
        """
        reference = str(part.body["image"])
        pulled, known = self.target.image(reference), self.images.get(reference)
        repository = pulled.rpartition(":")[0] if ":" in pulled.rpartition("/")[2] else pulled
        for digest in known.digests if known and self.target.registry else ():
            if digest.startswith(f"{repository}@"):
                return pulled + "@" + digest.partition("@")[2]
        return pulled

    def content(self, name: str) -> tuple[File, ...]:
        """Given a config's name or a mounted path, return its files. Raise UserError if it was not read."""
        if name not in self.files:
            raise UserError(f"the files of '{name}' are not there", "restore them: git status")
        return self.files[name]


def literal(text: str) -> str:
    """Given text, return it so that Kubernetes, which expands `$(NAME)`, hands on exactly this."""
    return text.replace("$(", "$$(")


def unescaped(value: Any) -> Any:
    """Given what `docker compose config` printed, return it with every `$$` as the `$` that the container sees."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, Mapping):
        return {k: unescaped(v) for k, v in value.items()}
    if isinstance(value, list):
        return [unescaped(v) for v in value]
    return value
