"""What a server says of itself."""

from __future__ import annotations

from importlib.util import find_spec

from fastapi import APIRouter, HTTPException, Response

from analogon._version import __version__
from analogon.catalogue import list_methods
from analogon.service.answers import Owner, refusals
from analogon.service.counting import TYPE
from analogon.service.messages import Health, MethodAnswer, StorageInfo
from analogon.service.service import Service


def router(service: Service) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["about"])

    @router.get("/health", responses=refusals(), summary="Whether the server works; asked without a token.")
    def health() -> Health:
        service.store.check()
        if not service.workers.alive():
            raise HTTPException(503, "A worker of this server has ended: start it again.")
        return Health(status="ok", version=__version__)

    @router.get(
        "/metrics",
        responses={**refusals(), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        response_class=Response,
        summary="Figures in the text format of Prometheus.",
    )
    def metrics(_owner: Owner) -> Response:
        text = service.counts.text(service.store.counts(), service.watching.count(), service.store.used())
        return Response(text, headers={"Content-Type": TYPE})

    @router.get("/v1/storage", responses=refusals(), summary="How much is stored, and how much may be.")
    def storage(owner: Owner) -> StorageInfo:
        return StorageInfo(used=service.store.used(owner), most=service.limits.room.each)

    @router.get("/v1/methods", responses=refusals(), summary="The methods; the first is the usual one.")
    def methods(_owner: Owner) -> list[MethodAnswer]:
        torch = find_spec("torch") is not None
        return [
            MethodAnswer(
                name=one.name,
                summary=one.summary,
                recipes=list(one.recipes),
                learns=one.learns,
                takes=sorted(one.takes),
                available=torch or not one.neural,
            )
            for one in list_methods()
        ]

    return router
