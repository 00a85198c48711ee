"""The network of a running stack lets through what the folders declare and nothing else, whatever happens to the containers."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datameesh_cli.adapters import net_rules, network
from datameesh_cli.core.network import CHAINS, Layout, no_rules, rules
from datameesh_cli.errors import HostError
from tests.integration.inside import (
    BYSTANDER,
    containers,
    expected,
    needs_networks_of_this_machine,
    observed,
    places,
    run_as,
)
from tests.integration.stack import SMALLEST, Stack, docker, kill_from_outside
from tests.reach import BASH, ON_COMPOSE, Entry, between_domains, by_hand, of_the_table, ten_others

RULES = "datameesh/net-rules:1"
WITH_IPV6 = ("--sysctl", "net.ipv6.conf.all.disable_ipv6=0", "--entrypoint", "sleep")
CORE = ("up", "--profile", "core", "--ram", "512m")
METADATA = "169.254.169.254:80"
FEW = ("trino-coordinator", "sales-db", "marketing-db")
"""Who is asked where all were asked before: the one with most edges, and two without any."""


def _table(stack: Stack) -> net_rules.Table | None:
    return net_rules.look(RULES, stack.project)


@pytest.mark.row("S-SEC-01/C", "S-SEC-02/C", "S-SEC-03/C", "S-SEC-05/C")
def test_every_declared_connection_is_open_and_every_other_is_shut(stack: Stack) -> None:
    assert stack.json("net", "show")["state"] == "in force"
    seen = observed(stack)
    assert seen == expected(stack)
    # The same by hand.
    assert of_the_table(ON_COMPOSE, seen) == by_hand(
        ON_COMPOSE, (to.partition(":")[0] for to in places(stack).values())
    )
    assert not between_domains(seen, stack.adapters.repository.model().services)
    assert {("trino-coordinator", "sales-db:5432"), ("trino-coordinator", "marketing-db:5432")} < seen
    assert {who for who, to in seen if to == "hive-metastore:9083"} == {"trino-coordinator", "trino-worker"}
    assert {who for who, to in seen if to == "sales-db:5432"} == {
        "trino-coordinator",
        "trino-worker",
        "sales-api-1",
        "sales-api-2",
    }
    assert not {e for e in seen if e[0] in (BYSTANDER, "sales-db", "marketing-db")}


def test_nobody_has_an_address_of_ipv6_which_no_rule_knows(stack: Stack) -> None:
    """By addresses of the link (fe80::) two that have one reach each other, whatever the rules say."""
    for container in stack.containers().values():
        assert not _links(container.name), container.name
    beside = docker(
        "run", "--detach", "--rm", "--network", network.network_name(stack.project), *WITH_IPV6, RULES, "60"
    )
    try:
        assert _links(beside.strip()) == ["eth0"], "the look would see one"
    finally:
        docker("rm", "--force", beside.strip())


def _links(container: str) -> list[str]:
    """The interfaces of a container, but for its loopback, that have an address of IPv6."""
    lines = docker("exec", container, "cat", "/proc/net/if_inet6").splitlines()
    return sorted({line.split()[-1] for line in lines} - {"lo"})


def test_ten_others_are_shut_again_and_again(stack: Stack) -> None:
    who = [c.service for c in stack.containers().values()]
    assert not ten_others(who, places(stack).values(), expected(stack)) & observed(stack)


@pytest.mark.parametrize("how", ["restart", "killed", "dm restart", "up twice"])
def test_the_same_after_a_database_started_again(shared: Stack, how: str) -> None:
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    container = next(c for c in shared.containers().values() if c.service == "sales-db")
    if how == "restart":
        docker("restart", container.name)
    elif how == "killed":
        kill_from_outside(container.name)
    elif how == "dm restart":
        shared.dm("restart", "sales-db")
    else:
        shared.dm("up")
        shared.dm("up")
    shared.until_healthy()
    after = next(c for c in shared.containers().values() if c.service == "sales-db")
    assert after.address == container.address
    assert (after.started_at != container.started_at) is (how != "up twice")
    assert observed(shared, *FEW, BYSTANDER) == expected(shared, *FEW)


def _outside(stack: Stack) -> set[Entry]:
    """What a container reaches of this machine and beyond, and this machine of a container: as root, and as another user.

    All asked at once: what is shut keeps silent for seconds.
    """
    wanted = {address: place for address, place in places(stack).items() if place in ("sales-db:5432", "minio:9000")}
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(_from_a_container, stack),
            pool.submit(_from_this_machine, "root", (), wanted),
            pool.submit(_from_this_machine, "somebody", ("setpriv", "--reuid", "65534", "--clear-groups"), wanted),
            pool.submit(_what_is_published, stack),
        ]
        return {entry for found in asked for entry in found.result()}


def _from_a_container(stack: Stack) -> set[Entry]:
    shown = "{{(index .IPAM.Config 0).Gateway}}"
    gateway = docker("network", "inspect", network.network_name(stack.project), "--format", shown).strip()
    who = next(c for c in stack.containers().values() if c.service == "trino-coordinator")
    with socket.create_server((gateway, 0)) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names:
        names.bind((gateway, 53))
        names.settimeout(1)
        here = f"{gateway}:{server.getsockname()[1]}"
        words = ["bash", "-c", f"echo asked > /dev/udp/{gateway}/53; {BASH}", "probe", here, METADATA]
        found = {("container", {here: "machine"}.get(line, line)) for line in docker("exec", who.name, *words).split()}
        with contextlib.suppress(TimeoutError):
            found |= {("container", "names")} if names.recv(10) else set()
    return found


def _from_this_machine(name: str, become: Sequence[str], wanted: Mapping[str, str]) -> set[Entry]:
    done = subprocess.run([*become, "bash", "-c", BASH, "probe", *wanted], capture_output=True, text=True)
    return {(name, wanted[line]) for line in done.stdout.split()}


def _what_is_published(stack: Stack) -> set[Entry]:
    store = next(c for c in stack.containers().values() if c.service == "minio")
    published = docker("port", store.name, "9000").strip()
    try:
        url, any_one = f"https://{published}/minio/health/live", ssl._create_unverified_context()
        with urllib.request.urlopen(url, timeout=3, context=any_one) as answer:
            return {("machine", "published")} if answer.status == 200 else set()
    except OSError:
        return set()


SHUT = {
    ("container", "names"),
    ("root", "sales-db:5432"),
    ("root", "minio:9000"),
    # Its own login protects what is published.
    ("somebody", "minio:9000"),
    ("machine", "published"),
}


@needs_networks_of_this_machine
def test_nothing_of_the_outside_is_reached_and_only_root_and_the_user_reach_in(stack: Stack) -> None:
    """A stolen account of this machine gets no further than the ways in that have a login; no container gets out."""
    assert _outside(stack) == SHUT
    stack.dm("net", "off")
    try:
        # What is shut would be open: the listener and the databases are there.
        assert SHUT | {("container", "machine"), ("somebody", "sales-db:5432")} <= _outside(stack)
    finally:
        stack.dm("net", "enforce")
    assert stack.json("net", "show")["refused"]["outward"] == 0, "counted anew"
    assert _outside(stack) == SHUT
    counted = stack.json("net", "show")["refused"]
    assert counted["outward"] > 0
    assert counted["inward"] > 0


@needs_networks_of_this_machine
def test_each_rule_taken_away_is_noticed(stack: Stack) -> None:
    """Every line of the chains, and one element of each set; but for the ways out, of which this stack has none: they are tried
    where a provider of people is (services/sign-in/tests/test_providers.py)."""
    adapters = stack.adapters
    kept = adapters.state.read_json("network.json")
    layout, services = Layout(kept["subnet"], kept["places"]), adapters.repository.model().services
    text = rules(stack.project, layout, services, 0)
    verdict = re.compile(r"\t\t(?!type |.*@ways_out).*(accept|jump \w+|drop comment .*)\n")
    element = re.compile(r'\t\t\t.*"(trino-coordinator -> sales-db:5432|minio:9000)",?\n')
    lines = [line for line in text.splitlines(keepends=True) if verdict.fullmatch(line) or element.fullmatch(line)]
    assert len(lines) == 12 + 2
    whole = expected(stack, *FEW) | SHUT
    unnoticed = []
    try:
        for line in lines:
            net_rules.put(RULES, text.replace(line, "", 1))
            if _all(stack) == whole:
                unnoticed.append(line)
    finally:
        stack.dm("net", "enforce")
    assert unnoticed == []
    assert _all(stack) == whole


def _all(stack: Stack) -> set[Entry]:
    with ThreadPoolExecutor(1) as pool:
        outside = pool.submit(_outside, stack)
        return observed(stack, *FEW) | outside.result()


def test_off_opens_it_and_enforce_shuts_it_again(shared: Stack) -> None:
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    before = shared.ids()
    assert "Switched off: every container" in shared.dm("net", "off").stdout
    assert _table(shared) is None
    assert (BYSTANDER, "sales-db:5432") in observed(shared, BYSTANDER)
    shared.dm("up")
    assert _table(shared) is None, "off stays off"
    assert shared.ids() == before
    assert "Nothing but these connections is let through." in shared.dm("net", "enforce").stdout
    assert observed(shared, *FEW, BYSTANDER) == expected(shared, *FEW)
    # What somebody else took away is seen, and set again.
    net_rules.put(RULES, f"table bridge {shared.project} {{ }}\nflush set bridge {shared.project} edges\n")
    assert shared.json("net", "show")["state"] == "out of date"
    shared.dm("up")
    assert shared.json("net", "show")["state"] == "in force"
    # As a new start of the machine leaves it: the containers are there, the rules are not.
    net_rules.put(RULES, no_rules(shared.project))
    assert "No rules are set (a new start of the machine takes them)" in shared.dm("status").stderr
    shared.dm("up")
    assert "rules" not in shared.dm("status").stderr
    assert observed(shared, *FEW, BYSTANDER) == expected(shared, *FEW)


def test_two_stacks_beside_each_other_and_neither_leaves_anything(shared: Stack, other: Stack) -> None:
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    other.dm("up", "sales-db", "marketing-db", "--ram", "512m")
    by_now = by_hand(ON_COMPOSE, ("sales-db", "marketing-db"))
    assert {("trino-coordinator", "sales-db:5432"), ("sales-api-1", "sales-db:5432")} < by_now
    assert observed(other) == expected(other) == by_now, "by those that stand in for others, and by nobody else"
    theirs = list(places(other))
    asked = [
        run_as(one, containers(one), who, "bash", "-c", BASH, "probe", *theirs)
        for one, who in ((shared, "trino-coordinator"), (shared, BYSTANDER), (other, "trino-coordinator"))
    ]
    assert [set(answer.split()) for answer in asked] == [set(), set(), set(theirs)], (
        "nor does anybody of the stack beside it"
    )
    assert _table(shared)
    assert _table(other)
    other.dm("down", "sales-db", "marketing-db")
    assert _table(other) is None
    other.dm("up", "sales-db", "--ram", "512m")
    assert _table(other)
    other.dm("down", "--volumes", "--yes")
    assert _table(other) is None
    assert observed(shared, *FEW, BYSTANDER) == expected(shared, *FEW)


def test_the_kernel_tells_whose_rules_are_for_which_addresses() -> None:
    """By this `dm up` finds what a stack left that went without `dm down` (tests/unit/usecases/test_enforce_network.py)."""
    left = "datameesh-test-left"
    net_rules.put(RULES, rules(left, Layout("10.251.0.0/16", {}), (), 0))
    try:
        assert net_rules.tables_of(RULES, "10.251.0.0/16") == (left,)
        assert net_rules.tables_of(RULES, "10.251.0.0/20") == ()
        found = net_rules.look(RULES, left)
        assert found and found.chains >= CHAINS
    finally:
        net_rules.put(RULES, no_rules(left))
    assert net_rules.tables_of(RULES, "10.251.0.0/16") == ()


def test_a_ctrl_c_leaves_all_of_it_or_nothing(other: Stack) -> None:
    for moment in (0.3, 0.6, 0.9, 1.2, 1.6):
        begun = other.start(*CORE)
        time.sleep(moment)
        begun.send_signal(signal.SIGINT)
        begun.communicate(timeout=60)
        table = _table(other)
        assert table is None or len(table.chains) == 6, f"after {moment} s"
    other.dm("down", "--volumes", "--yes")
    assert _table(other) is None
    assert network.find(other.project) is None


def test_without_the_right_to_set_rules_it_starts_and_says_so(other: Stack, tmp_path: Path) -> None:
    """An engine that gives nobody NET_ADMIN: a docker command that takes the word away."""
    real = subprocess.run(["which", "docker"], capture_output=True, text=True, check=True).stdout.strip()
    shim = tmp_path / "docker"
    shim.write_text(
        f'#!/bin/bash\nfor w; do [[ $w == NET_ADMIN ]] && w=NET_RAW; a+=("$w"); done\nexec {real} "${{a[@]}}"\n'
    )
    shim.chmod(0o755)
    path = f"{tmp_path}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    warned = other.dm(*CORE, PATH=path).stderr
    lines = [line for line in warned.splitlines() if line.startswith("warning: every container on the stack's network")]
    assert len(lines) == 1
    assert "the engine's kernel takes no rules for the network: " in lines[0]
    assert "Operation not permitted" in lines[0]
    refused = other.dm("net", "enforce", code=3, PATH=path).stderr
    assert "the engine's kernel takes no rules for the network: " in refused
    assert _table(other) is None
    assert other.json("status")["healthy"]


def test_a_rule_that_the_kernel_does_not_know_is_a_refusal() -> None:
    with pytest.raises(HostError, match=r"takes no rules for the network: .*[Ss]yntax error"):
        net_rules.put(RULES, "table bridge datameesh-test-refused { nonsense }\n")
    assert net_rules.look(RULES, "datameesh-test-refused") is None
