"""The engine's images: built, looked at, written to a file and read from one.

Builds go through `docker compose build`: it drives BuildKit of an engine without buildx (20.10) as well as buildx itself.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import files, process, whales
from datameesh_cli.adapters.host_mirrors import HostMirrors
from datameesh_cli.core.images import INPUTS_LABEL, ROOTFS_LABEL
from datameesh_cli.errors import HostError, UserError

_PROJECT = "datameesh-images"
_OWN_ROOTFS = "datameesh/rootfs:latest"


@dataclass(frozen=True, slots=True)
class Present:
    """An image that the engine has. `inputs` is the hash of what it was built from ("" for one not built by `dm`)."""

    id: str
    size: int
    created: str
    inputs: str
    rootfs: str


@dataclass(frozen=True, slots=True)
class Build:
    """One build: what it is called, where it is, and what it gets of the host."""

    reference: str
    folder: Path
    context: Path
    labels: Mapping[str, str]
    args: Mapping[str, str]
    secrets: Mapping[str, Path]

    def model(self) -> str:
        """The build as a Compose model. The host's network, because an engine's default bridge may be gone or filtered."""
        build = {
            "context": str(self.context),
            "dockerfile": str(self.folder / "Dockerfile"),
            "network": "host",
            "args": dict(self.args),
            "labels": dict(self.labels),
            "secrets": list(self.secrets),
        }
        secrets = {name: {"file": str(path)} for name, path in self.secrets.items()}
        # `$` in a value would be read as a variable by Compose.
        text = json.dumps({"services": {"image": {"image": self.reference, "build": build}}, "secrets": secrets})
        return text.replace("$", "$$")


def present(references: Sequence[str]) -> dict[str, Present]:
    """Given image references, return those that the engine has. Raise HostError if no engine answers."""
    if not references:
        return {}
    done = process.run(["docker", "image", "inspect", *references], timeout=60)
    if done.code and "no such image" not in done.err.lower():
        raise whales.failure("look at the images", done.err)
    found: dict[str, Present] = {}
    with process.understood("docker image inspect"):
        for data in process.json_of("docker image inspect", done.out or "[]"):
            image = _present(data)
            found.update({tag: image for tag in data.get("RepoTags") or () if tag in references})
    return found


def _present(data: Mapping[str, Any]) -> Present:
    labels: Mapping[str, str] = (data.get("Config") or {}).get("Labels") or {}
    return Present(
        id=data["Id"],
        size=data["Size"] // 2**20,
        created=data["Created"],
        inputs=labels.get(INPUTS_LABEL, ""),
        rootfs=labels.get(ROOTFS_LABEL, ""),
    )


def user_of(reference: str) -> str | None:
    """Given an image reference, return the user that it runs as ("" if it says none), or None if the engine has it not."""
    done = process.run(["docker", "image", "inspect", "--format", "{{.Config.User}}", reference], timeout=60)
    if done.code and "no such image" not in done.err.lower():
        raise whales.failure("look at an image", done.err)
    return None if done.code else done.out.strip()


def build(request: Build) -> Generator[str, None, int]:
    """Given a build, run it and yield its output; the generator returns the exit code. The tag moves only when all is well."""
    context = process.run(["docker", "context", "show"], timeout=30).out.strip()
    settings = {
        "BUILDKIT_PROGRESS": "plain",
        "DOCKER_BUILDKIT": "1",
        "COMPOSE_BAKE": "false",
        # A builder in a container of its own could not see the images that ours are built from.
        "BUILDX_BUILDER": context or "default",
    }
    command = ["docker", "compose", "-p", _PROJECT, "-f", "-", "build"]
    code = yield from process.stream(command, stdin=request.model(), env={**os.environ, **settings})
    return code


def pull(reference: str) -> bool:
    """Given a reference, say whether the engine has it or an image registry gives it."""
    if process.run(["docker", "image", "inspect", reference], timeout=60).code == 0:
        return True
    return process.run(["docker", "pull", "--quiet", reference], timeout=600).code == 0


def make_rootfs(script: Path, mirrors: HostMirrors) -> Generator[str, None, str]:
    """Given the script that makes a root file system, run it, import the result, and yield the output.

    The generator returns the reference. Raise HostError, with the way out, if this machine cannot do it.
    """
    become = _as_root()
    with files.temporary_folder() as folder:
        tar = folder / "rootfs.tar"
        code = yield from process.stream([*become, str(script), str(tar), mirrors.apt])
        if code:
            raise HostError(
                "no image registry answers, and the Debian root file system could not be made here",
                "read the lines above; it needs debootstrap and a Debian mirror: ./dm doctor --fix",
            )
        done = process.run(["docker", "import", str(tar), _OWN_ROOTFS], timeout=300)
    if done.code:
        raise whales.failure("import the root file system", done.err)
    return _OWN_ROOTFS


def remove(reference: str) -> None:
    """Given a reference or an id, remove that image unless something still uses it."""
    process.run(["docker", "image", "rm", reference], timeout=60)


def save(references: Sequence[str], file: Path) -> None:
    """Given images and a file, write them all into it: whole or not at all. Raise UserError or HostError if that fails."""
    part = file.with_name(file.name + ".part")
    try:
        # Through the shell's redirection: `docker save -o` would leave a file under a name of its own when it is stopped.
        _to_end(
            ["sh", "-c", 'out=$1; shift; exec docker save "$@" > "$out"', "sh", str(part), *references],
            "save the images",
        )
        files.move(part, file)
    finally:
        files.remove(part)


def load(file: Path) -> tuple[str, ...]:
    """Given a file, hand its images to the engine and return their references. Raise UserError if it is not a bundle."""
    if not files.is_file(file):
        raise UserError(f"there is no file {file}", "make one with: dm images save FILE")
    if not _is_bundle(file):
        raise UserError(f"{file} is not a bundle of images", "make one with: dm images save FILE")
    lines = _to_end(["docker", "load", "-i", str(file)], f"load {file}")
    return tuple(sorted(ln.split(": ", 1)[1] for ln in lines if ln.startswith("Loaded image: ")))


def _is_bundle(file: Path) -> bool:
    """Whether a file is a tar with an engine's list of images: what engines say of any other file differs."""
    try:
        with files.reading(file) as (stream, _), tarfile.open(fileobj=stream) as bundle:
            return any(member.name == "manifest.json" for member in bundle)
    except (tarfile.TarError, OSError, EOFError):
        return False


def _to_end(command: Sequence[str], doing: str) -> list[str]:
    """Run a command that may take long and may be stopped by Ctrl-C; return its lines. Raise what explains a failure."""
    lines: list[str] = []
    running = process.stream(command)
    while True:
        try:
            lines.append(next(running))
        except StopIteration as ended:
            if ended.value:
                raise _explained(doing, lines) from None
            return lines


def _explained(doing: str, lines: Sequence[str]) -> Exception:
    text = "\n".join(lines)
    for sign in ("invalid tar header", "unexpected EOF", "Error processing tar file", "unrecognized image format"):
        if sign in text:
            return UserError(
                f"cannot {doing}: it is not a whole image bundle", "make it again with: dm images save FILE"
            )
    for sign in ("cannot create", "Permission denied", "nonexistent", "Is a directory"):
        if sign in text and "sock" not in text:
            return UserError(f"cannot {doing}: {lines[-1].split(': ', 1)[-1]}", "name a file that can be written")
    if "No space left" in text or "no space left" in text:
        return HostError(f"cannot {doing}: the disk is full", "free some space, or name a file on another disk")
    return whales.failure(doing, text)


def _as_root() -> list[str]:
    if os.geteuid() == 0:
        return []
    if process.find("sudo") and process.run(["sudo", "-n", "true"], timeout=10).code == 0:
        return ["sudo", "-n"]
    raise HostError(
        "no image registry answers, and making the Debian root file system here needs root",
        "run once as root: ./dm images build base; or bring the images: ./dm images load FILE",
    )
