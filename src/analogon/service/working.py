"""Threads that take jobs and do them, until they are done, cancelled, over their time, or the server ends."""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from analogon.errors import AnalogonError
from analogon.service.counting import Counts
from analogon.service.room import NoRoomError
from analogon.service.store import MOST_ATTEMPTS, Store
from analogon.service.tables import CANCELLED, DONE, FAILED, Job
from analogon.serving.database import UNUSABLE
from analogon.serving.failures import RefusedError, failure

_LOG = logging.getLogger("analogon.service")
_LOOK_SECONDS = 1.0
"""How often an idle worker looks for jobs that another server was given."""
_BEAT_SECONDS = 2.0
_TELL_SECONDS = 1.0
"""How often the progress of a job is written down, at most."""

Found = TypeVar("Found")


class EndedError(Exception):
    """A job is not to go on: ``why`` is "stopping" (the server), "cancelled", "lost" (to another server) or "late"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Made:
    """What a job has made: the record, and the bytes of each file, which are stored already.

    ``error`` is a sentence where it was not all that was asked for.
    """

    record: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    error: str = ""


class Task:
    """A job that this server is at."""

    def __init__(self, job: Job, store: Store, stopping: threading.Event, seconds: float) -> None:
        self.job, self._store, self._stopping = job, store, stopping
        self._latest, self.seconds = time.monotonic() + seconds, seconds
        self.cancelled, self.lost = job.stopping, False
        self._told, self._progress = time.monotonic(), dict[str, Any]()

    def check(self) -> None:
        """Raise EndedError where the job is not to go on."""
        for why, holds in (("cancelled", self.cancelled), ("lost", self.lost), ("stopping", self._stopping.is_set()),
                           ("late", time.monotonic() > self._latest)):  # fmt: skip
            if holds:
                raise EndedError(why)

    def check_room(self, size: int) -> None:
        """Raise NoRoomError where a result of so many bytes could not be kept."""
        self._store.check_room(self.job.owner, size)

    def tell(self, progress: Mapping[str, Any]) -> None:
        """Write down how far the job is, now and then."""
        now = time.monotonic()
        if progress == self._progress or now - self._told < _TELL_SECONDS:
            return
        self._told, self._progress = now, dict(progress)
        numbers = {name: one for name, one in progress.items() if not isinstance(one, float) or math.isfinite(one)}
        try:
            self._store.tell(self.job, numbers)
        except UNUSABLE:  # the end is what counts
            _LOG.warning("The progress of job %s could not be stored.", self.job.id)


Do = Callable[[Task], Made]


class Workers:
    """All workers of a server.

    Args:
        do: for each kind of job what does it, how many at a time, and the seconds that one may take.
        forget: removes what a job has stored that nobody waits for any more.
    """

    def __init__(self, store: Store, counts: Counts, do: Mapping[str, tuple[Do, int, float]],
                 forget: Callable[[Job], object]) -> None:  # fmt: skip
        self._store, self._counts, self._forget = store, counts, forget
        self.server = secrets.token_hex(8)
        self._tasks: dict[str, Task] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._news = {kind: threading.Event() for kind in do}
        self._threads = [
            threading.Thread(target=self._work, args=(kind, one, seconds), name=f"{kind} {n}", daemon=True)
            for kind, (one, count, seconds) in do.items()
            for n in range(count)
        ]
        self._threads.append(threading.Thread(target=self._beat, name="beat", daemon=True))

    def start(self) -> None:
        """Have the jobs wait again that were left behind, and begin."""
        self._store.recover(alone=not self._store.shared)
        for thread in self._threads:
            thread.start()

    def wake(self, kind: str) -> None:
        """There is a new job."""
        self._news[kind].set()

    def cancel(self, identity: str) -> None:
        """A job was cancelled, or deleted; where another server is at it, that reads so in the database."""
        with self._lock:
            task = self._tasks.get(identity)
        if task is not None:
            task.cancelled = True

    def close(self) -> None:
        """Put back what is not done, and end."""
        self._stopping.set()
        for news in self._news.values():
            news.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def alive(self) -> bool:
        """Whether all threads work."""
        return all(thread.is_alive() for thread in self._threads)

    def _work(self, kind: str, do: Do, seconds: float) -> None:
        job: Job | None = None
        while not self._stopping.is_set() or job is not None:
            try:
                job = job or self._store.take(kind, self.server)
            except UNUSABLE:
                _LOG.warning("No job can be taken at the moment: the database cannot be used.")
                self._stopping.wait(_LOOK_SECONDS)
                continue
            if job is None:
                self._news[kind].wait(_LOOK_SECONDS)
                self._news[kind].clear()
                continue
            task = Task(job, self._store, self._stopping, seconds)
            with self._lock:
                self._tasks[job.id] = task
            try:
                job = self._do(task, do)
            finally:
                with self._lock:
                    del self._tasks[task.job.id]

    def _do(self, task: Task, do: Do) -> Job | None:
        """Do a job to its end; returns the next one, which this worker has then taken."""
        job, began = task.job, time.monotonic()
        state, made = DONE, Made()
        try:
            task.check()
            made = do(task)
            state = FAILED if made.error else CANCELLED if task.cancelled else DONE
        except EndedError as ended:
            if ended.why in ("stopping", "lost"):
                self._surely(lambda: self._store.put_back(job))
                return None
            state = CANCELLED if ended.why == "cancelled" else FAILED
            made = Made(
                error="" if state == CANCELLED else f"It took more than {task.seconds:g} seconds: ask for less."
            )
        except Exception as error:
            refused = isinstance(error, RefusedError)
            if (failure(error) or (0,))[0] == 503 or (refused and job.attempts < MOST_ATTEMPTS):
                # which is no fault of the job; but who refuses may do so for ever
                _LOG.warning("Job %s waits again: the database or the place for files cannot be used.", job.id)
                self._surely(lambda: self._store.put_back(job, tried=refused))
                self._stopping.wait(_LOOK_SECONDS)
                return None
            state, made = FAILED, Made(error=_sentence(error))
            if not isinstance(error, AnalogonError):
                _LOG.exception("Job %s failed.", job.id)
        try:
            told = self._end(job, state, made)
        except NoRoomError as full:
            self._forget(job)
            state = FAILED
            told = self._end(job, state, Made(error=str(full)))
        self._counts.jobs.add(time.monotonic() - began, kind=job.kind, state=state)
        if told is None:
            return None
        mine, following = told
        if not mine and self._surely(lambda: self._store.versions([job.id])) == {}:
            self._forget(job)  # deleted meanwhile
        return following

    def _end(self, job: Job, state: str, made: Made) -> tuple[bool, Job | None] | None:
        return self._surely(lambda: self._store.end(job, state, made.error, record=made.record, files=made.files))

    def _surely(self, change: Callable[[], Found]) -> Found | None:
        """Do what has to be done, however long the database cannot be used; None where the server ends before."""
        while True:
            try:
                return change()
            except UNUSABLE:
                _LOG.warning("The end of a job cannot be stored at the moment: the database cannot be used.")
                if self._stopping.wait(_LOOK_SECONDS):
                    return None

    def _beat(self) -> None:
        while not self._stopping.wait(_BEAT_SECONDS):
            try:
                with self._lock:
                    tasks = dict(self._tasks)
                own, stopping = self._store.renew(self.server, list(tasks))
                self._store.recover()
            except UNUSABLE:
                continue
            for identity, task in tasks.items():
                task.cancelled |= identity in stopping
                task.lost |= identity not in own  # to another server, or it was deleted, or has just ended


def _sentence(error: Exception) -> str:
    if isinstance(error, (*UNUSABLE, OSError)) and (known := failure(error)) is not None:
        return known[1]
    if isinstance(error, AnalogonError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The server has not enough memory for it: ask for less."
    return "It broke off by a mistake of the program: the log of the server says more."
