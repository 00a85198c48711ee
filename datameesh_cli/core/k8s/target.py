"""Where an export goes: one small file in k8s-export/targets/ for each kind of cluster, and what the command line adds."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated

from pydantic import AfterValidator, Field

from datameesh_cli.core.declaration import Scale
from datameesh_cli.core.schema import Flag, PortNumber, Text, Wrong, declared, key, read

HostName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")]


def _network(text: str) -> str:
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError as wrong:
        raise Wrong(f"'{text}' is no range of addresses: {wrong}", "write one such as 10.244.0.0/16") from wrong


@declared
class External:
    """A service that the target takes from elsewhere."""

    host: HostName = key("the host under which it is reached, without a port", example="s3.example.org")
    port: PortNumber | None = key("its port; without: that of ours", default=None, example=443)


@declared
class Ingress:
    """Ways in by name: each URL of a service becomes <title>.<host>, with a certificate."""

    host: HostName = key("the domain under which all names are", example="mesh.example.org")
    kind: Text | None = key("the ingress class", default=None, spelt="class", example="nginx")
    issuer: Text | None = key("cert-manager's cluster issuer, for the certificate", default=None, example="letsencrypt")


@declared
class TargetFile:
    """A kind of cluster: what an export to it has that the plan does not know. Its file may be empty."""

    says: str = key("what it is, in a few words", default="")
    storage_class: Text | None = key(
        "the class of the claims; without: the cluster's default", default=None, spelt="storage-class", example="gp3"
    )
    encrypted_storage_class: Text = key(
        "the class of the claims with --encrypted: one of the cluster whose volumes are encrypted",
        default="encrypted",
        spelt="encrypted-storage-class",
        example="gp3-encrypted",
    )
    registry: str = key(
        "where the cluster pulls the images; without: they are loaded by hand",
        default="",
        example="registry.example.org/mesh",
    )
    pull_secret: Text | None = key(
        "the Secret that opens the registry", default=None, spelt="pull-secret", example="registry"
    )
    dns_namespace: Text = key("where the cluster's DNS runs", default="kube-system", spelt="dns-namespace")
    service_monitors: Flag = key(
        "whether an operator there scrapes what ServiceMonitors name", default=False, spelt="service-monitors"
    )
    ingress: Ingress | None = key(
        "ways in by name", default=None, example={"host": "mesh.example.org", "class": "nginx"}
    )
    scale: Mapping[str, Scale] = key(
        "other numbers of pods, by service",
        default_factory=dict,
        example={"orders-worker": {"min": 2, "max": 4, "cpu": 1500}},
    )
    external: Mapping[str, External] = key(
        "services that are taken from elsewhere, by name",
        default_factory=dict,
        example={"orders-db": {"host": "s3.example.org", "port": 443}},
    )
    configs: Mapping[str, Text] = key(
        "configs that have another content there: a file, relative to k8s-export/targets/",
        default_factory=dict,
        example={"orders-site": "aws/site.xml"},
    )
    pod_network: Annotated[Text, AfterValidator(_network)] | None = key(
        'the range of the pods\' addresses, if known: then "from outside" means from nowhere in it',
        default=None,
        spelt="pod-network",
        example="10.244.0.0/16",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(TargetFile):
    """A kind of cluster, by its name."""

    name: str

    def image(self, reference: str) -> str:
        """Given an image reference, return it as this cluster pulls it."""
        return f"{self.registry.rstrip('/')}/{reference}" if self.registry else reference


def target_from(name: str, data: object, file: str) -> Target:
    """Given a target's name and its file's content, return it. Raise UserError, with file and key, for what is not valid."""
    said = read(TargetFile, {} if data is None else data, file)
    return Target(name=name, **{field.name: getattr(said, field.name) for field in fields(said)})
