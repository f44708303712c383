"""Bodies of requests: their length is announced, it is not too long, and no more than that gets further."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Message, Receive


def body_refused(headers: Headers, most: int) -> tuple[int, str] | None:
    """Why a body of more than ``most`` bytes, or of a length that is not said, is not read; None where it may pass."""
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers:
        return 411, "A request needs its length."
    if not (length.isascii() and length.isdecimal()) or int(length[:20]) > most:
        return 413, f"What is sent has {most >> 20} MiB at most."
    return None


def counted(receive: Receive, most: int) -> Receive:
    """No more of a body than was announced gets further than this, whatever the server lets through."""
    got = 0

    async def count() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > most:
            return {"type": "http.disconnect"}
        return message

    return count
