"""HTTP requests to the stack's own ports. The only module that imports requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.kind import Request
from datameesh_cli.errors import UnhealthyError

if TYPE_CHECKING:
    from requests import Session


def request(url: str, asked: Request, timeout: float = 30) -> Answer:
    """Given where a request goes, and the request, send it and return status and text; redirects are followed.

    Raise UnhealthyError if nobody answers in time.
    """
    import requests

    try:
        with session() as calls:
            body = asked.body.encode() or None
            found = calls.request(asked.method, url, headers=dict(asked.headers), data=body, timeout=timeout)
            if "charset" not in found.headers.get("Content-Type", ""):
                found.encoding = "utf-8"
            return Answer(status=found.status_code, text=found.text)
    except requests.RequestException as failed:
        raise UnhealthyError(f"{asked.method} {url} got no answer", "see: ./dm status") from failed


def session() -> Session:
    """Return a fresh HTTP session that pays no regard to the machine's proxy settings: the stack is never behind a proxy."""
    import requests

    calls = requests.Session()
    calls.trust_env = False
    return calls
