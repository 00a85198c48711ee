"""Configs (and read-only folders of the checkout) become ConfigMaps, mounted at the same paths with the same bytes.

The hash of what a service mounts stands on its pod, so that a change of a file rolls the pods: a file mounted by subPath never
follows its ConfigMap.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import (
    COMMON,
    PREFIX,
    Object,
    Objects,
    container,
    edited,
    pod,
    remade,
    with_entries,
    with_mounts,
)
from datameesh_cli.core.k8s.source import File, Part, Source
from datameesh_cli.errors import UserError

HASH = f"{PREFIX}config-hash"
LARGEST = 2**20
"""Bytes that a ConfigMap holds."""


@kubernetes_pass(makes={Applied.FILES: ("ConfigMap",)}, after=("volumes",))
def configs(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with the ConfigMaps and their mounts. Raise UserError for a config that is too large."""

    def change(o: Object, part: Part) -> None:
        _mount(o, part, source)

    maps = {(p.namespace, name): _config_map(p, name, source) for p in source.parts for name, _ in sources_of(p)}
    return remade(edited(objects, source, change), lambda o: o["kind"] == "ConfigMap", maps.values())


def sources_of(part: Part) -> list[tuple[str, str]]:
    """Given an exported service, return what it mounts of the checkout: the ConfigMap's name and the path inside."""
    found = [(str(c["source"]), target_of(c)) for c in part.body.get("configs") or ()]
    for volume in part.body.get("volumes") or ():
        if volume["type"] == "bind":
            name = re.sub(r"[^a-z0-9]+", "-", str(volume["target"]).lower()).strip("-")
            found.append((f"{part.name}-{name}", str(volume["target"])))
    return found


def target_of(config: Mapping[str, Any]) -> str:
    """Given an entry of a service's `configs:`, return the path inside; Compose's default is /<name>."""
    return str(config.get("target") or f"/{config['source']}")


def config_hash(mounted: Sequence[tuple[str, Sequence[File]]]) -> str:
    """Given (path inside, files) of all that a service mounts, return a hash of it. The same files give the same on Compose."""
    whole = hashlib.sha256()
    for target, files in sorted(mounted, key=lambda entry: entry[0]):
        for file in sorted(files, key=lambda f: f.path):
            whole.update(f"{target}\0{file.path}\0{file.executable}\0".encode())
            whole.update(hashlib.sha256(file.data).digest())
    return whole.hexdigest()[:32]


def is_folder(files: Sequence[File]) -> bool:
    """Given the files of a config, say whether it is a folder; a single file has the path ""."""
    return not (len(files) == 1 and files[0].path == "")


def _key(name: str, file: File) -> str:
    """A key may hold letters, digits, '-', '_' and '.'; a path of a folder becomes a key by its parts."""
    return re.sub(r"[^-._a-zA-Z0-9]", "_", file.path.replace("/", "..")) if file.path else name


def _mount(o: Object, part: Part, source: Source) -> None:
    mounts, files_of, volumes = [], [], []
    single: list[dict[str, Any]] = []
    for name, target in sources_of(part):
        files = source.content(name)
        files_of.append((target, files))
        items = [_item(name, f) for f in files]
        if is_folder(files):
            mounts.append({"name": name, "mountPath": target, "readOnly": True})
            volumes.append({"name": name, "configMap": {"name": name, "defaultMode": 0o444, "items": items}})
        else:
            mounts.append({"name": "configs", "mountPath": target, "subPath": name, "readOnly": True})
            single.append({"configMap": {"name": name, "items": items}})
    if single:
        volumes.append({"name": "configs", "projected": {"defaultMode": 0o444, "sources": single}})
    own, spec = container(o), pod(o)
    own["volumeMounts"] = with_mounts(own.get("volumeMounts"), mounts)
    spec["volumes"] = with_entries(spec.get("volumes"), volumes)
    if files_of:
        o["spec"]["template"]["metadata"].setdefault("annotations", {})[HASH] = config_hash(files_of)


def _item(name: str, file: File) -> dict[str, Any]:
    return {"key": _key(name, file), "path": file.path or name} | ({"mode": 0o555} if file.executable else {})


def _config_map(part: Part, name: str, source: Source) -> Object:
    files = source.content(name)
    size = sum(len(f.data) for f in files)
    if size > LARGEST:
        raise UserError(
            f"config '{name}' of {part.name} has {size // 1024} KiB; a ConfigMap holds 1024 KiB",
            "put it into the image, or load it from the object store",
        )
    text: dict[str, str] = {}
    binary: dict[str, str] = {}
    for file in files:
        content = _text(file.data)
        if content is None:
            binary[_key(name, file)] = base64.b64encode(file.data).decode()
        else:
            text[_key(name, file)] = content
    body: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": part.namespace,
            "labels": dict(COMMON),
        },
    }
    return body | ({"data": text} if text else {}) | ({"binaryData": binary} if binary else {})


def _text(data: bytes) -> str | None:
    """UTF-8 without control characters; everything else is handed over as binary, so that no byte changes on the way."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if re.search(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ufeff]", text) else text
