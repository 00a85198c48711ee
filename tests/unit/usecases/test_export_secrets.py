"""Sealed secrets: what is handed to the program that seals, what stays from the last export, and whose values they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.adapters.sealing import Sealing
from datameesh_cli.core.k8s.objects import Objects, workload_of
from datameesh_cli.core.k8s.packaging import layout
from datameesh_cli.core.k8s.passes.secrets import STAMP
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.source import Source
from datameesh_cli.core.k8s.target import Ingress, Target
from datameesh_cli.errors import UserError
from datameesh_cli.usecases import export_secrets
from datameesh_cli.usecases.export_secrets import OF_VALUE, Seal, drawn_values, sealed
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.unit.core.k8s.example import draft, example


@dataclass
class Sealer:
    """A program that seals with a number that goes up: nobody seals the same value the same way twice."""

    FOLDER = "kubeseal"
    given: list[dict[str, Any]] = field(default_factory=list)

    def seal(self, image: str, certificate: str, secrets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        if "CERTIFICATE" not in certificate:
            raise UserError("nothing is sealed: it holds no certificate in PEM", "")
        self.given += [dict(o) for o in secrets]
        return [
            {
                "apiVersion": "bitnami.com/v1alpha1",
                "kind": "SealedSecret",
                "metadata": {"name": o["metadata"]["name"], "namespace": o["metadata"]["namespace"]},
                "spec": {"encryptedData": {o["metadata"]["name"]: f"number {len(self.given)}"}},
            }
            for o in secrets
        ]


@dataclass
class Sealed:
    """An export of the example that is sealed again and again into one folder."""

    adapters: Adapters
    sealer: Sealer
    seal: Seal
    source: Source = field(default_factory=example)

    def make(self, context: str = "") -> Objects:
        plain = passes(draft(self.source), self.source)
        made = sealed(self.adapters, plain, self.source, self.seal, context, print)
        self.adapters.export.replace(self.seal.last, self.adapters.export.texts(layout(made), {}))
        return made


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sealed:
    adapters, _ = fake_adapters(tmp_path / "checkout", FakeEngine())
    monkeypatch.setattr(export_secrets, "_image", lambda *_: "kubeseal:1")
    sealer = Sealer()
    certificate = tmp_path / "cert.pem"
    certificate.write_text("CERTIFICATE one")
    ours = replace(adapters, sealing=cast("Sealing", sealer))
    return Sealed(ours, sealer, Seal(certificate, tmp_path / "out"))


def _one(objects: Objects) -> dict[str, Any]:
    (found,) = [o for o in objects if o["kind"] == "SealedSecret"]
    return found


def _stamp(objects: Objects) -> str:
    made = workload_of(objects, "db")
    assert made
    return str(made["spec"]["template"]["metadata"]["annotations"][STAMP])


def test_each_expected_secret_is_sealed_once_and_none_is_left_plain(export: Sealed) -> None:
    made = export.make()
    (given,) = export.sealer.given
    value = export.adapters.state.secret("db-password")
    assert given["stringData"] == {"db-password": value}
    assert (given["metadata"]["namespace"], given["metadata"]["name"]) == ("sales-domain", "db-password")
    assert _one(made)["metadata"]["labels"] == given["metadata"]["labels"]
    assert [o for o in made if o["kind"] == "Secret"] == []
    texts = [path.read_text() for path in export.seal.last.rglob("*") if path.is_file()]
    assert not [text for text in texts if value in text]
    assert (export.seal.last / "sales-domain" / "secrets.yaml").exists()
    assert "secrets.yaml" in (export.seal.last / "sales-domain" / "kustomization.yaml").read_text()


def test_what_holds_the_same_value_stays_and_another_value_or_certificate_is_sealed_anew(export: Sealed) -> None:
    first = export.make()
    assert export.make() == first
    assert len(export.sealer.given) == 1
    export.adapters.state.replace_secrets({"db-password": "another"})
    second = export.make()
    assert _one(second)["spec"] != _one(first)["spec"]
    assert _stamp(second) != _stamp(first), "the pods that read it are made anew"
    export.seal.certificate.write_text("CERTIFICATE two")
    third = export.make()
    assert _one(third)["spec"] != _one(second)["spec"]
    assert _stamp(third) == _stamp(second)


def test_the_digest_of_a_value_can_be_made_by_nobody_else(export: Sealed, tmp_path: Path) -> None:
    ours = _one(export.make())["metadata"]["annotations"][OF_VALUE]
    other, _ = fake_adapters(tmp_path / "other", FakeEngine())
    other.state.ensure_secrets(["db-password"])
    other.state.replace_secrets({"db-password": export.adapters.state.secret("db-password")})
    another = replace(export, adapters=replace(other, sealing=cast("Sealing", export.sealer)))
    assert _one(another.make())["metadata"]["annotations"][OF_VALUE] != ours


def test_a_secret_that_is_there_is_not_written_again(export: Sealed) -> None:
    export.adapters.state.ensure_secrets(["db-password"])
    path = export.adapters.state.secrets / "db-password"
    inode = path.stat().st_ino
    export.make()
    assert path.stat().st_ino == inode, "a container may have that very file mounted"


def test_with_a_context_they_are_those_of_the_export_there(export: Sealed) -> None:
    export.adapters.state.of_export("far").keep_secrets({"db-password": "theirs"})
    export.make("far")
    assert [o["stringData"] for o in export.sealer.given] == [{"db-password": "theirs"}]
    assert drawn_values(export.adapters, export.source, "far")["db-password"] == "theirs"


def test_with_no_certificate_nothing_is_sealed(export: Sealed) -> None:
    export.seal.certificate.write_text("hello")
    with pytest.raises(UserError, match="nothing is sealed"):
        export.make()


def test_the_certificate_of_a_way_in_is_of_the_authority_there_for_its_name_and_stays(export: Sealed) -> None:
    """Sealed with the others, as an Ingress takes it; the authority is that of the export, which its services have too."""
    ways = replace(export.source, target=Target(name="x", ingress=Ingress("mesh.mycompany.com")))
    made = replace(export, source=ways)
    made.make("far")
    (given,) = [o for o in export.sealer.given if o["metadata"]["name"] == "web-page-tls"]
    assert (given["type"], given["metadata"]["namespace"]) == ("kubernetes.io/tls", "data-platform")
    store = export.adapters.state.of_export("far")
    leaf, authority = x509.load_pem_x509_certificates(given["stringData"]["tls.crt"].encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["web-page.mesh.mycompany.com"]
    leaf.verify_directly_issued_by(authority)
    ours = export.adapters.authority(store.folder, store.name, export.adapters.clock.utc()).certificate
    assert authority == x509.load_pem_x509_certificate(ours.encode())
    key = serialization.load_pem_private_key(given["stringData"]["tls.key"].encode(), None)
    assert key.public_key() == leaf.public_key()
    sealed_before = len(export.sealer.given)
    made.make("far")
    assert len(export.sealer.given) == sealed_before, "it is the same at the next export"
