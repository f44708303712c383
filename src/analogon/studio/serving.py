"""The server of the studio, on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from analogon.errors import OptionError
from analogon.serving.listening import HOST, ended_politely, listen

PORT = 8765

_STOPPING_SECONDS = 3
"""How long requests that are under way may take after the server was told to stop."""


def serve_studio(
    data: str | Path, *, host: str = HOST, port: int = PORT, ready: Callable[[str], object] | None = None
) -> None:
    """Serve the studio to browsers until Ctrl-C, or SIGTERM.

    Args:
        data: folder of the projects, which is made where there is none.
        host: address to listen on. The usual one is reached from this machine alone; with any other, browsers need
            the token that is part of the address.
        port: 0 takes any free one.
        ready: called with the address of the page when it can be opened.

    Raises:
        InputError: the folder cannot be used. OptionError: the host or port cannot be used.
    """
    import uvicorn

    from analogon.serving.visitors import LOOPBACK
    from analogon.studio.gate import new_token
    from analogon.studio.live import LARGEST_MESSAGE
    from analogon.studio.server import create_app

    if not host.strip():
        raise OptionError("--host is empty: give an address, or leave it out.")
    token = None if host in LOOPBACK else new_token()
    listening = listen(host, port)
    try:
        config = uvicorn.Config(
            create_app(Path(data), token=token),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_STOPPING_SECONDS,
            ws="websockets-sansio",
            ws_max_size=LARGEST_MESSAGE,
            ws_per_message_deflate=False,  # packing pixels takes longer than sending them
        )
        if ready is not None:
            shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
            name = f"[{shown}]" if ":" in shown else shown
            ready(f"http://{name}:{listening.getsockname()[1]}/" + (f"?token={token}" if token else ""))
        try:
            with ended_politely():
                uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:  # which is how it is meant to end
            pass
    finally:
        listening.close()
