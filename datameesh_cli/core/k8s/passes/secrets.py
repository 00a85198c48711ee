"""Secrets are named, never written. Each is a Secret of its name, mounted as the file that Compose mounts.

One projected volume for each folder, readable by the container's group only. The values come from the store of the export at
`--apply`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import (
    COMMON,
    PREFIX,
    Object,
    Objects,
    container,
    edited,
    pod,
    remade,
    with_entries,
    with_mounts,
)
from datameesh_cli.core.k8s.passes.ingress import own_certificates
from datameesh_cli.core.k8s.source import Part, Source

FOLDER = "/run/secrets"
STAMP = f"{PREFIX}secrets"
"""The annotation that a rotation changes. Of 190 random bits a digest tells nobody anything."""
_TOKEN = "kubernetes.io/serviceaccount"


@kubernetes_pass(makes={Applied.FILES: ("SealedSecret",)}, after=("configs",))
def secrets(objects: Objects, source: Source) -> Objects:
    """Given objects, return them without any Secret, and with each workload's mounts of the Secrets that it needs."""

    return remade(edited(objects, source, _mount), lambda o: o["kind"] in ("Secret", "SealedSecret"), ())


def expected(source: Source) -> dict[str, tuple[str, ...]]:
    """Return which Secret must exist in which namespaces."""
    found: dict[str, set[str]] = {}
    for part in source.parts:
        for entry in part.body.get("secrets") or ():
            found.setdefault(str(entry["source"]), set()).add(part.namespace)
    return {name: tuple(sorted(found[name])) for name in sorted(found)}


def secret_objects(source: Source, values: Mapping[str, str]) -> Objects:
    """Given the values by name, return the Secret objects of every namespace. They go to the API server and into no file."""
    own = [
        _secret(name, ns, {name: values[name]}) for name, namespaces in expected(source).items() for ns in namespaces
    ]
    ways_in = [
        _secret(name, ns, _pair(values[name]), "kubernetes.io/tls")
        for name, (ns, _) in own_certificates(source).items()
    ]
    return (*own, *ways_in)


def _secret(name: str, namespace: str, data: Mapping[str, str], kind: str = "Opaque") -> Object:
    metadata = {"name": name, "namespace": namespace, "labels": dict(COMMON)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": dict(data), "type": kind}


def _pair(pem: str) -> dict[str, str]:
    """A key and its certificates, as an Ingress takes them."""
    key, begin, certificates = pem.partition("-----BEGIN CERTIFICATE-----")
    return {"tls.key": key, "tls.crt": begin + certificates}


def stamped(objects: Objects, source: Source, values: Mapping[str, str]) -> Objects:
    """Given objects and the values of secrets that are drawn, return them with a digest of those that a workload reads at its start
    only on its pods' template: they are made anew when one of these changes, and for no other. A job's pods are new each time."""

    def stamp(o: Object, part: Part) -> None:
        once = sorted(name for name in values if part.service.reads_once(name))
        if once and o["kind"] != "Job":
            said = "".join(f"{name}={values[name].strip()}\n" for name in once)
            metadata = o["spec"]["template"].setdefault("metadata", {})
            digest = hashlib.sha256(said.encode()).hexdigest()[:16]
            metadata["annotations"] = {**(metadata.get("annotations") or {}), STAMP: digest}

    return edited(objects, source, stamp)


def differing(there: Mapping[str, Mapping[str, str]], values: Mapping[str, str]) -> tuple[str, ...]:
    """Given by namespace the Secrets that a cluster has, and the values that they should have, return `namespace/name` of each that
    has another one. An end of line makes no difference: whoever makes a Secret from a file may have one in it."""
    return tuple(
        f"{ns}/{name}"
        for ns in sorted(there)
        for name in sorted(there[ns])
        if there[ns][name].strip() != values[name].strip()
    )


def _mount(o: Object, part: Part) -> None:
    folders: dict[str, list[dict[str, Any]]] = {}
    for entry in part.body.get("secrets") or ():
        name = str(entry["source"])
        path = str(entry.get("target") or name)
        folder, _, file = (path if path.startswith("/") else f"{FOLDER}/{path}").rpartition("/")
        folders.setdefault(folder, []).append({"secret": {"name": name, "items": [{"key": name, "path": file}]}})
    if part.service.kubernetes.roles:
        # Where the client libraries look: /var/run is /run. Mounted by hand, for the folder around it is read-only.
        folders.setdefault(FOLDER, []).extend(_token())
    volumes, mounts = [], []
    for number, (folder, sources) in enumerate(sorted(folders.items())):
        name = "secrets" if number == 0 else f"secrets-{number}"
        volumes.append({"name": name, "projected": {"defaultMode": 0o440, "sources": sources}})
        mounts.append({"name": name, "mountPath": folder, "readOnly": True})
    own, spec = container(o), pod(o)
    own["volumeMounts"] = with_mounts(own.get("volumeMounts"), mounts)
    spec["volumes"] = with_entries(spec.get("volumes"), volumes)


def _token() -> list[dict[str, Any]]:
    namespace = {"path": f"{_TOKEN}/namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}
    return [
        {"serviceAccountToken": {"path": f"{_TOKEN}/token", "expirationSeconds": 3607}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": f"{_TOKEN}/ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]
