"""Who reaches whom on a real cluster: the declared connections and no other, and each policy is needed for that."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cluster.kube import Kube, until
from tests.cluster.matrix import BYSTANDER, DNS, HOST, Matrix, expected, probes
from tests.cluster.mesh import Mesh
from tests.reach import ON_A_CLUSTER, Entry, between_domains, by_hand, of_the_table, ten_others

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def matrix(mesh: Mesh) -> Iterator[tuple[Matrix, set[Entry]]]:
    """Who could reach whom, with what the folders declare."""
    with probes(mesh.kube, mesh.services) as found:
        bystanders = [s.who for s in found.sources if s.who.startswith(BYSTANDER)]
        yield found, expected(mesh.services, bystanders)


@pytest.mark.row("S-SEC-02/K", "S-SEC-03/K")
def test_the_open_connections_are_the_declared_ones_and_no_other(matrix: tuple[Matrix, set[Entry]]) -> None:
    found, wanted = matrix
    assert until(lambda: found.observed() == wanted, 60), _differs(found.observed(), wanted)
    assert of_the_table(ON_A_CLUSTER, wanted) == by_hand(ON_A_CLUSTER, ON_A_CLUSTER)


def test_ten_others_are_shut_again_and_again(mesh: Mesh, matrix: tuple[Matrix, set[Entry]]) -> None:
    found, wanted = matrix
    chosen = ten_others([s.name for s in mesh.services], found.places, wanted)
    assert not chosen & found.observed()


@pytest.mark.row("S-SEC-08/K")
def test_the_domains_do_not_reach_each_other(mesh: Mesh, matrix: tuple[Matrix, set[Entry]]) -> None:
    found, _ = matrix
    working = ("trino-coordinator", "sales-db:5432")
    seen = until(lambda: working in (now := found.observed()) and now, 30)
    assert seen, "the probe itself does not work"
    assert not between_domains(seen, mesh.services)
    for who in ("marketing-db", f"{BYSTANDER}@marketing-domain"):
        assert (who, "sales-db:5432") not in seen
    for who in ("sales-db", f"{BYSTANDER}@sales-domain"):
        assert (who, "marketing-db:5432") not in seen


def test_taking_any_one_policy_away_is_noticed(mesh: Mesh, matrix: tuple[Matrix, set[Entry]]) -> None:
    """Every generated policy is needed: without it a named connection is open that should not be, or the other way round."""
    found, wanted = matrix
    unnoticed, told = [], {}
    for policy in mesh.policies():
        meta = policy["metadata"]
        kube = Kube(mesh.kube.status, meta["namespace"])
        name = f"{meta['namespace']}/{meta['name']}"
        kube.run("delete", "networkpolicy", meta["name"])
        try:
            if changed := until(lambda: (now := found.observed()) != wanted and now, 30):
                told[name] = _differs(changed, wanted)
            else:
                unnoticed.append(name)
        finally:
            kube.apply(policy)
        assert until(lambda: found.observed() == wanted, 60), f"{name} is back, its rule is not"
    print(json.dumps(told, indent=1))
    assert unnoticed == []
    assert len(told) > 30


def _differs(seen: set[Entry], wanted: set[Entry]) -> dict[str, list[str]]:
    return {
        "open and not declared": [f"{who} -> {place}" for who, place in sorted(seen - wanted)],
        "declared and not open": [f"{who} -> {place}" for who, place in sorted(wanted - seen)],
    }


@pytest.mark.row("S-SEC-09/K", "S-PORT-13/K")
def test_a_way_in_from_outside_is_there_for_published_ports_only(matrix: tuple[Matrix, set[Entry]]) -> None:
    found, wanted = matrix
    adapters = {place for who, place in wanted if who == HOST}
    assert adapters == set(found.node_ports), "the NodePorts are the published ports"
    assert {who for who, place in wanted if place == DNS} >= {"dbt", "sales-db"}
