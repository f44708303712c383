"""The application of a service: its routes are in `projects`, `jobs` and `about`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from starlette.exceptions import HTTPException as AnyHTTPException

from analogon._version import __version__
from analogon.errors import AnalogonError
from analogon.service import about, jobs, projects
from analogon.service.gate import Gate
from analogon.service.room import NoRoomError
from analogon.service.service import Service
from analogon.service.store import FullError, KeyTakenError, NothingError
from analogon.serving.failures import failure

_ABOUT = """Pictures are edited by editing their label maps.

A project is a picture with its label map. Renders and fits of it are jobs: they wait, run, and end as done, failed or
cancelled. What was answered with 201 or 202 is on the disk. A POST with an Idempotency-Key can be sent again: it is
answered as the first time and nothing is made twice. Every error is {"error": "one sentence."}."""


def create_app(service: Service, tokens: Mapping[str, str]) -> FastAPI:
    """The application.

    Args:
        tokens: owners by hashes of tokens; empty where only this machine reaches the server.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(service.start)
        yield
        await asyncio.to_thread(service.close)

    app = FastAPI(
        title="Analogon",
        version=__version__,
        description=_ABOUT,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.service = service
    app.include_router(about.router(service))
    app.include_router(projects.router(service))
    app.include_router(jobs.router(service))
    _errors(app)
    app.add_middleware(Gate, tokens=tokens, most=service.limits.most_bytes, counts=service.counts)
    return app


def _errors(app: FastAPI) -> None:
    @app.exception_handler(AnyHTTPException)
    async def refuse(_request: Request, error: AnyHTTPException) -> Response:
        return _error(error.status_code, f"{str(error.detail).rstrip('.')}.", error.headers)

    @app.exception_handler(RequestValidationError)
    async def misread(_request: Request, error: RequestValidationError) -> Response:
        return _misread(error.errors()[0], 1)

    @app.exception_handler(ValidationError)
    async def misread_too(_request: Request, error: ValidationError) -> Response:
        return _misread(error.errors()[0], 0)

    @app.exception_handler(NothingError)
    async def missing(_request: Request, _of_name: NothingError) -> Response:
        return _error(404, "There is nothing of this name: it may have been deleted, or be somebody else's.")

    @app.exception_handler(KeyTakenError)
    async def taken(_request: Request, _of_key: KeyTakenError) -> Response:
        return _error(409, "This Idempotency-Key was sent with another request: make a new one for each.")

    @app.exception_handler(FullError)
    async def full(_request: Request, _of_queue: FullError) -> Response:
        return _error(429, "The queue is full: ask again in a while.", {"Retry-After": "5"})

    @app.exception_handler(NoRoomError)
    async def crowded(_request: Request, error: NoRoomError) -> Response:
        return _error(507, str(error))

    @app.exception_handler(AnalogonError)
    async def wrong(_request: Request, error: AnalogonError) -> Response:
        return _error(*(failure(error) or (422, str(error))))

    @app.exception_handler(FileNotFoundError)
    async def lost(_request: Request, _of_file: FileNotFoundError) -> Response:
        return _error(404, "A file of this project is gone: it may have been deleted just now.")

    @app.exception_handler(DBAPIError)
    @app.exception_handler(NoConnectionError)
    @app.exception_handler(OSError)
    async def unable(_request: Request, error: Exception) -> Response:
        return _error(*(failure(error) or (507, f"The server cannot do this at the moment ({error}).")))

    @app.exception_handler(Exception)
    async def broken(_request: Request, _error_of_program: Exception) -> Response:
        return _error(500, "This is a mistake of the program: the log of the server says more.")


def _misread(first: Any, skipped: int) -> Response:
    place = ".".join(str(part) for part in first["loc"][skipped:])
    reason = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    return _error(422, f"The request cannot be read at {place or 'its beginning'}: {reason}.")


def _error(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": sentence.encode(errors="replace").decode()}, status, dict(headers or {}))
