"""What a service says of itself: `x-datameesh` in its Compose fragment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from datameesh_cli.core.schema import PortNumber, Share, Text, Whole, Wrong, declared, key

Layer = Literal[
    "user access",
    "query and federation",
    "storage and metadata",
    "transformation",
    "infrastructure",
    "optional components",
]
Maker = Literal[
    "sql-rules",
    "sql-groups",
    "password-hashes",
    "database-people",
    "lake-people",
    "sign-in-people",
    "sign-in-providers",
    "certificate",
    "authority",
    "api-people",
]
"""What a derived secret may be made by (`core/identity/makers.py`)."""
Priority = Literal["storage", "query", "serving", "notebooks", "jobs"]
PRIORITIES: Mapping[str, int] = {
    "storage": 100_000,
    "query": 80_000,
    "serving": 60_000,
    "notebooks": 40_000,
    "jobs": 20_000,
}
"""Who stays when a node is full: the higher number. Data first, then what answers people, then what can run again later."""

_EDGE = r"^[a-z0-9][a-z0-9-]*:[0-9]{1,5}$"


@declared
class Ram:
    """Memory of one container."""

    min: Annotated[Whole, Field(ge=1)] = key("MiB: the smallest limit that passes `dm verify`", example=640)
    want: Whole = key("MiB: the largest limit that is of use", example=2048)
    measured: str = key("the evidence: what was run and what was seen", default="")

    def __post_init__(self) -> None:
        if self.min > self.want:
            raise Wrong(f"min {self.min} is above want {self.want}", "correct the two numbers")


@declared
class Heap:
    """How a JVM's heap follows from the container's limit: min(limit - outside, share * limit), in MiB."""

    outside: Annotated[Whole, Field(ge=1)] = key("MiB that the process needs beside the heap", example=384)
    share: Annotated[Share, Field(gt=0)] = key("the largest part of the limit that the heap may take", example=0.7)


@declared
class Setting:
    """A further number that follows from the limit or the heap, in MiB."""

    of: Literal["limit", "heap"] = key("what it is a part of", example="limit")
    share: Share = key("which part of it", example=0.25)
    min: Whole = key("MiB: never less", default=1)
    max: Whole | None = key("MiB: never more", default=None)


@declared
class LeaveOut:
    """A service that a small budget leaves out."""

    below: Whole = key("MiB of the whole budget, below which it is left out", example=3072)
    says: Text = key("what is different without it", example="the coordinator also works")
    set: Mapping[str, Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int | bool)]] = key(
        "variables that are set without it", default_factory=dict
    )
    together: Text | None = key("the service with which it comes and goes", default=None, example="orders-api")


@declared
class Url:
    """Something a person opens."""

    title: Text = key("what a person calls it", example="Orders API")
    port: Text = key("the variable of its published port", example="ORDERS_API_PORT")
    path: str = key("the page to open", default="/")
    user: str | None = key("the login, if there is one", default=None)
    secret: str | None = key("the secret that is the login's password", default=None)
    can: tuple[Text, ...] = key("what one can do there", default=(), example=["browse tables", "run SQL"])


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection that a service opens: to which service, at which port inside."""

    service: str
    port: int


@declared
class Scale:
    """How many pods there may be, and the mean use of each at which there is one more."""

    min: Annotated[Whole, Field(ge=1)] = key("fewest pods")
    max: Whole = key("most pods")
    cpu: Annotated[Whole, Field(ge=1)] = key("millicores of each pod, on average, above which there is one more")
    memory: Whole | None = key("per cent of each pod's memory, on average, above which there is one more", default=None)

    def __post_init__(self) -> None:
        if self.min > self.max:
            raise Wrong(f"min {self.min} is above max {self.max}", "write {min: 1, max: 2, cpu: 1500}")


@declared
class Metrics:
    """Where the metrics of a service are scraped."""

    port: PortNumber = key("the port inside", example=8080)
    path: str = key("the page", default="/metrics")


@declared
class Role:
    """What a service may ask of the API server."""

    resources: tuple[Text, ...] = key("which resources", min_length=1)
    verbs: tuple[Text, ...] = key("what it may do with them", min_length=1)
    api_groups: tuple[str, ...] = key("of which groups", default=("",), min_length=1, spelt="apiGroups")


@declared
class Kubernetes:
    """What a service says of itself on Kubernetes. Without a word of it every service comes out right too."""

    kind: Literal["Deployment", "StatefulSet", "Job"] | None = key(
        "its controller; without: Job for a job, StatefulSet with a named volume, else Deployment", default=None
    )
    priority: Priority | None = key("who stays when a node is full; without: by its layer", default=None)
    scale: Scale | None = key(
        "an autoscaler, a disruption budget, pods apart", default=None, example={"min": 1, "max": 2, "cpu": 1500}
    )
    grace: Whole | None = key(
        "seconds to stop; without: stop_grace_period, else Compose's 10", default=None, example=60
    )
    metrics: Metrics | None = key("where its metrics are scraped", default=None, example={"port": 8080})
    roles: tuple[Role, ...] = key(
        "what it may ask of the API server; without: no token",
        default=(),
        example=[{"resources": ["pods"], "verbs": ["get", "list"]}],
    )


@declared
class Declaration:
    """What DataMeesh must know of a service beside what Compose knows."""

    namespace: Text = key("its Kubernetes namespace", example="data-platform")
    layer: Layer = key("which layer of the platform it belongs to", example="query and federation")
    owner: Text = key(
        "the team that answers for it: sales-team, marketing-team or platform-team", example="platform-team"
    )
    ram: Ram = key("its memory", example={"min": 640, "want": 2048})
    kind: Literal["service", "job"] = key("a job ends; it has the Compose profile `job`", default="service")
    profile: Text | None = key("jobs only: with which profile it comes", default=None, example="analytics")
    heap: Heap | None = key("a JVM's heap: env <SERVICE>_HEAP", default=None, example={"outside": 384, "share": 0.7})
    settings: Mapping[str, Setting] = key(
        "more numbers that follow from the limit: env <SERVICE>_<NAME>",
        default_factory=dict,
        example={"SHARED_BUFFERS": {"of": "limit", "share": 0.25}},
    )
    leave_out: LeaveOut | None = key("a service that a small budget can do without", default=None, spelt="leave-out")
    urls: tuple[Url, ...] = key(
        "what a person opens", default=(), example=[{"title": "Orders API", "port": "ORDERS_API_PORT", "path": "/docs"}]
    )
    consumes: Annotated[
        tuple[Annotated[Edge, PlainValidator(_edge, json_schema_input_type=_EdgeText)], ...],
        AfterValidator(_once),
    ] = key(
        "every connection it opens, as service:port or role:port inside; nothing else is let through",
        default=(),
        example=["orders-db:5432"],
    )
    provides: tuple[Annotated[Text, Field(pattern=r"^[a-z][a-z0-9-]*$")], ...] = key(
        "its roles: sql, object-store, metastore, transformation, domain-database, marts (core/roles.py), or a new one; "
        "code asks for a role and never for a name, and its first published port is where it answers",
        default=(),
        example=["object-store"],
    )
    files: Mapping[str, Annotated[str, Field(pattern="^/")]] = key(
        "what of the checkout it is handed: a file or folder, from its own folder on, and the path inside",
        default_factory=dict,
        example={"config": "/etc/orders"},
    )
    balances: tuple[Text, ...] = key(
        "the containers, all alike, among which it shares out what comes to its port; on a cluster its name is that of their pods",
        default=(),
        example=["orders-api-1", "orders-api-2"],
    )
    identity: Mapping[str, Maker] = key(
        "secrets that are not drawn but made of the file of people: by name, what makes them; each is in `secrets:` too",
        default_factory=dict,
        example={"sql-rules": "sql-rules"},
    )
    rereads: tuple[Text, ...] = key(
        "which of its secrets it reads again while it runs, within 10 s of a change, by name or pattern; it is started anew for "
        "every other one, but for derived ones, which everybody reads again",
        default=(),
        example=["orders-db-*-password"],
    )
    kubernetes: Kubernetes = key("what is special about it on Kubernetes", default=Kubernetes())

    def __post_init__(self) -> None:
        if self.kind == "job" and not self.profile:
            raise Wrong("`profile:` is missing, with which a job comes", "write profile: analytics")
        if self.heap and self.heap.outside >= self.ram.min:
            raise Wrong(
                f"heap.outside {self.heap.outside} leaves no heap of ram.min {self.ram.min}",
                "the heap of a limit is min(limit - outside, share * limit)",
            )
        for name, setting in self.settings.items():
            if setting.of == "heap" and not self.heap:
                raise Wrong(f"settings.{name} is a part of a heap that is not there", "add `heap:`, or write of: limit")


_EdgeText = Annotated[str, Field(pattern=_EDGE)]


def _once(edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    return tuple(dict.fromkeys(edges))


def _edge(value: Any) -> Edge:
    found = re.match(_EDGE, value) and value.split(":") if isinstance(value, str) else None
    if not found or not 0 < int(found[1]) < 65536:
        raise Wrong(f"{value!r} is no connection", 'write consumes: ["orders-db:5432"]')
    return Edge(found[0], int(found[1]))


def _text(value: Any) -> Any:
    """YAML's true is written as programs read it, not as Python prints it."""
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else value
