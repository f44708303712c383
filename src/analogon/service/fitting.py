"""A fit as a job: a process of its own, with a folder in which it is resumed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from subprocess import TimeoutExpired

from analogon.errors import InputError
from analogon.methods.bundle import FILE
from analogon.service.files import Files
from analogon.service.models import project_folder, result_file
from analogon.service.pictures import IMAGE, LABELS
from analogon.service.room import NoRoomError
from analogon.service.tables import read_request
from analogon.service.working import EndedError, Made, Task
from analogon.serving import processes
from analogon.serving.failures import RefusedError, UnreachedError

NOTE = "model.json"
_LOOK_SECONDS = 0.2
_STARTING_SECONDS = 30.0
"""A process takes that long to begin, at most."""


class Fits:
    """Does fits.

    Args:
        folder: where they are at work; what is in it is only needed until they end.
        minutes: that a fit may take; what it has learnt by then is kept.
    """

    _module = "analogon.serving.training"

    def __init__(self, files: Files, folder: Path, minutes: float) -> None:
        self._files, self._folder, self._minutes = files, folder, minutes

    @property
    def seconds(self) -> float:
        """When a process is ended that did not end by itself."""
        return 60 * self._minutes + _STARTING_SECONDS

    def begun(self) -> list[str]:
        """The jobs that have left something behind."""
        return [one.name for one in self._folder.iterdir()] if self._folder.is_dir() else []

    def forget(self, job: str) -> None:
        """Remove what a fit has left behind."""
        shutil.rmtree(self._folder / job, ignore_errors=True)

    def __call__(self, task: Task) -> Made:
        """Do one, or go on with one."""
        job, folder = task.job, self._folder / task.job.id
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in (IMAGE, LABELS):
                (folder / name).write_bytes(self._files.read(f"{project_folder(job.project)}/{name}"))
            asked = read_request(job) | {"photo": str(folder / IMAGE), "labels": str(folder / LABELS), "resume": True}
            (folder / processes.REQUEST).write_text(json.dumps(asked))
            (folder / processes.PROGRESS).unlink(missing_ok=True)
        except (UnreachedError, RefusedError):  # which may pass
            raise
        except OSError as error:
            raise InputError("The server cannot begin this fit at the moment: look at its disk.") from error
        ended = self._run(task, folder)
        if ended in ("stopping", "lost"):
            raise EndedError(ended)
        try:
            made = self._made(task, folder, ended)
        except NoRoomError:
            self.forget(job.id)
            raise
        self.forget(job.id)
        return made

    def _run(self, task: Task, folder: Path) -> str:
        """Wait for the process; why it was ended, or how it says that it has."""
        process, why = processes.begin(self._module, folder), ""
        try:
            while not why:
                try:
                    process.wait(_LOOK_SECONDS)
                    break
                except TimeoutExpired:
                    task.tell({name: one for name, one in processes.told(folder).items() if name != "error"})
                try:
                    task.check()
                except EndedError as ended:
                    why = ended.why
        finally:
            processes.interrupt(process)
            processes.kill_later(process)
            code = process.wait()
        told = processes.told(folder).get("stage")
        return why or (told if told in ("finished", "failed") else f"broke off (code {code})")

    def _made(self, task: Task, folder: Path, ended: str) -> Made:
        """What has been learnt is kept, however the fit ended."""
        model = folder / "model" / FILE
        error = {
            "finished": "",
            "cancelled": "",
            "failed": str(processes.told(folder).get("error", "")),
            "late": f"The fit was ended after {self._minutes:g} minutes, the most that this server gives: what it has "
            "learnt by then is kept.",
        }.get(ended, f"The fit {ended}.")
        if not model.is_file():
            if ended == "late":
                error = f"The fit had learnt nothing after {self._minutes:g} minutes: ask for less."
            return Made(error=error)
        record = json.loads((folder / "model" / NOTE).read_text())
        return Made(record, self._stored(task, model), error)

    def _stored(self, task: Task, path: Path) -> dict[str, int]:
        """Store a file of the result, if there is room for it; its name and bytes."""
        size = path.stat().st_size
        task.check_room(size)
        self._files.write(result_file(task.job.project, task.job.id, path.name), path)
        return {path.name: size}
