"""adapters/image_bundle: a bundle is judged by its bytes, in each shape that engines write."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from datameesh_cli.adapters import image_bundle
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.carry_images import load_images

LAYER = b"the content of a layer"
LAYER_ID = "sha256:" + hashlib.sha256(LAYER).hexdigest()
CONFIG = json.dumps({"rootfs": {"diff_ids": [LAYER_ID]}}).encode()
IMAGE_ID = "sha256:" + hashlib.sha256(CONFIG).hexdigest()
REFERENCE = "datameesh/x:1"
MANIFEST = json.dumps([{"Config": "c.json", "RepoTags": [REFERENCE], "Layers": ["a/layer.tar"]}]).encode()
LIST = json.dumps({"images": {REFERENCE: IMAGE_ID}}).encode()
WHOLE = {"a/layer.tar": LAYER, "c.json": CONFIG, "manifest.json": MANIFEST, "datameesh.json": LIST}


def written(folder: Path, members: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    """A tar of these members, and of links to others."""
    file = folder / "bundle.tar"
    with tarfile.open(file, "w") as bundle:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            bundle.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            bundle.addfile(entry)
    return file


def test_a_whole_bundle_is_what_it_lists(tmp_path: Path) -> None:
    assert image_bundle.read(written(tmp_path, WHOLE)) == ({REFERENCE: IMAGE_ID}, {REFERENCE: IMAGE_ID})


def test_a_layer_may_be_compressed_or_a_link_to_another_images(tmp_path: Path) -> None:
    packed = WHOLE | {"a/layer.tar": gzip.compress(LAYER)}
    assert image_bundle.read(written(tmp_path, packed))[1] == {REFERENCE: IMAGE_ID}
    members = {name: content for name, content in WHOLE.items() if name != "a/layer.tar"} | {"b/layer.tar": LAYER}
    assert image_bundle.read(written(tmp_path, members, {"a/layer.tar": "../b/layer.tar"}))[1] == {REFERENCE: IMAGE_ID}


OTHER = json.dumps({"rootfs": {"diff_ids": [LAYER_ID]}, "config": {"User": "0"}}).encode()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"a/layer.tar": LAYER + b"!"}, "a layer of datameesh/x:1 is not what the image says"),
        ({"c.json": OTHER}, "holds another content than it lists for datameesh/x:1"),
        ({"manifest.json": MANIFEST.replace(b"x:1", b"y:1")}, "lists, but does not hold, datameesh/x:1"),
        ({"datameesh.json": b"{}"}, "is not a bundle of images"),
        ({"manifest.json": b"["}, "is not a bundle of images"),
        ({"manifest.json": MANIFEST.replace(b"c.json", b"d.json")}, "is not a bundle of images"),
    ],
)
def test_a_changed_bundle_is_refused_before_an_engine_gets_it(
    tmp_path: Path, changed: dict[str, bytes], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_bundle, "load", lambda file: pytest.fail(f"the engine got {file}"))
    with pytest.raises(UserError) as refused:
        load_images(adapters_for(), written(tmp_path, WHOLE | changed))
    assert says in refused.value.message
    assert "\n" not in refused.value.message
    assert refused.value.hint


def test_a_bundle_without_a_list_is_refused(tmp_path: Path) -> None:
    members = {name: content for name, content in WHOLE.items() if name != "datameesh.json"}
    with pytest.raises(UserError, match="does not list what is in it"):
        load_images(adapters_for(), written(tmp_path, members))
