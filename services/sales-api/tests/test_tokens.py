"""Who signed in shows a token: of the sign-in service, for the APIs, of now. Any other is refused."""

from __future__ import annotations

import base64
import html
import json
import re
import time
import urllib.parse
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.integration.apis import Apis
from tests.integration.stack import docker

BACK = "http://localhost:8250/back"


def _token(apis: Apis, name: str) -> str:
    """A person's token, fetched as a program on the person's machine does: by the browser's form."""
    with requests.Session() as browser:
        browser.trust_env = False
        browser.verify = str(apis.stack.adapters.state.folder / "secrets" / "mesh-ca")
        issuer = f"https://localhost:{apis.port('SIGN_IN_PORT')}"
        asked = {
            "client_id": "apis",
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": "openid profile email groups",
        }
        form = browser.get(f"{issuer}/auth", params=asked, timeout=20)
        action = html.unescape(re.findall(r'action="([^"]+)"', form.text)[0])
        typed = {"login": name, "password": apis.secret(f"{name}-password").strip()}
        sent = browser.post(urllib.parse.urljoin(form.url, action), data=typed, allow_redirects=False, timeout=20)
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(sent.headers["location"]).query)["code"][0]
        given = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "client_id": "apis"}
        found = browser.post(f"{issuer}/token", data=given, timeout=20)
        assert found.status_code == 200, found.text
        return str(found.json()["id_token"])


def _asked(apis: Apis, token: str, path: str = "/customers", api: str = "sales") -> requests.Response:
    return apis.ask(path, api=api, headers={"Authorization": f"Bearer {token}"})


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, body, _ = (
        json.loads(base64.urlsafe_b64decode(part + "===")) if n < 2 else {} for n, part in enumerate(token.split("."))
    )
    return head, body


@pytest.fixture(scope="module")
def alex(apis: Apis) -> str:
    """A token of alex."""
    return _token(apis, "alex")


def test_a_token_opens_both_apis_to_whom_it_names(apis: Apis, alex: str) -> None:
    assert _asked(apis, alex).json()["total"] == 15
    assert _asked(apis, alex, "/leads", "marketing").json()["total"] == 15
    emma = _token(apis, "emma")
    assert _asked(apis, emma).status_code == 403
    some = _asked(apis, _token(apis, "emea_user")).json()
    assert some["total"] == 6


def test_one_that_was_altered_or_signed_by_somebody_else_is_refused(apis: Apis, alex: str) -> None:
    head, body = _parts(alex)
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def signed(header: dict[str, Any], claims: dict[str, Any]) -> str:
        text = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}"
        return f"{text}.{_b64(own.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    public = own.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    parts = alex.split(".")
    forged = [
        f"{parts[0]}.{_b64(json.dumps(body | {'preferred_username': 'admin'}).encode())}.{parts[2]}",
        f"{_b64(json.dumps(head | {'alg': 'none'}).encode())}.{parts[1]}.",
        f"{_b64(json.dumps(head | {'alg': 'HS256'}).encode())}.{parts[1]}.{_b64(public[:32])}",
        signed(head, body),
        signed(head | {"kid": "own"}, body),
        signed(head | {"jwk": {"kty": "RSA"}, "jku": "http://127.0.0.1/keys"}, body),
        alex[:-4] + "AAAA",
        alex + "x",
    ]
    for token in forged:
        said = _asked(apis, token)
        assert (said.status_code, said.headers["Content-Type"]) == (401, "application/problem+json"), said.text
    assert _asked(apis, alex).status_code == 200


def test_one_for_another_tool_or_of_another_time_is_refused(apis: Apis) -> None:
    """Asked of what judges, in the replica, with the service's own keys in the place of the ones that it fetched."""
    program = """
import json, sys, time
sys.path.insert(0, "/etc/api")
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from api.access import Tokens
from api.problem import Problem
own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
tokens = Tokens("https://issuer", "https://nowhere/keys", "/run/secrets/mesh-ca", "apis")
tokens._known = {"k": own.public_key()}
good = {"iss": "https://issuer", "aud": "apis", "exp": time.time() + 60, "preferred_username": "alex"}
def judged(claims):
    try:
        return tokens.name_and_end(jwt.encode(claims, own, "RS256", {"kid": "k"}))[0]
    except Problem as refused:
        return refused.status
cases = [good, {**good, "aud": "trino"}, {**good, "exp": time.time() - 1}, {**good, "iss": "https://other"}]
cases += [{k: v for k, v in good.items() if k != missing} for missing in ("exp", "aud", "iss")]
print(json.dumps([judged(case) for case in cases]))
"""
    said = docker("exec", apis.container("sales-api-1"), "python3", "-c", program)
    assert json.loads(said) == ["alex", 401, 401, 401, 401, 401, 401]


def test_a_new_password_is_asked_for_and_the_old_one_refused(apis: Apis) -> None:
    old = apis.secret("sarah-password").strip()
    assert apis.ask("/customers", "sarah").status_code == 200
    apis.stack.dm("secrets", "rotate", "sarah")
    header = {"Authorization": "Basic " + base64.b64encode(f"sarah:{old}".encode()).decode()}
    deadline = time.monotonic() + 10
    while (
        apis.ask("/customers", headers=header).status_code != 401 or apis.ask("/customers", "sarah").status_code != 200
    ):
        assert time.monotonic() < deadline, "not within 10 s"
        time.sleep(0.5)
    # Once in force, on both replicas and every time.
    assert {apis.ask("/customers", headers=header).status_code for _ in range(10)} == {401}


def test_who_is_removed_is_nobody_from_then_on(apis: Apis) -> None:
    apis.stack.dm("user", "add", "dana", "--role", "data-scientist")
    deadline = time.monotonic() + 20
    while apis.ask("/customers", "dana").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    token = apis.secret("dana-password").strip()
    apis.stack.dm("user", "remove", "dana")
    header = {"Authorization": "Basic " + base64.b64encode(f"dana:{token}".encode()).decode()}
    while apis.ask("/customers", headers=header).status_code != 401:
        assert time.monotonic() < deadline + 20
        time.sleep(0.5)
