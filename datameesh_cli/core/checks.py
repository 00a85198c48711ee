"""Checks as data: what `smoke.yaml` and `tests/journeys/*.yaml` say, as values, with every mistake named by file and key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datameesh_cli.errors import UserError

OWNER = "owner"
"""Whom a domain's database belongs to. Not its superuser: what somebody hung on a table would run as who reads it."""
_SEE = "see CONTRIBUTING.md, 'smoke.yaml'"


@dataclass(frozen=True, slots=True)
class Sql:
    """Statements through Trino; the last one's result counts. `file` stands before `statement` until it is read."""

    statement: str = ""
    file: str = ""
    user: str = "admin"


@dataclass(frozen=True, slots=True)
class Psql:
    """A statement inside a database container, on its local socket."""

    service: str
    database: str
    sql: str
    user: str = OWNER


@dataclass(frozen=True, slots=True)
class Exec:
    """A command inside a service's container; for a job, in a container of its own."""

    service: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Http:
    """A request to a published port, named by its variable."""

    port: str
    path: str = "/"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class S3:
    """The objects below `bucket/prefix`."""

    list: str


@dataclass(frozen=True, slots=True)
class Resolve:
    """Host names, looked up from a container on the stack's network."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """The host ports on which services can be reached from outside."""

    services: tuple[str, ...]


Action = Sql | Psql | Exec | Http | S3 | Resolve | Published


@dataclass(frozen=True, slots=True)
class Check:
    """One check. It applies where one of `sets` is loaded (any, if empty), the plan runs all of `needs` and not `left_out`, `mart`
    was built from the loaded set, and the stack is of the kind `target` ("" = of any kind). `cleanup` is SQL that always runs
    after it. With `repeat` it runs once to warm up and then so many times; the median counts as its time."""

    name: str
    file: str
    action: Action
    expect: Mapping[str, Any]
    rows: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    mart: str = ""
    left_out: str = ""
    target: str = ""
    cleanup: tuple[str, ...] = ()
    repeat: int = 0

    @property
    def id(self) -> str:
        """The check's address: its file and its name."""
        return f"{self.file}: {self.name}"

    @property
    def digest(self) -> str:
        """A mark that changes when anything in the check changes, so that an old verdict is not taken for one of today."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


_OF_ROWS = {"rows", "rows_unordered", "scalar", "contains", "not_contains", "row_count", "columns", "first_columns"}
_EXPECT = {
    "sql": _OF_ROWS | {"error"},
    "psql": _OF_ROWS | {"error"},
    "exec": {"exit", "contains", "not_contains"},
    "http": {"status", "contains", "not_contains"},
    "s3": {"rows", "rows_unordered", "contains", "not_contains", "row_count"},
    "resolve": {"exit", "contains", "not_contains", "one_address"},
    "published": {"rows", "rows_unordered", "contains", "not_contains", "row_count"},
}
_KEYS = {"name", "rows", "set", "needs", "left_out", "mart", "then", "target", "user", "cleanup", "repeat", "expect"}
_TARGETS = ("", "compose", "kubernetes")


def checks_from(data: Any, file: str) -> tuple[Check, ...]:
    """Given the content of a file of checks and its name, return its checks. Raise UserError for what is not valid."""
    if not isinstance(data, Mapping) or not isinstance(data.get("checks"), list) or not data["checks"]:
        raise UserError(f"{file}: there is no list `checks:`", _SEE)
    if set(data) != {"checks"}:
        raise UserError(f"{file}: unknown key '{sorted(set(data) - {'checks'})[0]}'", "the one key is checks")
    checks: dict[str, Check] = {}
    for number, entry in enumerate(data["checks"], start=1):
        check = _check(entry, file, number)
        if check.name in checks:
            raise UserError(f"{file}: two checks are called '{check.name}'", "a check is known by file and name")
        checks[check.name] = check
    return tuple(checks.values())


def _check(entry: Any, file: str, number: int) -> Check:
    where = f"{file}, check {number}"
    if not isinstance(entry, Mapping):
        raise UserError(f"{where} is not a mapping", _SEE)
    name = _text(entry, "name", where)
    where = f"{file}, check '{name}'"
    given = [key for key in (*_PARSERS, "sql_file") if key in entry]
    if len(given) != 1:
        raise UserError(f"{where}: exactly one of {', '.join(_PARSERS)}, sql_file says what is done", _SEE)
    unknown = set(entry) - _KEYS - set(given)
    if unknown:
        raise UserError(f"{where}: unknown key '{sorted(unknown)[0]}'", "keys: " + ", ".join(sorted(_KEYS)))
    if "then" in entry and given != ["sql_file"]:
        raise UserError(f"{where}: `then:` is SQL that follows `sql_file:`", _SEE)
    kind = given[0].removesuffix("_file")
    target = str(entry.get("target", ""))
    if target not in _TARGETS:
        raise UserError(f"{where}: target '{target}' is unknown", "write target: compose or target: kubernetes")
    return Check(
        name=name,
        file=file,
        action=_PARSERS[kind](entry, where),
        expect=_expect(entry, kind, where),
        rows=_texts(entry, "rows", where),
        sets=_texts(entry, "set", where),
        needs=_texts(entry, "needs", where),
        mart=str(entry.get("mart", "")),
        left_out=str(entry.get("left_out", "")),
        target=target,
        cleanup=_texts(entry, "cleanup", where),
        repeat=_count(entry, "repeat", where),
    )


def _expect(entry: Mapping[str, Any], kind: str, where: str) -> Mapping[str, Any]:
    expect = entry.get("expect")
    allowed = _EXPECT[kind] | {"max_seconds"}
    if not isinstance(expect, Mapping) or not expect:
        raise UserError(f"{where}: `expect:` is missing: a check that expects nothing cannot fail", _SEE)
    for key, value in expect.items():
        if key not in allowed:
            raise UserError(
                f"{where}: {kind} has no expectation '{key}'", "expectations: " + ", ".join(sorted(allowed))
            )
        if key in ("rows", "rows_unordered") and not (
            isinstance(value, list) and all(isinstance(r, list) for r in value)
        ):
            raise UserError(f"{where}: expect.{key} is a list of rows, each a list", "write rows: [[1, Alice]]")
        if key in ("columns", "first_columns") and not isinstance(value, list):
            raise UserError(f"{where}: expect.{key} is a list of names", "write columns: [customer_id, email]")
        if key in ("row_count", "status", "exit") and (isinstance(value, bool) or not isinstance(value, int)):
            raise UserError(f"{where}: expect.{key} is a whole number, not {value!r}", _SEE)
        if key == "max_seconds" and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise UserError(f"{where}: expect.{key} is a number, not {value!r}", _SEE)
        if key in ("contains", "not_contains", "error") and value in ("", []):
            raise UserError(f"{where}: expect.{key} is empty: every answer would do", _SEE)
    return dict(expect)


def _sql(entry: Mapping[str, Any], where: str) -> Sql:
    key = "sql" if "sql" in entry else "sql_file"
    text = _text(entry, key, where)
    user = str(entry.get("user", "admin"))
    if key == "sql":
        return Sql(statement=text, user=user)
    return Sql(statement=_text(entry, "then", where) if "then" in entry else "", file=text, user=user)


def _psql(entry: Mapping[str, Any], where: str) -> Psql:
    body = _body(entry, "psql", {"service", "database", "sql", "user"}, where)
    user = str(body.get("user", entry.get("user", OWNER)))
    return Psql(_text(body, "service", where), _text(body, "database", where), _text(body, "sql", where), user)


def _exec(entry: Mapping[str, Any], where: str) -> Exec:
    body = _body(entry, "exec", {"service", "command"}, where)
    return Exec(_text(body, "service", where), _words(body.get("command"), f"{where}: exec.command"))


def _http(entry: Mapping[str, Any], where: str) -> Http:
    body = _body(entry, "http", {"port", "path", "method", "headers", "body"}, where)
    headers = body.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise UserError(f"{where}: http.headers is a mapping of names to values", _SEE)
    return Http(
        port=_text(body, "port", where),
        path=str(body.get("path", "/")),
        method=str(body.get("method", "GET")).upper(),
        headers=tuple((str(k), str(v)) for k, v in headers.items()),
        body=str(body.get("body", "")),
    )


def _s3(entry: Mapping[str, Any], where: str) -> S3:
    return S3(_text(_body(entry, "s3", {"list"}, where), "list", where))


def _resolve(entry: Mapping[str, Any], where: str) -> Resolve:
    return Resolve(_words(entry["resolve"], f"{where}: resolve"))


def _published(entry: Mapping[str, Any], where: str) -> Published:
    services = _texts(entry, "published", where)
    if not services:
        raise UserError(f"{where}: `published:` names no service", _SEE)
    return Published(services)


_PARSERS: Mapping[str, Callable[[Mapping[str, Any], str], Action]] = {
    "sql": _sql,
    "psql": _psql,
    "exec": _exec,
    "http": _http,
    "s3": _s3,
    "resolve": _resolve,
    "published": _published,
}


def _body(entry: Mapping[str, Any], key: str, known: set[str], where: str) -> Mapping[str, Any]:
    body = entry[key]
    if not isinstance(body, Mapping):
        raise UserError(f"{where}: {key} is a mapping of {', '.join(sorted(known))}", _SEE)
    if set(body) - known:
        raise UserError(
            f"{where}: {key} has no key '{sorted(set(body) - known)[0]}'", "keys: " + ", ".join(sorted(known))
        )
    return body


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{where}: `{key}:` must be text", _SEE)
    return value


def _texts(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = data.get(key, [])
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
        raise UserError(f"{where}: `{key}:` must be text or a list of texts", _SEE)
    return tuple(values)


def _count(data: Mapping[str, Any], key: str, where: str) -> int:
    value = data.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UserError(f"{where}: `{key}:` is a whole number, not {value!r}", _SEE)
    return value


def _words(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(v, (str, int)) for v in value):
        raise UserError(
            f"{where} must be a list of words", "write it as [sh, -c, '...'], quoting what YAML would change"
        )
    return tuple(str(v) for v in value)
