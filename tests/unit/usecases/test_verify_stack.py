"""`dm verify` with a scripted target: what is run, what is left alone, what is remembered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.core.check import Check
from datameesh_cli.core.checks.exec import Exec
from datameesh_cli.core.checks.resolve import Resolve
from datameesh_cli.core.checks.sql import Sql
from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.kind import Ended, Request
from datameesh_cli.errors import SqlError, UnhealthyError, UserError
from datameesh_cli.usecases.plan_memory import plan_memory
from datameesh_cli.usecases.read_checks import read_checks
from datameesh_cli.usecases.verify_stack import (
    VERDICTS,
    CheckResult,
    Verified,
    refuse_idle,
    run_checks,
    selected,
    verify_stack,
)
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.fakes.values import a_check


@dataclass
class FakeTarget:
    """A target that answers each command and each look-up from a table, and writes down what it was asked."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    kind: str = "compose"

    def _answer(self, what: str) -> Answer:
        self.asked.append(what)
        found = self.answers.get(what, Answer(exit=0, status=200, text="ok"))
        if found.error.startswith("!"):
            raise UnhealthyError(found.error[1:])
        return found

    def _ended(self, what: str) -> Ended:
        found = self._answer(what)
        return Ended(found.exit or 0, found.text)

    def run(self, service: str, command: Sequence[str]) -> Ended:
        return self._ended(" ".join(command))

    def run_near(self, name: str, command: Sequence[str]) -> Ended:
        return self._ended(" ".join(command))

    def http(self, port: str, request: Request) -> Answer:
        return self._answer(request.path)

    def sql(self, statements: Sequence[str], user: str) -> Answer:
        return self._answer(f"{user}: {' | '.join(statements)}")

    def objects(self, place: str) -> Answer:
        return self._answer(place)

    def published(self, services: Sequence[str]) -> Answer:
        return self._answer(" ".join(services))


def _exec(name: str, command: str = "", expect: dict[str, Any] | None = None, **fields: Any) -> Check:
    file = fields.pop("file", "tests/journeys/a.yaml")
    return a_check(Exec("db", (command or name,)), expect or {"exit": 0}, name=name, file=file, **fields)


def _outside(tmp_path: Path) -> Adapters:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    return adapters


def _run(adapters: Adapters, checks: Sequence[Check], target: FakeTarget) -> Verified:
    return run_checks(adapters, checks, plan_memory(adapters, (), None), target, lambda _: None)


def test_what_passes_fails_and_does_not_apply_is_counted_in_the_order_of_the_files(tmp_path: Path) -> None:
    target = FakeTarget({"bad": Answer(exit=3, text="boom")})
    checks = [
        _exec("good"),
        _exec("bad"),
        _exec("other", target="kubernetes"),
        _exec("last", file="tests/journeys/b.yaml"),
    ]
    verified = _run(_outside(tmp_path), checks, target)
    assert [(r.name, r.result) for r in verified.results] == [
        ("good", "passed"),
        ("bad", "failed"),
        ("other", "not applicable"),
        ("last", "passed"),
    ]
    assert (verified.passed, verified.failed, verified.not_applicable) == (2, 1, 1)
    assert verified.results[1].why == "expected exit code 0, got 3: boom"
    assert verified.results[2].why == "only on kubernetes"


def test_a_check_is_tried_once(tmp_path: Path) -> None:
    target = FakeTarget({"bad": Answer(exit=1)})
    _run(_outside(tmp_path), [_exec("bad")], target)
    assert target.asked == ["bad"]


def test_a_target_that_does_not_answer_fails_the_check_and_not_the_run(tmp_path: Path) -> None:
    target = FakeTarget({"gone": Answer(error="!db does not run")})
    verified = _run(_outside(tmp_path), [_exec("gone"), _exec("good")], target)
    assert [(r.result, r.why) for r in verified.results] == [("failed", "failed: db does not run"), ("passed", "")]


def test_all_statements_are_one_session_and_then_comes_the_cleaning(tmp_path: Path) -> None:
    adapters = _outside(tmp_path)
    asked = "alex: CREATE TABLE t AS SELECT 1 | SELECT ';'"
    target = FakeTarget({asked: Answer(rows=((7,),)), "admin: DROP TABLE t": Answer(error="!too late")})
    action = Sql("CREATE TABLE t AS SELECT 1; SELECT ';'", user="alex")
    check = a_check(action, {"scalar": 7}, cleanup=("DROP TABLE t",))
    verified = _run(adapters, [check], target)
    assert verified.results[0].result == "passed", verified.results
    assert target.asked == [asked, "admin: DROP TABLE t"]


def test_a_repeated_check_runs_once_to_warm_up(tmp_path: Path) -> None:
    target = FakeTarget()
    _run(_outside(tmp_path), [_exec("often", expect={"exit": 0, "max_seconds": 5}, repeat=3)], target)
    assert target.asked == ["often"] * 4


def test_what_is_measured_runs_after_everything_else(tmp_path: Path) -> None:
    target = FakeTarget()
    checks = [
        _exec("timed", expect={"max_seconds": 5}),
        *(_exec(f"c{n}", file=f"tests/journeys/{n}.yaml") for n in range(5)),
    ]
    _run(_outside(tmp_path), checks, target)
    assert target.asked[-1] == "timed"


def test_a_job_runs_before_everything_else(tmp_path: Path) -> None:
    adapters = _outside(tmp_path)
    path = tmp_path / "services/metastore/compose.yaml"
    job = (
        path.read_text()
        .replace("profiles: [analytics]", "profiles: [job]")
        .replace("x-datameesh:", "x-datameesh:\n      kind: job\n      profile: analytics")
    )
    path.write_text(job)
    target = FakeTarget()
    build = a_check(Exec("metastore", ("build",)), {"exit": 0}, name="build", file="tests/journeys/z.yaml")
    _run(adapters, [_exec("a"), _exec("b", file="tests/journeys/b.yaml"), build], target)
    assert target.asked[0] == "build"


def test_verdicts_are_kept_until_the_check_is_run_again(tmp_path: Path) -> None:
    adapters = _outside(tmp_path)
    _run(adapters, [_exec("one", rows=("S-DB-01",)), _exec("two")], FakeTarget())
    _run(
        adapters,
        [_exec("two"), _exec("one", rows=("S-DB-01",), target="kubernetes")],
        FakeTarget({"two": Answer(exit=1)}),
    )
    saved = adapters.state.read_json(VERDICTS)
    assert {name: v["result"] for name, v in saved.items()} == {
        "tests/journeys/a.yaml: one": "passed",
        "tests/journeys/a.yaml: two": "failed",
    }
    assert saved["tests/journeys/a.yaml: one"]["rows"] == ["S-DB-01"]


def test_each_result_is_told_as_it_comes(tmp_path: Path) -> None:
    adapters, told = _outside(tmp_path), list[CheckResult]()
    run_checks(adapters, [_exec("a"), _exec("b")], plan_memory(adapters, (), None), FakeTarget(), told.append)
    assert [r.name for r in told] == ["a", "b"]


def test_a_pattern_is_part_of_a_name_a_file_or_a_row() -> None:
    checks = [_exec("Alpha", rows=("S-DB-01",)), _exec("beta", file="services/minio/smoke.yaml")]
    assert [c.name for c in selected(checks, ["alph"])] == ["Alpha"]
    assert [c.name for c in selected(checks, ["s-db-01"])] == ["Alpha"]
    assert [c.name for c in selected(checks, ["minio"])] == ["beta"]
    assert [c.name for c in selected(checks, ["alpha", "minio"])] == ["Alpha", "beta"]
    assert len(selected(checks, [])) == 2
    with pytest.raises(UserError, match="no check fits nothing"):
        selected(checks, ["alpha", "nothing"])


def _write_checks(root: Path, text: str, file: str = "services/db/smoke.yaml") -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_checks_are_found_in_service_folders_and_journeys(tmp_path: Path) -> None:
    adapters = _outside(tmp_path)
    _write_checks(tmp_path, "checks: [{name: a, resolve: [x], expect: {exit: 0}}]")
    _write_checks(tmp_path, "checks: [{name: b, resolve: [x], expect: {exit: 0}}]", "tests/journeys/j.yaml")
    checks = read_checks(adapters, adapters.repository.model())
    assert [(c.id, c.action) for c in checks] == [
        ("services/db/smoke.yaml: a", Resolve(("x",))),
        ("tests/journeys/j.yaml: b", Resolve(("x",))),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("checks: [", "services/db/smoke.yaml, line"),
        (
            "checks: [{name: a, sql: {statement: SELECT 1, then: SELECT 2}, expect: {scalar: 1}}]",
            "`then` is SQL that follows a file",
        ),
        (
            "checks: [{name: a, sql: {file: nope.sql}, expect: {scalar: 1}, needs: [db]}]",
            "there is no file 'nope.sql'",
        ),
        (
            "checks: [{name: a, s3: {list: lake/}, expect: {rows: []}}]",
            "no service provides 'object-store'",
        ),
        ("checks: [{name: a, published: nope, expect: {rows: []}}]", "there is no service 'nope'"),
    ],
)
def test_a_broken_file_of_checks_is_one_clear_line(tmp_path: Path, text: str, says: str) -> None:
    adapters = _outside(tmp_path)
    _write_checks(tmp_path, text)
    with pytest.raises(UserError) as wrong:
        verify_stack(adapters, (), lambda _: None)
    assert says in wrong.value.message


def test_a_checkout_without_checks_is_refused(tmp_path: Path) -> None:
    adapters = _outside(tmp_path)
    with pytest.raises(UserError, match="was found"):
        read_checks(adapters, adapters.repository.model())


def test_a_stack_that_does_not_run_is_said_to_be_so(tmp_path: Path) -> None:
    adapters = _outside(tmp_path)
    _write_checks(tmp_path, "checks: [{name: a, resolve: [x], expect: {exit: 0}}]")
    with pytest.raises(UnhealthyError, match="is not running"):
        verify_stack(adapters, (), lambda _: None)
    assert not (tmp_path / ".dm" / "datameesh" / VERDICTS).exists()


def test_the_verdicts_are_one_json_document(tmp_path: Path) -> None:
    adapters = _outside(tmp_path)
    _run(adapters, [_exec("one")], FakeTarget())
    verdict = json.loads((adapters.state.folder / VERDICTS).read_text())["tests/journeys/a.yaml: one"]
    assert set(verdict) == {"at", "digest", "loaded", "ran_on", "result", "rows", "seconds", "target", "why"}


NEWEST = 'admin: SELECT max(to_unixtime(committed_at)) FROM lake.marts."m$snapshots"'


BUILD = "run: dm dbt run"
UNTOLD = "cannot tell whether mart m is built: "


@pytest.mark.parametrize(
    ("answer", "result", "why"),
    [
        (Answer(rows=((200.0,),)), "passed", ""),
        (Answer(rows=((50.0,),)), "not applicable", f"mart m is older than the loaded data; {BUILD}"),
        (Answer(rows=((None,),)), "not applicable", f"mart m is older than the loaded data; {BUILD}"),
        (SqlError("no such table", name="TABLE_NOT_FOUND"), "not applicable", f"mart m is not built; {BUILD}"),
        (SqlError("no such schema", name="SCHEMA_NOT_FOUND"), "not applicable", f"mart m is not built; {BUILD}"),
        (SqlError("Access Denied", name="PERMISSION_DENIED"), "failed", f"{UNTOLD}Access Denied"),
        (SqlError("cannot be applied", name="TYPE_MISMATCH"), "failed", f"{UNTOLD}cannot be applied"),
        (UnhealthyError("Trino was too slow"), "failed", f"{UNTOLD}Trino was too slow"),
        (UserError("Trino does not let this user in"), "failed", f"{UNTOLD}Trino does not let this user in"),
    ],
)
def test_only_a_mart_that_is_not_of_what_is_loaded_excuses_its_checks(
    tmp_path: Path, answer: Any, result: str, why: str
) -> None:
    adapters, check, target = _mart_check(tmp_path, answer)
    verified = _run(adapters, [check], target)
    assert (verified.results[0].result, verified.results[0].why) == (result, why)
    assert verified.results[0].reason == ("mart" if result == "not applicable" else "")
    assert verified.loaded == ("small",)


def test_strictly_a_mart_that_is_not_built_fails_its_checks(tmp_path: Path) -> None:
    adapters, check, target = _mart_check(tmp_path, SqlError("no such table", name="TABLE_NOT_FOUND"))
    elsewhere = _exec("other", target="kubernetes")
    planned = plan_memory(adapters, (), None)
    verified = run_checks(adapters, [check, elsewhere], planned, target, lambda _: None, strict=True)
    assert [(r.result, r.why) for r in verified.results] == [
        ("failed", f"mart m is not built; {BUILD}"),
        ("not applicable", "only on kubernetes"),
    ]
    assert verified.failed == 1


@pytest.mark.parametrize(
    ("refusal", "ends"),
    [
        ("psql: ERROR: permission denied for schema datameesh", True),
        ("psql: FATAL: canceling statement due to statement timeout", True),
        ('ERROR: relation "datameesh.loaded_set" does not exist LINE 3', False),
    ],
)
def test_a_domain_that_does_not_tell_what_it_holds_is_not_an_empty_one(
    tmp_path: Path, refusal: str, ends: bool
) -> None:
    adapters, check, _ = _mart_check(tmp_path, Answer())
    refusing = FakeTarget()
    refusing.run = lambda *_: Ended(1, "", refusal)  # type: ignore[method-assign]
    if ends:
        with pytest.raises(UnhealthyError, match="db does not tell which data set it holds"):
            _run(adapters, [check], refusing)
        return
    assert _run(adapters, [check], refusing).results[0].why == "needs data set small; loaded: none"


def test_a_pattern_of_which_nothing_applied_is_refused_with_the_reason(tmp_path: Path) -> None:
    checks = [_exec("one"), _exec("two", target="kubernetes")]
    verified = _run(_outside(tmp_path), checks, FakeTarget())
    refuse_idle(checks, [], verified)
    refuse_idle(checks, ["one"], verified)
    with pytest.raises(UserError) as idle:
        refuse_idle(checks, ["one", "two"], verified)
    assert idle.value.message == "nothing was checked: no check of 'two' applies here: only on kubernetes"
    with pytest.raises(UserError, match="no check of 'all' applies here"):
        refuse_idle(checks[1:], [], _run(_outside(tmp_path), checks[1:], FakeTarget()))


def _mart_check(tmp_path: Path, answer: Any) -> tuple[Adapters, Check, FakeTarget]:
    """A check of mart `m`, on a stack that loaded set small at second 100 and answers when asked for the mart as given."""
    adapters = _outside(tmp_path)
    (tmp_path / "seed" / "shop").mkdir(parents=True)
    database = "database: {service: db, name: d, login: owner, password: p}"
    (tmp_path / "seed" / "shop" / "dataset.yaml").write_text(database)

    class Loaded(FakeTarget):
        def run(self, service: str, command: Sequence[str]) -> Ended:
            return Ended(0, "set,at\nsmall,100.0\n" if command[0] == "psql" else "")

        def sql(self, statements: Sequence[str], user: str) -> Answer:
            assert f"{user}: {statements[0]}" == NEWEST
            if isinstance(answer, Exception):
                raise answer
            assert isinstance(answer, Answer)
            return answer

    check = a_check(Exec("db", ("true",)), {"exit": 0}, sets=("small",), mart="m")
    return adapters, check, Loaded()
