"""The parts of tests/cluster that need neither root nor a cluster."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.cluster.node import footprint, images, machine, tools
from tests.cluster.node.components import components
from tests.cluster.node.layout import PLACES, Place, State

ROOT = Path(__file__).parents[2]


def test_the_cache_s_key_follows_every_pin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "go"
    shutil.copytree(tools.MODULES, copy)
    monkeypatch.setattr(tools, "MODULES", copy)
    before = tools.cache_key()
    assert before == tools.cache_key()
    for path in sorted(copy.glob("*/go.*")):
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        assert tools.cache_key() != before, path
        path.write_bytes(content)


def test_every_tool_has_a_pinned_module_that_names_its_package() -> None:
    for tool in tools.TOOLS:
        folder = tools.MODULES / tool.module
        assert tool.package in (folder / "go.mod").read_text(encoding="utf-8").split(), tool.name
        assert (folder / "go.sum").stat().st_size > 0


def test_a_cache_lacks_everything_until_it_is_there(tmp_path: Path) -> None:
    cache = tools.Cache(tmp_path)
    assert cache.missing() == [*(tool.name for tool in tools.TOOLS), "Debian packages"]
    cache.bin.mkdir()
    cache.debian.mkdir()
    for tool in tools.TOOLS:
        (cache.bin / tool.name).touch()
    assert cache.missing() == ["Debian packages"]
    (cache.debian / "packages.txt").touch()
    assert cache.missing() == []


def test_places_share_no_link_address_or_control_group() -> None:
    places = [Place(number) for number in range(PLACES)]
    for values in ([p.link for p in places], [p.cgroup for p in places], [p.node_address for p in places]):
        assert len(set(values)) == PLACES
    assert all(f"--node-ip={p.node_address}" in components(p)[5]["argv"] for p in places)
    assert {p.host_address for p in places}.isdisjoint(p.node_address for p in places)


def test_an_image_is_a_complete_archive(tmp_path: Path) -> None:
    binary = tmp_path / "tool"
    binary.write_bytes(b"\x7fELF")
    out = io.BytesIO()
    images.write_archive(images.Image("node.local/tool:1", binary, "bin/tool", ("/bin/tool",), ("bin/sh",)), out)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
        files = {name: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]
    manifest = json.loads(files["manifest.json"])[0]
    assert manifest["RepoTags"] == ["node.local/tool:1"]
    layer = files[manifest["Layers"][0]]
    config = json.loads(files[manifest["Config"]])
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest()]
    with tarfile.open(fileobj=io.BytesIO(layer)) as content:
        assert content.getmember("bin/tool").mode == 0o755
        assert content.getmember("bin/sh").linkname == "/bin/tool"


def test_a_process_number_that_was_given_out_again_is_not_ours(tmp_path: Path) -> None:
    state = State(tmp_path)
    assert machine.Inner.of(state) is None
    ours = machine.Inner(os.getpid(), Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    (tmp_path / "pid").write_text(json.dumps({"pid": ours.pid, "started": ours.started}), encoding="utf-8")
    assert machine.Inner.of(state) == ours
    (tmp_path / "pid").write_text(json.dumps({"pid": ours.pid, "started": "1"}), encoding="utf-8")
    assert machine.Inner.of(state) is None


def test_what_is_left_over_is_named_and_what_is_another_s_is_not() -> None:
    before = {"iptables-save: -A INPUT -j ACCEPT"}
    ours = {
        "iptables-save: -A INPUT -j KUBE-FIREWALL",
        "control group: /sys/fs/cgroup/datameesh-cluster",
        "mount: /state/x",
    }
    theirs = {"address: 7: dmnode3 inet", "control group: /sys/fs/cgroup/datameesh-cluster-3"}
    assert footprint.left_over(before, before | ours | theirs, Place(0)) == sorted(ours)
    assert footprint.left_over(before, set(), Place(0)) == sorted(before)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["down"], 0, "nothing to take down"),
        (["status"], 3, "not running"),
        (["kubeconfig"], 3, "hint: start it"),
        (["kubectl", "-n", "default", "get", "pods"], 3, "hint: start it"),
        (["load", "x:1"], 3, "hint: start it"),
        (["stage"], 77, "error: "),
        (["frob"], 2, "invalid choice"),
    ],
)
def test_without_a_cluster_each_command_says_so(tmp_path: Path, words: list[str], code: int, says: str) -> None:
    folders = ["--state", str(tmp_path / "state"), "--cache", str(tmp_path / "cache")]
    done = subprocess.run(
        [ROOT / "tests/cluster/cluster", *folders, *words], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == code, done.stderr
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_of_somebody_else_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    done = subprocess.run(
        [ROOT / "tests/cluster/cluster", "--state", str(tmp_path), "down"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
