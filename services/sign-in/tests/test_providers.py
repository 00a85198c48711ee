"""A directory and another provider behind the sign-in service: who comes by them, as whom, and who may not."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.outside import (
    Outside,
    another_provider,
    browser_of_both,
    directory,
    ldap_file,
    listens,
    oidc_file,
    reaches,
)
from tests.integration.provider import Provider
from tests.integration.stack import SMALLEST, Stack, docker, until

LDAP, OAUTH = "auth-ldap", "auth-oauth"


@pytest.fixture(scope="module")
def up(shared: Stack) -> Stack:
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    return shared


@pytest.fixture(scope="module")
def ldap(up: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """The directory behind the sign-in service; the stack has not reached it before."""
    folder = tmp_path_factory.mktemp("ldap")
    with directory(up, folder) as found:
        assert not reaches(up, found.address)
        put_behind(up, ldap_file(found, folder), found.secret)
        until(lambda: answers(up, LDAP), 30, "the directory is offered")
        yield found
        nothing_behind(up)


@pytest.fixture(scope="module")
def oauth(up: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """Another provider behind the sign-in service."""
    folder = tmp_path_factory.mktemp("oauth")
    with another_provider(up, folder, f"{Provider(up).issuer}/callback") as found:
        put_behind(up, oidc_file(found, folder), found.secret)
        until(lambda: answers(up, OAUTH), 60, "the other provider is offered")
        yield found
        nothing_behind(up)


def put_behind(stack: Stack, file: str, secret: str) -> None:
    """`dm security provider`, as a person types it."""
    stack.dm("security", "provider", file, "--stdin", stdin=secret + "\n")


def nothing_behind(stack: Stack) -> None:
    """As the stack was before."""
    for there in stack.json("security", "provider")["providers"]:
        stack.dm("security", "provider", there["name"], "--off")


def answers(stack: Stack, by: str) -> bool:
    """Whether there is a way to sign in of this name; not while the service starts anew."""
    service = Provider(stack)
    try:
        asked = service.browser().get(
            f"{service.issuer}/auth/{by}", params=service.ask(), timeout=60, allow_redirects=False
        )
    except requests.ConnectionError:
        return False
    return asked.status_code in (200, 302)


def typed(stack: Stack, name: str, password: str, by: str = LDAP) -> requests.Response:
    """What the form says to name and password."""
    service = Provider(stack)
    browser = service.browser()
    return service.typed(browser, service.form(browser, by), name, password)


def claims(stack: Stack, code: str) -> dict[str, Any]:
    """What the token says that a tool gets for a code."""
    service = Provider(stack)
    return service.claims(service.tokens_for(code)["id_token"])


@pytest.mark.row("S-SEC-20")
def test_alex_signs_in_with_the_password_of_the_directory(up: Stack, ldap: Outside) -> None:
    found = claims(up, Provider(up).code("alex", ldap.passwords["alex"], LDAP))
    assert (found["preferred_username"], found["email"]) == ("alex", "alex@datameesh.example")
    assert found["groups"] == ["data-scientist"], "one person, one identity: what the file of people says of alex"


def test_who_is_in_the_directory_alone_has_the_groups_that_are_mapped(up: Stack, ldap: Outside) -> None:
    found = claims(up, Provider(up).code("erika", ldap.passwords["erika"], LDAP))
    assert (found["preferred_username"], found["groups"]) == ("erika", ["data-scientist"])
    assert (found["name"], found["email"]) == ("The erika", "erika@elsewhere.example")


@pytest.mark.parametrize(("name", "sees"), [("alex", {"alex"}), ("erika", set())])
def test_the_query_engines_page_knows_the_people_of_the_mesh_alone(
    up: Stack, ldap: Outside, name: str, sees: set[str]
) -> None:
    """alex is at home there, also by the directory; erika may look at the page, and at no statement."""
    up.dm("sql", "--as", "alex", "SELECT 'asked by alex' AS smoke")
    service = Provider(up)
    browser = service.browser()
    ways = browser.get(f"{service.tool}/ui/", timeout=60)
    assert f"{service.issuer}/auth?" in ways.url, "the page asks how to sign in"
    form = browser.get(ways.url.replace("/auth?", f"/auth/{LDAP}?"), timeout=60)
    said = service.typed(browser, form, name, ldap.passwords[name])
    page = browser.get(said.headers["location"], timeout=60)
    assert (page.status_code, page.url) == (200, service.tool + "/ui/"), page.text[:300]
    listed = browser.get(f"{service.tool}/ui/api/query", timeout=60)
    assert {query["sessionUser"] for query in listed.json()} == sees


def test_a_wrong_password_is_refused_and_each_has_one_place(up: Stack, ldap: Outside) -> None:
    own = Provider(up).secret("alex-password")
    for name, password in [
        ("alex", "wrong"),
        ("alex", ""),
        ("alex", own),
        ("nobody", "x"),
        ("*", "x"),
        ("erika)(uid=*", "x"),
    ]:
        assert typed(up, name, password).status_code == 401, name
    assert typed(up, "alex", ldap.passwords["alex"], by="local").status_code == 401
    assert typed(up, "erika", ldap.passwords["erika"], by="local").status_code == 401
    assert typed(up, "alex", own, by="local").status_code == 303


@pytest.mark.parametrize("name", ["admin", "dbt"])
def test_a_name_that_is_not_the_directorys_to_give_is_refused(up: Stack, ldap: Outside, name: str) -> None:
    """Another's address, or an account of a program: the password is right, and still nobody becomes that one."""
    said = typed(up, name, ldap.passwords[name])
    assert (said.status_code, said.headers.get("location")) == (403, None)
    kept = up.json("audit", "access", "--since", "5m")
    ours = [line["text"] for line in kept if (line["person"], line["source"]) == (name, LDAP)]
    assert "failed login attempt: a name that is not the provider's to give" in ours


def test_the_way_out_is_for_the_sign_in_service_to_that_port_alone(up: Stack, ldap: Outside) -> None:
    host, port = ldap.address.split(":")
    shown = up.json("net", "show")
    assert shown["state"] == "in force"
    assert {"source": "sign-in", "target": host, "port": int(port)} in shown["edges"]
    assert reaches(up, ldap.address)
    assert not reaches(up, ldap.address, "hive-metastore-db")
    beside = (host, int(port) + 1)
    assert listens(ldap.container, beside)
    assert not reaches(up, f"{beside[0]}:{beside[1]}"), "what listens beside it stays shut"


def test_the_directory_is_away_and_accounts_of_our_own_go_on(up: Stack, ldap: Outside) -> None:
    service = Provider(up)
    docker("stop", "--time", "2", ldap.container)
    try:
        assert typed(up, "erika", ldap.passwords["erika"]).status_code == 500
        assert service.code("alex", service.secret("alex-password"), "local")
        docker("restart", service.container)
        up.until_healthy()
        assert service.code("alex", service.secret("alex-password"), "local")
    finally:
        docker("start", ldap.container)
    until(lambda: reaches(up, ldap.address), 20, "the directory is back")
    assert service.code("erika", ldap.passwords["erika"], LDAP)


def test_a_person_of_another_provider_signs_in_there_and_is_somebody_here(
    up: Stack, oauth: Outside, tmp_path: Path
) -> None:
    found = claims(up, _by_oauth(up, oauth, "erika", tmp_path))
    assert (found["iss"], found["preferred_username"]) == (Provider(up).issuer, "erika")
    assert found["groups"] == ["data-scientist"]
    assert claims(up, _by_oauth(up, oauth, "alex", tmp_path))["preferred_username"] == "alex"


def test_another_provider_makes_nobody_admin(up: Stack, oauth: Outside, tmp_path: Path) -> None:
    said = _sent_by_oauth(up, oauth, "admin", oauth.passwords["admin"], tmp_path)
    assert (said.status_code, said.headers.get("location")) == (403, None)
    assert _sent_by_oauth(up, oauth, "erika", "wrong", tmp_path).status_code == 401


def test_nobody_comes_by_a_provider_that_was_taken_away(up: Stack, ldap: Outside) -> None:
    service = Provider(up)
    browser = service.browser()
    page = service.form(browser, LDAP)
    assert reaches(up, ldap.address)
    up.dm("security", "provider", LDAP, "--off")
    assert not reaches(up, ldap.address), "shut at once"
    until(lambda: not answers(up, LDAP) and answers(up, "local"), 30, "it is offered no more")
    late = service.typed(browser, page, "erika", ldap.passwords["erika"])
    assert (late.status_code >= 400, late.headers.get("location")) == (True, None)


def _by_oauth(stack: Stack, outside: Outside, name: str, folder: Path) -> str:
    return Provider(stack).handed(_sent_by_oauth(stack, outside, name, outside.passwords[name], folder))


def _sent_by_oauth(stack: Stack, outside: Outside, name: str, password: str, folder: Path) -> requests.Response:
    """The last answer on the way back from the other provider, after name and password were typed there."""
    service = Provider(stack)
    browser = browser_of_both(service.browser(), outside, folder)
    page = service.form(browser, OAUTH)
    assert page.url.startswith(f"https://{outside.address}/"), "a browser is sent to the other provider"
    said = service.typed(browser, page, name, password)
    while said.is_redirect and not said.headers["location"].startswith(service.tool):
        place = urllib.parse.urljoin(said.url, said.headers["location"])
        said = browser.get(place, allow_redirects=False, timeout=60)
    return said
