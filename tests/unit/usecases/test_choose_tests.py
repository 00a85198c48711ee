"""What is changed in a checkout, as git tells it, and the tests that are chosen for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from datameesh_cli.errors import UserError
from datameesh_cli.usecases.choose_tests import choose_tests
from tests.fakes.adapters import FakeEngine, fake_adapters, write_repository


def _git(root: Path, *args: str) -> None:
    me = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *me, *args], cwd=root, check=True, capture_output=True)


def test_committed_uncommitted_new_and_removed_files_count(tmp_path: Path) -> None:
    write_repository(tmp_path)
    for name in ("tests/contract/test_a.py", "tests/unit/test_b.py", "services/web/config/a.ini", "seed/x.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    for name, origin in (("base", "scratch"), ("web", "datameesh/base:1")):
        (tmp_path / "services" / name).mkdir(exist_ok=True)
        label = 'LABEL org.opencontainers.image.version="1"'
        (tmp_path / "services" / name / "Dockerfile").write_text(f"FROM {origin}\n{label}\n")
    (tmp_path / ".gitignore").write_text(".dm/\n")
    _git(tmp_path, "init", "-q", "-b", "main")
    _git(tmp_path, "add", "-A")
    _git(tmp_path, "commit", "-qm", "one")
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    assert choose_tests(adapters, "main") == ()

    _git(tmp_path, "switch", "-qc", "mine")
    (tmp_path / "services/web/config/a.ini").unlink()
    assert choose_tests(adapters, "main") == ("services/web", "tests/contract")
    _git(tmp_path, "commit", "-qam", "two")
    assert choose_tests(adapters, "HEAD") == ()
    (tmp_path / "services/base/more").write_text("1")
    assert choose_tests(adapters, "HEAD") == ("services/base", "services/web", "tests/contract")
    (tmp_path / "services/base/more").unlink()
    (tmp_path / "tests/unit/test_new.py").write_text("1")
    assert choose_tests(adapters, "main") == ("services/web", "tests/contract", "tests/unit/test_new.py")
    (tmp_path / "new.toml").write_text("1")
    assert choose_tests(adapters, "main") is None
    with pytest.raises(UserError, match="what is changed is not known: fatal: Not a valid object name nowhere"):
        choose_tests(adapters, "nowhere")
