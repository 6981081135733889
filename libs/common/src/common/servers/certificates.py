"""A certificate by which the parts of a server know each other, and nobody else.

`python -m common.servers.certificates FOLDER` makes one where there is none that lasts another month.
"""

import argparse
import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from common.command_line import run

AUTHORITY, CERTIFICATE, KEY = "store-ca.crt", "store.crt", "store.key"
LASTS = timedelta(days=825)
TO_SPARE = timedelta(days=30)
LOOPBACK = "127.0.0.1"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="certificates", description="Certificates of the object store's parts.")
    parser.add_argument("folder", type=Path, help="where nobody but the store looks")
    parser.set_defaults(run=lambda arguments: None if _lasts(arguments.folder) else certify(arguments.folder, 0o644))
    run(parser)


def _lasts(folder: Path) -> bool:
    try:
        made = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
    except (OSError, ValueError):
        return False
    return made.not_valid_after_utc > datetime.now(UTC) + TO_SPARE


def certify(folder: Path, mode: int = 0o600) -> None:
    """Write a new authority's certificate, and one that it signed; the authority has no key after that."""
    signer, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    authority = _signed("authority", signer, signer, is_authority=True)
    certificate = _signed("store", key, signer, is_authority=False)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for name, content in (
        (AUTHORITY, authority.public_bytes(Encoding.PEM)),
        (KEY, secret),
        (CERTIFICATE, certificate.public_bytes(Encoding.PEM)),  # last: it says that all are there
    ):
        _write(folder / name, content, mode)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Nobody sees half of it, and nobody reads it whom the mode keeps out, not even for a moment."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    draft.replace(path)


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


if __name__ == "__main__":
    main()
