"""What the last two stages reject: each broken export of theirs, asked as `dm k8s-export --context` asks. Nothing is left there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.k8s.objects import Objects
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.validate_export import ask_server, validate
from tests.broken_exports import GOOD, Broken, broken_exports
from tests.cluster.kube import Kube, until
from tests.cluster.mesh import CONTEXT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]

NAMESPACES = [o for o in GOOD if o["kind"] == "Namespace"]
WORLD = adapters_for()
KINDS = ",".join(sorted({o["kind"] for o in GOOD} | {"Pod"}))


def cases(stage: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", broken_exports(stage), ids=lambda case: case.name)


@pytest.fixture
def server(cluster: Kube, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kube]:
    """The cluster as a user of `dm` has it: the programs, and a context. What there is afterwards is what there was before."""
    tools = Path(cluster.status["kubectl"]).parent
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("KUBECONFIG", cluster.status["kubeconfig"])
    before = _everything(cluster)
    yield cluster
    assert _everything(cluster) == before


@pytest.fixture(scope="module")
def namespaces(cluster: Kube) -> Iterator[None]:
    """Those of the export. Without them its objects are tried in `default`, where Pod Security allows everything."""
    _create(cluster, NAMESPACES)
    names = [o["metadata"]["name"] for o in NAMESPACES]
    try:
        assert until(lambda: all(_is_furnished(Kube(cluster.status, name)) for name in names))
        yield
    finally:
        cluster.run("delete", "namespace", *names)


@pytest.fixture
def of_others(server: Kube, namespaces: None, case: Broken) -> Iterator[None]:
    """What the case says that others have on the cluster."""
    _create(server, case.there)
    yield
    for o in case.there:
        server.run("delete", o["kind"], o["metadata"]["name"], "--namespace", o["metadata"]["namespace"])


def _create(kube: Kube, objects: Objects | list[dict[str, object]]) -> None:
    if objects:
        kube.run("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))


def _is_furnished(namespace: Kube) -> bool:
    """Whether the controllers put in what they put into each: without the account there is no pod, the rest would look left."""
    return all(
        namespace.run("get", thing, "--ignore-not-found").stdout
        for thing in ("serviceaccount/default", "configmap/kube-root-ca.crt")
    )


def _everything(kube: Kube) -> set[str]:
    """Every object of the kinds that an export has, in all namespaces; its number of this life, too."""
    each = "{.kind} {.metadata.namespace}/{.metadata.name} {.metadata.uid}"
    found = kube.run("get", KINDS, "-A", "-o", "jsonpath={range .items[*]}" + each + '{"\\n"}{end}').stdout.splitlines()
    assert len(found) > 10, found
    return {*found}


def test_a_good_export_passes_where_nothing_of_it_is_yet(server: Kube) -> None:
    assert ask_server(WORLD, GOOD, CONTEXT).state == "passed"


def test_a_good_export_passes_every_rung(server: Kube, namespaces: None) -> None:
    assert [stage.state for stage in (*validate(WORLD, GOOD), ask_server(WORLD, GOOD, CONTEXT))] == ["passed"] * 4


@cases("kube-score")
def test_what_kube_score_calls_critical_is_rejected(server: Kube, case: Broken) -> None:
    with pytest.raises(UserError) as caught:
        validate(WORLD, case.objects)
    assert case.rejected_by(caught.value.message), caught.value.message


@cases("server")
def test_what_only_the_server_refuses_is_rejected(server: Kube, of_others: None, case: Broken) -> None:
    assert [stage.state for stage in validate(WORLD, case.objects)] == ["passed"] * 3
    with pytest.raises(UserError) as caught:
        ask_server(WORLD, case.objects, CONTEXT)
    assert case.rejected_by(caught.value.message), caught.value.message
