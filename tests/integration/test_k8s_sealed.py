"""`dm k8s export --sealed`: the controller's key opens what the export holds, and the export holds no value and no Secret."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.integration.stack import Stack, stack_of

pytestmark = pytest.mark.usefixtures("exporter")
KEY = rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack that was never started: sealing draws its secrets."""
    stack = stack_of("s")
    stack.dm("down", "--volumes", "--yes")
    yield stack
    stack.remove()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a controller shows: its own certificate, signed by itself."""
    name = x509.Name([])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(name, name, KEY.public_key(), 1, now, now + datetime.timedelta(days=1))
    path = tmp_path_factory.mktemp("controller") / "cert.pem"
    path.write_bytes(made.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(scope="module")
def folder(stack: Stack, certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "k8s"
    stack.dm("k8s", "export", "--ram", "1536m", "--out", str(out), "--sealed", "--sealed-cert", str(certificate))
    return out


def _opened(sealed: str, label: str) -> str:
    """What the controller does: by the format's description, not by the code that sealed."""
    whole = base64.b64decode(sealed)
    size = int.from_bytes(whole[:2], "big")
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label.encode())
    session = KEY.decrypt(whole[2 : 2 + size], oaep)
    return AESGCM(session).decrypt(bytes(12), whole[2 + size :], None).decode()


def _objects(folder: Path) -> list[dict[str, Any]]:
    return [o for path in sorted(folder.rglob("*.yaml")) for o in yaml.safe_load_all(path.read_text()) if o]


def _values(stack: Stack) -> Mapping[str, str]:
    files = stack.adapters.state.secrets.iterdir()
    return {path.name: path.read_text() for path in files}


@pytest.mark.row("S-SEC-65")
def test_each_secret_opens_with_the_controller_s_key_and_there_is_no_other(stack: Stack, folder: Path) -> None:
    objects, values = _objects(folder), _values(stack)
    assert [o for o in objects if o["kind"] == "Secret"] == []
    sealed = [o for o in objects if o["kind"] == "SealedSecret"]
    assert len({o["metadata"]["name"] for o in sealed}) > 30
    for o in sealed:
        name, namespace = o["metadata"]["name"], o["metadata"]["namespace"]
        assert o["apiVersion"] == "bitnami.com/v1alpha1"
        assert o["spec"]["template"]["type"] == "Opaque"
        assert set(o["spec"]["encryptedData"]) == {name}
        assert _opened(o["spec"]["encryptedData"][name], f"{namespace}/{name}").strip() == values[name].strip()
    text = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert [name for name, value in values.items() if value.strip() in text] == []


def test_it_opens_nowhere_else(folder: Path) -> None:
    one = next(o for o in _objects(folder) if o["kind"] == "SealedSecret")
    with pytest.raises((ValueError, InvalidTag)):
        _opened(next(iter(one["spec"]["encryptedData"].values())), f"elsewhere/{one['metadata']['name']}")


def test_done_twice_nothing_changes_and_a_rotation_changes_one_secret_and_its_pods(
    stack: Stack, folder: Path, certificate: Path
) -> None:
    again = ("k8s", "export", "--ram", "1536m", "--out", str(folder), "--sealed", "--sealed-cert", str(certificate))
    stack.dm(*again, "--check")
    before = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    stack.dm(*again)
    assert {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    stack.dm("secrets", "rotate", "metastore-lake-password")
    stack.dm(*again)
    after = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {"data-platform/secrets.yaml", "data-platform/hive-metastore.yaml"}


@pytest.mark.parametrize(
    "text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_nothing_is_sealed_with_what_is_no_certificate(stack: Stack, tmp_path: Path, text: str) -> None:
    path = tmp_path / "cert.pem"
    path.write_text(text)
    out = tmp_path / "out"
    done = stack.dm(
        "k8s", "export", "--ram", "1536m", "--out", str(out), "--sealed", "--sealed-cert", str(path), code=2
    )
    assert "nothing is sealed: " in done.stderr
    assert not out.exists()
    assert "go together" in stack.dm("k8s", "export", "--sealed", code=2).stderr
