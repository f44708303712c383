"""A service: what its routes and its workers share."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import IO, Any

from analogon.augment import FORMATS, Settings
from analogon.augment.inventing import chances
from analogon.augment.making import BUDGET, check_size
from analogon.catalogue import describe_method
from analogon.checking import check_render
from analogon.errors import InputError, OptionError
from analogon.methods import registry
from analogon.methods.bundle import FILE as MODEL
from analogon.service.augmenting import DATASET, Augmentations
from analogon.service.counting import Counts
from analogon.service.files import Files, open_files
from analogon.service.fitting import Fits
from analogon.service.limits import USUAL, Limits
from analogon.service.messages import NewAugmentation, NewFit, NewRender
from analogon.service.models import Models, project_folder, result_file
from analogon.service.pictures import IMAGE, LABELS, Decoding, image_file, labels_file
from analogon.service.rendering import PROVENANCE, Renders, wishes
from analogon.service.store import NothingError, Store, Submission, new_identity
from analogon.service.tables import AUGMENT, FIT, QUEUED, RENDER, RUNNING, Job, Project, read_files
from analogon.service.watching import Watching
from analogon.service.working import Workers
from analogon.serving.failures import UnreachedError
from analogon.serving.messages import title_of

RESULTS = (IMAGE, PROVENANCE, LABELS, MODEL, DATASET)
"""Names that files of results have."""


class Service:
    """Projects and jobs, the files of both, and the workers.

    Args:
        data: folder of the server: the database and the files, unless these are elsewhere, and fits at work.
        database, files: URLs; see :func:`analogon.serve`.
        renders, fits: how many are done at a time.

    Raises:
        InputError: the folder, the database or the place for files cannot be used, or another server uses the folder.
    """

    def __init__(self, data: Path, *, database: str | None = None, files: str | None = None,
                 limits: Limits = USUAL, renders: int | None = None, fits: int = 1) -> None:  # fmt: skip
        cores = os.cpu_count() or 1
        count = cores if renders is None else renders
        self.limits, self.counts = limits, Counts()
        self._lock = _alone(data)
        try:
            self.files: Files = open_files(files, data)
            self.store = Store.open(data, database, limits.room)
        except BaseException:
            self._lock.close()
            raise
        self.watching = Watching(self.store)
        self.models = Models(self.files)
        self.decoding = Decoding(limits, cores)
        self._fits = Fits(self.files, data / "work", limits.minutes)
        augmentations = Augmentations(self.files, data / "work", limits.minutes)
        self.workers = Workers(
            self.store,
            self.counts,
            {
                RENDER: (Renders(self.store, self.files, self.models), count, limits.seconds),
                FIT: (self._fits, fits, self._fits.seconds),
                AUGMENT: (augmentations, fits, augmentations.seconds),
            },
            self._forget,
        )

    def start(self) -> None:
        """Begin with the jobs that wait; what is left of fits that have ended without this server goes."""
        self.workers.start()
        begun = self._fits.begun()
        for job in set(begun) - self.store.unfinished(begun):
            self._fits.forget(job)

    def close(self) -> None:
        """Put back what is not done, and end."""
        self.workers.close()
        self.store.close()
        self._lock.close()

    # Projects

    def create(self, owner: str, key: str | None, title: str, image: bytes, labels: bytes) -> tuple[Project, bool]:
        """A project, and whether it is new.

        Raises:
            AnalogonError: it cannot be one. KeyTakenError: the key belongs to another request.
        """
        asked = Submission(owner, key, _digest("project", title_of(title), image, labels))
        if (made := self.store.made_project(asked)) is not None:
            return made, False
        exemplar = self.decoding.exemplar(image, labels)
        identity = new_identity()
        folder = project_folder(identity)
        files = {IMAGE: image_file(exemplar.image), LABELS: labels_file(exemplar.labels)}
        size = sum(map(len, files.values()))
        self.store.check_room(owner, size)
        try:
            for name, content in files.items():
                self.files.write(f"{folder}/{name}", content)
            classes = exemplar.labels.palette.to_json()
            row, new = self.store.add_project(asked, identity, title_of(title), exemplar.shape, classes, size)
        except UnreachedError:  # nor could they be deleted
            raise
        except BaseException:
            self._delete_files(folder)
            raise
        if not new:  # the same request came twice at once
            self._delete_files(folder)
        return row, new

    def delete_project(self, owner: str, identity: str) -> None:
        """Forget a project, and end what is done with it.

        Raises:
            OSError: its files are not all gone, so that it is still there and can be deleted again.
        """
        self.store.project(owner, identity)
        self.files.delete(project_folder(identity))
        for job in self.store.delete_project(owner, identity):
            self.workers.cancel(job)
            self._fits.forget(job)
        self.models.forget(identity)
        self._delete_files(project_folder(identity))  # of jobs that ended meanwhile

    # Jobs

    def render(self, owner: str, key: str | None, project: str, asked: NewRender, target: bytes) -> tuple[Job, bool]:
        """A render that waits from now on, and whether it is new; what it asks for has been looked at.

        Raises:
            AnalogonError: it cannot be done. NothingError: there is no such project. KeyTakenError, FullError.
        """
        request = asked.model_dump()
        submission = Submission(owner, key, _digest(RENDER, project, request, target))
        if (made := self.store.made_job(submission)) is not None:
            return made, False
        self.store.project(owner, project)
        request["method"] = self._method(owner, project, asked)
        exemplar = self.models.exemplar(project)
        layout = self.decoding.target(exemplar, target, asked.mapping)
        check_render(exemplar, layout, request["method"], provenance=asked.provenance, **wishes(request))
        if asked.model is None:
            self._check_classes(project, request)
        return self._add(submission, project, RENDER, request, labels_file(layout))

    def _method(self, owner: str, project: str, asked: NewRender) -> str:
        """The method of a render."""
        if asked.model is None:
            info = describe_method(asked.method)
            if info.learns:
                raise OptionError(
                    f"Method '{info.name}' learns the picture first: begin a fit with it, and name that as model."
                )
            registry.get(info.name).configure(asked.recipe, asked.settings)
            return info.name
        if asked.method is not None or asked.recipe is not None or asked.settings or asked.seed:
            raise OptionError("A render has a model, or a method with recipe, settings and seed: leave out the others.")
        try:
            fit = self.store.job(owner, asked.model)
        except NothingError:
            fit = None
        if fit is None or fit.project != project or fit.kind != FIT or MODEL not in read_files(fit):
            raise OptionError(f"'{asked.model}' is no fit of this project that has a model: name one that is done.")
        return str(NewFit.model_validate_json(fit.request).method)

    def fit(self, owner: str, key: str | None, project: str, asked: NewFit) -> tuple[Job, bool]:
        """A fit that waits from now on; see :meth:`render`."""
        request = asked.model_dump()
        submission = Submission(owner, key, _digest(FIT, project, request))
        if (made := self.store.made_job(submission)) is not None:
            return made, False
        self.store.project(owner, project)
        info = describe_method(asked.method)
        if not info.learns:
            raise OptionError(f"Method '{info.name}' needs no fit: name it as the method of a render.")
        self._check_fit(asked)
        return self._add(submission, project, FIT, request)

    def _check_fit(self, asked: NewFit) -> None:
        """Refuse a budget or settings that a fit cannot have."""
        if "steps" in asked.settings:
            raise OptionError("A fit's steps are no setting: give them beside the settings, as steps.")
        registry.get(asked.method).configure(asked.recipe, asked.settings)
        if asked.minutes is not None and asked.minutes > self.limits.minutes:
            raise OptionError(
                f"minutes cannot be {asked.minutes:g}: this server gives {self.limits.minutes:g} at most."
            )

    def _check_classes(self, project: str, asked: Mapping[str, Any]) -> None:
        """Refuse settings of a method that needs no fit which name what the picture has not."""
        info = describe_method(asked["method"])
        if not (info.learns or info.neural):
            self.models.model(project, asked)

    def augment(self, owner: str, key: str | None, project: str, asked: NewAugmentation) -> tuple[Job, bool]:
        """Samples that are made from now on; see :meth:`render`."""
        request = asked.model_dump()
        submission = Submission(owner, key, _digest(AUGMENT, project, request))
        if (made := self.store.made_job(submission)) is not None:
            return made, False
        classes = json.loads(self.store.project(owner, project).classes)
        settings = Settings(**asked.settings)
        info = describe_method(registry.get(settings.method).name)
        budget = {name: value for name, value in settings.options.items() if name in BUDGET}
        if budget and not info.learns:
            raise OptionError(f"Method '{info.name}' learns nothing: leave {', '.join(budget)} out of the options.")
        more = {name: value for name, value in settings.options.items() if name not in BUDGET}
        fit = {"method": info.name, "recipe": settings.recipe, "settings": more, **budget}
        self._check_fit(NewFit.model_validate(fit, strict=True))
        known = [one["name"] for one in classes]
        if strange := [name for name in (*settings.things, *settings.targets) if name not in known]:
            raise OptionError(f"The project has no class '{strange[0]}': the samples may have {', '.join(known[:12])}.")
        if "predicted" in settings.layouts:
            raise OptionError("Layouts cannot be 'predicted': a project has no unlabelled pictures, name another kind.")
        if unknown := [name for name in asked.formats if name not in FORMATS]:
            raise OptionError(f"Formats cannot have '{unknown[0]}': use some of {', '.join(FORMATS)}.")
        if settings.size is not None and settings.size[0] * settings.size[1] > self.limits.most_pixels:
            raise OptionError(f"size cannot be over {self.limits.pixels:g} megapixels on this server: make it smaller.")
        if sum(settings.targets.values()) > 1:
            raise OptionError("The targets are more than all pixels: give shares that add up to 1 at most.")
        sources = self.models.sources(project, settings.things)
        check_size(sources, settings)
        if settings.layouts:
            with self.decoding.turn:  # it looks at each pixel, the first time
                chances(sources, settings)
        self._check_classes(project, fit | {"seed": settings.seed})
        return self._add(submission, project, AUGMENT, request)

    def _add(self, asked: Submission, project: str, kind: str, request: Mapping[str, Any],
             target: bytes | None = None) -> tuple[Job, bool]:  # fmt: skip
        identity = new_identity()
        row, new = self.store.add_job(asked, identity, project, kind, request, self.limits.queue, target)
        if new:
            self.workers.wake(kind)
        return row, new

    def cancel(self, owner: str, identity: str) -> Job:
        """End a job that waits or runs."""
        job = self.store.cancel(owner, identity)
        if job.stopping:
            self.workers.cancel(identity)
        return job

    def delete_job(self, owner: str, identity: str) -> bool:
        """Forget a job that has ended, with its files; False where it has not. OSError: see :meth:`delete_project`."""
        job = self.store.job(owner, identity)
        if job.state in (QUEUED, RUNNING):
            return False
        self._remove(job)
        return self.store.delete_job(owner, identity)

    def file(self, owner: str, identity: str, name: str) -> tuple[int, Iterable[bytes]]:
        """The bytes of a file of a result, and the file piece by piece; NothingError where there is none."""
        job = self.store.job(owner, identity)
        size = read_files(job).get(name)
        if size is None:
            raise NothingError
        pieces = self.files.pieces(result_file(job.project, job.id, name))
        first = next(pieces, b"")  # what cannot be read is refused, and no answer that breaks off
        return size, (first,) if len(first) == size else chain((first,), pieces)

    def _remove(self, job: Job) -> None:
        self.models.forget(job.project, job.id)
        self._fits.forget(job.id)
        for name in RESULTS:
            self.files.remove(result_file(job.project, job.id, name))

    def _forget(self, job: Job) -> None:
        with suppress(OSError):
            self._remove(job)

    def _delete_files(self, folder: str) -> None:
        with suppress(OSError):  # what nobody names any more does no harm
            self.files.delete(folder)


def _digest(*parts: Any) -> str:
    """Of all that a request asks for."""
    whole = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else repr(part).encode(errors="replace")
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()


def _alone(data: Path) -> IO[str]:
    """Claim the folder: what runs when a server begins was then left behind by one that is gone."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (data / "lock").open("w")
    except OSError as error:
        raise InputError(f"'{data}' cannot be used ({error.strerror}): choose another folder with --data.") from None
    try:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows
        pass
    except OSError:
        lock.close()
        raise InputError(f"Another server uses '{data}': end it, or choose another folder with --data.") from None
    return lock
