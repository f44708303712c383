"""Trainings as jobs: processes that tell of their progress through files, so that pages come and go."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Response, WebSocket, WebSocketDisconnect
from sqlalchemy.exc import DatabaseError

from analogon.errors import OptionError
from analogon.io import write_labels
from analogon.serving import processes
from analogon.serving.processes import ALIVE, BEAT_SECONDS, REQUEST
from analogon.studio.messages import Training
from analogon.studio.projects import Moment, Opened, Projects
from analogon.studio.store import Job, NoProjectError, new_identity

AT_ONCE = 2
"""Trainings that run at the same time; more would only make each other slow."""
_WATCH_SECONDS = 0.3
_ENDED = ("finished", "cancelled", "failed")
"""What a training has told at last."""
_STARTING_SECONDS = 30.0
"""How long a training may take to begin."""


@dataclass(frozen=True)
class _Running:
    """A training of this server, and the thread that waits for its end."""

    process: subprocess.Popen[bytes]
    project: str
    waiting: threading.Thread


class Jobs:
    """All trainings of a server."""

    def __init__(self, projects: Projects) -> None:
        self._projects, self.store = projects, projects.store
        self._running: dict[str, _Running] = {}
        self._cancelled: set[str] = set()
        self._lock = threading.Lock()

    def start(self, project: str, asked: Training) -> str:
        """Begin to train a project's labels, and show its layout meanwhile.

        Raises:
            OptionError: the method cannot be trained so, or too much is being trained already.
        """
        asked.check()
        opened = self._projects.get(project)
        moment = opened.moment()
        with self._lock:
            if len(self._running) >= AT_ONCE:
                raise OptionError(f"{AT_ONCE} trainings are running already: wait for one, or cancel it.")
            identity, request = new_identity(), asked.model_dump()
            self.store.add_job(identity, project, request)  # which a project that was just deleted has no more
            try:
                process = self._begin(opened, moment, identity, request)
            except BaseException:
                self.store.end_job(identity, "failed", "The training could not begin.")
                raise
            waiting = threading.Thread(target=self._wait, args=(identity, process), daemon=True)
            self._running[identity] = _Running(process, project, waiting)
            waiting.start()
        return identity

    def _begin(self, opened: Opened, moment: Moment, identity: str, request: dict[str, Any]) -> subprocess.Popen[bytes]:
        folder = self.folder(opened.id, identity)
        folder.mkdir(parents=True)
        for name, labels in (("labels.png", moment.base), ("target.png", moment.layout.target)):
            write_labels(folder / name, labels)
        files = {"photo": opened.folder / "photo.png", "labels": folder / "labels.png",
                 "target": folder / "target.png"}  # fmt: skip
        whole = request | {"seed": moment.project.seed} | {name: str(path) for name, path in files.items()}
        (folder / REQUEST).write_text(json.dumps(whole))
        return processes.begin("analogon.serving.training", folder)

    def folder(self, project: str, identity: str) -> Path:
        """Where the files of a job are."""
        return self._projects.folder(project) / "jobs" / identity

    def state(self, job: Job) -> dict[str, Any]:
        """How a job is getting on, as JSON values."""
        if job.state == "running" and not self._lives(job):
            self._settle(job.id, None)
            job = self.store.job(job.id) or job
        progress = self._progress(job)
        pictures = self.previews(job)
        preview = f"/api/jobs/{job.id}/preview.png?of={pictures[-1].stem}" if pictures else None
        return {
            "job": job.id,
            "project": job.project,
            "state": job.state,
            "error": job.message or None,
            "request": json.loads(job.request),
            "started": job.started,
            "kept": job.state != "failed" and _learnt(progress),
            "preview": preview,
            **{name: progress.get(name) for name in ("stage", "step", "steps", "losses", "seconds_left")},
        }

    def _progress(self, job: Job) -> dict[str, Any]:
        """What a training has told last; nothing before it has told anything."""
        return processes.told(self.folder(job.project, job.id))

    def previews(self, job: Job) -> list[Path]:
        """The pictures of the layout that a job has made so far."""
        return sorted((self.folder(job.project, job.id) / "model" / "previews").glob("[0-9]*.png"))

    def cancel(self, identity: str) -> None:
        """Ask a job to end; what it has learnt, if anything, is kept."""
        with self._lock:
            running = self._running.get(identity)
            if running is None:
                return
            self._cancelled.add(identity)
        processes.interrupt(running.process)
        threading.Thread(target=processes.kill_later, args=(running.process,), daemon=True).start()

    def stop_all(self, project: str) -> None:
        """End the jobs of a project that is about to be deleted."""
        with self._lock:
            ending = [one for one in self._running.values() if one.project == project]
        for one in ending:
            one.process.kill()
            one.waiting.join()

    def close(self) -> None:
        """End all jobs, and keep what they have."""
        with self._lock:
            ending = list(self._running.values())
        for one in ending:
            processes.interrupt(one.process)
        for one in ending:
            processes.kill_later(one.process)
            one.waiting.join()

    def _lives(self, job: Job) -> bool:
        """Whether a job is still being trained: by this server, or by one that shares the folder, or is just gone."""
        with self._lock:
            if job.id in self._running:
                return True
        if self._progress(job).get("stage") in _ENDED:
            return False
        folder = self.folder(job.project, job.id)
        for name, seconds in ((ALIVE, 10 * BEAT_SECONDS), (REQUEST, _STARTING_SECONDS)):
            with suppress(OSError):
                return time.time() - (folder / name).stat().st_mtime < seconds
        return False

    def _wait(self, identity: str, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        processes.interrupt(process)
        with suppress(DatabaseError, OSError, NoProjectError):  # whoever asks for its state later settles it
            self._settle(identity, code)
        with self._lock:
            self._running.pop(identity, None)
            self._cancelled.discard(identity)

    def _settle(self, identity: str, code: int | None) -> None:
        """Write down how a job has ended."""
        job = self.store.job(identity)
        if job is None:  # deleted with its project
            return
        progress = self._progress(job)
        if progress.get("stage") in ("finished", "cancelled"):
            self.store.end_job(identity, progress["stage"], use=_learnt(progress))
        elif identity in self._cancelled:
            self.store.end_job(identity, "cancelled")
        else:
            ended = "The training ended with the server." if code is None else f"The training broke off (code {code})."
            self.store.end_job(identity, "failed", progress.get("error") or ended)


def jobs_router(jobs: Jobs) -> APIRouter:
    """What a page can ask for of trainings."""
    router = APIRouter()
    store = jobs.store

    def found(identity: str) -> Job:
        job = store.job(identity)
        if job is None:
            raise HTTPException(404, "There is no such training.")
        return job

    @router.post("/projects/{identity}/jobs", status_code=201)
    def start(identity: str, asked: Training) -> dict[str, str]:
        return {"job": jobs.start(identity, asked)}

    @router.get("/projects/{identity}/jobs")
    def of_project(identity: str) -> list[dict[str, Any]]:
        store.project(identity)
        return [jobs.state(job) for job in store.jobs(identity)]

    @router.get("/jobs/{identity}")
    def one(identity: str) -> dict[str, Any]:
        return jobs.state(found(identity))

    @router.delete("/jobs/{identity}")
    def cancel(identity: str) -> dict[str, Any]:
        job = found(identity)
        jobs.cancel(identity)
        return jobs.state(job)

    @router.get("/jobs/{identity}/preview.png")
    def preview(identity: str) -> Response:
        pictures = jobs.previews(found(identity))
        if not pictures:
            raise HTTPException(404, "This training has made no picture yet.")
        return Response(pictures[-1].read_bytes(), media_type="image/png")

    @router.websocket("/jobs/{identity}/live")
    async def live(socket: WebSocket, identity: str) -> None:
        await socket.accept()
        gone = asyncio.create_task(_until_gone(socket))
        told: dict[str, Any] | None = None
        try:
            while not gone.done():
                job = await asyncio.to_thread(store.job, identity)
                if job is None:
                    await socket.close(4404, "There is no such training.")
                    return
                now = await asyncio.to_thread(jobs.state, job)
                if now != told:
                    await socket.send_json(now)
                    told = now
                if now["state"] != "running":
                    await socket.close()
                    return
                await asyncio.wait((gone,), timeout=_WATCH_SECONDS)
        except WebSocketDisconnect:
            pass
        finally:
            gone.cancel()

    return router


def _learnt(progress: dict[str, Any]) -> bool:
    """Whether a training has ended with a model."""
    return progress.get("stage") in ("finished", "cancelled") and progress.get("step") is not None


async def _until_gone(socket: WebSocket) -> None:
    """Pages say nothing here but that they go."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
