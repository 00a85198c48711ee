"""Where this machine fetches packages from, as its own configuration says: mirrors, indexes and the CA bundle.

They reach a build as secrets, for an address may carry a password and a build argument stays in the history of the image; only
proxies are arguments, whose names BuildKit knows and keeps out of it. None gets into an image layer or a committed file.
A variable of the environment (APT_MIRROR, GOPROXY, GOSUMDB, PIP_INDEX_URL, SSL_CERT_FILE) wins over a configuration file.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from datameesh_cli.adapters import files
from datameesh_cli.errors import DmError

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, Alpine
)
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True)
class HostMirrors:
    """What builds get of the host: proxies and addresses of package archives by name, and secret files by id."""

    proxies: Mapping[str, str]
    archives: Mapping[str, str]
    secrets: Mapping[str, Path]

    @property
    def apt(self) -> str:
        """The address of the Debian archive, "" if this machine does not say."""
        return self.archives.get("APT_MIRROR", "").split(" ")[0]

    def as_shell(self) -> str:
        """The archives as assignments that `sh` reads: the content of the build secret `mirrors`."""
        return "".join(f"{name}={shlex.quote(value)}\n" for name, value in self.archives.items())


def host_mirrors(
    etc: Path = Path("/etc"), home: Path | None = None, env: Mapping[str, str] = os.environ
) -> HostMirrors:
    """Return what this machine has configured; what it has not is left out."""
    at_home = home or Path.home()
    pip = _pip_settings(etc, at_home, env)
    go = _assignments(Path(env.get("GOENV") or at_home / ".config/go/env"))
    archives = {
        "APT_MIRROR": env.get("APT_MIRROR") or _apt_mirror(etc),
        "GOPROXY": env.get("GOPROXY") or go.get("GOPROXY", ""),
        "GOSUMDB": env.get("GOSUMDB") or go.get("GOSUMDB", ""),
        "PIP_INDEX_URL": env.get("PIP_INDEX_URL") or pip.get("index-url", ""),
    }
    candidates = [env.get(n) for n in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "PIP_CERT")]
    bundle = next((Path(c) for c in (*candidates, pip.get("cert"), *_BUNDLES) if c and _is_file(Path(c))), None)
    settings = at_home / ".m2" / "settings.xml"
    secrets = {"ca": bundle, "maven_settings": settings if _is_file(settings) else None}
    return HostMirrors(
        {name: env[name] for name in _PROXIES if env.get(name)},
        {name: value for name, value in archives.items() if value},
        {name: path for name, path in secrets.items() if path},
    )


def _apt_mirror(etc: Path) -> str:
    """Return the archive's address and, after a space, that of the security archive; "" where the machine is not a Debian."""
    if not re.search(r"(?m)^ID=\"?debian\"?$", _text(etc / "os-release")):
        return ""
    main = security = ""
    for address, suites in _apt_sources(etc / "apt"):
        if not re.match(r"https?://", address) or "debian" not in address:
            continue
        if any("security" in s for s in suites):
            security = security or address
        elif any(re.fullmatch(r"[a-z]+", s) for s in suites):
            main = main or address
    return f"{main} {security}".strip() if main else ""


def _apt_sources(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each address with its suites, from one-line and from deb822 files."""
    for path in [folder / "sources.list", *files.found(folder / "sources.list.d", "*.list")]:
        for line in _text(path).splitlines():
            words = re.sub(r"\[[^]]*\]", "", line.split("#")[0]).split()
            if len(words) > 3 and words[0] == "deb":
                yield words[1], [words[2]]
    for path in files.found(folder / "sources.list.d", "*.sources"):
        lines = [ln for ln in _text(path).splitlines() if not ln.startswith("#")]
        for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
            fields = {k.lower(): v.split() for k, v in re.findall(r"(?m)^(\S+):\s*(.+)$", stanza)}
            if "deb" in fields.get("types", []) and fields.get("enabled") != ["no"]:
                yield from ((address, fields.get("suites", [])) for address in fields.get("uris", []))


def _pip_settings(etc: Path, home: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Return index-url and cert as pip would read them; a later file wins."""
    places = [etc / "xdg/pip/pip.conf", etc / "pip.conf", home / ".pip/pip.conf", home / ".config/pip/pip.conf"]
    parser = configparser.RawConfigParser(strict=False)
    try:
        for place in (*places, *([Path(env["PIP_CONFIG_FILE"])] if "PIP_CONFIG_FILE" in env else [])):
            parser.read_string(_text(place))
    except configparser.Error:
        return {}  # pip itself complains about such a file; ours is not the place
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found.update({k: v for k, v in parser.items(section) if k in ("index-url", "cert")})
    return found


def _assignments(path: Path) -> dict[str, str]:
    text = _text(path)
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def _text(path: Path) -> str:
    """A configuration's text; "" for one that is not there or not ours to read, as for the program that it belongs to."""
    try:
        return files.read_if_there(path) or ""
    except DmError:
        return ""


def _is_file(path: Path) -> bool:
    try:
        return files.is_file(path)
    except DmError:
        return False
