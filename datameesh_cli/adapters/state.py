"""What `dm` remembers about one stack, in `.dm/<name>/`: secrets, the plan in force, who is working on it.

Written by rename; deletable at any time while the stack is down and its volumes are gone. `exports/<context>/` holds the secrets
that an export was applied with: they open what runs on that cluster, whatever becomes of the stack here.
"""

from __future__ import annotations

import itertools
import json
import os
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from datameesh_cli.adapters import files, lock
from datameesh_cli.core.stack import DEFAULT_NAME, PORT_STEP
from datameesh_cli.errors import HostError

_EXPORTS = "exports"


@dataclass(frozen=True, slots=True)
class State:
    """The state folder of one stack."""

    root: Path
    name: str

    @property
    def folder(self) -> Path:
        """The stack's own folder."""
        return self.root / self.name

    @property
    def env_file(self) -> Path:
        """The variables of the plan in force, as Compose reads them."""
        return self.folder / "plan.env"

    @property
    def secrets(self) -> Path:
        """The folder of secret files: 0700, the files in it readable, because a non-root container reads them through a mount."""
        return self.folder / "secrets"

    def write(self, name: str, text: str) -> Path:
        """Given a file name and its text, write it whole or not at all; return its path."""
        self._make()
        path = self.folder / name
        files.write(path, text)
        return path

    def write_private(self, name: str, text: str) -> Path:
        """Given a file name and its text, write it as `write` does, readable for this user alone; return its path."""
        self._make()
        path = self.folder / name
        files.write(path, text, mode=0o600, durable=True)
        return path

    def write_log(self, kind: str, name: str, text: str) -> Path:
        """Given what a log is of, write it beside the stacks' folders, for it belongs to none of them; return its path."""
        path = self.root / kind / f"{name}.log"
        files.make_folder(path.parent)
        files.write(path, text)
        return path

    def read_json(self, name: str) -> Any:
        """Given a file name, return its JSON content, or None if it is not there or is no JSON.

        Raise HostError if it is there and cannot be read: a stack of another user is not one that does not run.
        """
        text = files.read_if_there(self.folder / name)
        try:
            return None if text is None else json.loads(text)
        except ValueError:
            return None

    def remove(self, name: str) -> None:
        """Given a file name, remove it if it is there."""
        files.remove(self.folder / name)

    def write_env(self, variables: Mapping[str, str], *, draft: bool = False) -> Path:
        """Given variables, write them as the stack's env file, or as a draft beside it, and return the path."""
        name = f"{self.env_file.name}.draft" if draft else self.env_file.name
        return self.write(name, "".join(f"{k}={v}\n" for k, v in variables.items()))

    def ensure_secrets(self, names: Iterable[str]) -> None:
        """Given secret names, generate each one that is not there yet. An existing one is never changed, an empty one refused."""
        self._make_secrets()
        for name in names:
            if files.is_there(self.secrets / name):
                self.secret(name)
                continue
            self._write_secret(name, self.new_secret(name))

    def secret(self, name: str) -> str:
        """Given a secret's name, return its value. Raise HostError if it was never generated, or if its file is empty."""
        value = files.read_if_there(self.secrets / name)
        if value is None:
            raise HostError(f"the secret '{name}' does not exist yet", "start the stack first: ./dm up")
        if not value.strip():
            raise HostError(
                f"the secret file {self.secrets / name} is empty",
                "put its value back from a copy; or remove the file, and the volumes that were made with it: dm down --volumes",
            )
        return value.strip()

    def secret_names(self) -> tuple[str, ...]:
        """Return the names of all secrets that exist."""
        return tuple(p.name for p in files.found(self.secrets, "*") if not p.name.endswith(".part"))

    @staticmethod
    def new_secret(name: str) -> str:
        """Given a secret's name, return a value for it: 32 letters and digits (190 bits); 20 capitals and digits for an
        access key."""
        key = name.endswith("-access-key")
        letters = (string.ascii_uppercase if key else string.ascii_letters) + string.digits
        return "".join(secrets.choice(letters) for _ in range(20 if key else 32))

    def keep_secrets(self, values: Mapping[str, str]) -> None:
        """Given values by name, keep them as the secrets of these names, in place of what was there."""
        self._make_secrets()
        for name, value in values.items():
            self._write_secret(name, value)

    def replace_secrets(self, values: Mapping[str, str]) -> None:
        """Given new values of secrets that are there, by name, write each into its file in place: who has it mounted sees it."""
        for name, value in values.items():
            path = self.secrets / name
            files.set_mode(path, 0o644)
            files.overwrite(path, value)
            files.set_mode(path, 0o444)

    def write_derived(self, name: str, text: str) -> bool:
        """Given a secret that follows from others and its text, make it so; say whether it was otherwise.

        A file that is there is written in place: a container has that very file mounted, and reads it again.
        """
        self._make_secrets()
        path = self.secrets / name
        before = files.read_if_there(path)
        if before == text:
            return False
        if before is None:
            files.write(path, text, mode=0o644, durable=True)
        else:
            files.set_mode(path, 0o644)
            files.overwrite(path, text)
        return True

    def derived(self, name: str) -> str:
        """Given the name of a secret that follows from others, return its text, "" where it is not made yet."""
        return files.read_if_there(self.secrets / name) or ""

    def remove_secret(self, name: str) -> None:
        """Given a secret's name, remove it if it is there."""
        files.remove(self.secrets / name)

    def forget_secrets(self) -> tuple[str, ...]:
        """Remove the secrets of a stack whose volumes are gone, but for those that an export was applied with; return their names.

        These still open what runs on that cluster.
        """
        applied = {(path.name, files.read(path).strip()) for path in files.found(self.folder / _EXPORTS, "*/secrets/*")}
        kept = []
        for name in self.secret_names():
            if (name, (files.read_if_there(self.secrets / name) or "").strip()) in applied:
                kept.append(name)
            else:
                files.remove(self.secrets / name)
        return tuple(kept)

    def of_export(self, context: str) -> State:
        """Given a kubectl context, return what is remembered of the export that was applied there: it has secrets of its own."""
        return State(self.folder / _EXPORTS, quote(context, safe="").replace(".", "%2E"))

    def applied_contexts(self) -> tuple[str, ...]:
        """Return the kubectl contexts of the clusters that an export was applied to from here."""
        folders = {path.parent.parent.name for path in files.found(self.folder / _EXPORTS, "*/secrets/*")}
        return tuple(sorted(map(unquote, folders)))

    def secret_of(self, context: str, name: str) -> str:
        """Given a kubectl context ("" for Compose) and a secret's name, return the value that is in force there.

        On a cluster it is the one that the export was applied with; the stack's own where nothing is remembered of that export: it
        was applied by hand, or by an older `dm`.
        """
        export = self.of_export(context)
        return (export if context and name in export.secret_names() else self).secret(name)

    def secret_file(self, context: str, name: str) -> Path:
        """Given a kubectl context ("" for Compose) and a secret's name, return the file of the value that is in force there."""
        export = self.of_export(context)
        return (export if context and name in export.secret_names() else self).secrets / name

    def port_offset(self) -> int:
        """Return by how much this stack's ports are moved: 0 for the default stack, else what was kept or the first free step."""
        if self.name == DEFAULT_NAME:
            return 0
        if (known := self._kept_offset()) is not None:
            return known
        taken = {State(self.root, p.parent.name)._kept_offset() for p in files.found(self.root, "*/ports.json")}
        return next(n * PORT_STEP for n in itertools.count(1) if n * PORT_STEP not in taken)

    def keep_port_offset(self) -> None:
        """Remember the stack's port offset, so that it never moves and no other stack gets it."""
        if self.name != DEFAULT_NAME:
            self.write("ports.json", json.dumps({"offset": self.port_offset()}))

    @contextmanager
    def locked(self, verb: str, over: str = "lock") -> Iterator[None]:
        """Hold the stack's lock while a command changes the stack. Raise HostError, naming the holder, if another one has it.

        `over` names another thing than the stack as a whole that only one command may use at a time.
        """
        self._make()
        with lock.held(self.folder / over, f"'dm {verb}' (process {os.getpid()})") as holder:
            if holder:
                raise HostError(
                    f"{holder} is working on stack '{self.name}'", "wait for it to end, or stop it with Ctrl-C"
                )
            yield

    def is_at_work(self, verb: str) -> bool:
        """Given a command, say whether it is changing the stack in this moment."""
        return lock.holder(self.folder / "lock").startswith(f"'dm {verb}' ")

    def _kept_offset(self) -> int | None:
        kept = self.read_json("ports.json")
        offset = kept.get("offset") if isinstance(kept, dict) else None
        return offset if isinstance(offset, int) else None

    def _make_secrets(self) -> None:
        self._make(durable=True)
        files.make_folder(self.secrets, mode=0o700, durable=True)
        files.set_mode(self.secrets, 0o700)

    def _write_secret(self, name: str, value: str) -> None:
        # On the disk before a volume is made with it: after a power cut, a volume without its password opens to nobody.
        files.write(self.secrets / name, value, mode=0o444, durable=True)

    def _make(self, *, durable: bool = False) -> None:
        files.make_folder(self.folder, mode=0o700, durable=durable)
