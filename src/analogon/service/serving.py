"""The server of projects and jobs."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from analogon.errors import OptionError
from analogon.serving.listening import HOST, ended_politely, listen
from analogon.serving.memory import Tidying

PORT = 8770

_STOPPING_SECONDS = 3
"""How long requests that are under way may take after the server was told to stop."""


def serve(
    data: str | Path,
    *,
    database: str | None = None,
    files: str | None = None,
    host: str = HOST,
    port: int = PORT,
    tokens: str | Path | None = None,
    renders: int | None = None,
    fits: int = 1,
    max_upload: float = 32.0,
    max_pixels: float = 4.0,
    max_seconds: float = 600.0,
    max_minutes: float = 60.0,
    max_queue: int = 10_000,
    max_storage: float = 20.0,
    max_total: float = 200.0,
    own_process: bool = False,
    ready: Callable[[str, str | None], object] | None = None,
) -> None:
    """Serve projects, renders and fits to programs until Ctrl-C, or SIGTERM.

    What is acknowledged is on the disk, and no job is lost by a restart: what waited waits, and what was running is
    begun again, fits from their last checkpoint.

    Args:
        data: folder of the server, which is made where there is none; no other server may use it.
        database: ``postgresql://USER@HOST/NAME``; None for an SQLite file in ``data``. Servers may share one, if they
            share ``files`` as well.
        files: a folder, or a URL that fsspec knows (``s3://BUCKET/PREFIX``); None for a folder in ``data``.
        host: address to listen on. The usual one is reached from this machine alone, and needs no token.
        port: 0 takes any free one.
        tokens: a file with a line NAME TOKEN for each who may ask; they see only what is their own. None makes one
            token up where others than this machine reach the server.
        renders: how many are done at a time; None for one on each core. 0 leaves them to other servers.
        fits: how many are done at a time, each in a process of its own.
        max_upload: MiB of a request.
        max_pixels: megapixels of a picture, and of a target.
        max_seconds: of a render.
        max_minutes: of a fit.
        max_queue: jobs that wait at a time.
        max_storage: GiB of what one owner stores, of projects and jobs.
        max_total: GiB of what all owners store.
        own_process: nothing else is done in this process, so that its memory may be kept small: two heaps for all
            threads, for as long as the process lives, and garbage collected every 30 seconds.
        ready: called with the address, and the token that was made up or None, when requests are taken.

    Raises:
        InputError: the folder, the database or the tokens cannot be used. OptionError: another option cannot.
    """
    import uvicorn

    # broken forms are answered, and no news
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    if find_spec("python_multipart") is None:
        raise OptionError(
            "Package python-multipart is missing, which analogon serve needs: pip install 'analogon[service]'."
        )

    from analogon.service.limits import Limits
    from analogon.service.server import create_app
    from analogon.service.service import Service
    from analogon.service.tokens import EVERYBODY, hashed, new_token, read_tokens
    from analogon.serving.visitors import LOOPBACK

    if not host.strip():
        raise OptionError("--host is empty: give an address, or leave it out.")
    for option, count in (("--renders", renders), ("--fits", fits)):
        if count is not None and not 0 <= count <= 256:
            raise OptionError(f"{option} cannot be {count}: give a whole number from 0 to 256.")
    limits = Limits(max_upload, max_pixels, max_seconds, max_minutes, max_queue, max_storage, max_total)
    token = new_token() if tokens is None and host not in LOOPBACK else None
    known = read_tokens(Path(tokens)) if tokens is not None else {hashed(token): EVERYBODY} if token else {}
    listening = listen(host, port)
    try:
        service = Service(Path(data), database=database, files=files, limits=limits, renders=renders, fits=fits)
        config = uvicorn.Config(
            create_app(service, known),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_STOPPING_SECONDS,
            ws="none",
        )
        server = uvicorn.Server(config)
        service.watching.ending = lambda: server.should_exit
        if ready is not None:
            shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
            name = f"[{shown}]" if ":" in shown else shown
            ready(f"http://{name}:{listening.getsockname()[1]}", token)
        tidying = Tidying() if own_process else contextlib.nullcontext()
        with tidying, contextlib.suppress(KeyboardInterrupt), ended_politely():  # which is how it is meant to end
            server.run(sockets=[listening])
    finally:
        listening.close()
