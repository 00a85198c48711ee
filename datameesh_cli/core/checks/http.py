"""An HTTP request, from outside or from inside the network."""

from __future__ import annotations

import re

from datameesh_cli.core.expectation import Answer, Expect, OfText, short
from datameesh_cli.core.kind import Kind, Needs, Primitives, Request, Word
from datameesh_cli.core.schema import PortNumber, Text, Whole, Wrong, declared, key
from datameesh_cli.errors import UnhealthyError

# bash alone: not every image has curl.
_ASK = 'exec 3<> "/dev/tcp/$1/$2" && printf %s "$3" >&3 && cat <&3'
_SECONDS = 30


def _status(wanted: int, seen: Answer) -> str:
    return "" if seen.status == wanted else f"expected status {wanted}, got {seen.status}: {short(seen.text)}"


@declared
class OfPage(OfText):
    """What can be expected of a page."""

    judges = {"status": _status} | OfText.judges

    status: Whole = key("The status; without it one below 400.", default=None, example=200)


@declared
class Http(Kind):
    """A request to a published port; with `service`, from a container on the network to a port inside."""

    called = "http"
    expects = OfPage

    port: Text | PortNumber = key(
        "The variable of a published port; with `service`, a number.", example="ORDERS_API_PORT"
    )
    service: str = key("Ask this service, from inside.", default="", example="orders-api")
    path: str = key("The path, with its query.", default="/", example="/v1/info")
    method: str = key("The method.", default="GET", example="POST")
    headers: dict[str, Word] = key("More headers.", default_factory=dict, example={"Accept": "text/html"})
    body: str = key("What is sent.", default="")
    user: str = key("Who asks, with name and password; from outside only.", default="", example="alex")

    def __post_init__(self) -> None:
        if self.user and self.service:
            raise Wrong("inside nobody's password is known", "ask a published port, or leave `user:` out")
        if isinstance(self.port, int) is not bool(self.service):
            raise Wrong(
                "outside a port has a variable, inside a service and a number",
                "write {port: ORDERS_API_PORT} or {service: orders-api, port: 8000}",
            )

    @property
    def needs(self) -> Needs:
        return Needs(services=(self.service,)) if self.service else Needs(ports=(str(self.port),))

    def run(self, stack: Primitives) -> Answer:
        method = self.method.upper()
        if not self.service:
            return stack.http(str(self.port), Request(self.path, method, self.headers, self.body, self.user))
        return self._inside(stack, method)

    def normalised(self, seen: Answer, expect: Expect) -> str:  # noqa: ARG002
        return f"status {seen.status}"

    def _inside(self, stack: Primitives, method: str) -> Answer:
        """HTTP/1.0: the answer comes in one piece and ends where the connection does. Redirects are not followed."""
        length = {"Content-Length": str(len(self.body.encode()))} if self.body else {}
        headers = {"Host": f"{self.service}:{self.port}", **length, **self.headers}
        lines = [f"{method} {self.path} HTTP/1.0", *(f"{name}: {value}" for name, value in headers.items())]
        request = "\r\n".join([*lines, "", self.body])
        words = ["timeout", str(_SECONDS), "bash", "-c", _ASK, "http", self.service, str(self.port), request]
        done = stack.run_near(self.service, words)
        head, _, text = done.out.replace("\r\n", "\n").partition("\n\n")
        status = re.match(r"HTTP/\S+ (\d{3})", head)
        if not status:
            why = " ".join(done.err.split()) or f"exit code {done.code}"
            raise UnhealthyError(f"{method} {self.service}:{self.port}{self.path} got no answer inside: {why}")
        return Answer(status=int(status[1]), text=text)
