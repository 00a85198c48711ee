"""Addresses and rules at `up`, `down` and `dm net`: what is asked of engine and kernel, and what is said where they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.adapters.net_rules import Rules, Table
from datameesh_cli.adapters.network import Found, Network
from datameesh_cli.core.network import elements, laid_out, no_rules
from datameesh_cli.errors import HostError, UnhealthyError
from datameesh_cli.usecases.enforce_network import enforce, guard, lift, place_services, show
from datameesh_cli.usecases.show_status import show_status
from datameesh_cli.usecases.start_profile import StartRequest, start_profile
from datameesh_cli.usecases.stop_stack import stop_services, stop_stack
from tests.fakes.adapters import FakeCompose, FakeEngine, fake_adapters
from tests.fakes.values import a_container

OURS = "172.20.128.0/17"
NO_KERNEL = HostError(
    "the engine's kernel takes no rules for the network: Operation not supported", "it needs nftables"
)
WHOLE = frozenset({"between", "declared", "outward", "outside", "inward", "asked"})
UP = (a_container("db"), a_container("metastore"), a_container("web"))


@dataclass
class _Network:
    found: Found | None = None
    calls: list[str] = field(default_factory=list)
    refuses: HostError | None = None

    def find(self, project: str) -> Found | None:
        return self.found

    def make(self, project: str, handed_out: Callable[[str], str]) -> str:
        if self.refuses:
            raise self.refuses
        self.calls.append(f"make {handed_out('172.20.0.0/16')}")
        self.found = Found("172.20.0.0/16", handed_out("172.20.0.0/16"), ())
        return self.found.subnet

    def remove(self, project: str) -> None:
        self.calls.append("remove")


@dataclass
class _Rules:
    FOLDER: str = "net-rules"
    texts: list[str] = field(default_factory=list)
    refuses: HostError | None = None
    table: Table | None = None
    others: tuple[str, ...] = ()
    before: Callable[[], list[str]] = list
    seen: list[list[str]] = field(default_factory=list)
    """What Compose had been asked for each time."""

    def put(self, image: str, text: str) -> None:
        self.seen.append(self.before())
        assert image == "datameesh/net-rules:1"
        if self.refuses:
            raise self.refuses
        self.texts.append(text)

    def look(self, image: str, table: str) -> Table | None:
        return self.table

    def tables_of(self, image: str, subnet: str) -> tuple[str, ...]:
        assert subnet == "172.20.0.0/16"
        return self.others


def _adapters(tmp_path: Path, *script: Any) -> tuple[Adapters, FakeCompose, _Network, _Rules]:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(*script))
    folder = tmp_path / "services" / "net-rules"
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text('FROM scratch\nLABEL org.opencontainers.image.version="1"\n')
    adapters.repository.refresh_compose()
    network, rules = _Network(), _Rules()
    return replace(adapters, network=cast(Network, network), rules=cast(Rules, rules)), compose, network, rules


def _addresses(adapters: Adapters) -> str:
    file = adapters.state.folder / "network.env"
    return file.read_text() if file.exists() else ""


def _start(adapters: Adapters, said: list[str], **how: Any) -> None:
    start_profile(adapters, StartRequest(build=False, **how), lambda *_: None, said.append)


def test_up_gives_addresses_and_sets_the_rules_before_anything_starts(tmp_path: Path) -> None:
    adapters, compose, network, rules = _adapters(tmp_path, (), UP)
    rules.before = compose.names
    said: list[str] = []
    _start(adapters, said)
    assert said == []
    assert network.calls == [f"make {OURS}"]
    env = _addresses(adapters).splitlines()
    assert {"DB_ADDRESS=172.20.0.16", "WEB_ADDRESS=172.20.0.48", "DM_ADDRESS_BLOCK=16"} <= set(env)
    assert rules.seen == [["resolve"]]
    assert "172.20.0.48/28 . 172.20.0.32 " not in rules.texts[0], "what web waits for listens nowhere"
    assert "table bridge datameesh {" in rules.texts[0]
    assert "datameesh/net-rules:1" in cast(FakeEngine, adapters.engine).asked_images


def test_a_second_up_uses_the_network_that_is_there(tmp_path: Path) -> None:
    adapters, _, network, rules = _adapters(tmp_path, (), UP)
    _start(adapters, [])
    _start(adapters, [])
    assert network.calls == [f"make {OURS}"]
    assert rules.texts[0] == rules.texts[1]


def test_a_network_of_before_is_made_anew_when_nobody_is_on_it_and_left_when_somebody_is(tmp_path: Path) -> None:
    adapters, _, network, _rules = _adapters(tmp_path, UP)
    network.found = Found("172.18.0.0/16", "", ("172.18.0.2",))
    said: list[str] = []
    services = adapters.repository.model().services
    assert not place_services(adapters, services, said.append)
    assert said == [
        "warning: every container on the stack's network reaches every other: the network was made before services had "
        "addresses of their own (dm down; dm up)"
    ]
    assert network.calls == []
    network.found = Found("172.18.0.0/16", "", ())
    assert place_services(adapters, services, said.append)
    assert "DB_ADDRESS=172.20.0.16\n" in _addresses(adapters)
    assert network.calls == ["remove", f"make {OURS}"]
    assert len(said) == 1


def test_what_a_stack_left_that_had_these_addresses_before_goes_when_the_network_is_made(tmp_path: Path) -> None:
    """Such as one that was removed by docker alone. A table that is none of ours is somebody else's."""
    adapters, _, _, rules = _adapters(tmp_path, (), UP)
    rules.others, rules.table = ("datameesh-gone",), Table(frozenset({"forward"}), frozenset(), {})
    _start(adapters, [])
    assert len(rules.texts) == 1
    adapters.network.remove(adapters.project)
    cast(_Network, adapters.network).found = None
    ours = frozenset({"between", "declared", "outward", "outside", "inward", "asked"})
    rules.table = Table(ours, frozenset(), {})
    _start(adapters, [])
    assert rules.texts[1] == "table bridge datameesh-gone\ndelete table bridge datameesh-gone\n"
    assert "table bridge datameesh {" in rules.texts[2]
    _start(adapters, [])
    assert len(rules.texts) == 4, "a network that is there is looked through no more"


@pytest.mark.parametrize("part", ["network", "rules"])
def test_where_the_engine_cannot_up_goes_on_with_one_line(tmp_path: Path, part: str) -> None:
    adapters, compose, network, rules = _adapters(tmp_path, (), UP)
    refusing = network if part == "network" else rules
    refusing.refuses = NO_KERNEL
    said: list[str] = []
    _start(adapters, said)
    assert said == [
        f"warning: every container on the stack's network reaches every other: {NO_KERNEL.message} ({NO_KERNEL.hint})"
    ]
    assert "start" in compose.names()
    if part == "network":
        assert _addresses(adapters) == ""


def test_enforce_alone_ends_with_what_the_engine_said(tmp_path: Path) -> None:
    adapters, _, _network, rules = _adapters(tmp_path, (), UP)
    _start(adapters, [])
    rules.refuses = NO_KERNEL
    with pytest.raises(HostError, match="takes no rules"):
        enforce(adapters)
    cast(FakeEngine, adapters.engine).missing = {"datameesh/net-rules:1"}
    with pytest.raises(HostError, match="the image that sets the rules is missing") as missing:
        enforce(adapters)
    assert missing.value.hint == "run: dm images build net-rules"


def test_enforce_needs_a_network_and_addresses(tmp_path: Path) -> None:
    adapters, _, network, _ = _adapters(tmp_path)
    with pytest.raises(UnhealthyError, match="there is no network yet"):
        enforce(adapters)
    network.found = Found("172.18.0.0/16", "", ("172.18.0.2",))
    with pytest.raises(UnhealthyError, match="no addresses of their own yet"):
        enforce(adapters)


def test_off_stays_off_until_it_is_enforced_and_moves_nobody(tmp_path: Path) -> None:
    adapters, _, _, rules = _adapters(tmp_path, (), UP)
    _start(adapters, [])
    addresses = _addresses(adapters)
    assert lift(adapters).state == show(adapters).state == "off"
    assert rules.texts[-1] == no_rules("datameesh")
    asked = cast(FakeEngine, adapters.engine).asked_images
    asked.clear()
    _start(adapters, [])
    assert _addresses(adapters) == addresses
    assert "datameesh/net-rules:1" not in asked
    assert len(rules.texts) == 2
    enforce(adapters)
    assert rules.texts[2] == rules.texts[0]


def test_what_the_kernel_holds_is_compared_with_what_is_declared(tmp_path: Path) -> None:
    adapters, _, _, rules = _adapters(tmp_path, (), UP)
    assert show(adapters).state == "not in force"
    _start(adapters, [])
    assert show(adapters).state == "not in force"
    services = adapters.repository.model().services
    layout = laid_out("172.20.0.0/16", ["db", "metastore", "web"], {})
    refused = {"between": 3, "outward": 0, "inward": 0}
    rules.table = Table(WHOLE, elements(layout, services), refused)
    assert (show(adapters).state, show(adapters).refused) == ("in force", refused)
    for table in (
        Table(WHOLE, frozenset(), refused),
        Table(WHOLE - {"between"}, elements(layout, services), refused),
        Table(WHOLE, elements(layout, services), {"between": 3, "outward": 0}),
    ):
        rules.table = table
        assert show(adapters).state == "out of date"


def test_a_service_that_came_after_the_start_is_named(tmp_path: Path) -> None:
    adapters, _, _, rules = _adapters(tmp_path, (), UP)
    _start(adapters, [])
    kept = adapters.state.read_json("network.json")
    del kept["places"]["web"]
    adapters.state.write("network.json", json.dumps(kept))
    with pytest.raises(UnhealthyError, match="web came after the last start and has no address yet"):
        enforce(adapters)
    assert len(rules.texts) == 1, "the old ones stay"


def test_rules_that_stay_are_not_off(tmp_path: Path) -> None:
    adapters, _, _, rules = _adapters(tmp_path, (), UP)
    _start(adapters, [])
    rules.refuses = NO_KERNEL
    with pytest.raises(HostError, match="the rules of the network stay: the engine's kernel takes no rules"):
        lift(adapters)


def test_status_says_how_the_network_is_guarded_while_something_runs(tmp_path: Path) -> None:
    adapters, _, _, rules = _adapters(tmp_path, (), UP)
    assert show_status(adapters).network == "", "nothing runs"
    _start(adapters, [])
    layout = laid_out("172.20.0.0/16", ["db", "metastore", "web"], {})
    refused = {"between": 0, "outward": 0, "inward": 0}
    rules.table = Table(WHOLE, elements(layout, adapters.repository.model().services), refused)
    assert show_status(adapters).network == "in force"
    # As after a new start of the machine: the containers are back, the rules are not.
    rules.table = None
    status = show_status(adapters)
    assert (status.network, status.healthy) == ("not in force", True)
    lift(adapters)
    assert show_status(adapters).network == "off"
    (tmp_path / "services" / "net-rules" / "Dockerfile").unlink()
    assert show_status(adapters).network == ""


def test_status_goes_on_where_nobody_can_look_at_the_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapters, _, _, rules = _adapters(tmp_path, (), UP)
    _start(adapters, [])

    def refuse(*_: str) -> None:
        raise NO_KERNEL

    monkeypatch.setattr(rules, "look", refuse)
    assert show_status(adapters).network == ""


def test_down_takes_the_rules_away_once_and_so_does_the_last_service(tmp_path: Path) -> None:
    adapters, compose, _, rules = _adapters(tmp_path, UP)
    assert stop_stack(adapters, volumes=False).warnings == ()
    assert rules.texts == [], "nothing was set"
    _start(adapters, [])
    stop_services(adapters, ["web"])
    assert len(rules.texts) == 1, "others go on"
    stop_services(adapters, ["metastore", "db"])
    assert rules.texts[1:] == [no_rules("datameesh")]
    _start(adapters, [])
    stop_stack(adapters, volumes=False)
    assert rules.texts[3:] == [no_rules("datameesh")]
    assert compose.names()[-1] == "down"


def test_rules_that_cannot_be_removed_are_said_and_down_goes_on(tmp_path: Path) -> None:
    adapters, _, _, rules = _adapters(tmp_path, UP)
    _start(adapters, [])
    rules.refuses = NO_KERNEL
    (warning,) = stop_stack(adapters, volumes=False).warnings
    assert warning.startswith("the rules of the network stay: the engine's kernel takes no rules")
    rules.refuses = None
    assert stop_stack(adapters, volumes=False).warnings == ()
    assert rules.texts[-1] == no_rules("datameesh"), "they are tried again"


def test_a_checkout_without_the_image_sets_nothing(tmp_path: Path) -> None:
    adapters, _, network, rules = _adapters(tmp_path, UP)
    (tmp_path / "services" / "net-rules" / "Dockerfile").unlink()
    said: list[str] = []
    assert not place_services(adapters, adapters.repository.model().services, said.append)
    guard(adapters, (), said.append)
    assert (said, network.calls, rules.texts) == ([], [], [])
