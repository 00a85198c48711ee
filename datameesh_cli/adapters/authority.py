"""The stack's own certificate authority: made once, its key in a file of this user's alone, and what it signs."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from datameesh_cli.adapters import files
from datameesh_cli.errors import HostError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

LASTS = datetime.timedelta(days=3652)
LEAF_LASTS = datetime.timedelta(days=365)
RENEWED_BEFORE = datetime.timedelta(days=30)
_FILE = "authority.pem"


@dataclass(frozen=True)
class Authority:
    """The authority of the stack whose state is in a folder. `name` is what browsers call it."""

    folder: Path
    name: str
    now: datetime.datetime

    @property
    def certificate(self) -> str:
        """Its certificate as PEM: what clients must trust."""
        return _pem(self._made[1])

    def leaf(self, names: Iterable[str], before: str = "") -> str:
        """Given the names and addresses of a service and the PEM that it has, return its key, its certificate and the authority's.

        It is the one that it has while that is of these names and this authority and does not end within 30 days.
        """
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

        wanted = list(dict.fromkeys(names))
        if self._still_good(before, wanted):
            return before
        key, issuer = self._made
        own = ec.generate_private_key(ec.SECP256R1())
        ends = min(self.now + LEAF_LASTS, issuer.not_valid_after_utc)
        usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        found = (
            _begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted[0][:64])]), own, self.now, ends)
            .issuer_name(issuer.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([_general(name) for name in wanted]), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
            .add_extension(_issued_by(issuer), critical=False)
            .sign(key, _sha256())
        )
        return _pem(own) + _pem(found) + _pem(issuer)

    @cached_property
    def _made(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """Its key and certificate: those that were kept, or new ones."""
        path = self.folder / _FILE
        kept = files.read_if_there(path)
        if kept:
            return _loaded(kept, path)
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"DataMeesh authority of stack {self.name}"[:64])])
        certificate = (
            _begun(subject, key, self.now, self.now + LASTS)
            .issuer_name(subject)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_signs_certificates(), critical=True)
            .sign(key, _sha256())
        )
        files.make_folder(self.folder, mode=0o700, durable=True)
        files.write(path, _pem(key) + _pem(certificate), mode=0o600, durable=True)
        return key, certificate

    def _still_good(self, pem: str, names: list[str]) -> bool:
        from cryptography import x509

        try:
            found, issuer = x509.load_pem_x509_certificates(pem.encode())[:2]
        except ValueError:
            return False
        has = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        same = [str(name.value) for name in has] == names
        lasts = found.not_valid_after_utc - self.now > RENEWED_BEFORE
        return same and lasts and issuer == self._made[1]


def _begun(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime.datetime, ends: datetime.datetime
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # a container's clock may be a little behind
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _issued_by(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    from cryptography import x509

    own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _signs_certificates() -> x509.KeyUsage:
    from cryptography import x509

    may = {"key_cert_sign": True, "crl_sign": True}
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return x509.KeyUsage(**dict.fromkeys(names, False), **may, encipher_only=False, decipher_only=False)


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _sha256() -> hashes.SHA256:
    from cryptography.hazmat.primitives import hashes

    return hashes.SHA256()


def _pem(of: ec.EllipticCurvePrivateKey | x509.Certificate) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization as form

    if isinstance(of, x509.Certificate):
        return of.public_bytes(form.Encoding.PEM).decode()
    return of.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()).decode()


def _loaded(pem: str, path: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key, certificate = load_pem_private_key(pem.encode(), None), x509.load_pem_x509_certificate(pem.encode())
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key, certificate
    except ValueError:
        pass
    hint = "put it back from a copy; or remove it, and every client must trust a new one after: dm up"
    raise HostError(f"{path} does not hold the stack's authority", hint)
