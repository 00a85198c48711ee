"""The application: a way for each resource, documents, health, and what every answer has."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import psycopg2
from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Response, redirect, request, send_from_directory
from marshmallow import RAISE, ValidationError
from psycopg2 import errors
from werkzeug.exceptions import HTTPException

from api.access import Access, Account, Tokens
from api.database import Connection, Database, prepared
from api.pages import Page, Pages
from api.problem import MEDIA_TYPE, Problem
from api.query import Query, query_model, read_query
from api.resource import LARGEST, Resource, single
from api.settings import Settings
from api.specification import complete, documented
from api.traffic import Traffic
from api.writing import add_once

PROBES = frozenset({"/health", "/ready", "/metrics"})
"""What is asked by machines every few seconds, and is no call."""
_JSON = "application/json"
_ABOUT, _WHO = "api.about", "api.who"
_PAGE = "/usr/local/share/swagger-ui"


class Service:
    """One replica: what it is told, whom it knows, what it asks, and whether it is about to stop."""

    def __init__(self, settings: Settings, resources: Sequence[Resource]) -> None:
        self.settings, self.resources = settings, tuple(resources)
        self.draining = False
        self.database = Database(settings.database, settings.database_secret, settings.threads, settings.replica)
        self.pages = Pages(self.database, settings.keep)
        kept = Database(settings.log, settings.log_secret, 1, settings.replica) if settings.log else None
        self.traffic = Traffic(settings.replica, kept)
        tokens = (
            Tokens(settings.issuer, settings.keys, f"{settings.secrets}/mesh-ca", "apis") if settings.keys else None
        )
        self.access = Access(f"{settings.secrets}/api-people", settings.catalog, tokens)

    def begun(self, resource: Resource, more: str = "") -> Account:
        """Given what this request is about, keep that for the log and return who asks. Raise Problem (401)."""
        environment = request.environ
        environment[_ABOUT] = resource.path + more
        found = self.access.account(environment.get("HTTP_AUTHORIZATION"))
        environment[_WHO] = found.name
        return found


def made(settings: Settings, resources: Sequence[Resource]) -> tuple[APIFlask, Service]:
    """Given settings and resources, return the application and what it serves with."""
    service = Service(settings, resources)
    app = APIFlask("api", title=settings.title, version="1", docs_path=None)
    app.config["SPEC_FORMAT"] = "json"
    app.config["OPENAPI_VERSION"] = "3.1.0"
    app.config["MAX_CONTENT_LENGTH"] = 65536
    app.url_map.strict_slashes = False
    app.url_map.redirect_defaults = False
    for resource in resources:
        _collection(app, service, resource)
        if len(resource.key) == 1:
            _member(app, service, resource)
        if resource.addition:
            _addition(app, service, resource)
    _own_pages(app, service)
    _problems(app)
    _around(app, service)
    app.spec_processor(lambda spec: complete(spec, resources))
    return app, service


def _collection(app: APIFlask, service: Service, resource: Resource) -> None:
    model = query_model(service.settings, resource)
    schema = model()

    @lru_cache(maxsize=1024)
    def understood(query: bytes) -> Query:
        return read_query(resource, schema, query)

    @documented(app, resource, "list")
    def collection() -> Response:
        whom = service.begun(resource).for_whom(resource.guarded_as)
        query = understood(request.query_string)
        statement, values = query.statement, query.values

        def page() -> Page:
            found = service.database.run(lambda conn: prepared(conn, statement, values, whom))
            further = "null" if found[2] is None else json.dumps(query.next(found[2]))
            return _tagged(f'{{"items":[{found[0]}],"total":{found[1]},"next":{further}}}')

        # What is personal is read each time, so that each reading is in the database's log.
        if whom[1] != "all" or resource.guards:
            return _answer(page())
        return _answer(service.pages.get(resource.table, query, page))

    # The document is told of the query's model; what reads it is ours, which reads the same query once.
    collection._spec |= app.input(model, location="query")(lambda query_data: query_data)._spec  # type: ignore[attr-defined]
    app.get(resource.path, endpoint=f"list_{resource.name}")(collection)


def _member(app: APIFlask, service: Service, resource: Resource) -> None:
    @app.get(f"{resource.path}/<int(max={LARGEST}):key>", endpoint=f"one_{resource.name}")
    @documented(app, resource, "one")
    def member(key: int) -> Response:
        whom = service.begun(resource, "/{id}").for_whom(resource.guarded_as)
        found = service.database.run(lambda conn: prepared(conn, single(resource), [key], whom))
        if found is None:
            raise Problem(404, f"there is no {resource.path}/{key}")
        return _answer(_tagged(found[0]))


def _addition(app: APIFlask, service: Service, resource: Resource) -> None:
    addition = resource.addition
    assert addition

    schema = addition.model(unknown=RAISE)

    @documented(app, resource, "add")
    def add() -> Response:
        whom = service.begun(resource).adds_to(resource.guarded_as)
        key = request.headers.get("Idempotency-Key", "")
        if not 8 <= len(key) <= 100 or not key.isprintable() or not key.isascii():
            raise Problem(
                400, "the header Idempotency-Key is missing: 8 to 100 characters that no other request of yours has"
            )
        try:
            given = schema.load(request.get_json())
        except ValidationError as wrong:
            raise Problem(422, "it is not as it must be", errors={"json": wrong.normalized_messages()}) from None

        def work(conn: Connection) -> tuple[str, bool]:
            return add_once(conn, resource, given, whom, key)

        body, again = service.database.run(work)
        at = f"{resource.path}/{json.loads(body)[resource.key[0]]}"
        headers = {"Location": at, "Cache-Control": "private, no-store"}
        if again:
            headers["Idempotency-Replayed"] = "true"
        return Response(body, 201, headers, mimetype=_JSON)

    add._spec |= app.input(addition.model, location="json")(lambda json_data: json_data)._spec  # type: ignore[attr-defined]
    app.post(resource.path, endpoint=f"add_{resource.name}")(add)


def _tagged(body: str) -> Page:
    content = body.encode()
    return content, f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def _answer(page: Page) -> Response:
    """An answer with its mark; only the mark where whoever asks has it already."""
    content, tag = page
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    asked = request.headers.get("If-None-Match")
    if asked and (asked.strip() == "*" or tag in {t.strip().removeprefix("W/") for t in asked.split(",")}):
        return Response(status=304, headers=headers)
    return Response(content, 200, headers, mimetype=_JSON)


def _own_pages(app: APIFlask, service: Service) -> None:
    def page(path: str) -> Callable[..., Any]:
        return app.get(path, endpoint=path.strip("/") or "root")

    @page("/")
    @app.doc(hide=True)
    def root() -> Any:
        return redirect("/docs", 302)

    @page("/docs")
    @app.doc(hide=True)
    def docs() -> Any:
        answer = send_from_directory(_PAGE, "index.html")
        answer.headers["Content-Security-Policy"] = (
            "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        )
        return answer

    @app.get("/docs/<path:name>", endpoint="docs_file")
    @app.doc(hide=True)
    def docs_file(name: str) -> Any:
        return send_from_directory(_PAGE, name, max_age=86400)

    @page("/health")
    @documented(app, None, "health")
    def health() -> Any:
        if service.draining:
            raise Problem(503, "this replica is about to stop", {"Retry-After": "1"})
        return {
            "status": "up",
            "service": service.settings.title.lower().replace(" ", "-"),
            "replica": service.settings.replica,
        }

    @page("/ready")
    @documented(app, None, "ready")
    def ready() -> Any:
        if service.draining:
            raise Problem(503, "this replica is about to stop", {"Retry-After": "1"})
        service.database.run(_answers)
        return {"status": "ready", "database": "there", "replica": service.settings.replica}

    @page("/metrics")
    @documented(app, None, "metrics")
    def metrics() -> Any:
        return Response(service.traffic.page(), mimetype="text/plain", headers={"Cache-Control": "no-store"})


def _answers(conn: Connection) -> None:
    with conn.cursor() as cursor:
        cursor.execute("SELECT 1")


def _problems(app: APIFlask) -> None:
    """Whatever goes wrong is a problem document."""

    def answer(problem: Problem) -> Response:
        return Response(json.dumps(problem.body), problem.status, problem.headers, mimetype=MEDIA_TYPE)

    @app.errorhandler(Problem)
    def ours(problem: Problem) -> Response:
        return answer(problem)

    @app.error_processor
    def of_input(error: HTTPError) -> Any:
        more = {"errors": error.detail} if error.detail else {}
        found = Problem(error.status_code, str(error.message), dict(error.headers or {}), **more)
        return found.body, found.status, {**found.headers, "Content-Type": MEDIA_TYPE}

    @app.errorhandler(HTTPException)
    def of_flask(error: HTTPException) -> Response:
        headers = {k: v for k, v in error.get_headers() if k.lower() not in ("content-type", "content-length")}
        return answer(Problem(error.code or 500, error.description or error.name, headers))

    @app.errorhandler(errors.UndefinedTable)
    def missing(_: Exception) -> Response:
        return answer(
            Problem(
                404, "there is nothing yet: the data is not loaded (dm seed), or the marts are not built (dm dbt build)"
            )
        )

    @app.errorhandler(psycopg2.OperationalError)
    def late(_: Exception) -> Response:
        return answer(Problem(503, "the database took too long", {"Retry-After": "5"}))

    @app.errorhandler(psycopg2.errors.DataError)
    @app.errorhandler(psycopg2.errors.IntegrityError)
    def refused(error: psycopg2.Error) -> Response:
        return answer(Problem(422, f"the database refuses it: {error.diag.message_primary}"))


def _around(app: APIFlask, service: Service) -> None:
    """What every answer has, and that it is counted: around the application, for hooks of its own cost as much as its work."""
    inner, replica = app.wsgi_app, service.settings.replica
    more = [("X-Replica", replica), ("X-Content-Type-Options", "nosniff")]

    def around(environment: dict[str, Any], start: Callable[..., Any]) -> Any:
        began, seen = time.perf_counter(), []

        def begin(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            seen.append(int(status[:3]))
            return start(status, headers + more, *rest)

        body = inner(environment, begin)
        path = environment["PATH_INFO"]
        if path not in PROBES:
            who = environment.get(_WHO, ""), environment.get("HTTP_X_FORWARDED_FOR", environment["REMOTE_ADDR"])[:60]
            about, seconds = environment.get(_ABOUT, "other"), time.perf_counter() - began
            service.traffic.add(environment["REQUEST_METHOD"], path, about, seen[-1] if seen else 500, seconds, who)
        return body

    app.wsgi_app = around  # type: ignore[method-assign]
