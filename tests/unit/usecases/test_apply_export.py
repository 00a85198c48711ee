"""`dm k8s-export --apply`: what an export was applied with stays its own, and nothing on the cluster is replaced unasked."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.outside import Outside
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.apply_export import apply_export
from datameesh_cli.usecases.export_kubernetes import Export
from datameesh_cli.usecases.open_target import Cluster, open_kubernetes, secret_of
from datameesh_cli.usecases.show_status import list_credentials
from datameesh_cli.usecases.stop_stack import stop_stack
from tests.fakes.kubectl import Answers, Kubectl
from tests.fakes.outside import FakeEngine, fake_outside
from tests.unit.core.k8s.example import example

CONTEXT = "far/away"
DONE = (["apply"], ("applied", "", 0))


@pytest.fixture
def world(tmp_path: Path) -> Outside:
    outside, _ = fake_outside(tmp_path / "checkout", FakeEngine())
    return outside


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """An export of the example: one Secret, `db-password`, in the namespace of the one service that reads it."""
    source = example()
    return Export(tmp_path / "out", {}, (), source, (), (), (), 1.0, 1.0)


def _secret(**data: str) -> dict[str, Any]:
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}
    return {"kind": "Secret", "metadata": {"name": "db-password"}, "data": encoded}


def _cluster_has(kubectl: Kubectl, *secrets: Mapping[str, Any]) -> None:
    said = json.dumps({"kind": "List", "items": list(secrets)}) if secrets else ""
    there: Answers = [(["get", "secret"], (said, "", 0))]
    kubectl.says(*there, DONE)


def _sent(kubectl: Kubectl) -> list[str]:
    """The values that went to the server."""
    lists = [json.loads(stdin)["items"] for _, stdin in kubectl.asked if stdin]
    return [value for items in lists for o in items for value in o["stringData"].values()]


def _applied(kubectl: Kubectl) -> bool:
    return any("apply" in args for args, _ in kubectl.asked)


def test_the_first_time_the_stack_s_own_secrets_are_used(
    world: Outside, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    _cluster_has(kubectl)
    world.state.ensure_secrets(["db-password"])
    apply_export(world, export, CONTEXT)
    assert set(_sent(kubectl)) == {world.state.secret("db-password")}


def test_down_and_a_new_up_do_not_change_what_an_applied_export_uses(
    world: Outside, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    _cluster_has(kubectl)
    apply_export(world, export, CONTEXT)
    (value,) = set(_sent(kubectl))
    assert len(value) == 32
    stop_stack(world, volumes=True)
    world.state.keep_secrets({"db-password": "of-the-new-stack"})
    _cluster_has(kubectl, _secret(**{"db-password": value}))
    apply_export(world, export, CONTEXT)
    assert set(_sent(kubectl)) == {value}
    assert [c.value for c in list_credentials(world, Cluster(CONTEXT))] == [value]
    assert [c.value for c in list_credentials(world)] == ["of-the-new-stack"]
    assert secret_of(world, open_kubernetes(world, CONTEXT), "db-password") == value


def test_an_export_that_nothing_is_remembered_of_has_the_secrets_of_the_stack(world: Outside) -> None:
    world.state.ensure_secrets(["db-password"])
    assert world.state.secret_of(CONTEXT, "db-password") == world.state.secret("db-password")


def test_a_secret_on_the_cluster_with_another_value_is_not_replaced(
    world: Outside, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    _cluster_has(kubectl, _secret(**{"db-password": "theirs"}))
    world.state.ensure_secrets(["db-password"])
    with pytest.raises(UserError) as refused:
        apply_export(world, export, CONTEXT)
    said = f"{refused.value.message} {refused.value.hint}"
    assert "have another value: sales-domain/db-password" in refused.value.message
    assert ".dm/datameesh/exports/far%2Faway/secrets/" in refused.value.hint
    assert "--replace-secrets" in refused.value.hint
    assert "theirs" not in said
    assert world.state.secret("db-password") not in said
    assert not _applied(kubectl)
    assert world.state.of_export(CONTEXT).secret_names() == (), "what was refused is not remembered"


def test_whoever_wants_it_replaced_says_so(
    world: Outside, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    _cluster_has(kubectl, _secret(**{"db-password": "theirs"}))
    world.state.ensure_secrets(["db-password"])
    apply_export(world, export, CONTEXT, replace_secrets=True)
    assert set(_sent(kubectl)) == {world.state.secret("db-password")}


@pytest.mark.parametrize("there", [{"db-password": "mine\n"}, {"other-key": "x"}], ids=["an end of line", "no value"])
def test_a_secret_that_would_lose_nothing_is_no_obstacle(
    world: Outside, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: dict[str, str]
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    _cluster_has(kubectl, _secret(**there))
    world.state.keep_secrets({"db-password": "mine"})
    apply_export(world, export, CONTEXT)
    assert set(_sent(kubectl)) == {"mine"}


def test_a_single_secret_comes_without_a_list_around_it(
    world: Outside, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    one = json.dumps(_secret(**{"db-password": "theirs"}))
    kubectl.says((["get", "secret"], (one, "", 0)), DONE)
    with pytest.raises(UserError, match="have another value"):
        apply_export(world, export, CONTEXT)
