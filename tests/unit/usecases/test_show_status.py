"""`dm status`, `urls`, `credentials`, `why`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.show_status import explain_service, list_credentials, list_places, show_status
from tests.contract.repo import ROOT
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.fakes.values import a_container

HEALTHY = tuple(a_container(name) for name in ("db", "metastore", "web"))


def _running(tmp_path: Path, engine: FakeEngine) -> Adapters:
    adapters, _ = fake_adapters(tmp_path, engine)
    adapters.state.write(
        "plan.json", json.dumps({"profiles": ["core", "analytics"], "budget": 1024, "ports": {"WEB_PORT": "4000"}})
    )
    return adapters


def test_a_healthy_stack(tmp_path: Path) -> None:
    status = show_status(_running(tmp_path, FakeEngine(HEALTHY)), usage=True)
    assert (status.running, status.healthy, status.budget, str(status.selection)) == (
        True,
        True,
        1024,
        "profiles core, analytics",
    )
    web = status.services[-1]
    assert (web.service, web.state, web.limit, web.used, web.ports) == ("web", "healthy", 64, 50, (4000,))


def test_a_stack_with_one_broken_service_is_not_healthy(tmp_path: Path) -> None:
    broken = (*HEALTHY[:2], replace(HEALTHY[2], health="unhealthy", restarts=2))
    status = show_status(_running(tmp_path, FakeEngine(broken)))
    assert not status.healthy
    assert [(s.service, s.restarts, s.used) for s in status.services if not s.ok] == [("web", 2, None)]


def test_nothing_running_is_neither_running_nor_healthy(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    status = show_status(adapters)
    assert (status.running, status.healthy) == (False, False)


def test_places_show_the_ports_in_force(tmp_path: Path) -> None:
    (place,) = list_places(_running(tmp_path, FakeEngine(HEALTHY)))
    assert (place.title, place.url, place.user, place.secret) == (
        "Web",
        "http://localhost:4000/ui/",
        "admin",
        "web-password",
    )
    assert (place.can, place.service) == (("look",), "web")


def test_what_the_plan_leaves_out_has_no_place(tmp_path: Path) -> None:
    """The real folders: below 1.5 GiB and some more the domains' APIs do not run."""
    adapters = adapters_for(root=ROOT, state_root=tmp_path)
    for budget, apis in ((1536, set()), (6144, {"Marketing API", "Sales API"})):
        adapters.state.write("plan.json", json.dumps({"profiles": ["analytics"], "budget": budget}))
        assert {p.title for p in list_places(adapters)} == {"Lake console", "Sign-in", "Trino"} | apis


@pytest.mark.parametrize(("bind", "shown"), [("0.0.0.0", "localhost"), ("192.168.1.5", "192.168.1.5")])
def test_places_on_another_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bind: str, shown: str) -> None:
    monkeypatch.setenv("DM_BIND", bind)
    assert list_places(_running(tmp_path, FakeEngine()))[0].url == f"http://{shown}:4000/ui/"


def test_credentials_say_who_uses_them(tmp_path: Path) -> None:
    adapters = _running(tmp_path, FakeEngine())
    assert list_credentials(adapters) == ()
    adapters.state.ensure_secrets(["web-password", "of-nobody"])
    found = {c.name: c for c in list_credentials(adapters)}
    assert found["web-password"].used_by == ("web",)
    assert found["web-password"].value == adapters.state.secret("web-password")
    assert found["of-nobody"].used_by == ()


def test_why_tells_what_it_is_for_who_needs_it_and_what_is_wrong(tmp_path: Path) -> None:
    broken = (replace(HEALTHY[0], status="restarting", health="", restarts=1), *HEALTHY[1:])
    engine = FakeEngine(broken)
    engine.logs = {"datameesh-db-1": "FATAL: no space left\n"}
    reason = explain_service(_running(tmp_path, engine), "db")
    assert reason.summary == "The db of the test."
    assert reason.needed_by == ("metastore",)
    assert reason.share is not None
    assert reason.share.service == "db"
    assert reason.state is not None
    assert reason.state.state == "restarting"
    assert reason.last_error == "FATAL: no space left"


def test_why_names_the_first_broken_link_of_another_service(tmp_path: Path) -> None:
    broken = (replace(HEALTHY[0], health="unhealthy"), HEALTHY[1], replace(HEALTHY[2], health="starting"))
    reason = explain_service(_running(tmp_path, FakeEngine(broken)), "web")
    assert reason.first_broken is not None
    assert reason.first_broken.service == "db"


def test_why_of_something_unknown(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no service 'nope'"):
        explain_service(_running(tmp_path, FakeEngine()), "nope")
