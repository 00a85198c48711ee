"""`dm user`: who comes, goes and changes a password, what follows from it at once, and what is refused."""

from __future__ import annotations

import json
import os
import pwd
import stat
import subprocess
from pathlib import Path

import bcrypt
import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.errors import UserError
from datameesh_cli.render.people import print_changed
from datameesh_cli.usecases.change_people import NewPerson, add_person, list_people, remove_person, set_password
from datameesh_cli.usecases.derive_secrets import derive_secrets, secrets_of
from datameesh_cli.usecases.show_status import list_credentials
from tests.unit.usecases.test_derive_secrets import MAKERS, adapters

__all__ = ["adapters"]  # the fixture


def _started(adapters: Adapters) -> None:
    services = adapters.repository.model().services
    adapters.state.ensure_secrets(secrets_of(adapters, services))
    derive_secrets(adapters, services, adapters.state)


def _names(adapters: Adapters) -> list[str]:
    return [line.name for line in list_people(adapters)]


def _hash(adapters: Adapters, name: str) -> str | None:
    lines = adapters.state.derived("web-passwords").splitlines()
    return dict(line.split(":", 1) for line in lines).get(name)


@pytest.mark.row("S-SEC-29")
def test_the_seven_names_are_there_with_nothing_done(adapters: Adapters) -> None:
    assert {"admin", "alex", "sarah", "mike", "emma", "sales", "marketing"} <= set(_names(adapters))


def test_somebody_who_comes_is_in_every_file_at_once(adapters: Adapters) -> None:
    _started(adapters)
    inodes = {name: (adapters.state.secrets / name).stat().st_ino for name in MAKERS}
    changed = add_person(adapters, NewPerson("dana", role="data-scientist"))
    assert set(changed.secrets) == {"web-rules", "web-groups", "web-passwords", "lake-people", "sign-in-people"}
    assert {name: (adapters.state.secrets / name).stat().st_ino for name in MAKERS} == inodes
    password = adapters.state.secret("dana-password")
    assert bcrypt.checkpw(password.encode(), str(_hash(adapters, "dana")).encode())
    assert "data-scientist:alex,dana\n" in adapters.state.derived("web-groups")
    assert f'"name": "dana", "password": "{password}", "policies": ["lake-rw"]' in adapters.state.derived("lake-people")
    line = next(line for line in list_people(adapters) if line.name == "dana")
    assert (line.email, line.groups, line.roles) == ("dana@datameesh.example", ("data-scientist",), ("data-scientist",))


def test_before_the_first_start_only_a_password_is_made(adapters: Adapters) -> None:
    assert add_person(adapters, NewPerson("dana", role="analyst")).secrets == ()
    assert adapters.state.derived("web-rules") == ""
    assert adapters.state.secret("dana-password")


def test_somebody_who_goes_is_in_no_file_and_has_no_password(adapters: Adapters) -> None:
    _started(adapters)
    remove_person(adapters, "alex")
    assert "alex" not in _names(adapters)
    assert all("alex" not in adapters.state.derived(name) for name in MAKERS)
    assert "alex-password" not in adapters.state.secret_names()
    before = "dropped"
    add_person(adapters, NewPerson("alex", role="analyst"))
    assert adapters.state.secret("alex-password") != before
    assert "analyst:alex,emea_user,sarah\n" in adapters.state.derived("web-groups")
    remove_person(adapters, "alex")
    assert "alex" not in _names(adapters)


def test_a_region_comes_with_the_person(adapters: Adapters) -> None:
    _started(adapters)
    add_person(adapters, NewPerson("erik", role="analyst", groups=("regions",), regions=("EMEA", "APAC")))
    password = adapters.state.secret("erik-password")
    assert f"erik\tanalyst,regions\tEMEA,APAC\t{password}\n" in adapters.state.derived("db-people")
    assert '"erik"' not in adapters.state.derived("lake-people"), "files have no filter"


def test_a_new_password_takes_the_old_one_s_place_everywhere(adapters: Adapters) -> None:
    _started(adapters)
    old = adapters.state.secret("mike-password")
    changed = set_password(adapters, "mike", None)
    new = adapters.state.secret("mike-password")
    assert new != old
    assert set(changed.secrets) == {"web-passwords", "db-people", "lake-people", "sign-in-people"}
    found = str(_hash(adapters, "mike")).encode()
    assert (bcrypt.checkpw(new.encode(), found), bcrypt.checkpw(old.encode(), found)) == (True, False)
    assert all(old not in adapters.state.derived(name) for name in MAKERS)
    set_password(adapters, "mike", "correct-horse-9")
    assert adapters.state.secret("mike-password") == "correct-horse-9"


def test_a_cluster_that_was_applied_is_named_with_what_brings_it_the_change(
    adapters: Adapters, capsys: pytest.CaptureFixture[str]
) -> None:
    _started(adapters)
    assert add_person(adapters, NewPerson("dana", role="analyst")).clusters == ()
    adapters.state.of_export("kind-a.b").keep_secrets({"mike-password": "of the cluster"})
    print_changed(set_password(adapters, "mike", None))
    print_changed(remove_person(adapters, "dana"))
    assert capsys.readouterr().out.splitlines() == [
        "mike has a new password; in force within a minute",
        "not yet on the cluster of context 'kind-a.b': "
        "dm secrets rotate mike --on k8s --context kind-a.b; then: dm k8s apply --context kind-a.b",
        "password: dm credentials mike-password",
        "dana is removed; in force within a minute",
        "not yet on the cluster of context 'kind-a.b': dm k8s apply --context kind-a.b",
    ]
    assert adapters.state.of_export("kind-a.b").secret("mike-password") == "of the cluster"


def test_a_short_name_is_refused_with_the_reason(adapters: Adapters) -> None:
    with pytest.raises(UserError) as refused:
        add_person(adapters, NewPerson("da", role="analyst"))
    assert "an object store's keys have 3 letters at least" in refused.value.hint


def test_a_role_whose_policy_the_object_store_has_not_is_refused(adapters: Adapters) -> None:
    folder = adapters.repository.root / "services" / "web"
    (folder / "config").mkdir()
    (folder / "config" / "lake.yaml").write_text("policies: {lake-rw: {}, lake-sales: {}}\n")
    fragment = folder / "compose.yaml"
    fragment.write_text(fragment.read_text().replace("identity:", "files: {config: /etc/web}\n      identity:"))
    _started(adapters)
    with pytest.raises(UserError) as refused:
        add_person(adapters, NewPerson("dana", role="analyst"))
    assert refused.value.message == "role 'analyst' says `lake: ro`, and web has no policy 'lake-ro'"
    assert "services/web/config/lake.yaml" in refused.value.hint
    assert "dana" not in _names(adapters)
    add_person(adapters, NewPerson("dana", role="data-scientist"))
    add_person(adapters, NewPerson("erik", role="executive"))  # who has no account of it needs no policy


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (NewPerson("alex", role="analyst"), "there is a person 'alex' already"),
        (NewPerson("dana", role="analist"), "there is no role 'analist'"),
        (NewPerson("dana"), "no role and no group"),
        (NewPerson("dana", groups=("analists",)), "there is no group 'analists'"),
        (NewPerson("dana", role="analyst", regions=("EMAE",)), "there is no region 'EMAE'"),
        (NewPerson("healthcheck", role="analyst"), "'healthcheck' is the account of a program"),
        *(
            (NewPerson(name, role="analyst"), f"'{name}' is the account of a program")
            for name in ("trino_rw", "people", "people_all_rows", "people_unmasked", "auditor", "group_analyst", "pg_x")
        ),
        (NewPerson("web", role="analyst"), "'web-password' is a password of web"),
        (NewPerson("dana", role="analyst", email="alex@datameesh.example"), "somebody has the address"),
        (NewPerson("dana", role="analyst", email="nowhere"), "user dana: `email` cannot be 'nowhere'"),
        *(
            (NewPerson(name, role="analyst"), "is no name for an account")
            for name in ("Dana", "1a2", "da", "d a n a", "dana;drop", "a" * 33, "dana.x", "-dana", "dana\n", "../dana")
        ),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_who_cannot_come_changes_nothing(adapters: Adapters, new: NewPerson, says: str) -> None:
    _started(adapters)
    before = {p.name: p.read_text() for p in adapters.state.secrets.iterdir()}
    with pytest.raises(UserError, match=says):
        add_person(adapters, new)
    assert {p.name: p.read_text() for p in adapters.state.secrets.iterdir()} == before
    assert not (adapters.state.folder / "people.yaml").exists()


def test_the_hint_has_the_nearest_name(adapters: Adapters) -> None:
    for new, near in (
        (NewPerson("dana", role="analist"), "analyst"),
        (NewPerson("dana", groups=("engeneer",)), "engineer"),
    ):
        with pytest.raises(UserError) as refused:
            add_person(adapters, new)
        assert f"did you mean '{near}'?" in refused.value.hint
    with pytest.raises(UserError) as refused:
        remove_person(adapters, "alx")
    assert "did you mean 'alex'?" in refused.value.hint


def test_the_last_who_may_do_everything_stays(adapters: Adapters) -> None:
    with pytest.raises(UserError, match="'admin' is the last"):
        remove_person(adapters, "admin")
    add_person(adapters, NewPerson("root2", role="admin"))
    remove_person(adapters, "admin")
    with pytest.raises(UserError, match="'root2' is the last"):
        remove_person(adapters, "root2")


@pytest.mark.parametrize(
    "password", ["", "elevenchars", "x" * 73, "with a blank in", "tab\tinside-it", "ümlaut-ümlaut", "the-MIKE-word"]
)
def test_a_password_that_not_every_tool_takes_is_refused(adapters: Adapters, password: str) -> None:
    _started(adapters)
    before = adapters.state.secret("mike-password")
    with pytest.raises(UserError):
        set_password(adapters, "mike", password)
    assert adapters.state.secret("mike-password") == before


def test_credentials_are_passwords_and_say_whose(adapters: Adapters) -> None:
    _started(adapters)
    shown = {c.name: c.used_by for c in list_credentials(adapters)}
    assert shown["alex-password"] == ("Alex, for all tools",)
    assert shown["web-password"] == ("web",)
    assert not set(MAKERS) & set(shown)


def test_what_is_kept_is_readable_for_this_user_alone(adapters: Adapters) -> None:
    _started(adapters)
    add_person(adapters, NewPerson("dana", role="analyst"))
    folder = adapters.state.folder
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (folder, adapters.state.secrets)}
    assert set(modes.values()) == {0o700}
    for name in ("people.yaml", "authority.pem", "password-hashes.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_of_the_machine_reads_nothing(adapters: Adapters, tmp_path: Path) -> None:
    _started(adapters)
    for place in (tmp_path, *tmp_path.parents[:-1]):
        if place.stat().st_uid == os.geteuid() and place != Path("/tmp"):
            place.chmod(place.stat().st_mode | 0o055)
    files = [str(p) for p in adapters.state.folder.rglob("*") if p.is_file()]
    assert len(files) > 20
    nobody = pwd.getpwnam("nobody")
    code = (
        "import sys\n"
        "for name in sys.argv[1:]:\n"
        "    try: print(open(name).read()[:1] and name)\n"
        "    except PermissionError: pass\n"
    )
    seen = subprocess.run(
        ["/usr/bin/env", "python3", "-c", code, *files, str(Path("/etc/passwd"))],
        user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert seen.stdout.split() == ["/etc/passwd"], seen.stderr


def test_the_delta_of_a_group_that_went_is_refused_by_name(adapters: Adapters) -> None:
    adapters.state.write(
        "people.yaml", json.dumps({"added": {"dana": {"name": "D", "email": "d@x", "groups": ["gone"]}}})
    )
    with pytest.raises(UserError, match=r"people\.yaml: `added\.dana\.groups\[0\]`: there is no group 'gone'"):
        list_people(adapters)


def test_regions_without_a_group_that_filters_by_them_are_refused(adapters: Adapters) -> None:
    with pytest.raises(UserError, match="'erik' would see the rows of every region"):
        add_person(adapters, NewPerson("erik", role="analyst", regions=("EMEA",)))


def test_an_address_is_somebodys_in_capitals_too(adapters: Adapters) -> None:
    with pytest.raises(UserError, match="somebody has the address ALEX"):
        add_person(adapters, NewPerson("erik", role="analyst", email="ALEX@datameesh.example"))


def test_changes_that_cannot_be_read_are_not_taken_for_none(adapters: Adapters) -> None:
    remove_person(adapters, "sarah")
    adapters.state.write_private("people.yaml", "removed: [sarah]\n")
    with pytest.raises(UserError, match="is no JSON"):
        list_people(adapters)
