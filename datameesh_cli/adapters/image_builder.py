"""The engine's images: built and looked at.

Builds go through `docker compose build`: it drives BuildKit of an engine without buildx (20.10) as well as buildx itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import answers, docker, files, process
from datameesh_cli.adapters.held import Held
from datameesh_cli.adapters.host_mirrors import HostMirrors
from datameesh_cli.core.images import BASE_LABEL, INPUTS_LABEL, ROOTFS_LABEL
from datameesh_cli.core.stream import Stream
from datameesh_cli.errors import HostError

_PROJECT = "datameesh-images"
_OWN_ROOTFS = "datameesh/rootfs:latest"


@dataclass(frozen=True, slots=True)
class Present:
    """An image that the engine has. `inputs` is the hash of what it was built from, `base` when the base that it stands on was
    made ("" for one not built by `dm`), `digests` are those under which registries have it.
    """

    id: str
    size: int
    created: str
    inputs: str
    rootfs: str
    digests: tuple[str, ...] = ()
    base: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """One build: what it is called, where it is, what it gets of the host, and whether layers of earlier builds may be used."""

    reference: str
    folder: Path
    context: Path
    labels: Mapping[str, str]
    args: Mapping[str, str]
    mirrors: HostMirrors
    cached: bool = True

    def model(self, archives: Path) -> str:
        """Given the file that becomes the secret `mirrors`, return the build as a Compose model.

        With the host's network, because an engine's default bridge may be gone or filtered.
        """
        files = {**self.mirrors.secrets, "mirrors": archives}
        build = {
            "context": str(self.context),
            "dockerfile": str(self.folder / "Dockerfile"),
            "network": "host",
            "args": {**self.mirrors.proxies, **self.args},
            "labels": dict(self.labels),
            "secrets": list(files),
            "no_cache": not self.cached,
        }
        secrets = {name: {"file": str(path)} for name, path in files.items()}
        # `$` in a value would be read as a variable by Compose.
        text = json.dumps({"services": {"image": {"image": self.reference, "build": build}}, "secrets": secrets})
        return text.replace("$", "$$")


def present(references: Sequence[str]) -> dict[str, Present]:
    """Given image references, return those that the engine has. Raise HostError if no engine answers."""
    if not references:
        return {}
    done = docker.run("image", "inspect", *references)
    if done.code and "no such image" not in done.err.lower():
        raise docker.failure("look at the images", done.err)
    found: dict[str, Present] = {}
    with answers.understood("docker image inspect"):
        for data in answers.json_of("docker image inspect", done.out or "[]"):
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
        digests=tuple(data.get("RepoDigests") or ()),
        base=labels.get(BASE_LABEL, ""),
    )


def user_of(reference: str) -> str | None:
    """Given an image reference, return the user that it runs as ("" if it says none), or None if the engine has it not."""
    done = docker.run("image", "inspect", "--format", "{{.Config.User}}", reference)
    if done.code and "no such image" not in done.err.lower():
        raise docker.failure("look at an image", done.err)
    return None if done.code else done.out.strip()


def build(request: Build, held: Held | None = None) -> Stream[int]:
    """Given a build, run it and yield its output; the generator returns the exit code. The tag moves only when all is well.

    `held` can end it from another thread.
    """
    context = docker.run("context", "show", timeout=30).out.strip()
    settings = {
        "BUILDKIT_PROGRESS": "plain",
        "DOCKER_BUILDKIT": "1",
        "COMPOSE_BAKE": "false",
        # A builder in a container of its own could not see the images that ours are built from.
        "BUILDX_BUILDER": context or "default",
    }
    words = ["compose", "-p", _PROJECT, "-f", "-", "build"]
    # A folder that only this user looks into: nobody else on this machine reads a mirror's password out of it.
    with files.temporary_folder() as folder:
        archives = folder / "mirrors"
        files.write(archives, request.mirrors.as_shell(), mode=0o600)
        model = request.model(archives)
        code = yield from docker.stream(
            *words, stdin=model, env={**os.environ, **settings}, hold=held.add if held else None
        )
    return code


def pull(reference: str) -> bool:
    """Given a reference, say whether the engine has it or an image registry gives it."""
    if docker.run("image", "inspect", reference).code == 0:
        return True
    return docker.run("pull", "--quiet", reference, timeout=600).code == 0


def make_rootfs(script: Path, mirrors: HostMirrors, held: Held | None = None) -> Stream[str]:
    """Given the script that makes a root file system, run it, import the result, and yield the output.

    The generator returns the reference. Raise HostError, with the way out, if this machine cannot do it.
    """
    become = _as_root()
    with files.temporary_folder() as folder:
        tar = folder / "rootfs.tar"
        code = yield from process.stream([*become, str(script), str(tar), mirrors.apt], hold=held.add if held else None)
        if code:
            raise HostError(
                "no image registry answers, and the Debian root file system could not be made here",
                "read the lines above; it needs debootstrap and a Debian mirror: ./dm doctor --fix",
            )
        docker.said("import", str(tar), _OWN_ROOTFS, doing="import the root file system", timeout=300)
    return _OWN_ROOTFS


def remove(reference: str) -> None:
    """Given a reference or an id, remove that image unless something still uses it."""
    docker.run("image", "rm", reference)


def _as_root() -> list[str]:
    if os.geteuid() == 0:
        return []
    if process.find("sudo") and process.run(["sudo", "-n", "true"], timeout=10).code == 0:
        return ["sudo", "-n"]
    raise HostError(
        "no image registry answers, and making the Debian root file system here needs root",
        "run once as root: ./dm images build base; or bring the images: ./dm images load FILE",
    )
