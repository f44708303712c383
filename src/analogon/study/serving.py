"""The server of a study, on this machine."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from analogon.errors import OptionError
from analogon.study.design import Study

HOST, PORT = "127.0.0.1", 8000

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

    from analogon.study.server import create_app
    from analogon.study.store import Store
    from analogon.study.visitors import LOOPBACK

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


@contextmanager
def ended_politely() -> Iterator[None]:
    """SIGTERM, with which the system ends a program, is like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():  # where no signal arrives
        yield
        return
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def listen(host: str, port: int) -> socket.socket:
    """A socket that connections wait at from now on."""
    if not 0 <= port <= 65535:
        raise OptionError(f"--port cannot be {port}: give it a number from 1 to 65535, or 0 for any that is free.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio sends small messages at once only where it is told that this is TCP
        found = socket.socket(family, kind, protocol)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
            found.listen(128)
        except BaseException:
            found.close()
            raise
    except socket.gaierror:
        raise OptionError(f"--host {host!r} is no address of this machine: try {HOST} or 0.0.0.0.") from None
    except PermissionError:
        raise OptionError(f"Port {port} may not be used: choose one above 1023 with --port.") from None
    except OSError as error:
        if "in use" in str(error):
            raise OptionError(
                f"Port {port} of {host} is taken by another program: choose another with --port, or --port 0."
            ) from None
        raise OptionError(f"--host {host!r} cannot be used ({error.strerror}): try {HOST} or 0.0.0.0.") from None
    return found
