"""What stands behind the sign-in service in a test: a directory (OpenLDAP) and another provider (a second Dex), beside the stack.

Each is a container on the engine's own network that listens at the address which the stack's network has on that machine, with a
certificate of an authority of its own: nothing of the stack reaches it but by a way out.
"""

from __future__ import annotations

import datetime
import json
import random
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bcrypt
import requests
import yaml

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.adapters.authority import Authority
from datameesh_cli.core.stream import Stream
from tests.integration.stack import ROOT, Stack, docker, until

SLAPD = "datameesh-test/slapd:13"
_SUFFIX = "dc=mesh,dc=test"


@dataclass(frozen=True)
class Outside:
    """Somebody beside the stack who says who people are: where, the passwords there, the authority of its certificate."""

    container: str
    address: str
    passwords: Mapping[str, str]
    authority: str

    @property
    def secret(self) -> str:
        """What opens it to the sign-in service."""
        return self.passwords["reader"]

    def file(self, kind: str, folder: Path, **config: Any) -> str:
        """The file of the checkout for this kind of provider as somebody fills it in, written to a folder of the test."""
        said = yaml.safe_load((ROOT / "identity" / "providers" / f"{kind}.yaml").read_text(encoding="utf-8"))
        said |= {"outside": [self.address], "authority": self.authority, "config": said["config"] | config}
        path = folder / f"{kind}.yaml"
        path.write_text(yaml.safe_dump(said), encoding="utf-8")
        return str(path)


@dataclass(frozen=True)
class Person:
    """Somebody there: name, address, groups."""

    name: str
    email: str
    groups: tuple[str, ...] = ()


PEOPLE = (
    Person("alex", "alex@datameesh.example", ("reporting",)),
    Person("erika", "erika@elsewhere.example", ("data-science", "bowling")),
    Person("admin", "somebody@elsewhere.example", ("data-science",)),
    Person("dbt", "dbt@elsewhere.example", ("data-science",)),
)
"""alex is one of the mesh's people, erika is nobody there; the last two have names that are not theirs to have."""


@contextmanager
def directory(stack: Stack, folder: Path) -> Iterator[Outside]:
    """A directory of these people, with the groups and the reader of identity/providers/auth-ldap.yaml below another suffix.

    It listens at the next port, too.
    """
    _built_slapd(folder / "image")
    host, port = _place(stack)
    passwords = {name: secrets.token_urlsafe(12) for name in ("reader", *(p.name for p in PEOPLE))}
    files = {"slapd.conf": _SLAPD_CONF, "people.ldif": _ldif(passwords)}
    places = f"'ldaps://{host}:{port} ldaps://{host}:{port + 1}'"
    command = (
        "test -d /tmp/db || { mkdir /tmp/db && slapadd -f /slapd/slapd.conf -l /slapd/people.ldif; }; "
        f"exec slapd -d 0 -f /slapd/slapd.conf -h {places}"
    )
    with _running(stack, folder, "slapd", SLAPD, files, command, (host, port)) as (container, authority):
        yield Outside(container, f"{host}:{port}", passwords, authority)


def ldap_file(outside: Outside, folder: Path) -> str:
    """The file of the directory."""
    said = yaml.safe_load((ROOT / "identity" / "providers" / "auth-ldap.yaml").read_text(encoding="utf-8"))["config"]
    own = {
        "host": outside.address,
        "rootCAData": "$CA",
        "bindDN": f"cn=datameesh,ou=services,{_SUFFIX}",
        "userSearch": said["userSearch"] | {"baseDN": f"ou=people,{_SUFFIX}"},
        "groupSearch": said["groupSearch"] | {"baseDN": f"ou=groups,{_SUFFIX}"},
    }
    return outside.file("auth-ldap", folder, **own)


@contextmanager
def another_provider(stack: Stack, folder: Path, callback: str) -> Iterator[Outside]:
    """Another OpenID provider of these people, which sends them back to one address."""
    host, port = _place(stack)
    passwords = {name: secrets.token_urlsafe(12) for name in ("reader", *(p.name for p in PEOPLE))}
    people = [
        {
            "email": p.email,
            "hash": bcrypt.hashpw(passwords[p.name].encode(), bcrypt.gensalt(10)).decode(),
            "username": p.name,
            "preferredUsername": p.name,
            "userID": p.name,
            "groups": list(p.groups),
        }
        for p in PEOPLE
    ]
    said = {
        "issuer": f"https://{host}:{port}",
        "storage": {"type": "memory"},
        "web": {"https": f"{host}:{port}", "tlsCert": "/provider/leaf.pem", "tlsKey": "/provider/leaf.pem"},
        "oauth2": {"skipApprovalScreen": True, "grantTypes": ["authorization_code"]},
        "frontend": {"dir": "/usr/local/share/sign-in", "theme": "datameesh"},
        "enablePasswordDB": True,
        "staticClients": [{"id": "datameesh", "name": "x", "secret": passwords["reader"], "redirectURIs": [callback]}],
        "staticPasswords": people,
    }
    image = docker("inspect", "--format", "{{.Config.Image}}", _sign_in(stack)).strip()
    files = {"dex.yaml": json.dumps(said)}
    with _running(stack, folder, "provider", image, files, "exec dex serve /provider/dex.yaml", (host, port)) as found:
        yield Outside(found[0], f"{host}:{port}", passwords, found[1])


def oidc_file(outside: Outside, folder: Path) -> str:
    """The file of the other provider."""
    return outside.file("auth-oauth", folder, issuer=f"https://{outside.address}", rootCAs=["$CA"])


def browser_of_both(session: requests.Session, outside: Outside, folder: Path) -> requests.Session:
    """A browser that trusts the stack's authority trusts the other one too."""
    both = folder / "both.pem"
    both.write_text(Path(str(session.verify)).read_text(encoding="utf-8") + outside.authority, encoding="utf-8")
    session.verify = str(both)
    return session


def reaches(stack: Stack, address: str, service: str = "sign-in") -> bool:
    """Whether a connection from a container of the stack comes about."""
    host, port = address.rsplit(":", 1)
    container = next(c.name for c in stack.containers().values() if c.service == service)
    probe = f"timeout 3 bash -c '</dev/tcp/{host}/{port}' 2>/dev/null && echo open || echo shut"
    return docker("exec", container, "sh", "-c", probe).strip() == "open"


@contextmanager
def _running(
    stack: Stack, folder: Path, name: str, image: str, files: Mapping[str, str], command: str, at: tuple[str, int]
) -> Iterator[tuple[str, str]]:
    """A container with files below /<name>; yields its name and the authority of its certificate, once it listens."""
    folder.mkdir(exist_ok=True)
    authority = Authority(folder, name, datetime.datetime.now(datetime.UTC))
    given = folder / name
    given.mkdir(exist_ok=True)
    for file, text in {**files, "leaf.pem": authority.leaf([at[0]])}.items():
        (given / file).write_text(text, encoding="utf-8")
        (given / file).chmod(0o644)
    container = f"{stack.project}-test-{name}"
    docker("create", "--name", container, "--network", "host", "--user", "10999", image, "sh", "-c", command)
    try:
        docker("cp", str(given), f"{container}:/{name}")
        docker("start", container)
        until(lambda: listens(container, at), 30, f"{name} listens")
        yield container, authority.certificate
    finally:
        docker("rm", "--force", "--volumes", container)


def listens(container: str, at: tuple[str, int]) -> bool:
    """Whether the container itself finds somebody listening there."""
    probe = f"bash -c '</dev/tcp/{at[0]}/{at[1]}' 2>/dev/null && echo yes || echo no"
    return docker("exec", container, "sh", "-c", probe).strip() == "yes"


def _place(stack: Stack) -> tuple[str, int]:
    """The address of the engine's machine on the stack's network, and a port there that is likely free."""
    found = docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", _sign_in(stack))
    return str(next(iter(json.loads(found).values()))["Gateway"]), random.randrange(41000, 49000)


def _sign_in(stack: Stack) -> str:
    return next(c.name for c in stack.containers().values() if c.service == "sign-in")


def _built_slapd(folder: Path) -> None:
    """slapd of Debian on the base that every image of ours stands on."""
    if docker("image", "ls", "--quiet", SLAPD).strip():
        return
    folder.mkdir(parents=True)
    text = "FROM datameesh/base:13\nRUN --mount=type=secret,id=mirrors apt-install slapd\n"
    (folder / "Dockerfile").write_text(text, encoding="utf-8")
    adapters = adapters_for()
    stream = adapters.images.build(adapters.images.Build(SLAPD, folder, folder, {}, {}, adapters.mirrors(), True))
    assert _code(stream) == 0


def _code(stream: Stream[int]) -> int:
    try:
        while True:
            print(next(stream))
    except StopIteration as ended:
        return int(ended.value)


_SLAPD_CONF = f"""\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile /tmp/slapd.pid
TLSCertificateFile /slapd/leaf.pem
TLSCertificateKeyFile /slapd/leaf.pem
database mdb
suffix "{_SUFFIX}"
directory /tmp/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=datameesh,ou=services,{_SUFFIX}" read by * none
"""


def _ldif(passwords: Mapping[str, str]) -> str:
    units = [f"dn: ou={name},{_SUFFIX}\nobjectClass: organizationalUnit\n" for name in ("people", "groups", "services")]
    reader = (
        f"dn: cn=datameesh,ou=services,{_SUFFIX}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
    )
    people = [
        f"dn: uid={p.name},ou=people,{_SUFFIX}\nobjectClass: inetOrgPerson\ncn: The {p.name}\nsn: {p.name}\n"
        f"mail: {p.email}\nuserPassword: {passwords[p.name]}\n"
        for p in PEOPLE
    ]
    groups = [
        f"dn: cn={group},ou=groups,{_SUFFIX}\nobjectClass: groupOfNames\n"
        + "".join(f"member: uid={p.name},ou=people,{_SUFFIX}\n" for p in PEOPLE if group in p.groups)
        for group in sorted({group for p in PEOPLE for group in p.groups})
    ]
    top = f"dn: {_SUFFIX}\nobjectClass: domain\n"
    return "\n".join([top, *units, reader + f"userPassword: {passwords['reader']}\n", *people, *groups])
