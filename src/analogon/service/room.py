"""How much is stored, of each owner and in all: counted in the transactions that store it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from analogon.errors import AnalogonError
from analogon.service.tables import Storage

ALL = ""
"""What the row of all owners together has as its owner; nobody has this name."""
_INSERT = text("INSERT INTO storage (owner, size) VALUES (:owner, 0) ON CONFLICT DO NOTHING")


class NoRoomError(AnalogonError):
    """More cannot be stored."""


@dataclass(frozen=True)
class Room:
    """The bytes that may be stored, of each owner and in all.

    Rows are changed at the end of a transaction, the owner's first: so that none waits for another in a circle.
    """

    each: int
    everybody: int

    def take(self, session: Session, owner: str, size: int, *, strict: bool = True) -> None:
        """Count so many bytes more, or fewer where it is below 0, which is always possible.

        Args:
            strict: refuse what has no room.

        Raises:
            NoRoomError: there is no room for them.
        """
        session.flush()
        for whose, limit in self._limits(owner):
            most = limit if strict and size > 0 else None
            if not _changed(session, whose, size, most):
                session.execute(_INSERT, {"owner": whose})  # where there was no row yet
                if not _changed(session, whose, size, most):
                    raise _refusal(whose, size, limit)

    def check(self, session: Session, owner: str, size: int) -> None:
        """Raise NoRoomError where there is no room for so many bytes more."""
        for whose, most in self._limits(owner):
            if size > 0 and used(session, whose) + size > most:
                raise _refusal(whose, size, most)

    def _limits(self, owner: str) -> tuple[tuple[str, int], ...]:
        return (owner, self.each), (ALL, self.everybody)


def used(session: Session, owner: str = ALL) -> int:
    """Bytes that are stored of an owner, or in all."""
    return session.scalar(select(Storage.size).where(Storage.owner == owner)) or 0


def sized(size: int) -> str:
    """Bytes for people."""
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size / 1024:.3g} KiB"


def _changed(session: Session, owner: str, size: int, most: int | None) -> bool:
    rows = Storage.owner == owner
    if most is not None:
        rows &= Storage.size + size <= most
    found = session.execute(update(Storage).where(rows).values(size=Storage.size + size))
    return bool(found.rowcount)  # type: ignore[attr-defined]


def _refusal(owner: str, size: int, most: int) -> NoRoomError:
    whose = f"Of the {sized(most)} that you may store" if owner else f"Of the {sized(most)} that this server stores"
    return NoRoomError(f"{whose} there are no {sized(size)} left: delete jobs or projects that are not needed.")
