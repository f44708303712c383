"""Pages of other sites that a browser lets reach a server of this machine: neither read nor change they anything."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SAFE = ("GET", "HEAD", "OPTIONS")


def stranger(scope: Scope, headers: Headers, *, local: bool) -> tuple[int, str] | None:
    """Why a request is not answered, as a status with a sentence; None where it may pass.

    Args:
        local: only this machine reaches the server. It is then known by the names of this machine alone: a page of
            another site that has its own name point here does not get through.
    """
    host = headers.get("host", "")
    name = _split(f"//{host}")[2]
    if not name or (local and name not in LOOPBACK):
        return 400, "This server is not known by that name: open the address that it printed."
    changes = scope["type"] == "websocket" or scope["method"] not in SAFE
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
    foreign = origin is not None and _split(origin)[:2] != (scheme, host)
    if changes and (foreign or site not in ("same-origin", "none")):
        return 403, "Another site may not change anything here."
    return None


def _split(address: str) -> tuple[str, str, str]:
    """Scheme, host with port, and host of an address; empty where it is none."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.netloc, parts.hostname or ""
    except ValueError:
        return "", "", ""
