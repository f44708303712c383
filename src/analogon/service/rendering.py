"""A render as a job."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from analogon.io import read_labels
from analogon.run import Progress
from analogon.service.files import Files
from analogon.service.models import Models, result_file
from analogon.service.pictures import IMAGE, LABELS, image_file, labels_file
from analogon.service.store import NothingError, Store
from analogon.service.tables import read_request
from analogon.service.working import EndedError, Made, Task

PROVENANCE = "provenance.npy"


class Renders:
    """Does renders, with models that are kept ready."""

    def __init__(self, store: Store, files: Files, models: Models) -> None:
        self._store, self._files, self._models = store, files, models

    def __call__(self, task: Task) -> Made:
        """Do one."""
        job = task.job
        asked = read_request(job)

        def listen(event: Progress) -> None:
            task.check()
            task.tell({"stage": event.stage, "step": event.step, "steps": event.steps})

        try:
            content = self._store.target(job)
        except NothingError:  # deleted just now
            raise EndedError("lost") from None
        target = read_labels(Image.open(io.BytesIO(content), formats=("PNG",)))
        result = self._models.model(job.project, asked).render(target, progress=listen, **wishes(asked))
        found = {IMAGE: image_file(result.image, result.covered)}
        if asked["provenance"] and result.provenance is not None:
            places = io.BytesIO()
            np.save(places, result.provenance.places)
            found[PROVENANCE] = places.getvalue()
            if result.labels is not None:
                found[LABELS] = labels_file(result.labels)
        task.check()
        for name, content in found.items():
            self._files.write(result_file(job.project, job.id, name), content)
        return Made(result.record(), {name: len(content) for name, content in found.items()})


def wishes(asked: dict[str, Any]) -> dict[str, Any]:
    """What a render is asked for besides its target, as arguments."""
    return {name: asked[name] for name in ("keep", "tile", "preview", "polish")}
