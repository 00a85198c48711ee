"""adapters/image_builder: what a build is handed of the host, and how."""

from __future__ import annotations

import json
from pathlib import Path

from datameesh_cli.adapters.host_mirrors import HostMirrors
from datameesh_cli.adapters.image_builder import Build

MIRRORS = HostMirrors(
    {"https_proxy": "http://p.example"}, {"APT_MIRROR": "http://me:geheim@m.example/debian"}, {"ca": Path("/ca.pem")}
)


def test_an_archive_is_a_secret_and_only_a_proxy_an_argument() -> None:
    build = Build("datameesh/x:1", Path("/x"), Path("/"), {"a": "b$c"}, {"ROOTFS": "r"}, MIRRORS)
    text = build.model(Path("/tmp/mirrors"))
    assert "geheim" not in text
    model = json.loads(text)
    asked = model["services"]["image"]["build"]
    assert asked["args"] == {"https_proxy": "http://p.example", "ROOTFS": "r"}
    assert asked["secrets"] == ["ca", "mirrors"]
    assert asked["no_cache"] is False
    assert asked["labels"] == {"a": "b$$c"}
    assert model["secrets"] == {"ca": {"file": "/ca.pem"}, "mirrors": {"file": "/tmp/mirrors"}}


def test_a_fresh_build_takes_no_layer_of_an_earlier_one() -> None:
    build = Build("datameesh/x:1", Path("/x"), Path("/"), {}, {}, MIRRORS, cached=False)
    assert json.loads(build.model(Path("/m")))["services"]["image"]["build"]["no_cache"] is True
