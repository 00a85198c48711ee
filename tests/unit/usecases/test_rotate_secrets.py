"""`dm secrets rotate`: who is started anew and in which order, what stays as it was when it is refused or cut short."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import bcrypt
import pytest

from datameesh_cli.adapters.adapters import Adapters, Clock
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.errors import HostError, UnhealthyError, UserError
from datameesh_cli.usecases.change_people import set_password
from datameesh_cli.usecases.derive_secrets import derive_secrets, secrets_of
from datameesh_cli.usecases.open_target import ChosenCluster
from datameesh_cli.usecases.rotate_secrets import Rotated, RotateRequest, rotate_on_cluster, rotate_secrets
from datameesh_cli.usecases.show_status import show_status
from datameesh_cli.usecases.sign_in import ROTATE, ROTATING, cut_short
from datameesh_cli.usecases.start_profile import StartRequest, start_profile
from tests.fakes.adapters import FakeCompose, FakeEngine
from tests.fakes.values import a_container
from tests.unit.usecases.test_derive_secrets import MAKERS, adapters

__all__ = ["adapters"]  # the fixture

UP = tuple(a_container(name) for name in ("db", "metastore", "web"))


@dataclass
class Hours:
    """A clock that goes on by what is slept."""

    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    def utc(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.timezone.utc)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


@dataclass
class Stack:
    """The stack of the fixture, running, with a query engine that counts what it is told it runs."""

    adapters: Adapters
    compose: FakeCompose
    clock: Hours
    said: list[str] = field(default_factory=list)

    def rotate(self, *names: str, **how: Any) -> Rotated:
        return rotate_secrets(self.adapters, RotateRequest(names, **how), self.said.append)

    def values(self) -> dict[str, str]:
        return {p.name: p.read_text() for p in self.adapters.state.secrets.iterdir()}


@pytest.fixture
def work() -> list[int]:
    """How many statements run, each time it is asked; then none."""
    return []


@pytest.fixture
def stack(adapters: Adapters, work: list[int]) -> Stack:
    class Engine(Trino):
        def at_work(self) -> int:
            return work.pop(0) if work else 0

    folder = adapters.repository.root / "services"
    _says(folder / "db" / "compose.yaml", 'rereads: ["db-*"]')
    metastore = folder / "metastore" / "compose.yaml"
    secrets = 'secrets: [metastore-password, db-password]\n    expose: ["9083"]'
    metastore.write_text(metastore.read_text().replace("secrets: [metastore-password]", secrets))
    services = adapters.repository.model().services
    adapters.state.ensure_secrets(secrets_of(adapters, services))
    derive_secrets(adapters, services, adapters.state)
    clock = Hours()
    cast("FakeEngine", adapters.engine).script = [UP]
    ours = replace(adapters, clock=cast("Clock", clock), trino=cast("type[Trino]", Engine))
    return Stack(ours, cast("FakeCompose", adapters.compose), clock)


def _says(fragment: Any, line: str) -> None:
    fragment.write_text(fragment.read_text().replace("      provides:", f"      {line}\n      provides:"))


def _at(stack: Stack, verb: str, do: Callable[[], None]) -> None:
    """Let something happen when Compose is asked for that."""
    original = getattr(stack.compose, verb)

    def happening(services: Any) -> None:
        original(services)
        do()

    setattr(stack.compose, verb, happening)


def test_who_reads_a_secret_once_is_stopped_before_it_changes_and_started_after(stack: Stack) -> None:
    old = stack.adapters.state.secret("db-password")
    seen: dict[str, str] = {}
    _at(stack, "stop", lambda: seen.update(stopped=stack.adapters.state.secret("db-password")))
    _at(stack, "start", lambda: seen.update(started=stack.adapters.state.secret("db-password")))
    rotated = stack.rotate("db-password")
    assert (rotated.secrets, rotated.restarted) == (("db-password",), ("metastore",)), "db itself reads it again"
    assert stack.compose.calls == [("stop", ("metastore",)), ("start again", ("metastore",))]
    assert seen["stopped"] == old
    assert seen["started"] == stack.adapters.state.secret("db-password") != old


def test_services_come_back_one_after_the_other_each_after_what_it_needs(stack: Stack) -> None:
    rotated = stack.rotate(every=True)
    assert rotated.restarted == ("metastore", "web")
    assert [call for call in stack.compose.calls if call[0] == "start again"] == [
        ("start again", ("metastore",)),
        ("start again", ("web",)),
    ]


def test_the_file_stays_the_one_that_a_container_has_mounted_and_closed_to_writers(stack: Stack) -> None:
    files = {p.name: p for p in stack.adapters.state.secrets.iterdir()}
    before = {name: path.stat().st_ino for name, path in files.items()}
    old = stack.values()
    rotated = stack.rotate(every=True)
    assert {name: path.stat().st_ino for name, path in files.items()} == before
    assert {oct(files[name].stat().st_mode & 0o777) for name in rotated.secrets} == {"0o444"}
    assert all(old[name] != stack.values()[name] for name in rotated.secrets)
    assert len({stack.values()[name] for name in rotated.secrets}) == len(rotated.secrets)


def test_a_person_s_password_follows_everywhere_and_nobody_is_restarted(stack: Stack) -> None:
    rotated = stack.rotate("mike")
    assert rotated.secrets == ("mike-password",)
    assert set(rotated.derived) == {"web-passwords", "db-people", "lake-people", "sign-in-people"}
    assert (rotated.restarted, stack.compose.calls) == ((), [])
    hashes = dict(line.split(":", 1) for line in stack.adapters.state.derived("web-passwords").splitlines())
    assert bcrypt.checkpw(stack.adapters.state.secret("mike-password").encode(), hashes["mike"].encode())


def test_it_returns_when_those_who_read_again_have_done_so(stack: Stack) -> None:
    rotated = stack.rotate("mike-password")
    assert sum(stack.clock.slept) >= 10
    assert rotated.seconds >= 10


@pytest.mark.parametrize("names", [("db-password",), ("db",)])
def test_a_service_stands_for_its_secrets(stack: Stack, names: tuple[str, ...]) -> None:
    assert stack.rotate(*names).secrets == ("db-password",)


def test_while_the_stack_is_down_the_values_change_and_nothing_is_waited_for(stack: Stack) -> None:
    cast("FakeEngine", stack.adapters.engine).script = [()]
    old = stack.values()
    rotated = stack.rotate(every=True)
    assert (rotated.running, rotated.restarted, stack.compose.calls, stack.clock.slept) == (False, (), [], [])
    assert stack.values()["db-password"] != old["db-password"]
    assert rotated.derived


@pytest.mark.parametrize(
    ("names", "says", "hint"),
    [
        (("db-pasword",), "there is no secret 'db-pasword'", "did you mean 'db-password'?"),
        (("web-rules",), "'web-rules' has no value of its own", "made of"),
        (("mesh-ca",), "'mesh-ca' has no value of its own", "made of"),
        (("mike", "nobody"), "there is no secret 'nobody'", "secrets: "),
        ((), "nothing is named", "db-password"),
    ],
)
def test_what_cannot_be_rotated_is_refused_and_nothing_changes(
    stack: Stack, names: tuple[str, ...], says: str, hint: str
) -> None:
    before = stack.values()
    with pytest.raises(UserError, match=says) as refused:
        stack.rotate(*names)
    assert hint in f"{refused.value.message} {refused.value.hint}"
    assert (stack.values(), stack.compose.calls) == (before, [])


def test_a_rotation_that_was_killed_is_told_until_what_it_stopped_runs(stack: Stack) -> None:
    """Nothing of ours runs after SIGKILL: what is there to be told was written before anything was stopped."""
    state, left = stack.adapters.state, {}
    _at(stack, "stop", lambda: left.update(state.read_json(ROTATING), said=cut_short(stack.adapters)))
    stack.rotate("db-password")
    assert (left.pop("said"), cut_short(stack.adapters)) == ("", ""), "at work, and over"
    state.write_private(ROTATING, json.dumps(left))

    line = (
        "a rotation of secrets was killed: it had stopped metastore, and some values may still be the old ones; "
        "start what is stopped: dm up; then: dm secrets rotate db-password"
    )
    assert show_status(stack.adapters).rotation == line
    before = stack.values()
    with pytest.raises(UnhealthyError, match=line):
        stack.rotate("web-password")
    assert stack.values() == before
    start_profile(stack.adapters, StartRequest(), lambda *_: None, stack.said.append)
    assert line in stack.said
    assert (cut_short(stack.adapters), show_status(stack.adapters).rotation) == ("", "")
    stack.rotate("db-password")


def test_one_that_was_killed_and_stopped_nobody_is_done_again(stack: Stack) -> None:
    stack.adapters.state.write_private(ROTATING, json.dumps({"asked": "mike", "stopped": []}))
    assert "it had stopped no service" in cut_short(stack.adapters)
    stack.rotate("mike")
    assert cut_short(stack.adapters) == ""


def test_before_the_first_start_there_is_nothing_to_rotate(adapters: Adapters) -> None:
    with pytest.raises(UserError, match="no secrets exist yet"):
        rotate_secrets(adapters, RotateRequest(every=True), print)


def test_statements_that_run_are_waited_for(stack: Stack, work: list[int]) -> None:
    work += [2, 2, 1]
    stack.rotate("web-password")
    assert stack.said[:2] == ["waiting for 2 running statements to end", "waiting for 1 running statements to end"]
    assert stack.compose.calls[0] == ("stop", ("web",))


def test_statements_that_do_not_end_are_not_lost(stack: Stack, work: list[int]) -> None:
    work += [1] * 100
    before = stack.values()
    with pytest.raises(UnhealthyError, match="1 statements still run, and would be lost: nothing was changed"):
        stack.rotate("web-password")
    assert (stack.values(), stack.compose.calls) == (before, [])
    assert stack.rotate("web-password", patience=0).restarted == ("web",), "whoever says so need not wait"


def test_statements_are_asked_about_when_somebody_is_restarted_whom_the_engine_asks(
    stack: Stack, work: list[int]
) -> None:
    work += [1] * 100
    assert stack.rotate("mike-password").restarted == ()
    with pytest.raises(UnhealthyError, match="statements still run"):
        stack.rotate("metastore-password")


@pytest.mark.parametrize("stopped", [KeyboardInterrupt(), HostError("the engine is gone", "")])
def test_cut_short_while_stopping_everything_is_as_it_was_and_runs(stack: Stack, stopped: BaseException) -> None:
    before = stack.values()

    def interrupt() -> None:
        raise stopped

    _at(stack, "stop", interrupt)
    with pytest.raises(type(stopped)):
        stack.rotate(every=True)
    assert stack.values() == before
    assert stack.compose.calls[-1] == ("start again", ("metastore", "web"))


def test_cut_short_while_starting_the_values_are_new_and_all_is_started(stack: Stack) -> None:
    before = stack.values()
    started: list[int] = []

    def interrupt() -> None:
        started.append(1)
        if len(started) == 1:
            raise KeyboardInterrupt

    _at(stack, "start", interrupt)
    with pytest.raises(KeyboardInterrupt):
        stack.rotate(every=True)
    assert all(stack.values()[name] != before[name] for name in ("db-password", "metastore-password", "mike-password"))
    assert stack.compose.calls[-1] == ("start again", ("metastore", "web"))
    assert len(stack.rotate(every=True).secrets) > 10, "the same command again goes on"


def test_a_service_that_does_not_come_back_is_named(stack: Stack) -> None:
    cast("FakeEngine", stack.adapters.engine).script = [
        (a_container("db"), a_container("metastore", health="starting"), a_container("web"))
    ]
    with pytest.raises(UnhealthyError, match="metastore is starting after 300 s with its new secrets"):
        stack.rotate("metastore-password")


def test_others_can_see_that_it_is_at_work(stack: Stack) -> None:
    seen: list[bool] = []
    _at(stack, "stop", lambda: seen.append(stack.adapters.state.is_at_work(ROTATE)))
    assert not stack.adapters.state.is_at_work(ROTATE)
    stack.rotate("web-password")
    assert seen == [True]
    assert not stack.adapters.state.is_at_work(ROTATE), "what the lock file says of the past does not count"


def test_another_password_is_written_in_place_too(stack: Stack) -> None:
    path = stack.adapters.state.secrets / "admin-password"
    inode = path.stat().st_ino
    set_password(stack.adapters, "admin", "correct-horse-9")
    assert (path.read_text(), path.stat().st_ino) == ("correct-horse-9", inode)


def test_on_a_cluster_only_what_the_export_was_applied_with_changes(stack: Stack) -> None:
    ours = replace(stack.adapters, chosen_context=lambda name: str(name))
    export = ours.state.of_export("far")
    request = RotateRequest(("db",))
    with pytest.raises(UserError, match="no export was applied to 'far' from here"):
        rotate_on_cluster(ours, request, ChosenCluster("far"))
    export.keep_secrets({"db-password": "theirs"})
    before = stack.values()
    rotated = rotate_on_cluster(ours, request, ChosenCluster("far"))
    assert (rotated.secrets, rotated.context) == (("db-password",), "far")
    assert export.secret("db-password") != "theirs"
    assert (stack.values(), set(stack.values()) >= set(MAKERS)) == (before, True)
