"""Reading the checkout: every mistake with file and line, and the list of fragments kept equal to the folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from datameesh_cli.adapters import yaml_text
from datameesh_cli.errors import UserError
from tests.fakes.adapters import files_of, write_repository


def test_the_model_is_what_the_folders_say(tmp_path: Path) -> None:
    model = write_repository(tmp_path).model()
    assert [(s.name, s.profile) for s in model.services] == [
        ("db", "core"),
        ("metastore", "analytics"),
        ("web", "analytics"),
    ]
    assert model.closure(["analytics"]) == ("core", "analytics")


def test_a_deleted_folder_is_a_deleted_service(tmp_path: Path) -> None:
    repository = write_repository(tmp_path)
    shutil.rmtree(tmp_path / "services" / "web")
    assert [s.name for s in repository.model().services] == ["db", "metastore"]
    (tmp_path / "services" / "block").mkdir()
    (tmp_path / "services" / "block" / "Dockerfile").write_text("FROM x\n")
    assert len(repository.fragments()) == 2


def test_no_service_at_all_is_refused(tmp_path: Path) -> None:
    repository = write_repository(tmp_path)
    shutil.rmtree(tmp_path / "services")
    with pytest.raises(UserError, match="no service folder was found"):
        repository.model()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("services:\n  web: [\n", "services/web/compose.yaml, line 3: "),
        ("services:\n\tweb: 1\n", "services/web/compose.yaml, line 2: "),
        ("", "services/web/compose.yaml: the content is empty"),
        ("services: {web: {}}", "services/web/compose.yaml: `services.web.x-datameesh` is missing"),
    ],
)
def test_a_broken_fragment_is_named_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    repository = write_repository(tmp_path)
    (tmp_path / "services" / "web" / "compose.yaml").write_text(text)
    with pytest.raises(UserError) as caught:
        repository.model()
    assert caught.value.message.startswith(says)
    assert "\n" not in caught.value.message


def test_a_file_that_is_no_text_or_not_there(tmp_path: Path) -> None:
    repository = write_repository(tmp_path)
    (tmp_path / "services" / "web" / "compose.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"services/web/compose\.yaml is not UTF-8 text"):
        repository.model()
    with pytest.raises(UserError, match=r"profiles/x\.yaml is missing"):
        repository.read_yaml(tmp_path / "profiles" / "x.yaml")


def test_a_broken_profile_is_named(tmp_path: Path) -> None:
    repository = write_repository(tmp_path)
    (tmp_path / "profiles" / "core.yaml").write_text("requires: []\n")
    with pytest.raises(UserError, match=r"profiles/core\.yaml: `name` is missing"):
        repository.model()


def test_compose_follows_the_folders(tmp_path: Path) -> None:
    repository = write_repository(tmp_path)
    assert repository.refresh_compose()
    assert repository.compose_file.read_text() == (
        "name: datameesh\n\ninclude:\n  - files.yaml\n  - ../services/db/compose.yaml\n"
        "  - ../services/metastore/compose.yaml\n  - ../services/web/compose.yaml\n\nnetworks:\n  mesh: {}\n"
    )
    before = files_of(tmp_path)
    assert not repository.refresh_compose()
    assert files_of(tmp_path) == before
    shutil.rmtree(tmp_path / "services" / "web")
    assert repository.refresh_compose()
    made = [(tmp_path / "compose" / name).read_text() for name in ("compose.yaml", "services.yaml", "files.yaml")]
    assert "db" in made[0]
    assert not any("web" in text for text in made)


def test_the_files_of_a_service_are_those_of_its_folder(tmp_path: Path) -> None:
    """A folder, one file under another name, and what other folders bring; pages and hidden files are nobody's."""
    repository = write_repository(tmp_path)
    home = tmp_path / "services"
    for name in ("web/config/deep/a.ini", "web/config/README.md", "web/config/.b", "web/one.ini", "db/catalog/db.ini"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x")
    fragment = home / "web" / "compose.yaml"
    files = "files: {config: /etc/web, one.ini: /etc/web/other.ini, ../*/catalog: /etc/web/catalog}"
    fragment.write_text(fragment.read_text().replace("owner: ", f"{files}\n      owner: "))
    made = yaml_text.load(repository.composed()[tmp_path / "compose" / "services.yaml"])
    assert made["services"]["web"]["configs"] == [
        {"source": "db-catalog-db", "target": "/etc/web/catalog/db.ini"},
        {"source": "web-deep-a", "target": "/etc/web/deep/a.ini"},
        {"source": "web-one", "target": "/etc/web/other.ini"},
    ]
    (home / "db/catalog/db.ini").write_text("password=${ENV:DB_PASSWORD}")
    made = yaml_text.load(repository.composed()[tmp_path / "compose" / "services.yaml"])
    assert made["services"]["web"]["secrets"] == ["web-password", "db-password"], "what is collected brings its secrets"
    assert repository.model().service("web").secrets == ("web-password", "db-password")
    fragment.write_text(fragment.read_text().replace("one.ini", "none.ini"))
    with pytest.raises(UserError, match=r"services/web/compose\.yaml, service 'web': there is no none\.ini"):
        repository.composed()


def test_the_summary_is_the_first_paragraph_of_the_readme(tmp_path: Path) -> None:
    repository = write_repository(tmp_path)
    assert repository.summary("db") == "The db of the test."
    assert repository.summary("nowhere") == ""
