"""The network of a stack and its rules: how they are asked for, and what becomes of the answers. Only the programs are scripted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters import docker, net_rules, network
from datameesh_cli.adapters.compose import Compose
from datameesh_cli.adapters.process import Finished
from datameesh_cli.core.network import strangers
from datameesh_cli.errors import DmError, HostError, UnhealthyError

GONE = Finished(1, "[]\n", "Error response from daemon: network datameesh_mesh not found\n")


def _inspected(subnet: str, handed_out: str = "", *addresses: str) -> Finished:
    config = {"Subnet": subnet, "Gateway": "x"} | ({"IPRange": handed_out} if handed_out else {})
    containers = {f"c{n}": {"Name": f"c{n}", "IPv4Address": f"{a}/16"} for n, a in enumerate(addresses)}
    return Finished(0, json.dumps([{"IPAM": {"Config": [config]}, "Containers": containers}]), "")


def _scripted(monkeypatch: pytest.MonkeyPatch, *answers: Finished) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []
    left = list(answers)

    def run(*words: str, **how: Any) -> Finished:
        calls.append((*words, *filter(None, [how.get("stdin")])))
        return left.pop(0)

    monkeypatch.setattr(docker, "run", run)
    return calls


@pytest.mark.parametrize("said", [GONE.err, "Error: No such network: datameesh_mesh\n"])
def test_a_network_that_is_not_there_is_none(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    _scripted(monkeypatch, Finished(1, "[]\n", said))
    assert network.find("datameesh") is None


def test_a_network_is_read_and_an_engine_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _scripted(monkeypatch, _inspected("172.20.0.0/16", "172.20.128.0/17", "172.20.0.32", "172.20.0.16"))
    assert network.find("datameesh") == network.Found(
        "172.20.0.0/16", "172.20.128.0/17", ("172.20.0.16", "172.20.0.32")
    )
    _scripted(monkeypatch, Finished(1, "", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock"))
    with pytest.raises(HostError, match="no container engine answers"):
        network.find("datameesh")


def test_the_engine_chooses_and_what_it_chose_is_made_again_with_its_range(monkeypatch: pytest.MonkeyPatch) -> None:
    done = Finished(0, "id\n", "")
    taken = Finished(1, "", "Error response from daemon: Pool overlaps with other one on this address space")
    one, two = _inspected("172.20.0.0/16"), _inspected("172.21.0.0/16")
    calls = _scripted(monkeypatch, done, one, done, taken, done, two, done, done)
    assert network.make("datameesh", strangers) == "172.21.0.0/16"
    assert [c[1] for c in calls] == ["create", "inspect", "rm", "create"] * 2
    assert all("--ipv6=false" in c for c in calls if c[1] == "create"), "no rule knows an address of IPv6"
    assert " ".join(calls[7]).endswith(
        "--subnet 172.21.0.0/16 --ip-range 172.21.128.0/17 --gateway 172.21.0.1 datameesh_mesh"
    )
    labels = {"com.docker.compose.project=datameesh", "com.docker.compose.network=mesh"}
    assert labels < set(calls[0])
    assert labels < set(calls[7])


def test_a_network_that_is_taken_each_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    done = Finished(0, "id\n", "")
    taken = Finished(1, "", "Error response from daemon: Pool overlaps with other one on this address space")
    calls = _scripted(monkeypatch, *[done, _inspected("172.20.0.0/16"), done, taken] * 3)
    with pytest.raises(DmError, match="cannot make the stack's network: Pool overlaps"):
        network.make("datameesh", strangers)
    assert len(calls) == 12


def test_what_runs_in_the_name_of_a_service_has_a_free_address_of_its_block(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compose = Compose(tmp_path / "compose.yaml", "datameesh", tmp_path / "plan.env")
    assert compose.stand_in("dbt") == "", "nothing was placed"
    (tmp_path / "network.env").write_text("DBT_ADDRESS=172.20.0.16\nDM_ADDRESS_BLOCK=4\n")
    _scripted(monkeypatch, _inspected("172.20.0.0/16", "", "172.20.0.17", "172.20.0.19"))
    assert compose.stand_in("dbt") == "172.20.0.18"
    _scripted(monkeypatch, _inspected("172.20.0.0/16", "", "172.20.0.17", "172.20.0.18", "172.20.0.19"))
    with pytest.raises(UnhealthyError, match="all addresses of dbt are taken"):
        compose.stand_in("dbt")
    assert compose.stand_in("nobody") == ""


def test_rules_are_given_to_a_container_that_may_do_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _scripted(monkeypatch, Finished(0, "", ""))
    net_rules.put("datameesh/net-rules:1", "table bridge x { }\n")
    assert calls[0][-4:] == ("datameesh/net-rules:1", "-f", "-", "table bridge x { }\n")
    words = " ".join(calls[0])
    assert "--cap-drop ALL --cap-add NET_ADMIN --security-opt no-new-privileges --read-only" in words
    assert "--privileged" not in words


@pytest.mark.parametrize(
    ("code", "said", "message"),
    [
        (1, "/dev/stdin:1:1-9: Error: Could not process rule: Operation not supported\ntable bridge x\n^^^\n",
         "the engine's kernel takes no rules for the network: "
         "/dev/stdin:1:1-9: Error: Could not process rule: Operation not supported"),
        (1, "Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed\n",
         "the engine's kernel takes no rules for the network: Operation not permitted (you must be root)"),
        (1, "", "the engine's kernel takes no rules for the network: no message"),
        (125, "docker: Error response from daemon: authorization denied by plugin.\n",
         "cannot set the rules of the network: docker: Error response from daemon: authorization denied by plugin."),
        (125, "docker: Error response from daemon: No such image: datameesh/net-rules:1.\n",
         "cannot set the rules of the network: an image is missing "
         "(docker: Error response from daemon: No such image: datameesh/net-rules:1.)"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_line_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, code: int, said: str, message: str
) -> None:
    _scripted(monkeypatch, Finished(code, "", said))
    with pytest.raises(HostError) as refused:
        net_rules.put("datameesh/net-rules:1", "x")
    assert refused.value.message == message
    assert refused.value.exit_code == 3


def test_a_table_is_read_as_nft_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    edge = {"concat": [{"prefix": {"addr": "172.20.0.48", "len": 28}}, "172.20.0.64", 8080]}
    way_in = {"concat": ["172.20.0.64", 8080]}
    counted = [{"counter": {"packets": 7, "bytes": 420}}, {"drop": None}]
    shown = [
        {"metainfo": {"version": "1.1.3"}},
        {"table": {"family": "bridge", "name": "x"}},
        {"chain": {"name": "between"}},
        {"set": {"name": "edges", "elem": [{"elem": {"val": edge, "comment": "report -> web:8080"}}]}},
        {"set": {"name": "ways_in", "elem": [{"elem": {"val": way_in, "comment": "web:8080"}}]}},
        {"set": {"name": "empty"}},
        {"rule": {"chain": "between", "expr": [{"jump": {"target": "declared"}}]}},
        {"rule": {"chain": "declared", "comment": "between", "expr": counted}},
    ]
    _scripted(monkeypatch, Finished(0, json.dumps({"nftables": shown}), ""))
    assert net_rules.look("datameesh/net-rules:1", "x") == net_rules.Table(
        frozenset({"between"}),
        frozenset({"172.20.0.48/28 . 172.20.0.64 . 8080", "172.20.0.64 . 8080"}),
        {"between": 7},
    )
    _scripted(monkeypatch, Finished(1, "", "Error: No such file or directory\nlist table bridge x\n"))
    assert net_rules.look("datameesh/net-rules:1", "x") is None
    _scripted(monkeypatch, Finished(0, "{}", ""))
    with pytest.raises(HostError, match="'nft' gave an answer that dm does not understand"):
        net_rules.look("datameesh/net-rules:1", "x")
