"""Where an export goes: one small file in k8s-export/targets/ for each kind of cluster, and what the command line adds."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datameesh_cli.core.k8s.declared import scale_from
from datameesh_cli.core.model import Scale
from datameesh_cli.errors import UserError

_KEYS = {
    *("says", "storage-class", "registry", "pull-secret", "dns-namespace", "service-monitors", "ingress", "scale"),
    *("external", "configs", "pod-network"),
}
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_EXTERNAL_HINT = "write {host: db.example.org}, or {host: s3.example.org, port: 443}"


@dataclass(frozen=True, slots=True)
class External:
    """A service that the target takes from elsewhere: the host under which it is reached, and its port (None: that of ours)."""

    host: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Ingress:
    """Ways in by name: each URL of a service becomes <title>.<host>, with a certificate in the named Secret."""

    host: str
    kind: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of cluster."""

    name: str
    storage_class: str | None = None
    registry: str = ""
    pull_secret: str | None = None
    dns_namespace: str = "kube-system"
    service_monitors: bool = False
    ingress: Ingress | None = None
    scale: Mapping[str, Scale] = field(default_factory=dict)
    external: Mapping[str, External] = field(default_factory=dict)
    configs: Mapping[str, str] = field(default_factory=dict)
    """Configs that have another content there: config -> file, relative to k8s-export/targets/."""
    pod_network: str | None = None
    """The range of the pods' addresses, if known: then "from outside" means from nowhere in it."""

    def image(self, reference: str) -> str:
        """Given an image reference, return it as this cluster pulls it."""
        return f"{self.registry.rstrip('/')}/{reference}" if self.registry else reference


def target_from(name: str, data: Any, file: str) -> Target:
    """Given a target's name and its file's content, return it. Raise UserError, with file and key, for what is not valid."""
    own = _mapping(data or {}, "", file)
    unknown = sorted(set(own) - _KEYS)
    if unknown:
        raise UserError(f"{file}: there is no key '{unknown[0]}'", "keys: " + ", ".join(sorted(_KEYS)))
    ingress = own.get("ingress")
    return Target(
        name=name,
        storage_class=_text(own, "storage-class", file),
        registry=_text(own, "registry", file) or "",
        pull_secret=_text(own, "pull-secret", file),
        dns_namespace=_text(own, "dns-namespace", file) or "kube-system",
        service_monitors=own.get("service-monitors") is True,
        ingress=None if ingress is None else ingress_from(_mapping(ingress, "ingress", file), file),
        scale={k: scale_from(v, f"scale.{k}", file) for k, v in _mapping(own.get("scale"), "scale", file).items()},
        external={
            n: _external(v, f"external.{n}", file) for n, v in _mapping(own.get("external"), "external", file).items()
        },
        configs={k: str(v) for k, v in _mapping(own.get("configs"), "configs", file).items()},
        pod_network=network_from(_text(own, "pod-network", file), file),
    )


def network_from(text: str | None, where: str) -> str | None:
    """Given a range of addresses, return it. Raise UserError for what is none."""
    try:
        return None if text is None else str(ipaddress.IPv4Network(text))
    except ValueError as wrong:
        raise UserError(
            f"{where}: '{text}' is no range of addresses: {wrong}", "write one such as 10.244.0.0/16"
        ) from wrong


def ingress_from(data: Mapping[str, Any], where: str) -> Ingress:
    """Given `{host, class, issuer}`, return it. Raise UserError for a host that is not a DNS name."""
    host = str(data.get("host", ""))
    if not _HOST.fullmatch(host):
        raise UserError(f"{where}: '{host}' is not a host name", "write one such as mesh.example.org")
    return Ingress(host, data.get("class"), data.get("issuer"))


def _external(data: Any, key: str, file: str) -> External:
    own = _mapping(data, key, file)
    unknown = sorted(str(name) for name in set(own) - {"host", "port"})
    if unknown:
        raise UserError(f"{file}: {key} has no key '{unknown[0]}'", "keys: host, port")
    host, port = own.get("host"), own.get("port")
    if not isinstance(host, str) or not _HOST.fullmatch(host):
        raise UserError(f"{file}: {key} needs `host:`, a host name without a port, it is {host!r}", _EXTERNAL_HINT)
    if port is not None and (isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536):
        raise UserError(f"{file}: `{key}.port` must be a port from 1 to 65535, it is {port!r}", _EXTERNAL_HINT)
    return External(host, port)


def _mapping(data: Any, key: str, file: str) -> Mapping[str, Any]:
    if data is not None and not isinstance(data, Mapping):
        raise UserError(f"{file}: `{key}` must be a mapping, it is {data!r}", f"write {key}: {{name: value}}")
    return data or {}


def _text(data: Mapping[str, Any], key: str, file: str) -> str | None:
    value = data.get(key)
    if value is not None and (not isinstance(value, str) or not value):
        raise UserError(f"{file}: `{key}` must be a text, it is {value!r}", f"write {key}: name")
    return value
