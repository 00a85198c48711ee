"""The real kompose: what it is given, what is kept of its draft, and that the stand-in of the other tests says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters import kompose
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.k8s.objects import Objects, identity
from datameesh_cli.core.k8s.passes.adopt import adopt
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.errors import DmError, UserError
from datameesh_cli.usecases.read_source import Read, TargetRequest, read_source
from tests.unit.core.k8s.example import draft

MARKER = "a-line-that-only-the-checkout-has"


def _read(profile: str = "analytics", ram: int = 6144, target: str = "kind") -> Read:
    return read_source(adapters_for(), (profile,), ram, TargetRequest(target))


def _convert(exporter: str, read: Read) -> Objects:
    return kompose.convert(exporter, read.model, read.profiles).objects


@pytest.mark.parametrize(
    ("profile", "ram", "target"), [("analytics", 6144, "kind"), ("core", 1536, "kind"), ("analytics", 8192, "aws")]
)
def test_the_stand_in_of_the_unit_tests_says_what_kompose_says(
    exporter: str, profile: str, ram: int, target: str
) -> None:
    read = _read(profile, ram, target)
    real, said = (adopt(objects, read.source) for objects in (_convert(exporter, read), draft(read.source)))
    assert sorted(real, key=identity) == sorted(said, key=identity)


def test_without_what_kompose_says_there_is_no_export(exporter: str) -> None:
    """Each part that is kept of its draft is needed: nothing else makes it."""
    read = _read()
    objects = _convert(exporter, read)
    passes(objects, read.source)
    lost = {"command": 0, "readOnlyRootFilesystem": 0, "volumeMounts": 0}
    for o in objects:
        for holder in _containers(o):
            for key in lost:
                place = holder["securityContext"] if key.startswith("readOnly") else holder
                if key not in place or (key == "volumeMounts" and not _claims(place, read)):
                    continue
                kept = place.pop(key)
                with pytest.raises(DmError, match="kompose's draft and the model differ"):
                    passes(objects, read.source)
                place[key] = kept
                lost[key] += 1
    assert min(lost.values()) >= 2, lost
    with pytest.raises(DmError, match="is missing"):
        passes(tuple(o for o in objects if o["metadata"]["name"] != "sales-db"), read.source)


def _containers(o: dict[str, Any]) -> list[dict[str, Any]]:
    template = o["spec"] if o["kind"] == "Pod" else o.get("spec", {}).get("template", {}).get("spec", {})
    found: list[dict[str, Any]] = template.get("containers", [])
    return found


def _claims(own: dict[str, Any], read: Read) -> bool:
    names = {v["source"] for p in read.source.parts for v in p.claims}
    return any(m["name"] in names for m in own["volumeMounts"])


def test_kompose_reads_no_file_of_the_machine(exporter: str, tmp_path: Path) -> None:
    """Of a config it would write every byte into its draft, and of a secret too."""
    file = tmp_path / "file.txt"
    file.write_text(MARKER)
    file.chmod(0o644)
    tmp_path.chmod(0o755)
    body: dict[str, Any] = {
        "image": "web:1",
        "profiles": ["core"],
        "configs": [{"source": "site", "target": "/site"}],
        "secrets": [{"source": "pw", "target": "/run/secrets/pw"}],
        "volumes": [{"type": "bind", "source": str(tmp_path), "target": "/docs"}],
    }
    files = {kind: {name: {"name": name, "file": str(file)}} for kind, name in (("configs", "site"), ("secrets", "pw"))}
    made = kompose.convert(exporter, {"name": "x", "services": {"web": body}, **files}, ["core"])
    assert "web" in {o["metadata"]["name"] for o in made.objects}
    assert MARKER not in str(made.objects)
    with pytest.raises(UserError, match=f"{file}: no such file or directory"):
        kompose.convert(
            exporter, {"name": "x", "services": {"web": body | {"env_file": [str(file)]}}, **files}, ["core"]
        )


def test_what_kompose_refuses_is_one_line(exporter: str) -> None:
    body = {"image": "web:1", "profiles": ["core"], "ports": "none"}
    with pytest.raises(UserError, match="kompose refuses the model: "):
        kompose.convert(exporter, {"name": "x", "services": {"web": body}}, ["core"])
