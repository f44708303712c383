"""Who may ask a service for something: one middleware before all else.

* A request has a token, where there are any, or comes from this machine and from no page of another site.
* A body has its length, and it is not too long; nothing of it is read before.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analogon.service.counting import Counts
from analogon.service.tokens import EVERYBODY, hashed
from analogon.serving.bodies import body_refused, counted
from analogon.serving.visitors import SAFE, stranger

OPEN = ("/health", "/openapi.json")
"""Answered without a token."""


class Gate:
    """The middleware.

    Args:
        app: what is behind it.
        tokens: owners by hashes of tokens; empty where only this machine reaches the server.
        most: bytes of a request.
    """

    def __init__(self, app: ASGIApp, tokens: Mapping[str, str], most: int, counts: Counts) -> None:
        self._app, self._tokens, self._most, self._counts = app, tokens, most, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers.update({"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"})
            await send(message)

        try:
            headers = Headers(scope=scope)
            refused = stranger(scope, headers, local=not self._tokens) or self._unknown(scope, headers)
            if refused is None and scope["method"] not in SAFE:
                refused = body_refused(headers, self._most)
            if refused is not None:
                await _answer(told, *refused)
            else:
                await self._app(scope, counted(receive, self._most), told)
        finally:
            self._counts.request(scope, status, time.monotonic() - began)

    def _unknown(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """The token; whose it is, is known from now on."""
        owner: str | None = EVERYBODY
        if self._tokens and scope["path"] not in OPEN:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            owner = self._tokens.get(hashed(token.strip())) if scheme.lower() == "bearer" else None
            if owner is None:
                return 401, "This server wants a token that it knows: send it as Authorization: Bearer TOKEN."
        scope.setdefault("state", {})["owner"] = owner
        return None


async def _answer(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
