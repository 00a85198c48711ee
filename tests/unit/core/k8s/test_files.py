"""ConfigMaps hold the checkout's bytes, and no value of a secret stands anywhere."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from datameesh_cli.core.k8s.objects import container, pod, workload_of
from datameesh_cli.core.k8s.passes.configs import HASH, LARGEST, config_hash
from datameesh_cli.core.k8s.passes.secrets import expected, secret_objects
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.source import File, unescaped
from datameesh_cli.errors import UserError
from tests.unit.core.k8s.example import DB, FILES, WEB, draft, example, found


def _all(**fields: Any) -> Any:
    source = example(DB, WEB, **fields)
    return passes(draft(source), source)


def _with(**files: tuple[File, ...]) -> Any:
    return _all(files={**FILES, **{name.replace("_", "-"): content for name, content in files.items()}})


def test_a_file_is_mounted_alone_at_its_path() -> None:
    made = found(_all(), "StatefulSet", "db")
    mount = next(m for m in container(made)["volumeMounts"] if m["mountPath"] == "/init/init.sql")
    assert mount == {"name": "configs", "mountPath": "/init/init.sql", "subPath": "db-init", "readOnly": True}
    assert found(_all(), "ConfigMap", "db-init")["data"]["db-init"] == FILES["db-init"][0].data.decode()


def test_a_folder_keeps_its_sub_folders_and_its_executables() -> None:
    made = pod(found(_all(), "Deployment", "web"))
    volume = next(v for v in made["volumes"] if v["name"] == "site")["configMap"]
    assert {i["path"]: i.get("mode", volume["defaultMode"]) for i in volume["items"]} == {
        "index.html": 0o444,
        "img/logo.bin": 0o444,
        "run.sh": 0o555,
    }
    assert base64.b64decode(found(_all(), "ConfigMap", "site")["binaryData"]["img..logo.bin"]) == b"\xff\x00\x01"


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfbom", b"a\r\nb\n", b"\x00", b"\xff", "a\u2028b".encode(), b"\x1b[1m"])
def test_what_yaml_might_alter_is_handed_over_as_bytes(data: bytes) -> None:
    made = found(_with(db_init=(File("", data),)), "ConfigMap", "db-init")
    assert base64.b64decode(made["binaryData"]["db-init"]) == data


def test_a_config_that_is_too_large_is_refused_with_its_size() -> None:
    with pytest.raises(UserError, match="config 'db-init' of db has 1024 KiB; a ConfigMap holds 1024 KiB") as caught:
        _with(db_init=(File("", b"x" * (LARGEST + 1)),))
    assert caught.value.hint
    _with(db_init=(File("", b"x" * LARGEST),))


def test_a_change_of_a_file_rolls_the_pods_that_mount_it_and_no_others() -> None:
    def hashes(objects: Any) -> dict[str, str]:
        pods = {n: workload_of(objects, n) for n in ("db", "web")}
        return {n: o["spec"]["template"]["metadata"]["annotations"][HASH] for n, o in pods.items() if o}

    before, after = hashes(_all()), hashes(_with(db_init=(File("", b"SELECT 2"),)))
    assert before["db"] != after["db"]
    assert before["web"] == after["web"]


def test_the_hash_is_that_of_paths_bytes_and_executable_bits() -> None:
    one = config_hash([("/a", [File("", b"x")]), ("/b", [File("", b"y")])])
    assert one == config_hash([("/b", [File("", b"y")]), ("/a", [File("", b"x")])])
    others = [
        [("/a", [File("", b"y")]), ("/b", [File("", b"x")])],
        [("/a", [File("", b"x", True)]), ("/b", [File("", b"y")])],
        [("/a", [File("", b"xy")]), ("/b", [File("", b"")])],
    ]
    assert len({one, *(config_hash(o) for o in others)}) == 4


def test_a_file_that_was_not_read_is_named() -> None:
    with pytest.raises(UserError, match="the files of 'db-init' are not there"):
        _all(files={"site": FILES["site"]})


def test_secrets_are_named_and_nowhere_written() -> None:
    objects = _all()
    assert "Secret" not in {o["kind"] for o in objects}
    made = found(objects, "StatefulSet", "db")
    volume = next(v for v in pod(made)["volumes"] if v["name"] == "secrets")["projected"]
    assert volume["defaultMode"] == 0o440
    assert volume["sources"] == [
        {"secret": {"name": "db-password", "items": [{"key": "db-password", "path": "db-password"}]}}
    ]
    assert {"name": "secrets", "mountPath": "/run/secrets", "readOnly": True} in container(made)["volumeMounts"]


def test_a_secret_of_two_namespaces_is_expected_in_both() -> None:
    source = example(
        DB, WEB, bodies={"web": {"secrets": [{"source": "db-password"}, {"source": "x", "target": "/etc/x/key"}]}}
    )
    assert expected(source) == {"db-password": ("data-platform", "sales-domain"), "x": ("data-platform",)}
    made = secret_objects(source, {"db-password": "v1", "x": "v2"})
    assert [(o["metadata"]["namespace"], o["metadata"]["name"], o["stringData"]) for o in made] == [
        ("data-platform", "db-password", {"db-password": "v1"}),
        ("sales-domain", "db-password", {"db-password": "v1"}),
        ("data-platform", "x", {"x": "v2"}),
    ]
    web = workload_of(passes(draft(source), source), "web")
    assert web
    mounts = {m["mountPath"] for m in container(web)["volumeMounts"]}
    assert {"/etc/x", "/run/secrets"} <= mounts


def test_a_dollar_of_compose_is_one_dollar() -> None:
    assert unescaped({"a": ["$$X", {"b": "$$(y)"}], "n": 1}) == {"a": ["$X", {"b": "$(y)"}], "n": 1}
