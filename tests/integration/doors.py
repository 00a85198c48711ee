"""The ways into a running stack as somebody with a name and a password: SQL, files, a domain's database, the sign-in page."""

from __future__ import annotations

import html
import os
import re
import subprocess
import urllib.parse
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import requests

from datameesh_cli.adapters.trino import Trino
from datameesh_cli.errors import DmError
from datameesh_cli.usecases.open_lake import lake_of
from datameesh_cli.usecases.open_target import trino_of
from datameesh_cli.usecases.plan_memory import plan_memory
from tests.integration.stack import Stack

CALLBACK = "/oauth2/callback"


@dataclass(frozen=True)
class Doors:
    """What one person is answered, by tool. A refusal is text that begins with `refused:`."""

    stack: Stack
    name: str
    password: str

    @cached_property
    def _trino(self) -> Trino:
        adapters = self.stack.adapters
        return replace(trino_of(adapters, plan_memory(adapters, (), None)), password_of=lambda _: self.password)

    def sql(self, statement: str = "SELECT current_user") -> Any:
        """The first row's only value, or the whole first row; None without a row."""
        try:
            rows = self._trino.query(statement, user=self.name).rows
        except DmError as refused:
            return f"refused: {refused.message}"
        return (rows[0][0] if len(rows[0]) == 1 else rows[0]) if rows else None

    def lake(self, place: str = "datalake/analytics/", write: str = "") -> str:
        """What comes of listing a place of the lake, or of writing an object there and removing it."""
        store = replace(lake_of(self.stack.adapters), access_key=self.name, secret_key=self.password)
        bucket, _, below = place.partition("/")
        try:
            if write:
                store.put(bucket, below + write, b"x")
                store.remove(bucket, below + write)
                return "wrote"
            store.list(bucket, below)
        except DmError as refused:
            return f"refused: {refused.message}"
        return "listed"

    def database(
        self, statement: str = "SELECT current_user", service: str = "sales-db", name: str = "sales_db"
    ) -> str:
        """What psql answers over TCP, with the password."""
        container = next(c.name for c in self.stack.containers().values() if c.service == service)
        at = ["psql", "-w", "-h", service, "-d", name, "-U", self.name, "-qAtX", "-c", statement]
        # The password comes as a variable of the docker command, so that no list of processes shows it.
        command = ["docker", "exec", "-e", "PGPASSWORD", container, *at]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, env=os.environ | {"PGPASSWORD": self.password}
        )
        return done.stdout.strip() if done.returncode == 0 else f"refused: {' '.join(done.stderr.split())}"

    def sign_in(self) -> str:
        """What the form of the sign-in page answers; `no answer` while the service takes over a change."""
        try:
            return self._typed()
        except requests.ConnectionError:
            return "no answer"

    def _typed(self) -> str:
        ports = (self.stack.adapters.state.folder / "plan.env").read_text()
        own, tool = (re.findall(rf"(?m)^{name}=(\d+)$", ports)[0] for name in ("SIGN_IN_PORT", "TRINO_PORT"))
        asked = {
            "client_id": "trino",
            "redirect_uri": f"https://localhost:{tool}{CALLBACK}",
            "response_type": "code",
            "scope": "openid",
            "state": "s",
        }
        with requests.Session() as browser:
            browser.trust_env = False
            browser.verify = str(self.stack.adapters.state.secrets / "mesh-ca")
            page = browser.get(f"https://localhost:{own}/auth", params=asked, timeout=20)
            action = html.unescape(re.findall(r'action="([^"]+)"', page.text)[0])
            typed = {"login": self.name, "password": self.password}
            place = urllib.parse.urljoin(page.url, action)
            said = browser.post(place, data=typed, allow_redirects=False, timeout=20)
        sent_back = said.status_code == 303 and CALLBACK in said.headers["location"]
        return "signed in" if sent_back else f"refused: {said.status_code}"
