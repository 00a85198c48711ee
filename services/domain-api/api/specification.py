"""The OpenAPI document: what the models do not say by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from apiflask import APIFlask, Schema, fields

from api.problem import MEDIA_TYPE
from api.resource import Resource

_WHY = {
    400: "the request cannot be read",
    401: "nobody known asks",
    403: "who asks may not",
    404: "it is not there",
    406: "no such representation",
    415: "it is no JSON",
    422: "a value or a name in it is wrong",
    503: "the database cannot be reached: try again after Retry-After seconds",
}
_ANSWERS = {
    "list": (200, 304, 401, 403, 404, 422, 503),
    "one": (200, 304, 401, 403, 404, 503),
    "add": (201, 400, 401, 403, 404, 415, 422, 503),
    "health": (200, 503),
    "ready": (200, 503),
    "metrics": (200,),
}
_PROBE = {
    "health": "Whether this replica answers, whatever its database does",
    "ready": "Whether it reaches its database",
    "metrics": "Figures for Prometheus",
}


class ProblemModel(Schema):
    """What is wrong, as RFC 9457 has it."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.Dict()


class StateModel(Schema):
    """How a replica is."""

    status = fields.String(required=True)
    replica = fields.String(required=True)
    service = fields.String()
    database = fields.String()


def documented(app: APIFlask, resource: Resource | None, kind: str) -> Callable[[Any], Any]:
    """Given an application, a resource and what is done with it, return a decorator that says so in the document."""
    said: dict[int, Any] = {}
    for status in _ANSWERS[kind]:
        if status >= 400:
            said[status] = {"description": _WHY[status], "content": {MEDIA_TYPE: {"schema": ProblemModel}}}
        elif status == 304:
            said[status] = {"description": "it is as it was when you got this ETag"}
        elif kind == "metrics":
            said[status] = {"description": "figures", "content": {"text/plain": {"schema": {"type": "string"}}}}
        else:
            said[status] = {"description": "it is", "content": {"application/json": {"schema": _model(resource, kind)}}}
    what = {"list": "List", "one": "One of", "add": "Add to"}
    if resource is None:
        return app.doc(summary=_PROBE[kind], tags=["how it is"], responses=said)
    name = resource.path.strip("/")
    return app.doc(
        summary=f"{what[kind]} {name}",
        description=resource.about,
        tags=[name],
        responses=said,
        security=["key", "token"],
        operation_id=f"{kind}_{resource.name}",
    )


def _model(resource: Resource | None, kind: str) -> Any:
    if resource is None:
        return StateModel
    if kind != "list":
        return resource.model
    page = {
        "items": fields.List(fields.Nested(resource.model), required=True),
        "total": fields.Integer(required=True, metadata={"description": "how many rows fit, on all pages"}),
        "next": fields.String(required=True, allow_none=True, metadata={"description": "where the next page is"}),
    }
    return Schema.from_dict(page, name=f"{resource.model.__name__}Page")


def complete(spec: dict[str, Any], resources: Sequence[Resource]) -> dict[str, Any]:
    """Given the document that the models give, return it whole: who may ask, the header of an addition, no answer invented."""
    spec["info"]["description"] = (
        "Who may read what follows from the file of people. Collections come in pages: go on with `next`. "
        "Filters are compared for equality; `_from` is included, `_to` is not. Errors are application/problem+json."
    )
    spec.setdefault("components", {})["securitySchemes"] = {
        "key": {"type": "http", "scheme": "basic", "description": "name and password, or a program's key"},
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "a token of the sign-in service for `apis`",
        },
    }
    for name in ("HTTPError", "ValidationError"):
        spec["components"].get("schemas", {}).pop(name, None)
    _as_the_database_writes(spec)
    adding = {r.path for r in resources if r.addition}
    for path, ways in spec["paths"].items():
        for method, way in ways.items():
            if method == "post" and path in adding:
                way.setdefault("parameters", []).append(
                    {
                        "name": "Idempotency-Key",
                        "in": "header",
                        "required": True,
                        "description": "the same request with the same key is carried out once, for a day",
                        "schema": {"type": "string", "minLength": 8, "maxLength": 100, "pattern": "^[ -~]+$"},
                    }
                )
            for status, answer in way.get("responses", {}).items():
                if int(status) >= 400:
                    answer["content"] = {MEDIA_TYPE: answer["content"][MEDIA_TYPE]}
                if status == "503":
                    answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
                if status in ("200", "201", "304") and way.get("security"):
                    answer.setdefault("headers", {}).update(
                        {"ETag": {"schema": {"type": "string"}}} if status != "201" else {}
                    )
    return spec


def _as_the_database_writes(part: Any) -> None:
    """Times have no zone, which OpenAPI's date-time must have."""
    if isinstance(part, dict):
        if part.get("format") == "date-time":
            del part["format"]
            part |= {"pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$", "example": "2024-01-15T10:23:45"}
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        _as_the_database_writes(inner)
