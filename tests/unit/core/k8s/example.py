"""A small stack with one of everything: a database with a volume, a secret and a config; a web service of two pods that waits
for it, is published and scaled; a job."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import yaml_text
from datameesh_cli.core.declaration import Edge, Kubernetes, Metrics, Role, Scale, Url
from datameesh_cli.core.k8s.objects import Object, Objects, identity
from datameesh_cli.core.k8s.pipeline import PASSES
from datameesh_cli.core.k8s.source import File, Part, Source, User
from datameesh_cli.core.k8s.target import Target
from datameesh_cli.core.model import Port, Service
from tests.fakes.values import a_service

GOLDEN = Path(__file__).parent / "golden"

DB = a_service(
    "db",
    namespace="sales-domain",
    layer="storage and metadata",
    owner="sales-team",
    listens=(5432,),
    secrets=("db-password",),
)
WEB = a_service(
    "web",
    layer="user access",
    ports=(Port("WEB_API_PORT", 30081, 5000), Port("WEB_PORT", 9002, 5001)),
    urls=(Url("Web page", "WEB_PORT"),),
    depends_on=("db",),
    listens=(5000, 5001),
    consumes=(Edge("db", 5432),),
    kubernetes=Kubernetes(
        scale=Scale(2, 3, 500, 80),
        metrics=Metrics(5000),
        roles=(Role(("pods",), ("get", "list")),),
    ),
)
NIGHTLY = a_service("nightly", kind="job", layer="transformation", consumes=(Edge("web", 5000),))

BODIES: dict[str, dict[str, Any]] = {
    "db": {
        "image": "datameesh/db:1",
        "deploy": {"resources": {"limits": {"memory": str(128 * 2**20)}}, "placement": {}},
        "environment": {"PASSWORD_FILE": "/run/secrets/db-password", "PRICE": "$(cost) in $USD"},
        "healthcheck": {
            "test": ["CMD-SHELL", "pg_isready -U x || exit 1"],
            "interval": "5s",
            "timeout": "3s",
            "retries": 4,
            "start_period": "1m0s",
        },
        "networks": {
            "mesh": {
                "aliases": ["db.sales-domain.svc.cluster.local", "postgres", "old.data-platform.svc.cluster.local"]
            }
        },
        "read_only": True,
        "stop_grace_period": "30s",
        "configs": [{"source": "db-init", "target": "/init/init.sql"}],
        "secrets": [{"source": "db-password", "target": "/run/secrets/db-password"}],
        "volumes": [{"type": "volume", "source": "db-data", "target": "/data", "volume": {}}],
        "tmpfs": ["/tmp"],
    },
    "web": {
        "image": "datameesh/web:1",
        "command": ["serve", "--greeting", "$(hostname)"],
        "deploy": {"replicas": 2, "resources": {"limits": {"memory": str(64 * 2**20)}}},
        "environment": {"DB_HOST": "postgres", "DB_PORT": "5432"},
        "healthcheck": {"test": ["CMD", "sh", "-c", "check"], "interval": "5s", "timeout": "5s", "retries": 3},
        "networks": {"mesh": None},
        "depends_on": {"db": {"condition": "service_healthy"}},
        "configs": [{"source": "site"}],
        "tmpfs": ["/tmp:size=64m,mode=1777"],
        "cpu_shares": 512,
    },
    "nightly": {
        "image": "datameesh/nightly:1",
        "deploy": {"resources": {"limits": {"memory": str(96 * 2**20)}}},
        "environment": {"WEB": "http://web:5000/"},
        "networks": {"mesh": None},
        "restart": "no",
    },
}
FILES = {
    "db-init": (File("", b"-- speaks of nowhere.sales-domain.svc.cluster.local:11\nCREATE TABLE t (id int);\n"),),
    "site": (File("index.html", b"<p>\n"), File("img/logo.bin", b"\xff\x00\x01"), File("run.sh", b"#!/bin/sh\n", True)),
}


def example(*services: Service, bodies: dict[str, Any] | None = None, **fields: Any) -> Source:
    """Return the source of the example: its three services, or those given, with changed bodies or any other field."""
    chosen = services or (DB, NIGHTLY, WEB)
    merged = {name: {**BODIES.get(name, {}), **(bodies or {}).get(name, {})} for name in (s.name for s in chosen)}
    parts = tuple(Part(s, merged[s.name], User(10001, 10001)) for s in sorted(chosen, key=lambda s: s.name))
    defaults: dict[str, Any] = {
        "compose": {"name": "datameesh", "volumes": {"db-data": {"labels": {"kompose.volume.size": "5Gi"}}}},
        "files": FILES,
        "target": Target(name="kind"),
    }
    return Source(parts=parts, **(defaults | fields))


def draft(source: Source) -> Objects:
    """Return what kompose makes of a source, as far as the passes look at it, with the damage that it does.

    That the real one says the same is shown by tests/integration/test_k8s_kompose.py.
    """
    found: list[Object] = []
    for part in source.parts:
        labels = {"io.kompose.service": part.name}
        job = part.body.get("restart") == "no"
        spec = _draft_pod(part) | {"restartPolicy": "Never" if job else "Always"}
        pod = {"metadata": {"labels": labels}, "spec": spec}
        body = spec if job else {"replicas": part.replicas, "template": pod, "strategy": {"type": "Recreate"}}
        found.append(
            {"kind": "Pod" if job else "Deployment", "metadata": {"name": part.name, "labels": labels}, "spec": body}
        )
        found.append({"kind": "Secret", "metadata": {"name": f"{part.name}-s", "labels": labels}, "data": {}})
        found.append({"kind": "Service", "metadata": {"name": part.name, "labels": labels}, "spec": {"ports": []}})
    return tuple(found)


def _draft_pod(part: Part) -> Object:
    body = part.body
    own: Object = {"name": part.name, "image": body["image"], "args": ["$()"], "livenessProbe": {"exec": {}}}
    named = (("entrypoint", "command"), ("working_dir", "workingDir"), ("tty", "tty"), ("stdin_open", "stdin"))
    own |= {there: body[key] for key, there in named if body.get(key)}
    own["securityContext"] = {"capabilities": {}} | ({"readOnlyRootFilesystem": True} if body.get("read_only") else {})
    own["volumeMounts"] = [
        {"name": v["source"], "mountPath": v["target"]} | ({"readOnly": True} if v.get("read_only") else {})
        for v in part.claims
    ]
    own["volumeMounts"].append({"name": f"{part.name}-tmpfs0", "mountPath": "/tmp"})
    groups = {"securityContext": {"supplementalGroups": [int(g) for g in body.get("group_add") or ()]}}
    return {"containers": [own], "hostname": str(body.get("hostname", "zeus"))} | (
        groups if body.get("group_add") else {}
    )


def before(name: str, source: Source) -> Objects:
    """Return the objects as the pass of that name gets them."""
    objects = draft(source)
    for one in PASSES:
        if one.name == name:
            return objects
        objects = one(objects, source)
    raise AssertionError(f"there is no pass {name}")


def one_pass(name: str, source: Source) -> Objects:
    """Return the objects as the pass of that name leaves them."""
    return next(p for p in PASSES if p.name == name)(before(name, source), source)


def found(objects: Objects, kind: str, name: str, namespace: str = "") -> Object:
    """Return a copy of the one object of that kind and name (and namespace, where there are several)."""
    named = [o for o in objects if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    (one,) = [o for o in named if namespace in ("", o["metadata"].get("namespace"))]
    return copy.deepcopy(one)


def against_golden(name: str, objects: Objects) -> None:
    """Compare objects with the golden of that name. DM_GOLDEN=1 writes it instead, to be read before it is committed."""
    path = GOLDEN / f"{name}.yaml"
    text = yaml_text.dump_all(sorted(objects, key=identity))
    if os.environ.get("DM_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"what the pass makes differs from {path.name}"
