"""The folder of a new service: a tiny HTTP server that is up, verified and exported as it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from datameesh_cli.core.model import Model
from datameesh_cli.errors import UserError

FIRST_PORT, LAST_PORT = 30100, 30999


@dataclass(frozen=True, slots=True)
class NewService:
    """What whoever makes a service has to say of it. `port` on the host; None: the first that no service has."""

    name: str
    profile: str
    namespace: str
    port: int | None = None


def folder_of(asked: NewService, model: Model) -> dict[str, str]:
    """Given a new service and the model that it joins, return the files of its folder. Raise UserError for what cannot be."""
    model.profile(asked.profile)
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", asked.name) or not 1 < len(asked.name) <= 40:
        raise UserError(
            f"'{asked.name}' can't be a service's name", "use small letters, digits and '-', such as orders-api"
        )
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", asked.namespace):
        raise UserError(f"'{asked.namespace}' can't be a namespace", "use small letters, digits and '-'")
    if asked.name in {n for s in model.services for n in (s.name, s.folder)}:
        raise UserError(f"there is a service '{asked.name}' already", "choose another name")
    port = _port(asked.port, {p.default: s.name for s in model.services for p in s.ports})
    words = {"name": asked.name, "PREFIX": asked.name.upper().replace("-", "_"), "port": str(port)}
    words |= {"profile": asked.profile, "namespace": asked.namespace}
    return {file: re.sub(r"@(\w+)@", lambda word: words[word[1]], text) for file, text in _FILES.items()}


def _port(asked: int | None, taken: dict[int, str]) -> int:
    free = (port for port in range(FIRST_PORT, LAST_PORT + 1) if port not in taken)
    if asked is None:
        return next(free)
    if asked in taken:
        raise UserError(f"port {asked} is that of {taken[asked]}", f"a free one: --port {next(free)}")
    if not 30000 <= asked <= LAST_PORT:
        raise UserError(f"port {asked} is none of ours", f"choose one from 30000 to {LAST_PORT}, such as {next(free)}")
    return asked


_COMPOSE = """\
# yaml-language-server: $schema=../../schemas/service.json
services:
  @name@:
    extends: {file: ../../compose/services.yaml, service: @name@}
    image: ${@PREFIX@_IMAGE:-datameesh/@name@:0.1}
    profiles: [@profile@]
    # processes: 1 seen with dm verify; a thread for each request
    deploy: {resources: {limits: {memory: "${@PREFIX@_LIMIT:-48}M"}}}
    expose: ["8080"]
    ports: ["${DM_BIND:-127.0.0.1}:${@PREFIX@_PORT:-@port@}:8080"]
    healthcheck: {test: ["CMD", "sh", "-c", "curl -sf http://127.0.0.1:8080/health"]}
    x-datameesh:
      namespace: @namespace@
      layer: optional components
      owner: platform-team
      ram: {min: 32, want: 48, measured: "32: dm verify and 200 requests at once: not killed, 10 in use; idle 9"}
      urls:
        - {title: @name@, port: @PREFIX@_PORT, path: /, can: ["see that it answers"]}
"""
_DOCKERFILE = """\
FROM datameesh/base:13
LABEL org.opencontainers.image.version="0.1"
RUN --mount=type=secret,id=mirrors apt-install python3 curl
COPY --chmod=644 server.py /srv/server.py
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10950:10950
EXPOSE 8080
CMD ["python3", "/srv/server.py"]
"""
_SERVER = '''\
"""@name@: one page and a health check, until it is told to end."""

from __future__ import annotations

import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answers(BaseHTTPRequestHandler):
    """What it says to a GET."""

    def do_GET(self) -> None:
        """Answer / and /health."""
        known = self.path in ("/", "/health")
        body = json.dumps({"service": "@name@", "well": known}).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Health checks come every five seconds and are no news."""
        if self.path != "/health":
            super().log_request(str(code), str(size))


# The first process of a container is not ended by a signal that it does not take.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", 8080), Answers).serve_forever()
'''
_SMOKE = """\
# yaml-language-server: $schema=../../schemas/checks.json
checks:
  - name: it answers at its published port
    http: {port: @PREFIX@_PORT, path: /}
    expect: {status: 200, contains: '"service": "@name@"'}

  - name: what it does not have is not found
    http: {port: @PREFIX@_PORT, path: /nothing}
    expect: {status: 404}

  - name: it runs as nobody in particular
    exec: {service: @name@, command: [sh, -c, id -u]}
    expect: {exit: 0, contains: "10950"}
"""
_README = """\
# @name@

A service that answers over HTTP: one page at `/`, which says that it is well. It was made by `dm dev new-service @name@`.

- In the network: `http://@name@.@namespace@.svc.cluster.local:8080`.
- On this machine: `dm urls`; port @port@, moved by `@PREFIX@_PORT`.
- `server.py` is the whole of it. After a change: `dm images build @name@`, `dm up @name@`.
- Memory: what was seen of the server as it was made stands in `compose.yaml`; measure yours with `dm status --usage`.
"""
_FILES = {
    "compose.yaml": _COMPOSE,
    "Dockerfile": _DOCKERFILE,
    "server.py": _SERVER,
    "smoke.yaml": _SMOKE,
    "README.md": _README,
}
