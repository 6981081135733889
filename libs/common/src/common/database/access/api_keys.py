"""API keys as services check them. The table keeps a hash: a key's 256 random bits need no slow one."""

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from common.database.tables import ApiKey


def hash_of(text: str) -> str:
    """What is kept of a key: SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def find(session: Session, text: str) -> ApiKey | None:
    """The valid key with this text; None if there is none, or if it was revoked."""
    return session.scalars(
        select(ApiKey).where(ApiKey.sha256 == hash_of(text), ApiKey.revoked_at.is_(None))
    ).one_or_none()
