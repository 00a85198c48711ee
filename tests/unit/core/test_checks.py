"""Files of checks: what is read, and one clear line with file and check for every mistake."""

from __future__ import annotations

from typing import Any

import pytest

from datameesh_cli.core.check import Check, checks_from
from datameesh_cli.core.checks.exec import Exec
from datameesh_cli.core.checks.http import Http
from datameesh_cli.core.checks.psql import Psql
from datameesh_cli.core.checks.published import Published
from datameesh_cli.core.checks.resolve import Resolve
from datameesh_cli.core.checks.s3 import S3
from datameesh_cli.core.checks.sql import Sql
from datameesh_cli.errors import UserError

FILE = "services/trino/smoke.yaml"
PLAIN: dict[str, Any] = {"name": "one", "sql": "SELECT 1", "expect": {"scalar": 1}}


def _one(**changes: Any) -> Check:
    return checks_from({"checks": [PLAIN | changes]}, FILE)[0]


def _instead(**action: Any) -> Check:
    return checks_from({"checks": [{"name": "one", "expect": {"contains": "x"}} | action]}, FILE)[0]


def test_a_check_carries_what_its_entry_says() -> None:
    check = _one(
        rows="S-DB-01",
        set=["small", "flow"],
        needs="trino-worker",
        sql={"statement": "SELECT 1", "user": "alex"},
        mart="m",
        left_out="minio",
        repeat=5,
        cleanup="DROP TABLE t",
    )
    assert check.action == Sql("SELECT 1", user="alex")
    assert (check.rows, check.sets, check.needs) == (("S-DB-01",), ("small", "flow"), ("trino-worker",))
    assert (check.mart, check.left_out, check.repeat, check.cleanup) == ("m", "minio", 5, ("DROP TABLE t",))
    assert check.id == "services/trino/smoke.yaml: one"


def test_every_kind_of_action_is_read() -> None:
    assert _instead(sql={"file": "a.sql"}).action == Sql(file="a.sql")
    assert _instead(sql={"file": "a.sql", "then": "SELECT 1"}).action == Sql(file="a.sql", then="SELECT 1")
    psql = {"service": "sales-db", "database": "sales_db", "sql": "SELECT 1", "user": "ingest"}
    assert _instead(psql=psql).action == Psql("sales-db", "sales_db", "SELECT 1", "ingest")
    assert _instead(exec={"service": "minio", "command": ["sleep", 1]}).action == Exec("minio", ("sleep", "1"))
    request = {"port": "TRINO_PORT", "path": "/x", "method": "post", "headers": {"A": 1}, "body": "b"}
    assert _instead(http=request).action == Http("TRINO_PORT", "", "/x", "post", {"A": "1"}, "b")
    assert _instead(http={"service": "minio", "port": 9000}).action == Http(9000, "minio")
    assert _instead(s3={"list": "datalake/raw/"}).action == S3("datalake/raw/")
    assert _instead(resolve=["sales-db"]).action == Resolve(("sales-db",))
    assert _instead(published="sales-db").action == Published(("sales-db",))


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"name": ""}, "check 1: `name` is empty, it must be a text"),
        ({"sql": 3}, "check 'one': `sql` must be a text, it is 3"),
        ({"published": "x"}, "exactly one of"),
        ({"colour": "red"}, "there is no key 'colour'"),
        ({"expect": {}}, "`expect`: a check that expects nothing cannot fail"),
        ({"expect": {"status": 200}}, "`expect` has no key 'status'"),
        ({"expect": {"rows": [1]}}, "`expect.rows[0]` must be a list, it is 1"),
        ({"expect": {"columns": "a"}}, "`expect.columns` must be a list, it is 'a'"),
        ({"expect": {"row_count": "3"}}, "`expect.row_count` must be a whole number, it is '3'"),
        ({"expect": {"scalar": 1, "max_seconds": "fast"}}, "`expect.max_seconds` must be a number"),
        ({"expect": {"contains": []}}, "every answer would do"),
        ({"target": "moon"}, "`target` 'moon' is unknown"),
        ({"rows": [1]}, "`rows[0]` must be a valid string, it is 1"),
        ({"sql": {"statement": "SELECT 1", "then": "SELECT 2"}}, "`then` is SQL that follows a file"),
        ({"sql": {}}, "`sql`: it has neither a statement nor a file"),
        ({"repeat": -1}, "`repeat` must be a whole number"),
        ({"file": "x.yaml"}, "there is no key 'file'"),
    ],
)
def test_a_mistake_is_named_with_its_check(entry: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as wrong:
        checks_from({"checks": [PLAIN | entry]}, FILE)
    assert wrong.value.message.startswith(FILE)
    assert says in wrong.value.message


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ({"psql": "SELECT 1"}, "`psql` must be a mapping"),
        ({"psql": {"service": "a", "database": "b", "sql": "c", "host": "d"}}, "`psql` has no key 'host'"),
        ({"exec": {"service": "a", "command": "ls"}}, "`exec.command` must be a list"),
        ({"http": {"port": "P", "headers": ["a"]}}, "`http.headers` must be a mapping"),
        ({"http": {"port": "P", "service": "minio"}}, "inside a service and a number"),
        ({"http": {"port": 9000}}, "outside a port has a variable"),
        ({"resolve": []}, "`resolve` must be"),
    ],
)
def test_a_mistake_inside_an_action_is_named(action: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match="check 'one'") as wrong:
        _instead(**action)
    assert says in wrong.value.message


def test_a_kind_that_is_misspelt_is_told_the_nearest_one() -> None:
    with pytest.raises(UserError, match="exactly one of") as wrong:
        _instead(htpp={"port": "P"})
    assert "did you mean 'http'?" in wrong.value.hint


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "the content is empty"),
        ([], "the content must be a mapping"),
        ({"checks": []}, "`checks` must be a list of at least 1"),
        ({"checks": {}}, "`checks` must be a list of at least 1"),
        ({"checks": [1]}, "`checks[0]` must be a mapping"),
        ({"tests": []}, "`checks` is missing"),
        ({"checks": [PLAIN], "check": []}, "there is no key 'check'"),
    ],
)
def test_a_file_without_checks_is_refused(data: Any, says: str) -> None:
    with pytest.raises(UserError, match=FILE) as wrong:
        checks_from(data, FILE)
    assert says in wrong.value.message


def test_two_checks_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="two checks are called 'one'"):
        checks_from({"checks": [PLAIN, PLAIN]}, FILE)


def test_the_digest_changes_with_anything_in_the_check() -> None:
    assert _one().digest == _one().digest
    assert (
        len(
            {_one().digest, _one(expect={"scalar": 2}).digest, _one(sql="SELECT 2").digest, _one(rows="S-DB-01").digest}
        )
        == 4
    )
