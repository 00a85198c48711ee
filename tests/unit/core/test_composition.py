"""What follows from a service folder: names of files, aliases, and what a fragment extends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datameesh_cli.core.composition import SECRETS, Mount, files_file, mounts_of, secrets_named, services_file
from datameesh_cli.core.declaration import Ram
from datameesh_cli.core.model import Service
from datameesh_cli.errors import UserError

SERVICE = Service(
    name="web",
    folder="site",
    profile="core",
    namespace="apps",
    layer="user access",
    owner="team",
    image="x:1",
    ram=Ram(1, 1),
    secrets=("web-password", "shared-password"),
)
MOUNTS = {"web": [Mount("site-a", "site/config/a.ini", "/etc/a.ini")]}


def test_a_folder_is_handed_over_file_by_file_and_a_file_may_be_renamed() -> None:
    files = ["trino/config/catalog/sales_analytics.properties", "trino/config/jvm.config"]
    assert mounts_of("/etc/trino", "trino/config", files) == [
        Mount("trino-catalog-sales-analytics", files[0], "/etc/trino/catalog/sales_analytics.properties"),
        Mount("trino-jvm", files[1], "/etc/trino/jvm.config"),
    ]
    (one,) = mounts_of("/etc/app/settings.yaml", "app/files/x.yaml", ["app/files/x.yaml"])
    assert one == Mount("app-files-x", "app/files/x.yaml", "/etc/app/settings.yaml")


def test_a_service_gets_its_namespace_its_name_its_files_and_the_careful_start() -> None:
    assert services_file([SERVICE], MOUNTS)["services"]["web"] == {
        "extends": {"file": "hardened.yaml", "service": "service"},
        "labels": {"datameesh.namespace": "apps"},
        "networks": {"mesh": {"ipv4_address": "${WEB_ADDRESS:-}", "aliases": ["web.apps.svc.cluster.local"]}},
        "configs": [{"source": "site-a", "target": "/etc/a.ini"}],
    }


def test_who_collects_files_gets_their_secrets_with_them() -> None:
    texts = {
        "services/a-db/catalog/a.properties": "password=${ENV:A_DB_PASSWORD}\nuser=x",
        "services/b/catalog/b": "nothing",
    }
    assert secrets_named(texts, ["a-db-password", "b-password"]) == ("a-db-password",)
    with pytest.raises(
        UserError, match=r"services/a-db/catalog/a\.properties: \$\{ENV:A_DB_PASSWORD\} is no secret"
    ) as no:
        secrets_named(texts, ["b-password"])
    assert no.value.hint == "add a-db-password to `secrets:` of the fragment beside it"
    collecting = replace(SERVICE, files={"../*/catalog": "/etc/c"}, secrets=("web-password", "a-db-password"))
    assert services_file([collecting], MOUNTS)["services"]["web"]["secrets"] == ["web-password", "a-db-password"]


def test_nobody_connects_to_a_job() -> None:
    job = services_file([replace(SERVICE, kind="job")], {"web": []})["services"]["web"]
    assert job["extends"]["service"] == "job"
    assert job["networks"] == {"mesh": {"ipv4_address": "${WEB_ADDRESS:-}"}}
    assert set(job) == {"extends", "labels", "networks"}


def test_every_secret_and_every_file_stands_once() -> None:
    other = replace(SERVICE, name="api", secrets=("shared-password",))
    assert files_file([SERVICE, other], MOUNTS | {"api": MOUNTS["web"]}) == {
        "configs": {"site-a": {"file": "../services/site/config/a.ini"}},
        "secrets": {n: {"file": f"{SECRETS}/{n}"} for n in ("shared-password", "web-password")},
    }


def test_two_files_that_would_have_one_name_are_refused() -> None:
    twice = {"web": [Mount("site-a", "site/a.ini", "/a"), Mount("site-a", "site/a.yaml", "/b")]}
    with pytest.raises(UserError, match="would both be the config 'site-a'"):
        files_file([SERVICE], twice)
