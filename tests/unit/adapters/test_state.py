"""What dm remembers: secrets that never change, whole files, one holder of the lock, ports that stay."""

from __future__ import annotations

import io
import multiprocessing
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters import files
from datameesh_cli.adapters.state import State
from datameesh_cli.errors import HostError

ROOT = Path(__file__).parents[3]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _state(tmp_path: Path, name: str = "datameesh") -> State:
    return State(tmp_path / ".dm", name)


def test_secrets_are_made_once_and_never_changed(tmp_path: Path) -> None:
    state = _state(tmp_path)
    state.ensure_secrets(["sales-db-admin-password", "minio-access-key"])
    first = {name: state.secret(name) for name in state.secret_names()}
    state.ensure_secrets(["minio-access-key", "sales-db-admin-password", "trino-internal-secret"])
    assert {name: state.secret(name) for name in first} == first
    assert state.secret_names() == ("minio-access-key", "sales-db-admin-password", "trino-internal-secret")
    assert re.fullmatch(r"[A-Za-z0-9]{32}", first["sales-db-admin-password"])
    assert re.fullmatch(r"[A-Z0-9]{20}", first["minio-access-key"])


def test_two_stacks_have_different_secrets(tmp_path: Path) -> None:
    values = set()
    for name in ("datameesh", "other"):
        state = _state(tmp_path, name)
        state.ensure_secrets(["a", "b"])
        values |= {state.secret("a"), state.secret("b")}
    assert len(values) == 4


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_only_the_user_reaches_the_secrets_and_every_container_can_read_them(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        state = _state(tmp_path)
        state.ensure_secrets(["a"])
    finally:
        os.umask(before)
    assert _mode(state.folder) == 0o700
    assert _mode(state.secrets) == 0o700
    assert _mode(state.secrets / "a") == 0o444


def test_a_secrets_folder_that_was_opened_is_closed_again(tmp_path: Path) -> None:
    state = _state(tmp_path)
    state.ensure_secrets([])
    state.secrets.chmod(0o755)
    state.ensure_secrets(["a"])
    assert _mode(state.secrets) == 0o700


def test_an_interrupted_write_of_a_secret_leaves_no_secret(tmp_path: Path) -> None:
    state = _state(tmp_path)
    state.ensure_secrets([])
    (state.secrets / "a.part").write_text("half")
    assert state.secret_names() == ()
    state.ensure_secrets(["a"])
    assert state.secret_names() == ("a",)
    assert len(state.secret("a")) == 32


def test_a_secret_that_is_not_there_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(HostError) as caught:
        _state(tmp_path).secret("nope")
    assert caught.value.message == "the secret 'nope' does not exist yet"
    assert "up" in caught.value.hint


def test_forgotten_secrets_are_gone_and_come_back_new(tmp_path: Path) -> None:
    state = _state(tmp_path)
    state.ensure_secrets(["a"])
    old = state.secret("a")
    state.forget_secrets()
    assert state.secret_names() == ()
    state.ensure_secrets(["a"])
    assert state.secret("a") != old


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    state = _state(tmp_path)
    state.write("plan.json", "[1]")
    with pytest.raises(UnicodeEncodeError):
        state.write("plan.json", "[2, \ud800]")
    assert state.read_json("plan.json") == [1]
    inode = (state.folder / "plan.json").stat().st_ino
    state.write("plan.json", "[2]")
    assert (state.folder / "plan.json").stat().st_ino != inode
    assert state.read_json("plan.json") == [2]


@pytest.mark.parametrize(
    ("before", "after"), [("a" * 50, "b" * 20), ("a" * 20, "b" * 50), ("a", "b" * 5), ("a" * 5, "")]
)
def test_a_file_that_is_written_in_place_is_never_shorter_than_both_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str
) -> None:
    """The system may take less than it is given at a time: here seven letters."""
    path = tmp_path / "derived"
    path.write_text(before)
    file, seen = path.stat().st_ino, list[str]()

    class Slow(io.FileIO):
        def write(self, data: Any) -> int:
            done = super().write(bytes(data)[:7])
            seen.append(os.pread(self.fileno(), 99, 0).decode())
            return done

        def truncate(self, size: int | None = None) -> int:
            done = super().truncate(size)
            seen.append(os.pread(self.fileno(), 99, 0).decode())
            return done

    monkeypatch.setattr(Path, "open", lambda self, mode, **_: Slow(self, mode.replace("b", "")))
    files.overwrite(path, after)
    monkeypatch.undo()
    assert seen[-1] == path.read_text() == after
    assert all(len(text) >= min(len(before), len(after)) for text in seen)
    assert path.stat().st_ino == file


def test_what_is_not_there_or_not_json_reads_as_nothing(tmp_path: Path) -> None:
    state = _state(tmp_path)
    assert state.read_json("plan.json") is None
    state.write("plan.json", "{")
    assert state.read_json("plan.json") is None
    state.remove("plan.json")
    state.remove("plan.json")


def test_the_env_file_and_its_draft_stand_beside_each_other(tmp_path: Path) -> None:
    state = _state(tmp_path)
    path = state.write_env({"A": "1", "B": "x y"})
    draft = state.write_env({"A": "2"}, draft=True)
    assert path == state.env_file != draft
    assert path.read_text() == "A=1\nB=x y\n"
    assert draft.read_text() == "A=2\n"


def test_reading_a_port_offset_keeps_nothing_and_keeping_it_reserves_it(tmp_path: Path) -> None:
    first, second, third = (_state(tmp_path, name) for name in ("one", "two", "three"))
    assert first.port_offset() == second.port_offset() == 1000
    assert not first.root.exists()
    first.keep_port_offset()
    assert (first.port_offset(), second.port_offset()) == (1000, 2000)
    second.keep_port_offset()
    third.keep_port_offset()
    assert [s.port_offset() for s in (first, second, third)] == [1000, 2000, 3000]
    first.remove("ports.json")
    assert _state(tmp_path, "four").port_offset() == 1000
    assert second.port_offset() == 2000


def test_the_default_stack_keeps_the_ports_of_the_documents(tmp_path: Path) -> None:
    state = _state(tmp_path)
    state.keep_port_offset()
    assert state.port_offset() == 0
    assert not (state.folder / "ports.json").exists()


def test_a_broken_port_file_is_as_none(tmp_path: Path) -> None:
    broken = _state(tmp_path, "one")
    for text in ("{", "[]", "{}", '{"offset": "x"}'):
        broken.write("ports.json", text)
        assert broken.port_offset() == 1000
        assert _state(tmp_path, "two").port_offset() == 1000


def _hold(
    root: Path, name: str, taken: multiprocessing.synchronize.Event, release: multiprocessing.synchronize.Event
) -> None:
    with State(root, name).locked("up"):
        taken.set()
        release.wait(20)


def test_the_lock_refuses_a_second_holder_and_names_the_first(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    taken, release = context.Event(), context.Event()
    state = _state(tmp_path)
    holder = context.Process(target=_hold, args=(state.root, state.name, taken, release))
    holder.start()
    try:
        assert taken.wait(20)
        with pytest.raises(HostError) as caught, state.locked("down"):
            pytest.fail("two at work on one stack")
        assert caught.value.message == f"'dm up' (process {holder.pid}) is working on stack 'datameesh'"
        assert caught.value.exit_code == 3
        with _state(tmp_path, "other").locked("up"):
            pass
    finally:
        release.set()
        holder.join(20)
    with state.locked("down"):
        pass


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    state = _state(tmp_path)
    code = (
        "import os, pathlib, signal, sys; from datameesh_cli.adapters.state import State\n"
        "with State(pathlib.Path(sys.argv[1]), 'datameesh').locked('up'): os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(state.root)], env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == -9
    with state.locked("up"):
        pass


def test_a_lock_is_given_back_when_the_command_fails(tmp_path: Path) -> None:
    state = _state(tmp_path)
    with pytest.raises(ValueError), state.locked("up"):
        raise ValueError
    with state.locked("up"):
        pass


def test_a_secret_is_on_the_disk_before_anything_is_made_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after `dm up` must not leave a volume whose password is an empty file, or in no folder."""
    state = _state(tmp_path)
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        name = "content" if path.suffix == ".part" else str(path.relative_to(tmp_path))
        steps.append(f"{name} {path.stat().st_size if path.is_file() else ''}".strip())
        sync(handle)

    def renamed(self: Path, target: Path) -> Path:
        steps.append(f"rename {target.name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    state.ensure_secrets(["a"])
    assert steps[-3:] == ["content 32", "rename a", ".dm/datameesh/secrets"]
    assert {".", ".dm", ".dm/datameesh"} <= set(steps)
    steps.clear()
    state.ensure_secrets(["a"])
    assert not [step for step in steps if "rename" in step]


@pytest.mark.parametrize("content", ["", "\n", "  \n"])
def test_an_empty_secret_is_refused_and_not_used_or_replaced(tmp_path: Path, content: str) -> None:
    """An empty password lets anybody in, or nobody; a new one does not open the volume that was made with the old."""
    state = _state(tmp_path)
    state.ensure_secrets(["a"])
    (state.secrets / "a").chmod(0o600)
    (state.secrets / "a").write_text(content)
    for ask in (lambda: state.secret("a"), lambda: state.ensure_secrets(["a"])):
        with pytest.raises(HostError, match=r"the secret file .*/secrets/a is empty") as caught:
            ask()
        assert "from a copy" in caught.value.hint
    assert (state.secrets / "a").read_text() == content


def test_a_stack_of_another_user_is_not_one_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = _state(tmp_path)
    state.write("plan.json", "{}")
    denied = PermissionError(13, "Permission denied")
    monkeypatch.setattr(Path, "read_bytes", lambda _self: (_ for _ in ()).throw(denied))
    with pytest.raises(HostError, match=r"cannot read .*plan\.json: permission denied"):
        state.read_json("plan.json")
