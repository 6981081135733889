"""Who vouches for a model: its trainer signs the bundle's manifest, which has the checksum of every other file.

`bundle.sig` has a line for each signature, `ed25519 PUBLIC SIGNATURE` in hexadecimal. While keys change there are two,
so that loaders which trust the old key and loaders which trust the new one both take the model.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common.errors import UntrustedBundle
from common.model.bundle import MANIFEST

SIGNATURES = "bundle.sig"
CONTEXT = b"delivery-time bundle\n"
"""Stands before what is signed: a signature made for anything else is none of a bundle."""

KEY = re.compile(r"[0-9a-f]{64}")
LINE = re.compile(r"ed25519 ([0-9a-f]{64}) ([0-9a-f]{128})")
MOST_BYTES = 16_384
"""That are looked at, of a file that anybody may have written."""


class SigningKey:
    """A trainer's private key: 32 random bytes, in hexadecimal."""

    def __init__(self, text: str) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
        self.public = self._key.public_key().public_bytes_raw().hex()

    def sign(self, folder: Path) -> None:
        """Add this key's signature to those that a sealed bundle has."""
        signature = self._key.sign(CONTEXT + (folder / MANIFEST).read_bytes()).hex()
        others = [f"ed25519 {public} {made}" for public, made in _lines(folder) if public != self.public]
        (folder / SIGNATURES).write_text("\n".join([*others, f"ed25519 {self.public} {signature}"]) + "\n")


def new_key() -> str:
    """The text of a new private key."""
    return secrets.token_hex(32)


@dataclass(frozen=True)
class Trust:
    """Whose models are loaded. keys: public keys in hexadecimal; without any, everybody's."""

    keys: frozenset[str] = frozenset()

    def check(self, folder: Path, version: str) -> None:
        """UntrustedBundle unless one of the keys has signed the manifest in the folder of a version."""
        if not self.keys:
            return
        try:
            signed = CONTEXT + (folder / MANIFEST).read_bytes()
        except OSError as error:
            raise UntrustedBundle(version, str(error)) from error
        signers = [public for public, signature in _lines(folder) if _is_valid(public, signature, signed)]
        if not self.keys.intersection(signers):
            by = f"is signed by {', '.join(key[:8] for key in signers)} only" if signers else "has no valid signature"
            raise UntrustedBundle(version, f"it {by}")


def _lines(folder: Path) -> Iterator[tuple[str, str]]:
    try:
        with (folder / SIGNATURES).open("rb") as file:
            text = file.read(MOST_BYTES).decode("ascii", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        if found := LINE.fullmatch(line.strip()):
            yield found[1], found[2]


def _is_valid(public: str, signature: str, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # 6 MB, for those who ask for signatures alone
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True
