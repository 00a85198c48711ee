"""Each kind of check over scripted primitives; and a kind that nobody has heard of, which needs no line outside its own file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from datameesh_cli.core.check import checks_from, checks_schema
from datameesh_cli.core.checks import KINDS, kinds_in
from datameesh_cli.core.checks.http import Http
from datameesh_cli.core.checks.psql import NULL, Psql
from datameesh_cli.core.checks.resolve import Resolve
from datameesh_cli.core.checks.rights import Rights
from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.kind import Ended, Request
from datameesh_cli.core.parity import normalised
from datameesh_cli.errors import SqlError, UnhealthyError, UserError


@dataclass
class Scripted:
    """Primitives of which every command ends as it is told to."""

    ends: Ended = field(default_factory=lambda: Ended(0, ""))
    asked: list[tuple[str, ...]] = field(default_factory=list)
    kind: str = "compose"

    def run(self, service: str, command: Sequence[str]) -> Ended:
        self.asked.append((service, *command))
        return self.ends

    def run_near(self, name: str, command: Sequence[str]) -> Ended:
        return self.run(f"near {name}", command)

    def http(self, port: str, request: Request) -> Answer:
        self.asked.append((port, request.method, request.path, request.body))
        return Answer(status=200)

    def sql(self, statements: Sequence[str], user: str) -> Answer:
        raise AssertionError("not asked here")

    def objects(self, place: str) -> Answer:
        raise AssertionError("not asked here")

    def published(self, services: Sequence[str]) -> Answer:
        raise AssertionError("not asked here")


def _psql(code: int, out: str, err: str = "") -> Answer:
    return Psql("db", "d", "SELECT 1").run(Scripted(Ended(code, out, err)))


def test_psql_stops_at_the_first_error_and_reads_no_file_of_the_user() -> None:
    stack = Scripted()
    Psql("db", "sales_db", "SELECT 1", "ingest").run(stack)
    (asked,) = stack.asked
    assert asked[:2] == ("db", "psql")
    assert {"-X", "ON_ERROR_STOP=1"} <= set(asked)
    assert asked[-6:] == ("-U", "ingest", "-d", "sales_db", "-c", "SELECT 1")


def test_a_table_is_read_with_its_names_commas_quotes_and_line_ends() -> None:
    seen = _psql(0, f'id,name\n1,"Brown, ""D"""\n2,{NULL}\n3,""\n4,"two\nlines"\n')
    assert seen.columns == ("id", "name")
    assert seen.rows == (("1", 'Brown, "D"'), ("2", None), ("3", ""), ("4", "two\nlines"))
    assert seen.error == ""


def test_a_statement_without_a_result_gives_no_rows_and_an_empty_table_its_columns() -> None:
    assert _psql(0, "") == Answer()
    assert _psql(0, "id\n") == Answer(columns=("id",))


def test_a_refusal_is_an_error_and_no_table() -> None:
    assert _psql(1, "", "ERROR:  permission denied\nLINE 1\n") == Answer(error="ERROR: permission denied LINE 1")
    assert _psql(2, "").error == "psql ended with exit code 2"


class Rules(Scripted):
    """A query engine in which one reads, and the other may not; what does not exist is wrong for both."""

    def sql(self, statements: Sequence[str], user: str) -> Answer:
        (statement,) = statements
        self.asked.append((user, statement))
        if "gone" in statement:
            raise SqlError("Table 'gone' does not exist")
        if user == "emma" or statement.startswith("MAKE"):
            raise SqlError("Access Denied: Cannot select from table a.b.c")
        return Answer()


def test_rights_are_a_sign_for_each_person_object_and_action() -> None:
    stack = Rules()
    seen = Rights(("alex", "emma"), ("a.b.c", "a.b.gone"), {"r": "TABLE {object}", "m": "MAKE {place}.x"}).run(stack)
    assert seen.columns == ("person", "a.b.c", "a.b.gone")
    assert seen.rows == (("alex", "r-", "x-"), ("emma", "--", "x-"))
    assert stack.asked[:3] == [("alex", "TABLE a.b.c"), ("alex", "MAKE a.b.x"), ("alex", "TABLE a.b.gone")]


def test_an_engine_that_does_not_answer_is_no_refusal() -> None:
    class Down(Scripted):
        def sql(self, statements: Sequence[str], user: str) -> Answer:
            raise UnhealthyError(f"no answer to {user}: {statements}")

    with pytest.raises(UnhealthyError):
        Rights(("alex",), ("a.b.c",), {"r": "TABLE {object}"}).run(Down())


def test_names_are_looked_up_where_the_first_is_used_and_found_with_their_addresses() -> None:
    stack = Scripted(Ended(1, "sales-db 10.0.0.2\nnobody does not resolve\n"))
    seen = Resolve(("sales-db.sales-domain", "nobody")).run(stack)
    assert (stack.asked[0][0], stack.asked[0][-2:]) == ("near sales-db", ("sales-db.sales-domain", "nobody"))
    assert (seen.rows, seen.exit) == ((("sales-db", "10.0.0.2"),), 1)
    assert "nobody" in seen.text


def test_a_request_from_outside_goes_to_the_published_port() -> None:
    stack = Scripted()
    Http("API_PORT", path="/x", method="post", body="b").run(stack)
    assert stack.asked == [("API_PORT", "POST", "/x", "b")]


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_a_request_inside_is_asked_of_the_service_from_beside_it(ends: str) -> None:
    page = ends.join(["HTTP/1.1 403 Forbidden", "Server: x", "", "<Code>AccessDenied</Code>", "", "end"])
    stack = Scripted(Ended(0, page))
    seen = Http(9000, "minio", "/lake?x=1", headers={"A": "1"}, body="ü").run(stack)
    assert (seen.status, seen.text) == (403, "<Code>AccessDenied</Code>\n\nend")
    *_, name, service, port, request = stack.asked[0]
    assert (stack.asked[0][0], name, service, port) == ("near minio", "http", "minio", "9000")
    assert request == "GET /lake?x=1 HTTP/1.0\r\nHost: minio:9000\r\nContent-Length: 2\r\nA: 1\r\n\r\nü"


def test_a_service_that_does_not_answer_inside_is_a_refusal_with_its_reason() -> None:
    entry = {"name": "one", "http": {"service": "minio", "port": 9}, "expect": {"status": 200}}
    (check,) = checks_from({"checks": [entry]}, "f.yaml")
    seen = check.ask(Scripted(Ended(1, "", "bash: connect:\nConnection refused\n")))
    assert seen.error == "GET minio:9/ got no answer inside: bash: connect: Connection refused"
    assert check.ask(Scripted(Ended(124, ""))).error.endswith("exit code 124")


MADE_UP = '''
from datameesh_cli.core.expectation import Answer, OfRows
from datameesh_cli.core.kind import Kind, Needs
from datameesh_cli.core.schema import Flag, Text, Whole, declared, key
from datameesh_cli.core.volatile import shortened


def _in_order(wanted, seen):
    said = [int(row[0]) for row in seen.rows]
    return "" if (said == sorted(said)) is wanted else f"offsets: {said}"


@declared
class OfMessages(OfRows):
    """What can be expected of messages."""

    judges = OfRows.judges | {"in_order": _in_order}
    in_order: Flag = key("Whether the offsets rise.", default=None)


@declared
class Topic(Kind):
    """The newest messages of a topic: rows (offset, value)."""

    called = "topic"
    short = "name"
    expects = OfMessages

    name: Text = key("The topic.", example="orders")
    count: Whole = key("How many of them.", default=1)

    @property
    def needs(self):
        return Needs(services=("broker",))

    def run(self, stack):
        done = stack.run("broker", ["newest", self.name, str(self.count)])
        return Answer(("offset", "value"), tuple(tuple(line.split(" ", 1)) for line in done.out.splitlines()))

    def normalised(self, seen, expect):
        return shortened("; ".join(str(row[1]) for row in seen.rows))
'''


@pytest.fixture
def kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, Any]]:
    """What is known once the file of a made-up kind lies in a folder of kinds."""
    folder = tmp_path / "made_up_kinds"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "topic.py").write_text(MADE_UP)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = kinds_in("made_up_kinds", [str(folder)])
    yield KINDS | found
    for module in [name for name in sys.modules if name.startswith("made_up_kinds")]:
        del sys.modules[module]


def _checks(entry: Mapping[str, Any], kinds: Mapping[str, Any]) -> Any:
    return checks_from({"checks": [{"name": "one"} | entry]}, "services/broker/smoke.yaml", kinds)[0]


def test_a_kind_is_one_file(kinds: Mapping[str, Any]) -> None:
    """It is parsed, described, asked, judged and compared, and nothing but its own file knows of it."""
    check = _checks({"topic": {"name": "orders", "count": 2}, "expect": {"in_order": True, "row_count": 2}}, kinds)
    assert _checks({"topic": "orders", "expect": {"row_count": 1}}, kinds).action.count == 1
    assert check.action.needs.services == ("broker",)

    stack = Scripted(Ended(0, "7 a\n8 b\n"))
    seen = check.ask(stack)
    assert stack.asked == [("broker", "newest", "orders", "2")]
    assert check.expect.complaints(seen, 0) == ()
    assert check.expect.complaints(Answer(rows=(("8", "b"), ("7", "a"))), 0) == ("offsets: [8, 7]",)
    assert normalised(check, seen) == "a; b"

    known, before = checks_schema(kinds)["$defs"], checks_schema()["$defs"]
    assert set(known) - set(before) == {"Topic", "OfMessages"}
    assert set(known["Check"]["properties"]) - set(before["Check"]["properties"]) == {"topic"}


SAID = [
    ({"sql": "SELECT 1", "expect": {"scalar": 1}}, True),
    ({"sql": {"file": "a.sql", "user": "alex"}, "expect": {"rows": [[1]]}, "set": "small", "repeat": 2}, True),
    ({"topic": {"name": "orders"}, "expect": {"in_order": True}}, True),
    ({"http": {"service": "minio", "port": 9000}, "expect": {"status": 403}}, True),
    ({"sql": "SELECT 1", "expect": {"status": 200}}, False),
    ({"sql": "SELECT 1", "exec": {"service": "a", "command": ["b"]}, "expect": {"contains": "a"}}, False),
    ({"expect": {"contains": "a"}}, False),
    ({"topic": "orders", "expect": {"in_order": True}, "colour": "red"}, False),
    ({"exec": {"service": "a"}, "expect": {"exit": 0}}, False),
]


@pytest.mark.parametrize(("entry", "right"), SAID)
def test_an_editor_is_told_what_the_parser_takes(kinds: Mapping[str, Any], entry: dict[str, Any], right: bool) -> None:
    schema = Draft202012Validator(checks_schema(kinds))
    assert schema.is_valid({"checks": [{"name": "one"} | entry]}) is right
    try:
        _checks(entry, kinds)
        taken = True
    except UserError:
        taken = False
    assert taken is right


def test_what_a_file_says_wrongly_of_it_is_named_as_of_any_other(kinds: Mapping[str, Any]) -> None:
    with pytest.raises(UserError, match="`expect` has no key 'status'"):
        _checks({"topic": "orders", "expect": {"status": 200}}, kinds)
    with pytest.raises(UserError, match="`topic` has no key 'partition'"):
        _checks({"topic": {"name": "orders", "partition": 1}, "expect": {"row_count": 1}}, kinds)
    with pytest.raises(UserError, match="exactly one of"):
        _checks({"topic": "orders", "expect": {"row_count": 1}}, KINDS)
