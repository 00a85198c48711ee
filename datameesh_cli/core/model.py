"""The model: what the service folders and profiles say, as values. `adapters/repository.py` reads them from YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from datameesh_cli.core import roles
from datameesh_cli.core.declaration import Declaration, Edge
from datameesh_cli.core.schema import Text, declared, key, nearest
from datameesh_cli.errors import UserError


@dataclass(frozen=True, slots=True)
class Port:
    """A published port: the variable that moves it, its default on the host, and the port inside."""

    variable: str
    default: int
    inside: int
    secure: bool = False
    """Whether it speaks TLS: every published port of a service that has a certificate does."""

    @property
    def scheme(self) -> str:
        """What the URL of a page there begins with."""
        return "https" if self.secure else "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Declaration):
    """One Compose service: what it says of itself, and what of its Compose keys decides how it is planned, wired and shown."""

    name: str
    folder: str
    profile: str
    image: str
    ports: tuple[Port, ...] = ()
    depends_on: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    replicas: int = 1
    listens: tuple[int, ...] = ()
    aliases: tuple[str, ...] = ()
    outside: tuple[Edge, ...] = ()
    """Connections that it opens to hosts outside of the stack, for what stands behind it."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The names at which other services find it, with Compose and on a cluster."""
        inside = (self.namespace, "svc", "cluster", "local")
        own = [".".join((self.name, *inside[:count])) for count in (0, 1, 2, 4)]
        return tuple(dict.fromkeys((*own, *self.aliases)))

    def reads_once(self, secret: str) -> bool:
        """Given the name of a secret that is drawn, say whether this service has it, and looks at it when it starts only."""
        return secret in self.secrets and not any(fnmatchcase(secret, pattern) for pattern in self.rereads)

    @property
    def env_prefix(self) -> str:
        """The prefix of this service's variables: `sales-api` -> `SALES_API`."""
        return self.name.upper().replace("-", "_")


@declared
class Profile:
    """A set of services started together, and the profiles it needs."""

    name: Text = key("what `dm up` calls it", example="analytics")
    requires: tuple[Text, ...] = key("the profiles without which it cannot run", default=(), example=["core"])
    description: str = key("what one has with it, in a few words", default="")


@dataclass(frozen=True, slots=True)
class Model:
    """All services and profiles of the repository."""

    services: tuple[Service, ...]
    profiles: tuple[Profile, ...]

    def service(self, name: str) -> Service:
        """Given a service name, return it. Raise UserError, with the nearest names, if there is none."""
        for service in self.services:
            if service.name == name:
                return service
        raise UserError(f"there is no service '{name}'", nearest(name, (s.name for s in self.services), "services"))

    def providing(self, role: str) -> Service:
        """Given a role, return the one service that provides it. Raise UserError if none does, or several do."""
        return roles.providing(self.services, role)

    def profile(self, name: str) -> Profile:
        """Given a profile name, return it. Raise UserError if there is none."""
        for profile in self.profiles:
            if profile.name == name:
                return profile
        raise UserError(f"there is no profile '{name}'", nearest(name, (p.name for p in self.profiles), "profiles"))

    def closure(self, names: Iterable[str]) -> tuple[str, ...]:
        """Given profile names, return them with all that they require, required ones first.

        Raise UserError for an unknown profile or for profiles that require each other in a circle.
        """
        done: list[str] = []

        def visit(name: str, path: tuple[str, ...]) -> None:
            if name in path:
                raise UserError(
                    "profiles require each other: " + " -> ".join((*path, name)), "remove one of the `requires`"
                )
            if name not in done:
                for required in self.profile(name).requires:
                    visit(required, (*path, name))
                done.append(name)

        for name in names:
            visit(name, ())
        return tuple(done)

    def of_profiles(self, names: Iterable[str]) -> tuple[Service, ...]:
        """Given profile names, return the services (jobs included) of these and of what they require, in dependency order."""
        wanted = set(self.closure(names))
        return in_dependency_order([s for s in self.services if s.profile in wanted])


def model_of(services: Iterable[Service], profiles: Iterable[Profile]) -> Model:
    """Given all services and profiles, return the model.

    An edge (`consumes`) to a role becomes one to each service that provides it. Raise UserError for a name that is there twice,
    a profile that does not exist, a URL without its port, or an edge whose other end is not there.
    """
    given = tuple(services)
    model = Model(tuple(replace(s, consumes=_edges(s, given)) for s in given), tuple(profiles))
    names = {p.name for p in model.profiles}
    variables = {p.variable for s in model.services for p in s.ports}
    folders: dict[str, str] = {}
    for service in model.services:
        where = f"services/{service.folder}/compose.yaml, service '{service.name}'"
        if service.name in folders:
            raise UserError(f"{where}: services/{folders[service.name]} has one of that name too", "rename one of them")
        if service.profile not in names:
            raise UserError(
                f"{where}: there is no profile '{service.profile}'", "profiles: " + ", ".join(sorted(names))
            )
        for url in service.urls:
            if url.port not in variables:
                raise UserError(
                    f"{where}: url '{url.title}' has port {url.port}, which is not published", "add it to `ports:`"
                )
        for name in service.balances:
            if name not in {s.name for s in model.services if s.folder == service.folder}:
                raise UserError(f"{where}: it balances '{name}', which is not in its folder", "name services beside it")
        folders[service.name] = service.folder
    _refuse_loose_edges(model)
    return model


def _edges(service: Service, services: Sequence[Service]) -> tuple[Edge, ...]:
    names = {s.name for s in services}
    edges: list[Edge] = []
    for edge in service.consumes:
        providers = () if edge.service in names else roles.all_providing(services, edge.service)
        edges += [Edge(p.name, edge.port) for p in providers if p is not service] if providers else [edge]
    return tuple(dict.fromkeys(edges))


def _refuse_loose_edges(model: Model) -> None:
    by_name = {s.name: s for s in model.services}
    for service in model.services:
        where = f"services/{service.folder}/compose.yaml, service '{service.name}'"
        for edge in service.consumes:
            there = by_name.get(edge.service)
            if there is None:
                raise UserError(
                    f"{where}: it consumes '{edge.service}:{edge.port}', and there is no such service or role",
                    "services: " + ", ".join(sorted(by_name)),
                )
            if edge.port not in there.listens:
                ports = ", ".join(str(p) for p in there.listens) or "none"
                raise UserError(
                    f"{where}: it consumes '{edge.service}:{edge.port}', a port that {edge.service} does not expose",
                    f"ports that it exposes: {ports}",
                )


def connections(service: Service, known: Mapping[str, Service]) -> tuple[Edge, ...]:
    """Given a service and all that there are, return every connection that it opens: what it consumes, and the first port of what
    it waits for. The one source of what a network lets through, here and on a cluster."""
    awaited = [known[name] for name in service.depends_on if name in known]
    return tuple(dict.fromkeys([*service.consumes, *(Edge(s.name, s.listens[0]) for s in awaited if s.listens)]))


def needs_of(services: Iterable[Service]) -> dict[str, frozenset[str]]:
    """Given all services, return whom each opens connections to, and those to others, with itself."""
    by_name = {s.name: s for s in services}
    needs: dict[str, frozenset[str]] = {}
    for name in by_name:
        found, waiting = {name}, [name]
        while waiting:
            further = {edge.service for edge in connections(by_name[waiting.pop()], by_name)} - found
            found |= further
            waiting += sorted(further)
        needs[name] = frozenset(found)
    return needs


def in_waves(services: Iterable[Service], known: Iterable[Service]) -> tuple[tuple[Service, ...], ...]:
    """Given services, and all that there are, return them so that each stands after what it opens connections to; those that need
    each other stand together."""
    needs = needs_of(known)
    # Who needs another one needs all that the other one needs too.
    order = sorted(services, key=lambda s: (len(needs[s.name]), sorted(needs[s.name]), s.name))
    waves: dict[frozenset[str], list[Service]] = {}
    for service in order:
        waves.setdefault(needs[service.name], []).append(service)
    return tuple(map(tuple, waves.values()))


def in_dependency_order(services: Iterable[Service]) -> tuple[Service, ...]:
    """Given services, return them so that each stands after what it depends on; ties by name. Unknown dependencies are ignored.

    Raise UserError if they depend on each other in a circle.
    """
    waiting = {s.name: s for s in sorted(services, key=lambda s: s.name)}
    ordered: list[Service] = []
    while waiting:
        ready = [s for s in waiting.values() if not any(d in waiting for d in s.depends_on)]
        if not ready:
            raise UserError("services depend on each other: " + ", ".join(waiting), "break the circle in depends_on")
        for service in ready:
            ordered.append(waiting.pop(service.name))
    return tuple(ordered)
