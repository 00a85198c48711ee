"""HTTP requests to the stack's own ports. The only module that imports requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.errors import UnhealthyError

if TYPE_CHECKING:
    from requests import Session


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer: its status, its headers (names in small letters) and its text."""

    status: int
    headers: Mapping[str, str]
    text: str


def request(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: str = "", timeout: float = 30
) -> Answer:
    """Given a request, send it and return the answer, whatever its status; redirects are followed.

    Raise UnhealthyError if nobody answers in time.
    """
    import requests

    try:
        with session() as calls:
            data = body.encode() if body else None
            found = calls.request(method, url, headers=dict(headers or {}), data=data, timeout=timeout)
            if "charset" not in found.headers.get("Content-Type", ""):
                found.encoding = "utf-8"
            return Answer(found.status_code, {k.lower(): v for k, v in found.headers.items()}, found.text)
    except requests.RequestException as failed:
        raise UnhealthyError(f"{method} {url} got no answer", "see: ./dm status") from failed


def session() -> Session:
    """Return a fresh HTTP session that pays no regard to the machine's proxy settings: the stack is never behind a proxy."""
    import requests

    calls = requests.Session()
    calls.trust_env = False
    return calls
