"""`dm k8s-export --apply`: what an export was applied with stays its own, and nothing on the cluster is replaced unasked."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.core.k8s.passes.secrets import STAMP
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.apply_export import apply_export
from datameesh_cli.usecases.export_kubernetes import Export
from datameesh_cli.usecases.open_target import ChosenCluster, open_kubernetes, secret_of
from datameesh_cli.usecases.rotate_secrets import RotateRequest, rotate_on_cluster
from datameesh_cli.usecases.show_status import list_credentials
from datameesh_cli.usecases.stop_stack import stop_stack
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.fakes.kubectl import Answers, Kubectl
from tests.unit.core.k8s.example import draft, example

CONTEXT = "far/away"
DONE = (["apply"], ("applied", "", 0))


@pytest.fixture
def adapters(tmp_path: Path) -> Adapters:
    adapters, _ = fake_adapters(tmp_path / "checkout", FakeEngine())
    return adapters


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
    there: Answers = [(["get", "secret"], (said, "", 0)), (["get", "job"], ("", "", 0))]
    kubectl.says(*there, DONE)


def _sent(kubectl: Kubectl) -> list[str]:
    """The values that went to the server."""
    return [value for o in _objects(kubectl) for value in o.get("stringData", {}).values()]


def _objects(kubectl: Kubectl) -> list[dict[str, Any]]:
    """The objects that went there by standard input."""
    return [o for _, stdin in kubectl.asked if stdin for o in json.loads(stdin)["items"]]


def _applied(kubectl: Kubectl) -> bool:
    return any("apply" in args for args, _ in kubectl.asked)


def test_the_first_time_the_stack_s_own_secrets_are_used(
    adapters: Adapters, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    _cluster_has(kubectl)
    adapters.state.ensure_secrets(["db-password"])
    apply_export(adapters, export, CONTEXT)
    assert set(_sent(kubectl)) == {adapters.state.secret("db-password")}


def test_down_and_a_new_up_do_not_change_what_an_applied_export_uses(
    adapters: Adapters, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    _cluster_has(kubectl)
    apply_export(adapters, export, CONTEXT)
    (value,) = set(_sent(kubectl))
    assert len(value) == 32
    stop_stack(adapters, volumes=True)
    adapters.state.keep_secrets({"db-password": "of-the-new-stack"})
    _cluster_has(kubectl, _secret(**{"db-password": value}))
    apply_export(adapters, export, CONTEXT)
    assert set(_sent(kubectl)) == {value}
    assert [c.value for c in list_credentials(adapters, ChosenCluster(CONTEXT))] == [value]
    assert [c.value for c in list_credentials(adapters)] == ["of-the-new-stack"]
    assert secret_of(adapters, open_kubernetes(adapters, CONTEXT), "db-password") == value


def test_an_export_that_nothing_is_remembered_of_has_the_secrets_of_the_stack(adapters: Adapters) -> None:
    adapters.state.ensure_secrets(["db-password"])
    assert adapters.state.secret_of(CONTEXT, "db-password") == adapters.state.secret("db-password")


def test_a_secret_on_the_cluster_with_another_value_is_not_replaced(
    adapters: Adapters, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    _cluster_has(kubectl, _secret(**{"db-password": "theirs"}))
    adapters.state.ensure_secrets(["db-password"])
    with pytest.raises(UserError) as refused:
        apply_export(adapters, export, CONTEXT)
    said = f"{refused.value.message} {refused.value.hint}"
    assert "have another value: sales-domain/db-password" in refused.value.message
    assert ".dm/datameesh/exports/far%2Faway/secrets/" in refused.value.hint
    assert "--replace-secrets" in refused.value.hint
    assert "theirs" not in said
    assert adapters.state.secret("db-password") not in said
    assert not _applied(kubectl)
    assert adapters.state.of_export(CONTEXT).secret_names() == (), "what was refused is not remembered"


def test_whoever_wants_it_replaced_says_so(
    adapters: Adapters, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    _cluster_has(kubectl, _secret(**{"db-password": "theirs"}))
    adapters.state.ensure_secrets(["db-password"])
    apply_export(adapters, export, CONTEXT, replace_secrets=True)
    assert set(_sent(kubectl)) == {adapters.state.secret("db-password")}


@pytest.mark.parametrize("there", [{"db-password": "mine\n"}, {"other-key": "x"}], ids=["an end of line", "no value"])
def test_a_secret_that_would_lose_nothing_is_no_obstacle(
    adapters: Adapters, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: dict[str, str]
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    _cluster_has(kubectl, _secret(**there))
    adapters.state.keep_secrets({"db-password": "mine"})
    apply_export(adapters, export, CONTEXT)
    assert set(_sent(kubectl)) == {"mine"}


def test_a_single_secret_comes_without_a_list_around_it(
    adapters: Adapters, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    one = json.dumps(_secret(**{"db-password": "theirs"}))
    kubectl.says((["get", "secret"], (one, "", 0)), DONE)
    with pytest.raises(UserError, match="have another value"):
        apply_export(adapters, export, CONTEXT)


def test_a_rotated_secret_replaces_the_value_that_it_was_and_rolls_the_pods(
    adapters: Adapters, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = Kubectl(tmp_path, monkeypatch)
    _cluster_has(kubectl)
    whole = replace(export, objects=passes(draft(export.source), export.source))
    ours = replace(adapters, chosen_context=lambda name: str(name))
    apply_export(ours, whole, CONTEXT)
    (old,) = set(_sent(kubectl))
    (before,) = _stamps(kubectl)
    rotated = rotate_on_cluster(ours, RotateRequest(every=True), ChosenCluster(CONTEXT))
    assert "db-password" in rotated.secrets
    for value in ("somebody-else-s", old):
        (tmp_path / "asked").write_text("")
        _cluster_has(kubectl, _secret(**{"db-password": value}))
        if value != old:
            with pytest.raises(UserError, match="have another value"):
                apply_export(ours, whole, CONTEXT)
    apply_export(ours, whole, CONTEXT)
    (new,) = set(_sent(kubectl))
    assert new == adapters.state.of_export(CONTEXT).secret("db-password") != old
    (after,) = _stamps(kubectl)
    assert before != after
    _cluster_has(kubectl, _secret(**{"db-password": old}))
    with pytest.raises(UserError, match="have another value"):
        apply_export(ours, whole, CONTEXT)


def _stamps(kubectl: Kubectl) -> list[str]:
    """The digests on the workloads that went to the server."""
    templates = [
        o["spec"]["template"]["metadata"] for o in _objects(kubectl) if o["kind"] in ("Deployment", "StatefulSet")
    ]
    return [m["annotations"][STAMP] for m in templates if STAMP in (m.get("annotations") or {})]
