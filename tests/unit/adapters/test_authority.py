"""The stack's own authority: made once, what it signs is renewed in time and not before."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from datameesh_cli.adapters.authority import Authority
from datameesh_cli.errors import HostError

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.timezone.utc)
NAMES = ["web", "localhost", "127.0.0.1"]


def _authority(tmp_path: Path, days: float = 0) -> Authority:
    return Authority(tmp_path, "x", NOW + datetime.timedelta(days=days))


def _leaf(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificates(pem.encode())[0]


def test_it_is_made_once_for_ten_years_and_its_key_is_this_user_s_alone(tmp_path: Path) -> None:
    first = _authority(tmp_path).certificate
    assert _authority(tmp_path, 3000).certificate == first
    found = x509.load_pem_x509_certificate(first.encode())
    assert (found.not_valid_after_utc - NOW).days == 3652
    assert found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert stat.S_IMODE((tmp_path / "authority.pem").stat().st_mode) == 0o600


def test_a_certificate_is_of_its_names_and_no_authority(tmp_path: Path) -> None:
    pem = _authority(tmp_path).leaf(NAMES)
    leaf, issuer = x509.load_pem_x509_certificates(pem.encode())
    leaf.verify_directly_issued_by(issuer)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["web", "localhost"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    key = load_pem_private_key(pem.encode(), None)
    assert key.public_key() == leaf.public_key()
    assert (leaf.not_valid_after_utc - NOW).days == 365


@pytest.mark.parametrize(("days", "renewed"), [(0, False), (334, False), (336, True), (400, True)])
def test_it_is_renewed_when_less_than_30_days_are_left(tmp_path: Path, days: float, renewed: bool) -> None:
    first = _authority(tmp_path).leaf(NAMES)
    assert (_authority(tmp_path, days).leaf(NAMES, first) != first) is renewed


@pytest.mark.parametrize("before", ["", "no PEM", "another"])
def test_it_is_made_anew_when_it_does_not_fit(tmp_path: Path, before: str) -> None:
    if before == "another":
        (tmp_path / "other").mkdir()
        before = _authority(tmp_path / "other").leaf(NAMES)
    assert _authority(tmp_path).leaf(NAMES, before) != before
    first = _authority(tmp_path).leaf(NAMES)
    assert _authority(tmp_path).leaf([*NAMES, "further"], first) != first


def test_near_its_end_it_signs_nothing_that_outlasts_it(tmp_path: Path) -> None:
    _authority(tmp_path).certificate  # noqa: B018
    leaf, issuer = x509.load_pem_x509_certificates(_authority(tmp_path, 3600).leaf(NAMES).encode())
    assert leaf.not_valid_after_utc == issuer.not_valid_after_utc


def test_a_file_that_holds_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_text("nothing")
    with pytest.raises(HostError, match="does not hold the stack's authority"):
        _authority(tmp_path).certificate  # noqa: B018
