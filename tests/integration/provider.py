"""The sign-in service from outside: a person signs in as a browser does, with the query engine's page as the tool that asks."""

from __future__ import annotations

import base64
import html
import json
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.integration.stack import Stack

RETURN = "/oauth2/callback"


@dataclass(frozen=True)
class Provider:
    """The sign-in service of a stack, from outside, and the query engine's page as the tool that sends people there."""

    stack: Stack

    @property
    def issuer(self) -> str:
        """What its tokens say of themselves, and where it is reached."""
        return f"https://localhost:{self._port('SIGN_IN_PORT')}"

    @property
    def tool(self) -> str:
        """The address of the query engine's page."""
        return f"https://localhost:{self._port('TRINO_PORT')}"

    @property
    def container(self) -> str:
        """The name of its container."""
        return next(c.name for c in self.stack.containers().values() if c.service == "sign-in")

    def secret(self, name: str) -> str:
        """The value of one of the stack's secrets."""
        return (self.stack.adapters.state.folder / "secrets" / name).read_text()

    def browser(self) -> requests.Session:
        """A browser without cookies that trusts the stack's authority and no other."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.stack.adapters.state.folder / "secrets" / "mesh-ca")
        return session

    def ask(self, **changed: str) -> dict[str, str]:
        """What the tool asks for when it sends a person to sign in."""
        asked = {
            "client_id": "trino",
            "redirect_uri": self.tool + RETURN,
            "response_type": "code",
            "scope": "openid profile email groups",
            "state": "s-1",
            "nonce": "n-1",
        }
        return asked | changed

    def form(self, browser: requests.Session, by: str = "", **changed: str) -> requests.Response:
        """The page on which a person types name and password; with `by` that of one of several ways to sign in."""
        return browser.get(f"{self.issuer}/auth/{by}".rstrip("/"), params=self.ask(**changed), timeout=60)

    def asked(self, **changed: str) -> requests.Response:
        """The answer to a tool that asks; where it sends the browser is not followed."""
        address = f"{self.issuer}/auth/local"
        return self.browser().get(address, params=self.ask(**changed), allow_redirects=False, timeout=20)

    def typed(self, browser: requests.Session, page: requests.Response, name: str, password: str) -> requests.Response:
        """The answer to the form that stands in the page, filled in; where it sends the browser is not followed."""
        action = html.unescape(re.findall(r'action="([^"]+)"', page.text)[0])
        return browser.post(
            urllib.parse.urljoin(page.url, action),
            data={"login": name, "password": password},
            allow_redirects=False,
            timeout=60,
        )

    def code(self, name: str, password: str, by: str = "") -> str:
        """Sign in with the form and return the code that the tool is handed."""
        browser = self.browser()
        said = self.typed(browser, self.form(browser, by), name, password)
        return self.handed(said)

    def handed(self, said: requests.Response) -> str:
        """The code in the address that a browser is sent to: the tool's."""
        assert said.status_code == 303, said.text
        back = urllib.parse.urlsplit(said.headers["location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == self.tool + RETURN
        given = urllib.parse.parse_qs(back.query)
        assert given["state"] == ["s-1"]
        return given["code"][0]

    def exchanged(self, code: str, secret: str | None = None) -> requests.Response:
        """What the tool is given for a code."""
        return self.browser().post(
            f"{self.issuer}/token",
            data={"grant_type": "authorization_code", "code": code, "redirect_uri": self.tool + RETURN},
            auth=("trino", self.secret("sign-in-client-trino") if secret is None else secret),
            timeout=20,
        )

    def tokens(self, name: str) -> dict[str, Any]:
        """The tokens of a person who signs in with the own password."""
        return self.tokens_for(self.code(name, self.secret(f"{name}-password")))

    def tokens_for(self, code: str) -> dict[str, Any]:
        """The tokens that a tool gets for a code."""
        said = self.exchanged(code)
        assert said.status_code == 200, said.text
        found: dict[str, Any] = said.json()
        return found

    def keys(self) -> Mapping[str, rsa.RSAPublicKey]:
        """The public keys that a tool judges tokens by."""
        listed = self.browser().get(f"{self.issuer}/keys", timeout=20).json()["keys"]
        return {key["kid"]: rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key() for key in listed}

    def claims(self, token: str) -> dict[str, Any]:
        """What a token says, once its signature is found good by one of the keys."""
        head, body, signature = token.split(".")
        key = self.keys()[json.loads(_bytes(head))["kid"]]
        key.verify(_bytes(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
        found: dict[str, Any] = json.loads(_bytes(body))
        return found

    def _port(self, variable: str) -> int:
        plan = (self.stack.adapters.state.folder / "plan.env").read_text()
        return int(re.findall(rf"(?m)^{variable}=(\d+)$", plan)[0])


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")
