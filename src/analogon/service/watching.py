"""Streams of events: whoever waits for a job is told of its changes.

One question to the database answers all who wait, so that it matters neither how many they are nor which server is at
the job.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from analogon.service.messages import JobInfo
from analogon.service.store import NothingError, Store
from analogon.serving.database import UNUSABLE

MOST_WATCHING = 500
_LOOK_SECONDS = 0.2
_ALIVE_SECONDS = 15.0
"""How often something is sent when nothing happens, so that nothing in between takes the connection for dead."""


class Watching:
    """All streams of a server."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, list[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None
        self.ending: Callable[[], bool] = lambda: False
        """Whether the server ends; streams do too."""

    def count(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    async def known(self, owner: str, identity: str) -> None:
        """Raise NothingError where there is no such job."""
        await asyncio.to_thread(self._store.job, owner, identity)

    async def events(self, owner: str, identity: str, gone: Callable[[], Awaitable[bool]]) -> AsyncIterator[bytes]:
        """The job as it is, and again after every change until it has ended, as server-sent events."""
        changed, version = asyncio.Event(), -1
        self._waiting.setdefault(identity, []).append(changed)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            while not self.ending():
                changed.clear()
                try:
                    job = await asyncio.to_thread(self._store.job, owner, identity)
                except NothingError:
                    yield b"event: gone\ndata: {}\n\n"
                    return
                if job.version != version:
                    version, told = job.version, JobInfo.of(job)
                    yield f"id: {version}\nevent: job\ndata: {told.model_dump_json()}\n\n".encode()
                    if told.over:
                        return
                try:
                    await asyncio.wait_for(changed.wait(), _ALIVE_SECONDS)
                except TimeoutError:
                    if await gone():
                        return
                    yield b": still there\n\n"
        finally:
            self._waiting[identity].remove(changed)
            if not self._waiting[identity]:
                del self._waiting[identity]

    async def _look(self) -> None:
        """Tell those who wait for a job that it has changed, while there are any."""
        known: dict[str, int] = {}
        while self._waiting and not self.ending():
            try:
                found = await asyncio.to_thread(self._store.versions, list(self._waiting))
            except UNUSABLE:
                found = known
            for identity, waiting in self._waiting.items():
                if identity not in known or known[identity] != found.get(identity):
                    for one in waiting:
                        one.set()
            known = found
            await asyncio.sleep(_LOOK_SECONDS)
        self._looking = None
        for waiting in self._waiting.values():
            for one in waiting:
                one.set()
