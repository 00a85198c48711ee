"""`--check` and `--diff`: an export beside the one that would be made now."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datameesh_cli.adapters import export_folder
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.k8s.source import Source
from datameesh_cli.core.k8s.target import Target
from datameesh_cli.errors import UserError
from datameesh_cli.usecases import compare_export
from datameesh_cli.usecases.compare_export import ExportRequest
from datameesh_cli.usecases.read_source import TargetRequest

ASKED = {"profiles": ["core"], "budget": 2048, "target": {"name": "kind"}}
SOURCE = Source({}, (), {}, Target(name="kind"))


def _object(value: str) -> dict[str, Any]:
    metadata = {"name": "x", "namespace": "n", "labels": {"app.kubernetes.io/name": "web"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": value}}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ExportRequest]:
    """What a fresh export is asked for; it holds the value `new`."""
    requests: list[ExportRequest] = []

    def make(_world: object, request: ExportRequest, *_: object) -> Any:
        requests.append(request)
        texts = export_folder.texts({"a.yaml": [_object("new")]}, {"asked": ASKED})
        return SimpleNamespace(objects=(_object("new"),), source=SOURCE, files=texts)

    monkeypatch.setattr(compare_export, "make_export", make)
    return requests


def _compared(folder: Path, value: str, **more: Any) -> Any:
    texts = export_folder.texts({"a.yaml": [_object(value)]}, {"asked": ASKED})
    export_folder.replace(folder, texts | more.pop("edited", {}))
    return compare_export.compare_export(adapters_for(), ExportRequest(out=folder, **more), lambda _: None)


def test_the_same_export_has_no_change_and_is_asked_for_as_the_last_time(
    tmp_path: Path, asked: list[ExportRequest]
) -> None:
    assert _compared(tmp_path / "out", "new").changes == ()
    assert (asked[0].profiles, asked[0].ram, asked[0].target) == (("core",), 2048, TargetRequest("kind"))


def test_what_is_asked_now_comes_first(tmp_path: Path, asked: list[ExportRequest]) -> None:
    _compared(tmp_path / "out", "new", ram=4096, profiles=("analytics",), target=TargetRequest(workers=2))
    assert (asked[0].profiles, asked[0].ram, asked[0].target.workers) == (("analytics",), 4096, 2)


def test_a_changed_value_is_told_with_both(tmp_path: Path, asked: list[ExportRequest]) -> None:
    [change] = _compared(tmp_path / "out", "old").changes
    assert "old" in str(change)
    assert "new" in str(change)


def test_a_file_that_was_edited_without_a_change_of_objects_is_named(
    tmp_path: Path, asked: list[ExportRequest]
) -> None:
    same = export_folder.texts({"a.yaml": [_object("new")]}, {})["a.yaml"] + "# by hand\n"
    [change] = _compared(tmp_path / "out", "new", edited={"a.yaml": same}).changes
    assert "a.yaml" in str(change)


def test_without_an_export_there_is_nothing_to_compare(tmp_path: Path, asked: list[ExportRequest]) -> None:
    with pytest.raises(UserError, match="there is no export in") as refused:
        compare_export.compare_export(adapters_for(), ExportRequest(out=tmp_path), lambda _: None)
    assert "dm k8s" in refused.value.hint


def test_an_export_that_is_no_yaml_is_named(tmp_path: Path, asked: list[ExportRequest]) -> None:
    with pytest.raises(UserError, match=r"a\.yaml: "):
        _compared(tmp_path / "out", "new", edited={"a.yaml": "{"})
