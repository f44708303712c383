"""The routes of jobs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from analogon.service.answers import After, Most, Owner, Row, refusals
from analogon.service.messages import Identity, JobInfo, JobList, Kind, State
from analogon.service.service import Service
from analogon.service.watching import MOST_WATCHING

_TYPES = {"png": "image/png", "npy": "application/octet-stream", "safetensors": "application/octet-stream",
          "zip": "application/zip"}  # fmt: skip
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`event: job` with the job as JSON, at once and after every change, until it has ended; "
        "`event: gone` where it was deleted.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string"}} for kind in dict.fromkeys(_TYPES.values())}}
}


def router(service: Service) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
    store = service.store

    @router.get("", responses=refusals(), summary="Jobs in the order of coming.")
    def listing(
        owner: Owner,
        project: Annotated[Identity | None, Query()] = None,
        kind: Annotated[Kind | None, Query()] = None,
        state: Annotated[State | None, Query()] = None,
        after: After = 0,
        limit: Most = 100,
    ) -> JobList:
        rows = store.jobs(owner, after, limit, project=project, kind=kind, state=state)
        following = rows[-1].number if len(rows) == limit else None
        return JobList(jobs=[JobInfo.of(row) for row in rows], next=following)

    @router.get("/{job}", responses=refusals(404), summary="One job.")
    def one(owner: Owner, job: Row) -> JobInfo:
        return JobInfo.of(store.job(owner, job))

    @router.get(
        "/{job}/events",
        responses={**refusals(404, 429), **_STREAM},
        response_class=Response,
        summary="How a job gets on, as server-sent events.",
    )
    async def events(request: Request, owner: Owner, job: Row) -> Response:
        if service.watching.count() >= MOST_WATCHING:
            raise HTTPException(429, "Too many wait for events already: ask for the job instead.", {"Retry-After": "5"})
        await service.watching.known(owner, job)
        headers = {"X-Accel-Buffering": "no"}  # which a proxy would else do
        told = service.watching.events(owner, job, request.is_disconnected)
        return StreamingResponse(told, media_type="text/event-stream", headers=headers)

    @router.post(
        "/{job}/cancel",
        responses=refusals(404, 411, 413),
        summary="End a job that waits or runs; one that has ended stays as it is.",
    )
    def cancel(owner: Owner, job: Row) -> JobInfo:
        return JobInfo.of(service.cancel(owner, job))

    @router.delete(
        "/{job}", status_code=204, responses=refusals(404, 409, 411, 413), summary="Delete a job that has ended."
    )
    def remove(owner: Owner, job: Row) -> None:
        if not service.delete_job(owner, job):
            raise HTTPException(409, "This job has not ended: cancel it first.")

    @router.get(
        "/{job}/files/{name}",
        responses={**refusals(404), **_FILE},
        response_class=Response,
        summary="A file of the result.",
    )
    def file(
        owner: Owner, job: Row, name: Annotated[str, Path(pattern=r"^[a-z]+\.[a-z]+$", max_length=64)]
    ) -> Response:
        size, pieces = service.file(owner, job, name)
        kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        return StreamingResponse(pieces, media_type=kind, headers={"Content-Length": str(size)})

    return router
