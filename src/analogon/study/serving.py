"""The server of a study, on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from analogon.serving.listening import HOST, ended_politely, listen
from analogon.study.design import Study

PORT = 8000

_STOPPING_SECONDS = 3
"""How long requests that are under way may take after the server was told to stop."""


def serve_study(
    folder: str | Path, *, host: str = HOST, port: int = PORT, ready: Callable[[str], object] | None = None
) -> None:
    """Serve a study to browsers until Ctrl-C, or SIGTERM.

    Args:
        folder: what `make_study` wrote.
        host: address to listen on; the usual one is reached from this machine alone, "0.0.0.0" from the whole network.
        port: 0 takes any free one.
        ready: called with the address of the page when it can be opened.

    Raises:
        InputError: there is no study, it is damaged, or its answers cannot be written.
        OptionError: the host or port cannot be used.
    """
    import uvicorn

    from analogon.serving.visitors import LOOPBACK
    from analogon.study.server import create_app
    from analogon.study.store import Store

    folder = Path(folder)
    study = Study.read(folder)
    listening = listen(host, port)
    try:
        store = Store.open(folder, study)
        config = uvicorn.Config(
            create_app(folder, study, store, local=host in LOOPBACK),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_STOPPING_SECONDS,
        )
        if ready is not None:
            name = f"[{host}]" if ":" in host else host
            ready(f"http://{name}:{listening.getsockname()[1]}/")
        try:
            with ended_politely():
                uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:  # which is how it is meant to end
            pass
        finally:
            store.close()
    finally:
        listening.close()
