"""What a kind of check is: one class in one file of `core/checks/`, over the few things that every running stack can be asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import BeforeValidator

from datameesh_cli.core.expectation import Answer, Expect
from datameesh_cli.core.schema import Text
from datameesh_cli.core.stream import Stream, heard


def written(form: Any, made: Callable[[Any], Any]) -> BeforeValidator:
    """Given what may be written and what is made of it, return the mark that says both of a type."""
    return BeforeValidator(made, json_schema_input_type=form)


Word = Annotated[str, written(str | int, lambda v: str(v) if type(v) is int else v)]
"""A text that YAML may take for a number."""
Texts = Annotated[tuple[Text, ...], written(Text | list[Text], lambda v: [v] if isinstance(v, str) else v)]
"""One text, or a list of them."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code and both of its outputs."""

    code: int
    out: str
    err: str = ""


def ended(run: Stream[int]) -> Ended:
    """Given a run that yields lines and returns its exit code, run it to its end."""
    lines: list[str] = []
    code = heard(run, lines.append)
    return Ended(code, "\n".join(lines))


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, wherever it goes."""

    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    user: str = ""
    """Whose name and password it shows; "" for none."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What makes a server that speaks TLS the right one: a certificate of this authority (a file) for this name.

    The name is said because the address is many: loopback, this machine's, a node's, a tunnel's.
    """

    authority: str
    name: str


class Primitives(Protocol):
    """What a running stack can be asked, under Compose or on a cluster. Each raises DmError where nothing answers."""

    @property
    def kind(self) -> str:
        """`compose` or `kubernetes`."""

    def run(self, service: str, command: Sequence[str]) -> Ended:
        """Run a command inside a service's container; for a job, in a container of its own."""

    def run_near(self, name: str, command: Sequence[str]) -> Ended:
        """Run a command in a container that may open connections to the named host, and is not it."""

    def http(self, port: str, request: Request) -> Answer:
        """Send a request from outside to a published port, named by its variable."""

    def sql(self, statements: Sequence[str], user: str) -> Answer:
        """Run statements in one session of the query engine; the last one's result counts, the first refusal is raised."""

    def objects(self, place: str) -> Answer:
        """List what lies below `bucket/prefix`: rows (key, size)."""

    def published(self, services: Sequence[str]) -> Answer:
        """List the ways in from outside: rows (service, port inside, address, port outside)."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What must run for a check: services by name, the owners of published ports by their variable, and who fills a role."""

    services: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


class Kind(ABC):
    """What a check does: a class made with `declared`, in a file of `core/checks/`. `called` is its key in `smoke.yaml`, `short`
    the field that a value stands for which is no mapping, `expects` what can be expected of it."""

    __slots__ = ()
    called: ClassVar[str]
    short: ClassVar[str] = ""
    expects: ClassVar[type[Expect]]

    @property
    @abstractmethod
    def needs(self) -> Needs:
        """What it talks to."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the repository that it is made from, by their path."""
        return ()

    def with_files(self, texts: Mapping[str, str]) -> Kind:  # noqa: ARG002
        """Given the texts of its files, return it complete."""
        return self

    @abstractmethod
    def run(self, stack: Primitives) -> Answer:
        """Do it once. Raise DmError for what is refused."""

    @abstractmethod
    def normalised(self, seen: Answer, expect: Expect) -> str:
        """Return what it saw as text, without what differs from run to run or between two kinds of stack by design."""
