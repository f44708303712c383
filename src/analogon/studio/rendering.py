"""Pictures of layouts: a draft at once, then a preview, then the final one, until somebody wants another."""

from __future__ import annotations

import json
import threading
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analogon.api import Model, fit, load
from analogon.catalogue import describe_method
from analogon.errors import AnalogonError
from analogon.io.images import to_bytes
from analogon.layout import Layout, carried, guides, keep_mask
from analogon.result import Result
from analogon.run import Progress
from analogon.studio.drafting import Drafter, known
from analogon.studio.projects import Moment, Opened

Bytes = NDArray[np.uint8]


class SupersededError(Exception):
    """Nobody waits for this picture any more."""


def draft(opened: Opened, moment: Moment, layout: Layout) -> Bytes:
    """A picture of a layout at once, uint8 (h, w, 3)."""
    drafter: Drafter = opened.once(
        "drafter", moment.base.digest(), lambda: Drafter(opened.exemplar(moment), opened.photo)
    )
    return drafter.draft(layout)


def better(
    opened: Opened, moment: Moment, layout: Layout, want: Literal["preview", "final"], over: threading.Event
) -> Bytes | None:
    """A better picture than the draft, uint8 (h, w, 3): the final one, or what a method can do in between.

    Args:
        over: set when nobody waits any more.

    Returns:
        None where the method has nothing in between, or nobody waited.
    """
    try:
        if want == "final":
            return to_bytes(final(opened, moment, layout, over).image)
        if "preview" in describe_method(model_of(opened, moment).method).takes:
            return to_bytes(rendered(opened, moment, layout, over, preview=True).image)
    except SupersededError:
        pass
    return None


def final(opened: Opened, moment: Moment, layout: Layout, over: threading.Event | None = None) -> Result:
    """The picture at its best; asked for again, the same one."""
    project = moment.project
    key = (layout.target.digest(), _shape_key(layout), project.job, project.method, project.recipe, project.settings,
           project.seed)  # fmt: skip
    found: Result = opened.once("final", key, lambda: rendered(opened, moment, layout, over))
    return found


def rendered(
    opened: Opened,
    moment: Moment,
    layout: Layout,
    over: threading.Event | None = None,
    *,
    preview: bool = False,
    cached: bool = True,
) -> Result:
    """A render of a layout by the project's model, which without ``cached`` is not kept for later.

    Raises:
        SupersededError: ``over`` was set. AnalogonError: the method cannot do it.
    """

    def listen(_event: Progress) -> None:
        if over is not None and over.is_set():
            raise SupersededError

    listen(Progress("", 0, 1))
    model = model_of(opened, moment, cached=cached)
    takes = describe_method(model.method).takes
    more: dict[str, Any] = {}
    if "keep" in takes:
        more["keep"] = keep_mask(layout)
    if "places" in takes:
        more["places"] = carried(layout)
    if "guides" in takes and not preview:
        more["guides"] = guides(layout, besides=more.get("places"))
    if preview:
        more["preview"] = True
    result = model.render(layout.target, progress=listen, **more)
    if not preview:
        opened.seconds[model.method] = round(result.seconds, 2)
    return result


def model_of(opened: Opened, moment: Moment, *, cached: bool = True) -> Model:
    """What renders a project: the model of its job if it was trained on these labels, else its method untrained.

    A method that has to be trained first leaves the work to patches until it is.
    """
    project = moment.project
    base = moment.base.digest()
    key = (base, project.job, project.method, project.recipe, project.settings, project.seed)

    def make() -> Model:
        if project.job is not None:
            try:
                model = load(opened.folder / "jobs" / project.job / "model")
                if model.method == project.method and model.exemplar.labels.digest() == base:
                    return model
            except AnalogonError:  # patches render it as well as they can
                pass
        return untrained(opened, moment, project.method, project.recipe, project.seed, json.loads(project.settings))

    found: Model = opened.once("model", key, make) if cached else make()
    return found


def untrained(
    opened: Opened, moment: Moment, method: str, recipe: str | None, seed: int, settings: dict[str, Any]
) -> Model:
    """A model that needs no training, of this method or else of patches.

    With a seed other than 0, patches are also looked for at random places: else every seed has the same picture.
    """
    exemplar = opened.exemplar(moment)
    if describe_method(method).learns:
        method, recipe, settings = "patch", None, {}
    if method == "patch" and recipe is None and seed:
        recipe = "patchmatch"
    return fit(exemplar, method, recipe=recipe, seed=seed, **settings)


def _shape_key(layout: Layout) -> tuple[Any, ...]:
    """What the label map does not tell: an object that was turned in its place has moved."""
    facts = known(layout)
    return hash(facts.places.tobytes()), hash(facts.moved.tobytes())
