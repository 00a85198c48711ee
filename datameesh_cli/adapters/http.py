"""HTTP requests to the stack's own ports. The only module that imports requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.kind import Request, Trust
from datameesh_cli.errors import UnhealthyError

if TYPE_CHECKING:
    from requests import Session


def request(url: str, asked: Request, timeout: float = 30, trust: Trust | None = None, password: str = "") -> Answer:
    """Given where a request goes, the request, and the password of whoever it names, send it and return status and text.

    Redirects are followed, but for one to another server: that is the answer. `trust` is needed for a page over TLS. Raise
    UnhealthyError if nobody answers in time, or not the right server.
    """
    import requests

    try:
        with session(trust) as calls:
            body = asked.body.encode() or None
            who = (asked.user, password) if asked.user else None
            found = calls.request(asked.method, url, headers=dict(asked.headers), data=body, timeout=timeout, auth=who)
            if "charset" not in found.headers.get("Content-Type", ""):
                found.encoding = "utf-8"
            return Answer(status=found.status_code, text=found.text)
    except requests.exceptions.SSLError as failed:
        why = f"{url} does not show a certificate of this stack"
        raise UnhealthyError(why, "does another program have the port? see: ./dm status") from failed
    except requests.RequestException as failed:
        raise UnhealthyError(f"{asked.method} {url} got no answer", "see: ./dm status") from failed


def session(trust: Trust | None = None) -> Session:
    """Return a fresh HTTP session that pays no regard to the machine's proxy settings: the stack is never behind a proxy.

    Over TLS it speaks with a server that `trust` fits, and with no other.
    """
    import requests
    from requests.adapters import HTTPAdapter

    class Named(HTTPAdapter):
        """Asks for a certificate of the server's name, whatever address leads to it."""

        def init_poolmanager(self, *values: Any, **named: Any) -> None:
            super().init_poolmanager(*values, assert_hostname=trust and trust.name, **named)

    class Staying(requests.Session):
        """Follows a redirect to the same server only: it trusts no other."""

        def get_redirect_target(self, resp: requests.Response) -> str | None:
            target = super().get_redirect_target(resp)
            asked, wanted = urlsplit(resp.url), urlsplit(urljoin(resp.url, target or ""))
            return target if (asked.scheme, asked.netloc) == (wanted.scheme, wanted.netloc) else None

    calls = Staying()
    calls.trust_env = False
    if trust:
        calls.verify = trust.authority
        calls.mount("https://", Named())
    return calls
