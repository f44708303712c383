"""Who may ask the studio for something: one middleware before all else, for HTTP and for WebSockets.

* A request names this server as its host: a page of another site that has its name point here does not.
* What changes something, and a WebSocket, comes from a page of this server or from a program that is no browser.
* Where others reach the server, it wants the token: once in the address, then in a cookie.
* A body has its length, and it is not too long.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analogon.serving.bodies import body_refused, counted
from analogon.serving.visitors import SAFE, stranger

LARGEST_BODY = 64 << 20
"""Bytes of a request."""
COOKIE = "analogon_studio"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(24)


class Gate:
    """The middleware.

    Args:
        app: what is behind it.
        token: what is demanded; None where only this machine reaches the server.
    """

    def __init__(self, app: ASGIApp, token: str | None = None) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._wrong(scope, headers) or self._unknown(scope, headers)
        if scope["type"] == "websocket":
            if refused is not None:
                await receive()
                await send({"type": "websocket.close", "code": 4403, "reason": refused[1]})
                return
            await self._app(scope, receive, send)
            return
        if refused is not None:
            await _answer(send, *refused)
            return
        if (moved := self._entered(scope)) is not None:
            await _redirect(send, moved, f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/")
            return
        await self._app(scope, counted(receive, LARGEST_BODY), _with_headers(send))

    def _wrong(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Host, origin and length."""
        if (refused := stranger(scope, headers, local=self._token is None)) is not None:
            return refused
        if scope["type"] == "http" and scope["method"] not in SAFE:
            return body_refused(headers, LARGEST_BODY)
        return None

    def _unknown(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """The token, which is in a cookie, or in the address of a page that is opened."""
        if self._token is None:
            return None
        cookie = SimpleCookie()
        with contextlib.suppress(CookieError):
            cookie.load(headers.get("cookie", ""))
        given = [cookie[COOKIE].value] if COOKIE in cookie else []
        given += parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        if any(hmac.compare_digest(one.encode(), self._token.encode()) for one in given):
            return None
        return 401, "This server wants its token: open the address that it printed."

    def _entered(self, scope: Scope) -> str | None:
        """Where a browser goes on to that came with the token, so that no address bar shows it."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if self._token is None or "token" not in query or scope["method"] != "GET":
            return None
        rest = urlencode({name: value for name, value in query.items() if name != "token"}, doseq=True)
        path = "/" + scope["path"].lstrip("/\\")
        return f"{path}?{rest}" if rest else path


def _with_headers(send: Send) -> Send:
    async def add(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return add


async def _answer(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    send = _with_headers(send)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _redirect(send: Send, path: str, cookie: str) -> None:
    headers = [(b"location", path.encode("latin-1")), (b"set-cookie", cookie.encode()), (b"content-length", b"0")]
    send = _with_headers(send)
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
