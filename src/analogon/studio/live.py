"""The picture follows the hand: of what is wanted only the latest is rendered, one at a time for each page."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import WebSocket, WebSocketDisconnect
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import DatabaseError

from analogon.errors import AnalogonError
from analogon.layout import Layout
from analogon.serving.failures import failure
from analogon.studio.projects import Box, Moment, Opened, changed_box, operations_from
from analogon.studio.rendering import better, draft
from analogon.studio.store import NoProjectError, OutdatedError

RAW = 1 << 20
"""Bytes up to which pixels are sent as they are; more are packed as PNG, which takes longer than sending a few."""
RESTING = 0.12
"""Seconds without another message after which a hand is taken to rest, and a better preview is begun."""
LARGEST_MESSAGE = 4 << 20
GONE, BROKEN = 4404, 4500
"""The codes that a connection is closed with: about what does not exist, and about what cannot be opened."""

Bytes = NDArray[np.uint8]


class Wanted(BaseModel):
    """What a page asks for: the picture of a version, with operations that are not committed yet."""

    model_config = ConfigDict(extra="forbid")

    want: Literal["preview", "final"]
    version: int
    operations: Annotated[list[dict[str, Any]], Field(max_length=1000)] = []
    number: int


class Live:
    """One page that watches one project.

    Args:
        socket: accepted already.
        drafts, finals: what renders; a draft never waits for a final picture to be finished.
    """

    def __init__(
        self, socket: WebSocket, opened: Opened, drafts: ThreadPoolExecutor, finals: ThreadPoolExecutor
    ) -> None:
        self._socket, self._opened = socket, opened
        self._drafts, self._finals = drafts, finals
        self._latest: Wanted | None = None
        self._there_is = asyncio.Event()
        self._over = threading.Event()
        self._shown: Bytes = opened.photo

    async def run(self) -> None:
        """Until the page goes away."""
        tasks = asyncio.create_task(self._receive()), asyncio.create_task(self._render())
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for one in ended:
                one.result()
        except WebSocketDisconnect:
            pass
        finally:
            self._over.set()
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                self._latest = Wanted.model_validate_json(message.get("text") or "")
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"]) or "its beginning"
                await self._socket.send_json({"error": f"The message cannot be read at {where}: {first['msg']}."})
                continue
            self._over.set()
            self._there_is.set()

    async def _render(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._there_is.wait()
            self._there_is.clear()
            wanted, self._latest = self._latest, None
            if wanted is None:
                continue
            began = time.perf_counter()
            over = self._over = threading.Event()
            try:
                # a draft is always finished: while a hand moves, each is outdated before it is there
                moment, layout, picture = await loop.run_in_executor(self._drafts, self._drafted, wanted)
                await self._show(wanted.number, "draft", picture, began)
                if wanted.want == "preview":
                    with suppress(TimeoutError):  # a hand that moves on needs all there is for the next draft
                        await asyncio.wait_for(self._there_is.wait(), RESTING)
                if over.is_set():
                    continue
                finer = partial(better, self._opened, moment, layout, wanted.want, over)
                found = await self._unless_more(loop.run_in_executor(self._finals, finer))
                if found is not None:
                    await self._show(wanted.number, wanted.want, found, began)
            except OutdatedError as error:
                sentence = "The project has changed in another window."
                await self._socket.send_json({"number": wanted.number, "error": sentence, "version": error.version})
            except (AnalogonError, DatabaseError, OSError) as error:
                _, sentence = failure(error) or (422, str(error))
                await self._socket.send_json({"number": wanted.number, "error": sentence})
            except NoProjectError:
                await self._socket.close(GONE, "The project was deleted.")
                return

    async def _unless_more(self, rendering: asyncio.Future[Bytes | None]) -> Bytes | None:
        """A picture when it is there; None as soon as another is wanted: it ends by itself, and nobody waits for it."""
        more = asyncio.create_task(self._there_is.wait())
        try:
            await asyncio.wait((rendering, more), return_when=asyncio.FIRST_COMPLETED)
            if rendering.done():
                return rendering.result()
            rendering.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # it may have failed
            return None
        finally:
            more.cancel()

    def _drafted(self, wanted: Wanted) -> tuple[Moment, Layout, Bytes]:
        """Render the draft; in a thread."""
        moment = self._opened.at(wanted.version)
        layout = moment.layout
        for one in operations_from(wanted.operations):
            layout = one.apply(layout)
        return moment, layout, draft(self._opened, moment, layout)

    async def _show(self, number: int, stage: str, picture: Bytes, began: float) -> None:
        """Send what differs from what the page shows."""
        box, form, data = await asyncio.get_running_loop().run_in_executor(
            self._drafts, _difference, self._shown, picture
        )
        self._shown = picture
        seconds = round(time.perf_counter() - began, 4)
        header = {"number": number, "stage": stage, "box": list(box), "format": form, "seconds": seconds}
        await self._socket.send_json(header)
        await self._socket.send_bytes(data)


def _difference(before: Bytes, after: Bytes) -> tuple[Box, Literal["rgb", "png"], bytes]:
    """The box of what differs between two pictures, and what is to be seen there."""
    top, left, bottom, right = box = changed_box(before, after)
    return box, *packed(after[top:bottom, left:right])


def packed(pixels: Bytes) -> tuple[Literal["rgb", "png"], bytes]:
    """Pixels (h, w, 3) as they are, row by row, or where there are many of them as a PNG file."""
    if pixels.nbytes <= RAW:
        return "rgb", pixels.tobytes()
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", compress_level=1)
    return "png", file.getvalue()
