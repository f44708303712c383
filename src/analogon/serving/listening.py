"""A place to listen at, and a polite end."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from analogon.errors import OptionError

HOST = "127.0.0.1"


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
