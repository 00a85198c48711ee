"""The store follows its file of people while it runs, and the sessions of who is removed or has a new password end."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from minio import Minio, MinioAdmin, crypto
from minio.credentials import AssumeRoleProvider, Credentials, StaticProvider
from minio.error import MinioAdminException, S3Error
from urllib3 import PoolManager

from datameesh_cli.errors import DmError
from datameesh_cli.usecases.open_lake import lake_of
from tests.integration.stack import Stack, docker, until

WITHIN = 10
"""Seconds after which a changed file is in force."""


@dataclass
class People:
    """The file of people of a running store."""

    stack: Stack
    path: Path
    users: dict[str, Any]

    @property
    def container(self) -> str:
        """The store's container."""
        return next(c.name for c in self.stack.containers().values() if c.service == "minio")

    @property
    def trusting(self) -> PoolManager:
        """Connections to whoever shows a certificate of the stack's authority."""
        return PoolManager(ca_certs=str(self.path.with_name("mesh-ca")))

    def write(self, text: str) -> None:
        """Write the file in place, as `dm` does."""
        with self.path.open("r+", encoding="utf-8") as file:
            file.truncate()
            file.write(text)

    def put(self, **changed: Any) -> None:
        """Write everybody, with these changes; None is nobody."""
        users = {**self.users, **changed}
        self.write(yaml.safe_dump({"users": [user for user in users.values() if user]}))

    def reads(self, name: str, password: str | None = None) -> bool:
        """Whether somebody lists the lake."""
        try:
            known = password or self.users[name]["password"]
            replace(lake_of(self.stack.adapters), access_key=name, secret_key=known).list("datalake", "analytics/")
        except DmError:
            return False
        return True

    def session(self, name: str) -> str:
        """Sign in at the console; return the cookie."""
        said = f'{{"accessKey":"{name}","secretKey":"{self.users[name]["password"]}"}}'
        told = self._console("login", "-D", "-", "-H", "content-type: application/json", "--data", said)
        return next(line for line in told.splitlines() if line.lower().startswith("set-cookie: token="))[12:].split(
            ";"
        )[0]

    def works(self, cookie: str) -> bool:
        """Whether a session of the console still shows the lake."""
        return '"name":"datalake"' in self._console("buckets", "--cookie", cookie)

    def _console(self, path: str, *options: str) -> str:
        command = ["docker", "exec", self.container, "curl", "-s", "--cacert", "/run/secrets/mesh-ca", *options]
        command.append(f"https://127.0.0.1:9001/api/v1/{path}")
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    def refusals(self) -> list[str]:
        """What the store has said of files that it did not take."""
        told = subprocess.run(["docker", "logs", self.container], capture_output=True, text=True, check=True)
        return [line for line in (told.stdout + told.stderr).splitlines() if "accounts stay as they were" in line]


@pytest.fixture
def people(stack: Stack) -> Iterator[People]:
    """The file of the shared stack; in the end it is as it was."""
    path = stack.adapters.state.secrets / "lake-people"
    text = path.read_text(encoding="utf-8")
    found = People(stack, path, {user["name"]: user for user in yaml.safe_load(text)["users"]})
    yield found
    found.write(text)
    until(lambda: found.reads("alex") and found.reads("sarah"), WITHIN, "everybody is back")


def test_a_removed_person_is_refused_without_a_restart_and_so_is_the_console_session(people: People) -> None:
    started = docker("inspect", "--format", "{{.State.StartedAt}}", people.container)
    cookie = people.session("mike")
    assert people.reads("mike")
    assert people.works(cookie)
    people.put(mike=None)
    until(lambda: not people.reads("mike"), WITHIN, "mike is refused")
    assert not people.works(cookie)
    assert people.reads("alex"), "nobody else is touched"
    assert docker("inspect", "--format", "{{.State.StartedAt}}", people.container) == started


def test_a_new_password_and_a_new_person_are_in_force_and_the_old_password_and_its_session_are_not(
    people: People,
) -> None:
    cookie = people.session("alex")
    assert people.works(cookie)
    dana = {"name": "dana", "password": "dana-has-a-password", "policies": ["lake-ro"]}
    people.put(alex={**people.users["alex"], "password": "quite-another-one"}, dana=dana)
    until(lambda: people.reads("alex", "quite-another-one"), WITHIN, "the new password is taken")
    assert people.reads("dana", "dana-has-a-password")
    assert not people.reads("alex")
    assert not people.works(cookie)


def test_a_session_of_before_a_restart_ends_with_the_password_that_opened_it(people: People) -> None:
    """The store reads such a session from its disk when it is used, and not before."""
    endpoint, trusting = lake_of(people.stack.adapters).endpoint, people.trusting
    opened = {
        name: AssumeRoleProvider(
            sts_endpoint=f"https://{endpoint}",
            access_key=name,
            secret_key=people.users[name]["password"],
            duration_seconds=7 * 24 * 3600,
            http_client=trusting,
        ).retrieve()
        for name in ("alex", "sarah")
    }
    docker("stop", people.container)
    people.put(alex={**people.users["alex"], "password": "quite-another-one"})
    docker("start", people.container)
    until(lambda: people.reads("alex", "quite-another-one"), 60, "the store is back with the new password")
    assert _lists(endpoint, opened["sarah"], trusting), "nobody else is touched"
    assert not _lists(endpoint, opened["alex"], trusting)


def _lists(endpoint: str, who: Credentials, trusting: PoolManager) -> bool:
    client = Minio(
        endpoint=endpoint,
        access_key=who.access_key,
        secret_key=who.secret_key,
        session_token=who.session_token,
        http_client=trusting,
    )
    try:
        return list(client.list_objects("datalake", prefix="analytics/")) is not None
    except S3Error as refused:
        assert refused.code == "InvalidAccessKeyId", refused
        return False


@pytest.mark.parametrize("name", ["alex", "mike", "sales", "sarah", "admin"])
def test_nobody_makes_a_key_that_outlives_the_password(
    people: People, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # The client's own way of encryption takes 64 MiB in the server; this one, which it reads too, takes none.
    monkeypatch.setattr(crypto, "_generate_key", lambda secret, salt: hashlib.pbkdf2_hmac("sha256", secret, salt, 8192))

    def encrypt(payload: bytes, password: str) -> bytes:
        text = crypto.encrypt(payload, password)
        return text[:32] + b"\x02" + text[33:]

    monkeypatch.setitem(MinioAdmin.add_service_account.__globals__, "encrypt", encrypt)
    signed_in = StaticProvider(name, people.users[name]["password"])
    endpoint = lake_of(people.stack.adapters).endpoint
    client = MinioAdmin(endpoint=endpoint, credentials=signed_in, http_client=people.trusting)
    with pytest.raises(MinioAdminException, match="AccessDenied"):
        client.add_service_account(name="mine")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("users: [{name: alex, pass", "lake-people is no list of users"),
        ("", "lake-people is no list of users"),
        ("users: [{name: alex, password: not-to-be-told, policies: [lake-rw], admin: true}]", "lake-people is no list"),
        ("users: [{name: alex, password: not-to-be-told, policies: [lake-all]}]", 'there is no policy "lake-all"'),
        ("users: [{name: alex, password: short, policies: [lake-rw]}]", "a password has eight characters or more"),
        ("users: [{name: trino, password: not-to-be-told, policies: [lake-rw]}]", 'account "trino" is there twice'),
    ],
)
def test_a_broken_file_is_told_once_without_its_secrets_and_everything_stays(
    people: People, text: str, why: str
) -> None:
    before = people.refusals()
    people.write(text)
    until(lambda: len(people.refusals()) > len(before), WITHIN, "the store says that it did not take the file")
    new = people.refusals()[len(before) :]
    assert len(new) == 1
    assert why in new[0]
    assert "not-to-be-told" not in new[0]
    assert people.reads("alex")
    assert people.reads("sarah")
