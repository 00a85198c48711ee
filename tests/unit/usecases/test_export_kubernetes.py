"""`dm k8s-export` and the image that it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from datameesh_cli.adapters import image_builder
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.usecases import export_kubernetes

VERSION = "1.38.0"


@pytest.mark.parametrize("there", [True, False])
def test_kompose_is_built_when_the_export_first_needs_it_and_that_is_said(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    built: list[str] = []
    monkeypatch.setattr(image_builder, "present", lambda names: dict.fromkeys(names) if there else {})
    monkeypatch.setattr(export_kubernetes, "build_missing", lambda _, names, _say: built.extend(names))
    reference = export_kubernetes.kompose_image(adapters_for(state_root=tmp_path), told.append)
    assert reference == f"datameesh/kompose:{VERSION}"
    assert built == ([] if there else [reference])
    assert [line.split(" and ")[0] for line in told] == ([] if there else ["kompose is not built yet"])
