"""Who administered what: keys, champions, signatures, alerts, other owners' jobs, erasures."""

import getpass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from common.database.tables import Act

Kind = Literal[
    "key created",
    "key revoked",
    "version promoted",
    "version rolled back",
    "version signed",
    "alert acknowledged",
    "job cancelled",
    "order erased",
]

NO_KEY = "no key"
"""Who acts where no key is asked for."""


def record(session: Session, kind: Kind, actor: str, subject: str = "", reason: str = "") -> None:
    """Add an act to the record, in the transaction that it is done in."""
    session.add(Act(actor=actor, act=kind, subject=subject, reason=reason))


def newest(session: Session, limit: int) -> list[Act]:
    """The last acts, newest first."""
    return list(session.scalars(select(Act).order_by(Act.id.desc()).limit(limit)))


def account() -> str:
    """Whoever runs this command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user has no name
        return "unknown account"
