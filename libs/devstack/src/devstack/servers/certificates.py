"""A certificate by which the parts of a server know each other, and nobody else."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from devstack.credentials import write_private
from devstack.settings import LOOPBACK

AUTHORITY, CERTIFICATE, KEY = "store-ca.crt", "store.crt", "store.key"
LASTS = timedelta(days=825)


def certify(folder: Path) -> None:
    """Write a new authority's certificate, and one that it signed; the authority has no key after that."""
    signer, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    authority = _signed("authority", signer, signer, is_authority=True)
    certificate = _signed("store", key, signer, is_authority=False)
    write_private(folder / AUTHORITY, authority.public_bytes(Encoding.PEM).decode())
    write_private(folder / CERTIFICATE, certificate.public_bytes(Encoding.PEM).decode())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(folder / KEY, secret.decode())


def _signed(
    name: str, key: EllipticCurvePrivateKey, signer: EllipticCurvePrivateKey, is_authority: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    addresses = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(LOOPBACK))])
    return (
        x509.CertificateBuilder()
        .subject_name(_called(name))
        .issuer_name(_called("authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(addresses, critical=False)
        .sign(signer, hashes.SHA256())
    )


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
