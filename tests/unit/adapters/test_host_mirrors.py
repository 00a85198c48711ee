"""adapters/host_mirrors: what a machine's own configuration files say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from datameesh_cli.adapters.host_mirrors import HostMirrors, host_mirrors

DEB822 = """\
Types: deb
# URIs: http://commented.example/debian
URIs: http://one.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://one.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""


def machine(root: Path, files: dict[str, str], env: dict[str, str] | None = None) -> HostMirrors:
    """A machine with these files under etc/ and home/."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return host_mirrors(root / "etc", root / "home", env or {})


DEBIAN = {"etc/os-release": 'NAME="Debian"\nID=debian\n'}


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("debian.sources", DEB822, "http://one.example/debian http://one.example/debian-security"),
        ("a.list", "deb [arch=amd64] https://two.example/debian bookworm main\n", "https://two.example/debian"),
        ("a.list", "deb https://third.example/apt nodistro main\n# deb http://x.example/debian bookworm main\n", None),
    ],
)
def test_apt_mirror_of_a_debian(tmp_path: Path, file: str, text: str, expected: str | None) -> None:
    found = machine(tmp_path, {**DEBIAN, f"etc/apt/sources.list.d/{file}": text})
    assert found.archives.get("APT_MIRROR") == expected


def test_mirror_of_another_distribution_is_not_taken(tmp_path: Path) -> None:
    files = {
        "etc/os-release": "ID=ubuntu\nID_LIKE=debian\n",
        "etc/apt/sources.list": "deb http://u.example/debian jammy main\n",
    }
    assert "APT_MIRROR" not in machine(tmp_path, files).archives


def test_pip_go_and_maven_are_read_and_the_environment_wins(tmp_path: Path) -> None:
    files = {
        "etc/pip.conf": "[global]\nindex-url = https://all.example/simple\ncert = /nowhere.pem\n",
        "home/.config/pip/pip.conf": "[global]\nindex-url = https://mine.example/simple\n",
        "home/.config/go/env": "GOPROXY=https://go.example\nGOSUMDB=off\n",
        "home/.m2/settings.xml": "<settings/>",
        "bundle.pem": "",
    }
    found = machine(tmp_path, files, {"GOSUMDB": "sum.example", "SSL_CERT_FILE": str(tmp_path / "bundle.pem")})
    assert found.archives == {
        "GOPROXY": "https://go.example",
        "GOSUMDB": "sum.example",
        "PIP_INDEX_URL": "https://mine.example/simple",
    }
    assert found.secrets == {"ca": tmp_path / "bundle.pem", "maven_settings": tmp_path / "home/.m2/settings.xml"}


def test_a_machine_that_says_nothing_gives_nothing(tmp_path: Path) -> None:
    found = machine(tmp_path, {})
    assert (found.proxies, found.archives) == ({}, {})


def test_only_proxies_are_arguments(tmp_path: Path) -> None:
    found = machine(
        tmp_path, {}, {"https_proxy": "http://me:geheim@p.example:3128", "GOPROXY": "https://me:geheim@g.example"}
    )
    assert found.proxies == {"https_proxy": "http://me:geheim@p.example:3128"}
    assert found.archives == {"GOPROXY": "https://me:geheim@g.example"}


def test_archives_survive_the_shell(tmp_path: Path) -> None:
    """Read back by the shell that reads them in a build: a password may hold any character."""
    archives = {
        "APT_MIRROR": "http://m:a'b$c\"d@x.example/debian http://y.example/s",
        "GOPROXY": "https://g.example,direct",
    }
    file = tmp_path / "mirrors"
    file.write_text(HostMirrors({}, archives, {}).as_shell())
    done = subprocess.run(
        ["sh", "-euc", '. "$0"; printf "%s\n" "$APT_MIRROR" "$GOPROXY"', file],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == list(archives.values())


def test_apt_is_the_archive_without_the_security_archive() -> None:
    assert (
        HostMirrors({}, {"APT_MIRROR": "http://a.example/debian http://s.example/debian"}, {}).apt
        == "http://a.example/debian"
    )
