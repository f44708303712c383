"""A client of a service.

>>> from analogon import Client
>>> with Client("http://127.0.0.1:8770") as client:  # doctest: +SKIP
...     project = client.create_project("photo.jpg", "labels.png")
...     job = client.wait(client.render(project, "moved.png"))
...     client.save(job, "out")
"""

from __future__ import annotations

import io
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeVar
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, TypeAdapter, ValidationError

from analogon.data import LabelMap
from analogon.errors import OptionError, ServiceError
from analogon.io import ImageSource, LabelSource, read_image, replacing
from analogon.service.messages import (
    ErrorMessage,
    Health,
    JobInfo,
    JobList,
    Kind,
    MethodAnswer,
    ProjectInfo,
    ProjectList,
    State,
    StorageInfo,
)
from analogon.service.sending import label_map_of, picture_of

if TYPE_CHECKING:
    import httpx

ADDRESS = "http://127.0.0.1:8770"
_AGAIN = (429, 502, 503, 504)
"""What may pass by itself."""
_PAUSES = (0.1, 0.3, 1.0, 2.0)
"""Seconds between attempts; the last again and again until the patience ends."""
_SILENCE_SECONDS, _LOOK_SECONDS = 30.0, 2.0
"""How long a stream of events may say nothing; and where there is a time by which the job has to end."""
_PIECE, _PAGE = 1 << 20, 200
"""Bytes of a file, and entries of a list, that are in memory at a time."""
_METHODS = TypeAdapter(list[MethodAnswer])

Found = TypeVar("Found", bound=BaseModel)
Value = TypeVar("Value")


class Client:
    """Asks a service that ``analogon serve`` runs; threads may share it.

    Every request that makes something has a key, so that it is sent again where its answer is lost: nothing is made
    twice.

    Args:
        address: what the server printed.
        token: where it wants one.
        timeout: seconds that one answer may take.
        patience: seconds for which a server that is full, or that is being started again, is asked again.

    Raises:
        ServiceError: a request was refused, or not answered; its text is the server's sentence. OptionError: httpx is
            not installed, or an argument cannot be used.
    """

    def __init__(
        self, address: str = ADDRESS, token: str | None = None, *, timeout: float = 60.0, patience: float = 30.0
    ) -> None:
        try:
            import httpx
        except ImportError:
            raise OptionError(
                "Package httpx is missing, which analogon.Client needs: pip install 'analogon[client]'."
            ) from None
        if token is not None and not re.fullmatch("[!-~]+", token):
            raise OptionError("The token is empty, or holds what no token does: give it as the server has it.")
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        try:
            known = urlsplit(address).scheme in ("http", "https") and urlsplit(address).hostname
            self._http = httpx.Client(base_url=address if known else "", headers=headers, timeout=timeout)
        except (httpx.InvalidURL, ValueError):
            known = None
        if not known:
            raise OptionError(f"'{address}' is no address of a service: give one such as {ADDRESS}.")
        self._address, self._patience = address, patience

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """The client itself, which is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    # What there is

    def health(self) -> Health:
        """That the server works, and its version."""
        return self._read(Health, self._ask("GET", "/health"))

    def methods(self) -> list[MethodAnswer]:
        """The methods that the server has."""
        return self._valid(_METHODS.validate_json, self._ask("GET", "/v1/methods").content)

    def storage(self) -> StorageInfo:
        """How much is stored of you, and how much may be."""
        return self._read(StorageInfo, self._ask("GET", "/v1/storage"))

    def project(self, project: str) -> ProjectInfo:
        """A project by its id."""
        return self._read(ProjectInfo, self._ask("GET", f"/v1/projects/{project}"))

    def projects(self) -> Iterator[ProjectInfo]:
        """All projects, in the order of coming."""
        after: int | None = 0
        while after is not None:
            page = self._read(ProjectList, self._ask("GET", "/v1/projects", params={"after": after, "limit": _PAGE}))
            yield from page.projects
            after = page.next

    def job(self, job: JobInfo | str) -> JobInfo:
        """A job as it is now."""
        return self._read(JobInfo, self._ask("GET", f"/v1/jobs/{_id(job)}"))

    def jobs(
        self, project: ProjectInfo | str | None = None, *, kind: Kind | None = None, state: State | None = None
    ) -> Iterator[JobInfo]:
        """The jobs, all or those of a project, a kind or a state, in the order of coming."""
        wanted = {"project": None if project is None else _id(project), "kind": kind, "state": state}
        params: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        after: int | None = 0
        while after is not None:
            asked = params | {"after": after, "limit": _PAGE}
            page = self._read(JobList, self._ask("GET", "/v1/jobs", params=asked))
            yield from page.jobs
            after = page.next

    # What is made

    def create_project(
        self,
        image: ImageSource | bytes,
        labels: LabelSource | LabelMap | bytes,
        title: str = "",
        *,
        key: str | None = None,
    ) -> ProjectInfo:
        """A project of a picture with its label map.

        Args:
            image, labels: files, arrays, Pillow pictures, or the bytes of files.
            key: what a repeated request is known by; None makes one up.
        """
        parts = {"image": ("image", picture_of(image)), "labels": ("labels", label_map_of(labels))}
        return self._read(ProjectInfo, self._make("/v1/projects", key, files=parts, data={"title": title}))

    def render(
        self,
        project: ProjectInfo | str,
        target: LabelSource | LabelMap | bytes,
        *,
        method: str | None = None,
        recipe: str | None = None,
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
        model: JobInfo | str | None = None,
        mapping: Mapping[str, str] | None = None,
        keep: str = "auto",
        tile: bool = False,
        preview: bool = False,
        polish: bool | None = None,
        provenance: bool = False,
        key: str | None = None,
    ) -> JobInfo:
        """A render of a new label map, which waits from now on.

        Args:
            method, recipe, settings, seed: of a method that needs no fit.
            model: a fit of the project that is done, in the place of these.
            mapping: what classes that the picture lacks stand for.
            keep, tile, preview, polish: see :meth:`Model.render`.
            provenance: the result has ``provenance.npy``, and ``labels.png``.
            key: what a repeated request is known by; None makes one up.
        """
        asked: dict[str, Any] = {
            "method": method,
            "recipe": recipe,
            "settings": json.dumps(dict(settings)) if settings else None,
            "seed": seed,
            "model": None if model is None else _id(model),
            "mapping": json.dumps(dict(mapping)) if mapping else None,
            "keep": keep,
            "tile": tile,
            "preview": preview,
            "polish": polish,
            "provenance": provenance,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        parts = {"target": ("target", label_map_of(target))}
        return self._read(JobInfo, self._make(f"/v1/projects/{_id(project)}/renders", key, files=parts, data=given))

    def fit(
        self,
        project: ProjectInfo | str,
        method: str,
        *,
        recipe: str | None = None,
        minutes: float | None = None,
        steps: int | None = None,
        seed: int = 0,
        settings: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> JobInfo:
        """A fit by a method that learns, which waits from now on; renders name it as their model when it is done."""
        asked = {"method": method, "recipe": recipe, "minutes": minutes, "steps": steps, "seed": seed,
                 "settings": dict(settings or {})}  # fmt: skip
        return self._read(JobInfo, self._make(f"/v1/projects/{_id(project)}/fits", key, json=asked))

    def augment(
        self,
        project: ProjectInfo | str,
        count: int,
        *,
        formats: Sequence[str] = ("png",),
        validation: float = 0.0,
        settings: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> JobInfo:
        """Labelled samples after the project's picture, which wait from now on; the result is ``dataset.zip``."""
        asked = {"count": count, "formats": list(formats), "validation": validation, "settings": dict(settings or {})}
        return self._read(JobInfo, self._make(f"/v1/projects/{_id(project)}/augmentations", key, json=asked))

    # What becomes of it

    def wait(
        self,
        job: JobInfo | str,
        *,
        timeout: float | None = None,
        progress: Callable[[JobInfo], object] | None = None,
    ) -> JobInfo:
        """The job when it has ended, one way or another: look at its ``state``.

        Args:
            timeout: seconds; None waits for ever.
            progress: called with the job after every change.

        Raises:
            ServiceError: it has not ended in this time, or the server cannot be reached.
        """
        import httpx

        end = None if timeout is None else time.monotonic() + timeout
        told = None
        while True:
            try:
                for now in self._events(_id(job), end):
                    if progress is not None and now != told:  # a stream that is opened again begins with the same
                        progress(now)
                    told = now
                    if now.over:
                        return now
            except httpx.TransportError:  # the server is being started again, which the next request waits for
                pass
            now = self.job(job)
            if now.over:
                return now
            if end is not None and time.monotonic() > end:
                raise ServiceError(f"The job {now.id} has not ended in {timeout:g} seconds: it is {now.state}.")

    def _events(self, job: str, end: float | None) -> Iterator[JobInfo]:
        import httpx

        # nothing is sent for a while where nothing changes, and who waits for a time looks at the clock
        pause = _SILENCE_SECONDS if end is None else min(_LOOK_SECONDS, max(0.05, end - time.monotonic()))
        timeout = httpx.Timeout(_SILENCE_SECONDS, read=pause)
        with self._http.stream("GET", f"/v1/jobs/{job}/events", timeout=timeout) as answer:
            if answer.status_code != 200:
                time.sleep(_PAUSES[1])
                return
            for line in answer.iter_lines():
                if line.startswith("data: {") and len(line) > len("data: {}"):
                    yield self._valid(JobInfo.model_validate_json, line.removeprefix("data: "))
                if end is not None and time.monotonic() > end:
                    return

    def cancel(self, job: JobInfo | str) -> JobInfo:
        """End a job that waits or runs; a fit keeps what it has learnt."""
        return self._read(JobInfo, self._ask("POST", f"/v1/jobs/{_id(job)}/cancel"))

    def download(self, job: JobInfo | str, name: str = "image.png") -> bytes:
        """A file of the result."""
        return self._ask("GET", f"/v1/jobs/{_id(job)}/files/{name}").content

    def image(self, job: JobInfo | str) -> NDArray[np.float32]:
        """The picture of a render, float32 (h, w, 3) in [0, 1]."""
        return read_image(Image.open(io.BytesIO(self.download(job)), formats=("PNG",)))

    def save(self, job: JobInfo | str, folder: str | Path) -> list[Path]:
        """Write all files of a result into a folder, which is made where there is none."""
        now, written = self.job(job), []
        for name in now.files:
            path = Path(folder) / Path(name).name
            with replacing(path, parents=True) as file:
                self._ask("GET", f"/v1/jobs/{now.id}/files/{name}", into=file)
            written.append(path)
        return written

    def delete_job(self, job: JobInfo | str) -> None:
        """Forget a job that has ended, with its files."""
        self._ask("DELETE", f"/v1/jobs/{_id(job)}", gone=True)

    def delete_project(self, project: ProjectInfo | str) -> None:
        """Forget a project with all that is of it."""
        self._ask("DELETE", f"/v1/projects/{_id(project)}", gone=True)

    # How it is asked

    def _make(self, path: str, key: str | None, **body: Any) -> httpx.Response:
        return self._ask("POST", path, headers={"Idempotency-Key": key or secrets.token_hex(16)}, **body)

    def _ask(
        self, method: str, path: str, *, gone: bool = False, into: BinaryIO | None = None, **more: Any
    ) -> httpx.Response:
        """An answer, whose content goes to the file ``into`` where there is one.

        Every request may be sent twice, and with ``gone`` the second one finds nothing.
        """
        import httpx

        end, attempt = time.monotonic() + self._patience, 0
        while True:
            answer, problem = None, ""
            try:
                with self._http.stream(method, path, **more) as answer:
                    if into is None or not answer.is_success:
                        answer.read()
                    else:
                        into.seek(0)
                        into.truncate()
                        for piece in answer.iter_bytes(_PIECE):
                            into.write(piece)
            except httpx.TransportError as error:
                answer = None  # it may have broken off
                problem = re.sub(r"\[Errno -?\d+\] ", "", str(error)).rstrip(".") or "the connection was closed"
            if answer is not None and (answer.is_success or (gone and attempt and answer.status_code == 404)):
                return answer
            pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
            if (answer is None or answer.status_code in _AGAIN) and time.monotonic() + pause < end:
                time.sleep(pause)
                attempt += 1
                continue
            if answer is None:
                raise ServiceError(f"'{self._address}' does not answer ({problem}): look whether the server runs.")
            raise ServiceError(_sentence(answer), answer.status_code)

    def _read(self, kind: type[Found], answer: httpx.Response) -> Found:
        return self._valid(kind.model_validate_json, answer.content)

    def _valid(self, read: Callable[[Any], Value], content: bytes | str) -> Value:
        try:
            return read(content)
        except ValidationError:
            raise ServiceError(f"'{self._address}' is no service of analogon, or one of another version.") from None


def _sentence(answer: httpx.Response) -> str:
    try:
        return ErrorMessage.model_validate_json(answer.content).error
    except ValidationError:
        return f"The server answered with status {answer.status_code}, and nothing else."


def _id(one: ProjectInfo | JobInfo | str) -> str:
    return one if isinstance(one, str) else one.id
