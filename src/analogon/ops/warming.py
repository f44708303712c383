"""Saying so when kernels are being compiled, which happens once after each installation and takes its time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: Loading compiled kernels takes about half a second; after this many seconds they are being compiled.
PATIENCE = 3.0


@contextmanager
def telling_of_compilation() -> Iterator[None]:
    """Around a first use of kernels: a line in the log "analogon" if they are not there within `PATIENCE`."""
    log = logging.getLogger("analogon")
    message = "Compiling the patch engine for this machine: once after an installation, about half a minute."
    timer = threading.Timer(PATIENCE, log.warning, [message])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
