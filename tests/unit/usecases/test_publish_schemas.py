"""`dm dev schemas`: what is stale is written and named, a header is put in once, and all else of a file stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

from datameesh_cli.usecases.publish_schemas import publish_schemas
from tests.fakes.adapters import FakeEngine, fake_adapters


def test_what_is_stale_is_written_once(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    fragment = tmp_path / "services/db/compose.yaml"
    before = fragment.read_text()
    names = publish_schemas(adapters)
    assert {"schemas/service.json", "docs/reference/service.md", "docs/reference/README.md"} <= set(names)
    assert {"services/db/compose.yaml", "profiles/core.yaml"} <= set(names)
    assert fragment.read_text() == f"# yaml-language-server: $schema=../../schemas/service.json\n{before}"
    assert "services" in json.loads((tmp_path / "schemas/service.json").read_text())["properties"]
    assert publish_schemas(adapters) == ()


def test_an_old_header_is_replaced(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    profile = tmp_path / "profiles/core.yaml"
    before = profile.read_text()
    profile.write_text("# yaml-language-server: $schema=elsewhere.json\n" + before)
    publish_schemas(adapters)
    assert profile.read_text() == f"# yaml-language-server: $schema=../schemas/profile.json\n{before}"
