"""Derived secrets: made of the people in effect, kept in the file that is mounted, and nothing changes when nothing changed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import bcrypt
import pytest
from cryptography import x509

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.derive_secrets import derive_secrets, passwords, read_people, secrets_of
from datameesh_cli.usecases.show_status import list_places
from tests.fakes.adapters import FakeEngine, fake_adapters

ROOT = Path(__file__).parents[3]
MAKERS = {
    "web-rules": "sql-rules",
    "web-groups": "sql-groups",
    "web-passwords": "password-hashes",
    "web-certificate": "certificate",
    "mesh-ca": "authority",
    "db-people": "database-people",
    "lake-people": "lake-people",
    "sign-in-people": "sign-in-people",
    "sign-in-providers": "sign-in-providers",
}


@pytest.fixture
def adapters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Adapters:
    """A checkout with our file of people, in which `web` asks for one secret of each maker. Hashes are cheap here."""
    monkeypatch.setattr("datameesh_cli.adapters.password_hash.COST", 4)
    adapters, _ = fake_adapters(tmp_path / "checkout", FakeEngine())
    root = adapters.repository.root
    shutil.copytree(ROOT / "identity", root / "identity")
    fragment = root / "services" / "web" / "compose.yaml"
    listed = ", ".join(["web-password", *MAKERS])
    identity = "x-datameesh:\n      identity: {" + ", ".join(f"{k}: {v}" for k, v in MAKERS.items()) + "}"
    text = fragment.read_text().replace("secrets: [web-password]", f"secrets: [{listed}]")
    fragment.write_text(text.replace("x-datameesh:", identity))
    catalog = root / "services" / "web" / "catalog"
    catalog.mkdir()
    (catalog / "ocean.properties").write_text("connector.name=hive\n")
    return adapters


def _made(adapters: Adapters) -> dict[str, str]:
    services = adapters.repository.model().services
    adapters.state.ensure_secrets(secrets_of(adapters, services))
    return derive_secrets(adapters, services, adapters.state)


def test_each_maker_makes_its_file_and_everybody_has_a_password(adapters: Adapters) -> None:
    made = _made(adapters)
    assert set(made) == set(MAKERS)
    kept = {p.name: p.read_text() for p in adapters.state.secrets.iterdir()}
    assert {name: kept[name] for name in MAKERS} == made
    assert set(passwords(adapters)) <= set(kept)
    assert {"alex-password", "emea_user-password", "dbt-password", "healthcheck-password"} <= set(kept)
    assert json.loads(made["web-rules"])["tables"][-1] == {"privileges": []}
    assert "data-scientist:alex\n" in made["web-groups"]


def test_a_hash_fits_the_password_and_stays(adapters: Adapters) -> None:
    lines = dict(line.split(":", 1) for line in _made(adapters)["web-passwords"].splitlines())
    alex = adapters.state.secret("alex-password")
    assert lines["alex"].startswith("$2y$04$")
    assert bcrypt.checkpw(alex.encode(), lines["alex"].encode())
    again = dict(line.split(":", 1) for line in _made(adapters)["web-passwords"].splitlines())
    assert again == lines
    adapters.state.keep_secrets({"alex-password": "another-password"})
    changed = dict(line.split(":", 1) for line in _made(adapters)["web-passwords"].splitlines())
    assert {name for name in lines if changed[name] != lines[name]} == {"alex"}


def test_a_file_that_is_there_stays_the_same_file(adapters: Adapters) -> None:
    _made(adapters)
    path = adapters.state.secrets / "web-groups"
    before = path.stat().st_ino
    adapters.state.write("people.yaml", json.dumps({"removed": ["alex", "emma"]}))
    assert "alex" not in _made(adapters)["web-groups"]
    assert path.stat().st_ino == before
    assert "alex" not in path.read_text()


def test_the_certificate_names_the_service_and_stays(adapters: Adapters) -> None:
    made = _made(adapters)
    leaf, issuer = x509.load_pem_x509_certificates(made["web-certificate"].encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(n.value) for n in names] == [
        *("web", "web.data-platform", "web.data-platform.svc", "web.data-platform.svc.cluster.local"),
        *("localhost", "127.0.0.1"),
    ]
    leaf.verify_directly_issued_by(issuer)
    assert x509.load_pem_x509_certificate(made["mesh-ca"].encode()) == issuer
    assert "PRIVATE KEY" not in made["mesh-ca"]
    assert _made(adapters) == made


def test_an_export_has_an_authority_and_passwords_of_its_own(adapters: Adapters) -> None:
    ours = _made(adapters)
    export = adapters.state.of_export("far")
    export.keep_secrets({name: f"far-{name}" for name in passwords(adapters)})
    far = derive_secrets(adapters, adapters.repository.model().services, export)
    assert far["mesh-ca"] != ours["mesh-ca"]
    assert "far-mike-password" in far["db-people"]
    assert adapters.state.derived("db-people") == ours["db-people"]


def test_two_makers_of_one_secret_are_refused(adapters: Adapters) -> None:
    services = list(adapters.repository.model().services)
    other = replace(services[0], identity={"mesh-ca": "sql-groups"}, secrets=("mesh-ca",))
    with pytest.raises(UserError, match="'mesh-ca' is made by"):
        derive_secrets(adapters, [*services, other], adapters.state)


def test_a_derived_secret_that_no_container_has_is_refused(adapters: Adapters) -> None:
    fragment = adapters.repository.root / "services" / "web" / "compose.yaml"
    fragment.write_text(fragment.read_text().replace("mesh-ca, ", ""))
    with pytest.raises(UserError, match=r"x-datameesh\.identity: 'mesh-ca' is not among `secrets:`"):
        adapters.repository.model()


def test_a_stack_without_changes_has_the_people_of_the_file(adapters: Adapters) -> None:
    people = read_people(adapters)
    assert people
    assert [p.name for p in people.people] == [
        *("admin", "alex", "emea_user", "emma", "marketing", "marketing_team", "mike", "sales", "sales_team", "sarah")
    ]


def test_the_address_of_what_has_a_certificate_begins_with_https(adapters: Adapters) -> None:
    fragment = adapters.repository.root / "services" / "web" / "compose.yaml"
    assert {p.url.split(":")[0] for p in list_places(adapters)} == {"https"}
    fragment.write_text(fragment.read_text().replace("web-certificate: certificate", "web-certificate: authority"))
    assert {p.url.split(":")[0] for p in list_places(adapters)} == {"http"}
