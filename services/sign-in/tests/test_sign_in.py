"""A person signs in as a browser does: page, form, code, token. Who has no right to a token gets none."""

from __future__ import annotations

import re
import subprocess
import time
import urllib.parse

import pytest
import requests

from tests.integration.provider import Provider
from tests.integration.stack import Stack, docker, until


@pytest.fixture
def provider(stack: Stack) -> Provider:
    return Provider(stack)


def test_alex_signs_in_and_the_token_says_who_that_is(provider: Provider) -> None:
    tokens = provider.tokens("alex")
    claims = provider.claims(tokens["id_token"])
    now = time.time()
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (provider.issuer, "trino", "n-1")
    assert claims["preferred_username"] == "alex"
    assert claims["email"] == "alex@datameesh.example"
    assert claims["groups"] == ["data-scientist"]
    assert now < claims["exp"] <= now + 3600 + 5


@pytest.mark.parametrize(
    ("name", "groups"),
    [("admin", ["admin"]), ("sarah", ["analyst"]), ("mike", ["engineer"]), ("emma", ["executive"])],
)
def test_every_named_person_signs_in_with_the_one_password(provider: Provider, name: str, groups: list[str]) -> None:
    claims = provider.claims(provider.tokens(name)["id_token"])
    assert (claims["preferred_username"], claims["groups"]) == (name, groups)


def test_the_address_does_as_well_as_the_name(provider: Provider) -> None:
    assert provider.code("alex@datameesh.example", provider.secret("alex-password"))


def test_a_wrong_password_is_refused_every_time_and_the_right_one_still_works(provider: Provider) -> None:
    browser = provider.browser()
    page = provider.form(browser)
    for wrong in ("", "wrong", provider.secret("mike-password"), "x" * 72, "' OR 1=1 --", "wrong"):
        said = provider.typed(browser, page, "alex", wrong)
        assert (said.status_code, "location" in said.headers) == (401, False), wrong
        assert "login-error" in said.text
    assert provider.typed(browser, page, "nobody", "wrong").status_code == 401
    assert provider.typed(browser, page, "alex", provider.secret("alex-password")).status_code == 303
    log = subprocess.run(["docker", "logs", provider.container], capture_output=True, text=True, check=True)
    failed = [line for line in (log.stdout + log.stderr).splitlines() if "failed login attempt" in line]
    assert len([line for line in failed if '"user":"alex"' in line]) >= 6, "each refusal is written down"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"client_id": "unknown"}, 404),
        ({"redirect_uri": "https://elsewhere.example/oauth2/callback"}, 400),
        ({"redirect_uri": "https://localhost:1/oauth2/callback"}, 400),
        ({"redirect_uri": "https://localhost.elsewhere.example/oauth2/callback"}, 400),
    ],
    ids=["client", "host", "port", "suffix"],
)
def test_who_asks_is_a_known_tool_at_its_known_address(
    provider: Provider, changed: dict[str, str], status: int
) -> None:
    asked = provider.asked(**changed)
    assert (asked.status_code, asked.headers.get("location")) == (status, None)
    assert "login" not in asked.text


def test_no_token_is_handed_to_a_browser(provider: Provider) -> None:
    asked = provider.asked(response_type="token")
    back = urllib.parse.parse_qs(urllib.parse.urlsplit(asked.headers["location"]).query)
    assert (back["error"], "access_token" in back) == (["unsupported_response_type"], False)


def test_a_code_is_worth_something_once_and_to_its_tool_only(provider: Provider) -> None:
    password = provider.secret("alex-password")
    assert provider.exchanged(provider.code("alex", password), secret="wrong").status_code == 401
    code = provider.code("alex", password)
    assert provider.exchanged(code).status_code == 200
    assert provider.exchanged(code).status_code == 400
    assert provider.exchanged("made-up").status_code == 400


def test_a_password_in_place_of_a_code_gives_no_token(provider: Provider) -> None:
    """Tools never see a password: the grant that hands one over is off."""
    said = provider.browser().post(
        f"{provider.issuer}/token",
        data={
            "grant_type": "password",
            "username": "alex",
            "password": provider.secret("alex-password"),
            "scope": "openid",
        },
        auth=("trino", provider.secret("sign-in-client-trino")),
        timeout=20,
    )
    assert (said.status_code, said.json().get("error")) == (400, "unsupported_grant_type")


def test_the_page_is_ours_in_both_languages_and_in_no_frame(provider: Provider) -> None:
    browser = provider.browser()
    page = provider.form(browser)
    assert page.status_code == 200
    for text in ("DataMeesh", "Sign in", "Se connecter", "Mot de passe", "theme/logo.svg"):
        assert text in page.text, text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert browser.get(urllib.parse.urljoin(page.url, asset), timeout=20).status_code == 200, asset


def test_a_restart_keeps_the_keys(shared: Stack, provider: Provider) -> None:
    """A token of before is still found good, and a page that was open before can be sent."""
    token = provider.tokens("alex")["id_token"]
    keys = set(provider.keys())
    browser = provider.browser()
    page = provider.form(browser)
    docker("restart", provider.container)
    shared.until_healthy()
    assert set(provider.keys()) == keys
    assert provider.claims(token)["preferred_username"] == "alex"
    assert provider.typed(browser, page, "alex", provider.secret("alex-password")).status_code == 303


def test_people_are_read_again_while_it_runs(shared: Stack, provider: Provider) -> None:
    """The file changes in place; nobody restarts the container."""
    people = shared.adapters.state.folder / "secrets" / "sign-in-people"
    before = people.read_text()
    began = docker("inspect", "--format", "{{.State.StartedAt}}", provider.container)
    assert provider.code("alex", provider.secret("alex-password"))
    try:
        people.write_text("".join(line for line in before.splitlines(keepends=True) if '"alex"' not in line))
        until(lambda: _status(provider, "alex") == 401, 20, "alex is out")
        assert _status(provider, "mike") == 303
    finally:
        people.write_text(before)
    until(lambda: _status(provider, "alex") == 303, 20, "alex is back")
    assert docker("inspect", "--format", "{{.State.StartedAt}}", provider.container) == began


def _status(provider: Provider, name: str) -> int:
    """What becomes of a person's right password; 0 while Dex starts anew."""
    browser = provider.browser()
    try:
        said = provider.typed(browser, provider.form(browser), name, provider.secret(f"{name}-password"))
    except requests.ConnectionError:
        return 0
    return said.status_code
