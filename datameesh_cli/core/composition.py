"""What a Compose fragment need not say, because it follows from its folder: compose/services.yaml, which fragments extend, and
compose/files.yaml, the files of all secrets and configs. `docker compose` reads both without `dm`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datameesh_cli.core.model import Service
from datameesh_cli.core.network import address_variable
from datameesh_cli.errors import UserError

SECRETS = "${DM_SECRETS:-../.dm/datameesh/secrets}"


@dataclass(frozen=True, slots=True)
class Mount:
    """A file of the checkout in a container: its name as a Compose config, its path below services/, its path inside."""

    name: str
    file: str
    target: str


def mounts_of(target: str, place: str, files: Iterable[str]) -> list[Mount]:
    """Given a path inside, a file or folder that is handed over there and its files (below services/), return the mounts.

    The name is the path without `config/` and the last suffix: trino/config/catalog/tpch.properties is trino-catalog-tpch.
    """
    mounts = []
    for file in files:
        stem = re.sub(r"\.[^./]*$", "", file).replace("/config/", "/", 1)
        name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
        mounts.append(Mount(name, file, target.rstrip("/") + file.removeprefix(place)))
    return mounts


def secrets_named(texts: Mapping[str, str], secrets: Iterable[str]) -> tuple[str, ...]:
    """Given files that a service collects, by path, and all secrets, return those that the files name: ${ENV:A_PASSWORD} is the
    secret a-password. Raise UserError for a name that no fragment has among its `secrets:`."""
    known = {name.upper().replace("-", "_"): name for name in secrets}
    found = []
    for path, text in texts.items():
        for variable in re.findall(r"\$\{ENV:(\w+)\}", text):
            if variable not in known:
                raise UserError(
                    f"{path}: ${{ENV:{variable}}} is no secret",
                    f"add {variable.lower().replace('_', '-')} to `secrets:` of the fragment beside it",
                )
            found.append(known[variable])
    return tuple(dict.fromkeys(found))


def services_file(services: Iterable[Service], mounts: Mapping[str, Sequence[Mount]]) -> dict[str, Any]:
    """Given services and what each mounts, return compose/services.yaml: for each the way it is started, namespace, name, files."""
    return {"services": {s.name: _base(s, mounts[s.name]) for s in services}}


def _base(service: Service, mounts: Sequence[Mount]) -> dict[str, Any]:
    address = f"{service.name}.{service.namespace}.svc.cluster.local"
    said: dict[str, Any] = {
        "extends": {"file": "hardened.yaml", "service": service.kind},
        "labels": {"datameesh.namespace": service.namespace},
    }
    # `dm up` sets the variable, so that the rules of the network know who is who; without it the engine chooses.
    said["networks"] = {"mesh": {"ipv4_address": f"${{{address_variable(service.name)}:-}}"}}
    if service.kind == "service":
        said["networks"]["mesh"]["aliases"] = [address]
    if any("*" in pattern for pattern in service.files):
        said["secrets"] = list(service.secrets)
    if mounts:
        said["configs"] = [{"source": m.name, "target": m.target} for m in mounts]
    return said


def files_file(services: Iterable[Service], mounts: Mapping[str, Sequence[Mount]]) -> dict[str, Any]:
    """Given services and what each mounts, return compose/files.yaml. Raise UserError where two files would have one name."""
    configs: dict[str, str] = {}
    for mount in (m for of_service in mounts.values() for m in of_service):
        if configs.setdefault(mount.name, mount.file) != mount.file:
            raise UserError(
                f"services/{mount.file} and services/{configs[mount.name]} would both be the config '{mount.name}'",
                "rename one of the files",
            )
    secrets = sorted({name for s in services for name in s.secrets})
    return {
        "configs": {name: {"file": f"../services/{file}"} for name, file in sorted(configs.items())},
        "secrets": {name: {"file": f"{SECRETS}/{name}"} for name in secrets},
    }
