"""The folder of an export is there whole or not at all, and nobody else's folder is replaced."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from datameesh_cli.adapters import export_folder
from datameesh_cli.core.k8s.source import File
from datameesh_cli.errors import HostError, UserError

FILES = {"a/b.yaml": "b\n", "export-report.json": "{}\n"}


def _names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_an_export_takes_the_place_of_the_last_one_and_leaves_nothing_beside(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    export_folder.replace(out, FILES | {"a/old.yaml": "x"})
    export_folder.replace(out, FILES)
    assert _names(out) == ["a/b.yaml", "export-report.json"]
    assert [p.name for p in out.parent.iterdir()] == ["out"]
    assert export_folder.read(out) == FILES
    assert export_folder.read(tmp_path) is None


def test_a_folder_that_is_no_export_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    for path in (tmp_path / "mine", tmp_path / "mine" / "thesis.txt"):
        with pytest.raises(UserError, match="is there and is no export"):
            export_folder.replace(path, FILES)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "x"
    (tmp_path / "empty").mkdir()
    export_folder.replace(tmp_path / "empty", FILES)


def test_where_folders_cannot_change_places_a_failure_in_the_middle_leaves_the_last_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr(export_folder, "exchanged", lambda _one, _other: False)
    export_folder.replace(out, FILES)
    rename = Path.replace

    def fails_for_the_new_one(self: Path, target: Path) -> Path:
        if target == out and self.name == "fresh":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", fails_for_the_new_one)
    with pytest.raises(HostError, match="the disk is full"):
        export_folder.replace(out, {"export-report.json": "new"})
    assert export_folder.read(out) == FILES
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_scratch_file_is_ours_alone_and_gone_afterwards() -> None:
    with export_folder.scratch("A=1\n") as path:
        assert path.read_text() == "A=1\n"
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


def test_files_are_read_with_their_sub_folders_and_executable_bits(tmp_path: Path) -> None:
    (tmp_path / "d" / "sub").mkdir(parents=True)
    (tmp_path / "d" / "sub" / "run").write_bytes(b"\xff")
    (tmp_path / "d" / "sub" / "run").chmod(0o755)
    (tmp_path / "d" / "a").write_bytes(b"a")
    (tmp_path / "d" / "a").chmod(0o644)
    assert export_folder.read_files(tmp_path / "d", "x") == (File("a", b"a"), File("sub/run", b"\xff", True))
    assert export_folder.read_files(tmp_path / "d" / "a", "x") == (File("", b"a"),)


def test_a_socket_nothing_and_an_empty_folder_are_no_configs(tmp_path: Path) -> None:
    old = Path.cwd()
    os.chdir(tmp_path)  # a socket's path may be short only
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("s.sock")
            for name, says in (("s.sock", "is no file and no folder"), ("none", "is not there")):
                with pytest.raises(UserError, match=says):
                    export_folder.read_files(tmp_path / name, "config 'x' of web")
            with pytest.raises(UserError, match="sock in it is no file"):
                export_folder.read_files(tmp_path, "config 'x' of web")
    finally:
        os.chdir(old)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="it is empty"):
        export_folder.read_files(tmp_path / "empty", "config 'x' of web")
