"""A Compose fragment: the keys of Compose that DataMeesh reads, and x-datameesh. Every other key is Compose's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from datameesh_cli.core.declaration import Declaration
from datameesh_cli.core.model import Port, Service
from datameesh_cli.core.schema import Text, Wrong, key, nearest, partly_declared, read

_PORT = r"\$\{([A-Z0-9_]*PORT):-([0-9]+)\}:([0-9]+)"
_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")


@partly_declared
class Deploy:
    """How many containers there are, and what each may use."""

    replicas: Annotated[int, PlainValidator(_replicas, json_schema_input_type=int | str)] = key(
        "how many; a variable where the service may be left out", default=1, example="${ORDERS_WORKER_REPLICAS:-1}"
    )


@partly_declared
class Body:
    """One service of the fragment: Compose's keys, and x-datameesh."""

    own: Declaration = key("what DataMeesh must know of it", spelt="x-datameesh")
    image: Annotated[Text, AfterValidator(_default)] = key("what it is started from", example="datameesh/orders-api:1")
    profiles: tuple[Text, ...] = key(
        "with which profile it comes: exactly one; a job needs none", default=(), example=["core"]
    )
    deploy: Deploy = key("how many containers there are, and what each may use", default=Deploy())
    ports: tuple[
        Annotated[Port, PlainValidator(_port, json_schema_input_type=Annotated[str, Field(pattern=_PORT)])], ...
    ] = key(
        "published ports, each moved by a variable",
        default=(),
        example=["${DM_BIND:-127.0.0.1}:${ORDERS_API_PORT:-30080}:8080"],
    )
    expose: tuple[Annotated[int, PlainValidator(_exposed, json_schema_input_type=str | int)], ...] = key(
        "ports inside that others may use", default=(), example=["8080"]
    )
    depends_on: Annotated[
        tuple[Text, ...], BeforeValidator(_names, json_schema_input_type=tuple[Text, ...] | dict[str, Any])
    ] = key("services that it waits for", default=(), example=["orders-db"])
    secrets: tuple[Annotated[str, PlainValidator(_secret, json_schema_input_type=Text | dict[str, Any])], ...] = key(
        "secrets, each a file that is named after what it is", default=(), example=["orders-db-admin-password"]
    )

    networks: Annotated[tuple[str, ...], PlainValidator(_aliases, json_schema_input_type=Any)] = key(
        "further names: aliases on the network", default=(), example={"mesh": {"aliases": ["orders"]}}
    )

    def __post_init__(self) -> None:
        if self.own.kind == "service" and len(self.profiles) != 1:
            raise Wrong("`profiles:` must name exactly one profile", "write profiles: [core]")
        for name in self.own.identity:
            if name not in self.secrets:
                problem = f"x-datameesh.identity: '{name}' is not among `secrets:`"
                raise Wrong(problem, nearest(name, self.secrets, "secrets"))
        for pattern in self.own.rereads:
            if not any(fnmatchcase(name, pattern) for name in self.secrets):
                problem = f"x-datameesh.rereads: '{pattern}' is none of its `secrets:`"
                raise Wrong(problem, nearest(pattern, self.secrets, "secrets"))


@partly_declared
class Fragment:
    """A Compose fragment: the containers of one service folder."""

    services: Mapping[str, Body] = key("the containers, by name")


def services_from(data: object, folder: str, file: str) -> list[Service]:
    """Given a fragment's content, its folder and its file name, return its services. Raise UserError for what is not valid."""
    return [_service(name, folder, body) for name, body in read(Fragment, data, file).services.items()]


def _service(name: str, folder: str, body: Body) -> Service:
    own = {field.name: getattr(body.own, field.name) for field in fields(body.own)}
    listens = tuple(dict.fromkeys([*body.expose, *(port.inside for port in body.ports)]))
    return Service(
        **own | {"profile": body.own.profile or body.profiles[0]},
        name=name,
        folder=folder,
        image=body.image,
        ports=tuple(replace(port, secure="certificate" in body.own.identity.values()) for port in body.ports),
        depends_on=body.depends_on,
        secrets=body.secrets,
        replicas=body.deploy.replicas,
        listens=listens,
        aliases=body.networks,
    )


def _port(value: Any) -> Port:
    found = re.search(_PORT, str(value))
    if not found:
        raise Wrong(f"{value!r} cannot be moved", 'write "${DM_BIND:-127.0.0.1}:${ORDERS_API_PORT:-30080}:8080"')
    return Port(found[1], int(found[2]), int(found[3]))


def _exposed(value: Any) -> int:
    port = _default(str(value)).split("/")[0]
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise Wrong(f"'{port}' is not a port", 'write expose: ["8080"]')
    return int(port)


def _names(value: Any) -> Any:
    return list(value) if isinstance(value, Mapping) else value


def _secret(value: Any) -> str:
    name = value.get("source") if isinstance(value, Mapping) else value
    if not isinstance(name, str) or not name:
        raise Wrong(f"{value!r} names no secret", "write secrets: [name]")
    return name


def _aliases(value: Any) -> tuple[str, ...]:
    networks = value.values() if isinstance(value, Mapping) else ()
    found = [(network or {}).get("aliases") or () for network in networks if isinstance(network or {}, Mapping)]
    return tuple(str(alias) for aliases in found for alias in aliases)


def _replicas(value: Any) -> int:
    count = _default(str(value))
    if not count.isdecimal():
        raise Wrong(f"'{count}' is not a number", "write a number or ${X_REPLICAS:-1}")
    return int(count)


def _default(text: str) -> str:
    """Given Compose text, return it with every `${NAME:-default}` replaced by its default."""
    return _DEFAULT.sub(r"\1", text)
