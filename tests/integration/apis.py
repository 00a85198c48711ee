"""The APIs of a stack, asked as whoever one likes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import requests

from tests.integration.stack import Stack, docker

UP = ("up", "sales-api", "marketing-api", "--ram", "1200m")
"""What starts both APIs and what they take, two replicas each."""
ORDER = {"customer_id": 1, "product_id": 2, "quantity": 3}


@dataclass(frozen=True)
class Apis:
    """A stack with both APIs and set small."""

    stack: Stack

    def secret(self, name: str) -> str:
        """The value of one of the stack's secrets."""
        return (self.stack.adapters.state.folder / "secrets" / name).read_text()

    def port(self, variable: str) -> int:
        """Where something is published."""
        plan = (self.stack.adapters.state.folder / "plan.env").read_text()
        return int(re.findall(rf"(?m)^{variable}=(\d+)$", plan)[0])

    def ask(self, path: str, user: str = "", api: str = "sales", method: str = "GET", **more: Any) -> requests.Response:
        """What an API answers."""
        with requests.Session() as session:
            session.trust_env = False
            session.auth = (user, self.secret(f"{user}-password").strip()) if user else None
            address = f"http://127.0.0.1:{self.port(f'{api.upper()}_API_PORT')}{path}"
            return session.request(method, address, timeout=20, **more)

    def add(self, path: str, body: Any, user: str, key: str, api: str = "sales", **headers: str) -> requests.Response:
        """What an API answers to a row more."""
        return self.ask(path, user, api, "POST", json=body, headers={"Idempotency-Key": key, **headers})

    def psql(self, service: str, statement: str) -> str:
        """What the superuser of a database is answered, inside its container."""
        return docker(
            "exec", self.container(service), "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement
        ).strip()

    def container(self, service: str) -> str:
        """The name of a service's container."""
        return next(c.name for c in self.stack.containers().values() if c.service == service)

    def without_new_orders(self) -> None:
        """Take away what tests added, and have the numbers begin where they began."""
        self.psql(
            "sales-db",
            "DELETE FROM orders WHERE order_id > 20; SELECT setval(pg_get_serial_sequence('orders', 'order_id'), 20);"
            "DELETE FROM api.requests",
        )
        self.psql(
            "marketing-db",
            "DELETE FROM leads WHERE lead_id > 115; SELECT setval(pg_get_serial_sequence('leads', 'lead_id'), 115);"
            "DELETE FROM api.requests",
        )
