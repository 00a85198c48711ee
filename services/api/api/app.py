"""The application: a way for each resource, documents, health, and what every answer has."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg2
from apiflask import APIFlask, Schema, fields
from apiflask.exceptions import HTTPError
from flask import Response, g, redirect, request, send_from_directory
from marshmallow import RAISE, ValidationError, validate
from psycopg2 import errors
from werkzeug.exceptions import HTTPException

from api.access import Access, Account, Tokens
from api.database import Connection, Database, prepared
from api.problem import MEDIA_TYPE, Problem
from api.resource import Resource, listing, single
from api.settings import Settings
from api.specification import complete, documented
from api.traffic import Traffic
from api.writing import add_once

PROBES = frozenset({"/health", "/ready", "/metrics"})
"""What is asked by machines every few seconds, and is no call."""
_JSON = "application/json"
_PAGE = "/usr/local/share/swagger-ui"


class Service:
    """One replica: what it is told, whom it knows, what it asks, and whether it is about to stop."""

    def __init__(self, settings: Settings, resources: Sequence[Resource]) -> None:
        self.settings, self.resources = settings, tuple(resources)
        self.draining = False
        self.database = Database(settings.database, settings.database_secret, settings.threads, settings.replica)
        kept = Database(settings.log, settings.log_secret, 1, settings.replica) if settings.log else None
        self.traffic = Traffic(settings.replica, kept)
        tokens = Tokens(settings.issuer, settings.keys, f"{settings.secrets}/mesh-ca", "apis") if settings.keys else None
        self.access = Access(f"{settings.secrets}/api-people", settings.catalog, tokens)

    def identify(self) -> None:
        """Keep who asks in this request. Raise Problem (401)."""
        g.account = self.access.account(request.headers.get("Authorization"))


def made(settings: Settings, resources: Sequence[Resource]) -> tuple[APIFlask, Service]:
    """Given settings and resources, return the application and what it serves with."""
    service = Service(settings, resources)
    app = APIFlask("api", title=settings.title, version="1", docs_path=None)
    app.config["SPEC_FORMAT"] = "json"
    app.config["JSON_SORT_KEYS"] = False
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


def _account() -> Account:
    found: Account = g.account
    return found


def _collection(app: APIFlask, service: Service, resource: Resource) -> None:
    asked = _query_model(service.settings, resource)

    @app.get(resource.path, endpoint=f"list_{resource.name}")
    @app.input(asked, location="query", arg_name="query", unknown=RAISE)
    @documented(app, resource, "list")
    def collection(query: dict[str, Any]) -> Response:
        whom = _account().for_whom(resource.guarded_as)
        given = {name: value for name, value in query.items() if value is not None}
        after = given.pop("after", None)
        if after is not None:
            given |= _after(resource, after)
        statement = listing(resource, frozenset(given), further=after is not None)
        values = [given[name] for name in statement.parameters]
        found = service.database.run(lambda conn: prepared(conn, statement, values, whom))
        further = "null" if found[2] is None else json.dumps(_next(resource, query, found[2]))
        return _with_tag(f'{{"items":[{found[0]}],"total":{found[1]},"next":{further}}}')


def _member(app: APIFlask, service: Service, resource: Resource) -> None:
    @app.get(f"{resource.path}/<int(max=2147483647):key>", endpoint=f"one_{resource.name}")
    @documented(app, resource, "one")
    def member(key: int) -> Response:
        whom = _account().for_whom(resource.guarded_as)
        found = service.database.run(lambda conn: prepared(conn, single(resource), [key], whom))
        if found is None:
            raise Problem(404, f"there is no {resource.path}/{key}")
        return _with_tag(found[0])


def _addition(app: APIFlask, service: Service, resource: Resource) -> None:
    addition = resource.addition
    assert addition

    @app.post(resource.path, endpoint=f"add_{resource.name}")
    @app.input(addition.model, location="json", arg_name="given", unknown=RAISE)
    @documented(app, resource, "add")
    def add(given: dict[str, Any]) -> Response:
        whom = _account().adds_to(resource.guarded_as)
        key = request.headers.get("Idempotency-Key", "")
        if not 8 <= len(key) <= 100 or not key.isprintable() or not key.isascii():
            raise Problem(400, "the header Idempotency-Key is missing: 8 to 100 characters that no other order of yours has")

        def work(conn: Connection) -> tuple[str, bool]:
            return add_once(conn, resource, given, whom, key)

        body, again = service.database.run(work)
        at = f"{resource.path}/{json.loads(body)[resource.key[0]]}"
        headers = {"Location": at, "Cache-Control": "private, no-store"}
        if again:
            headers["Idempotency-Replayed"] = "true"
        return Response(body, 201, headers, mimetype=_JSON)


def _query_model(settings: Settings, resource: Resource) -> type[Schema]:
    """The query of a collection: how many, after what, and the filters."""
    found: dict[str, Any] = {
        "limit": fields.Integer(
            load_default=settings.page_size,
            validate=validate.Range(1, settings.most),
            metadata={"description": "how many at most"},
        ),
        "after": fields.String(
            validate=validate.Length(1, 100), metadata={"description": "the key after which to go on: as `next` has it"}
        ),
    }
    for name in resource.filters:
        found[name] = _filter(resource, name, "only rows with this value")
    for name in resource.ranges:
        found[f"{name}_from"] = _filter(resource, name, "only rows from here on")
        found[f"{name}_to"] = _filter(resource, name, "only rows before this")
    return Schema.from_dict(found, name=f"{resource.model.__name__}Query")  # type: ignore[return-value]


def _filter(resource: Resource, name: str, about: str) -> Any:
    kind = type(resource.fields[name])
    checks = {
        fields.Integer: validate.Range(-2147483648, 2147483647),
        fields.String: validate.And(validate.Length(max=200), validate.Regexp(r"^[^\x00]*\Z", error="has a NUL in it")),
    }
    return kind(validate=checks.get(kind), metadata={"description": about})


def _after(resource: Resource, text: str) -> dict[str, Any]:
    """The key that `after` says, a value a field. Raise Problem (422)."""
    parts = text.split(",")
    try:
        if len(parts) != len(resource.key):
            raise ValidationError("it has another number of values")
        return {
            f"after_{field}": _filter(resource, field, "").deserialize(part) for field, part in zip(resource.key, parts, strict=True)
        }
    except ValidationError as wrong:
        raise Problem(422, "after is no key of this collection", errors={"query": {"after": wrong.messages}}) from None


def _next(resource: Resource, query: dict[str, Any], after: str) -> str:
    from urllib.parse import urlencode

    given = [(name, _text(value)) for name, value in query.items() if value is not None and name != "after"]
    return f"{resource.path}?{urlencode([*given, ('after', after)])}"


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _with_tag(body: str) -> Response:
    """An answer with its mark; only the mark where whoever asks has it already."""
    content = body.encode()
    tag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
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
        return {"status": "up", "service": service.settings.title, "replica": service.settings.replica}

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
        return answer(Problem(404, "there is nothing yet: the data is not loaded (dm seed), or the marts are not built (dm dbt build)"))

    @app.errorhandler(psycopg2.OperationalError)
    def late(_: Exception) -> Response:
        return answer(Problem(503, "the database took too long", {"Retry-After": "5"}))

    @app.errorhandler(psycopg2.errors.DataError)
    @app.errorhandler(psycopg2.errors.IntegrityError)
    def refused(error: psycopg2.Error) -> Response:
        return answer(Problem(422, f"the database refuses it: {error.diag.message_primary}"))


def _around(app: APIFlask, service: Service) -> None:
    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        # Before anything of the request is looked at.
        if (request.endpoint or "").startswith(("list_", "one_", "add_")):
            service.identify()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Replica"] = service.settings.replica
        response.headers["X-Content-Type-Options"] = "nosniff"
        if request.path not in PROBES:
            rule = request.url_rule
            endpoint = _generic(rule.rule) if rule else "other"
            client = request.headers.get("X-Forwarded-For", request.remote_addr or "")[:60]
            seconds, who = time.perf_counter() - g.began, g.get("account")
            service.traffic.add(request.method, request.path, endpoint, response.status_code, seconds, (who.name if who else "", client))
        return response


def _generic(rule: str) -> str:
    return rule.partition("<")[0] + ("{id}" if "<" in rule else "")
