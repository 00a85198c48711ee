"""Dockerfiles that the engine's old BuildKit builds and that carry nothing of the machine they were built on."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from datameesh_cli.adapters.image_folders import read_images
from tests.contract.repo import ROOT, dockerfiles

FILES = pytest.mark.parametrize("path", dockerfiles(), ids=lambda p: p.parent.name)
STAGES_ONLY = {"base", "build"}
"""Images that others are built from and that never run."""


def _instructions(path: Path) -> list[str]:
    text = re.sub(r"(?m)^\s*#.*\n", "", path.read_text())
    return [line.strip() for line in re.sub(r"\\\n", " ", text).splitlines() if line.strip()]


@FILES
def test_only_what_the_old_builder_knows(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"(?im)^#\s*syntax\s*=", text), "a `# syntax=` line pulls a frontend image"
    for line in _instructions(path):
        assert "<<" not in line or not re.match(r"(?i)(RUN|COPY)\s.*<<-?['\"]?[A-Z]", line), f"heredoc: {line}"
        assert not re.match(r"(?i)(COPY|ADD)\s.*--link", line)
        assert not re.match(r"(?i)RUN\s.*--network", line)
        assert not re.match(r"(?i)HEALTHCHECK", line), "the health check stands in compose.yaml"
        assert not re.match(r"(?i)ADD\s+(https?:|git)", line), "fetch by RUN, with a checksum"


@FILES
def test_it_names_its_version_once_and_stands_on_our_base(path: Path) -> None:
    text = path.read_text()
    versions = re.findall(r'org\.opencontainers\.image\.version="([^"]+)"', text)
    assert len(versions) == 1
    assert versions[0] != "latest"
    origins = [line.split()[1] for line in _instructions(path) if line.upper().startswith("FROM ")]
    stages = {m[1] for line in _instructions(path) if (m := re.match(r"(?i)FROM\s+\S+\s+AS\s+(\S+)", line))}
    allowed = {"scratch", *stages}
    for origin in origins:
        assert origin in allowed or origin.startswith("datameesh/") or path.parent.name == "base", origin


@FILES
def test_it_does_not_run_as_root(path: Path) -> None:
    if path.parent.name in STAGES_ONLY:
        return
    stages: dict[str, str] = {}
    user = stage = ""
    for line in _instructions(path):
        if origin := re.match(r"(?i)FROM\s+(\S+)(?:\s+AS\s+(\S+))?", line):
            stage, user = origin[2] or "", stages.get(origin[1], "")
        elif line.upper().startswith("USER "):
            user = line.split()[1]
        stages[stage] = user
    assert user, "no USER in the final stage"
    assert re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", user), f"USER {user} is not a number above 0"


@FILES
def test_what_is_fetched_is_pinned_and_checked(path: Path) -> None:
    text = " ".join(_instructions(path))
    if re.search(r"\bpip install\b", text):
        assert "--require-hashes" in text
    if re.search(r"\bgo (build|mod download)\b", text):
        assert (path.parent / "go.sum").is_file()
    if re.search(r"\bnpm (ci|install)\b", text):
        assert "npm ci" in text
        assert "npm install" not in text
    if re.search(r"(\bmvn\b|\bcurl +-|\bwget +)", text):
        sums = path.parent / "SHA256SUMS"
        assert "sha256sum" in text or "only-these" in text
        assert not sums.exists() or sums.read_text().strip(), "SHA256SUMS is empty: nothing is checked"


def test_every_image_can_be_ordered_and_every_parent_is_made_here() -> None:
    assert len(read_images(ROOT)) == len(dockerfiles())


@FILES
def test_no_mirror_is_a_build_argument(path: Path) -> None:
    """The history of an image keeps arguments, and with them the password that an address may carry."""
    for line in _instructions(path):
        assert not re.match(r"(?i)ARG\s+(APT_MIRROR|GOPROXY|GOSUMDB|PIP_INDEX_URL)\b", line), line
        if re.match(r"RUN\s", line) and re.search(r"\b(apt-install|with-host)\b", line):
            assert "--mount=type=secret,id=mirrors" in line, f"it would fetch past the host's mirror: {line}"


def test_the_base_is_never_taken_without_debians_signature() -> None:
    assert re.search(r"(?m)^setsid debootstrap .*--force-check-gpg ", (ROOT / "services/base/rootfs").read_text())


def _sums(folder: Path, files: dict[str, str]) -> str:
    return "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(files.items()))


@pytest.mark.parametrize(
    ("there", "says"),
    [
        ({"B.jar": "b", "a.jar": "a"}, ""),
        ({"B.jar": "b", "a.jar": "a", "c.jar": "c"}, "+c.jar"),
        ({"B.jar": "b"}, "-a.jar"),
        ({"B.jar": "b", "a.jar": "other"}, "-a.jar\n+a.jar"),
        ({"B.jar": "b", "a.jar": "a", "with space.jar": "c"}, "+with space.jar"),
    ],
)
def test_a_folder_that_is_not_what_is_listed_stops_the_build(tmp_path: Path, there: dict[str, str], says: str) -> None:
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(_sums(tmp_path, {"B.jar": "b", "a.jar": "a"}))
    folder = tmp_path / "lib"
    folder.mkdir()
    for name, text in there.items():
        (folder / name).write_text(text)
    script = ROOT / "services/build/only-these"
    done = subprocess.run([script, "../SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert (done.returncode != 0) == bool(says)
    assert done.stderr == (f"not the files of SHA256SUMS:\n{says}\n" if says else "")


def test_the_metastores_jars_are_held_to_that() -> None:
    text = " ".join(_instructions(ROOT / "services/hive-metastore/Dockerfile"))
    assert re.search(r"cd lib && only-these \.\./SHA256SUMS(\s|$)", text)
    names = [line.split(None, 1)[1] for line in (ROOT / "services/hive-metastore/SHA256SUMS").read_text().splitlines()]
    assert names == sorted(names), "only-these wants them sorted by name"
