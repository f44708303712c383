"""A pasted object takes the look of a picture: its colours those of what is around, its grain that of the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar
from analogon.ops.engine import synthesize
from analogon.ops.mending import origins
from analogon.ops.rearranging import one_class
from analogon.ops.synthesis import Settings
from analogon.rendering import Guide, Rendering, Wishes
from analogon.run import Run

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: What is around an object reaches so far, as a share of the picture's longer side.
AROUND = 0.12
#: How much of the way its mean and its spread go to those of what is around, for lightness and for hue; spreads change
#: by this factor at most.
LIGHTNESS, HUE, SPREAD, MOST_SPREAD = 0.3, 0.5, 0.4, 1.5
#: Grain is what is finer than this many pixels; so much of it is the picture's in the end, less where the object's own
#: is stronger than the picture's mostly is: that is its shape.
FINE, GRAIN = 2.0, 0.85
#: How much the object's own grain, and its colours, say which grain of the picture is taken.
OWN, COLOURS = 1.5, 0.3
#: Grain is stored around middle grey, so many times as strong.
STRONG = 2.0
#: Pixels at the rim in which the object fades to its surroundings.
RIM = 1.0
#: Lightness and two hues of equal weight.
_OPPONENT = np.array([[1, 1, 1], [1, -1, 0], [0.5, 0.5, -1]]) / np.sqrt(np.array([[3], [2], [1.5]]))


def harmonized(exemplar: Exemplar, composite: Floats, mask: Mask, run: Run, settings: Settings) -> Rendering:
    """A pasted object with the picture's look; see :class:`analogon.jobs.Harmonize`."""
    from scipy import ndimage as ndi

    height, width = composite.shape[:2]
    source = exemplar.image[:height, :width]
    usable = np.ones((height, width), bool) if exemplar.usable is None else exemplar.usable[:height, :width]
    toned = recoloured(composite, mask)
    theirs, ours = (ndi.gaussian_filter(one, (FINE, FINE, 0)) for one in (source, toned))
    own = toned - ours
    grain, fine = (np.clip(0.5 + STRONG * one, 0, 1).astype(np.float32) for one in (source - theirs, own))
    guides = (Guide("grain", grain, fine, OWN), Guide("colours", theirs, ours, COLOURS))
    start = origins(source, usable, toned, mask)
    done = synthesize(
        Exemplar(
            grain, one_class((height, width)), exemplar.usable[:height, :width] if exemplar.usable is not None else None
        ),
        one_class((height, width)),
        run,
        settings=replace(settings, coarsest=2, leaps=0),
        wishes=Wishes(keep=~mask, guides=guides),
        start=start,
        tone=False,
    )
    taken = (done.image - 0.5) / STRONG
    usual = 2 * np.sqrt(((source - theirs)[usable] ** 2).mean()) + 1e-3
    strength = np.sqrt(ndi.gaussian_filter((own**2).mean(-1), FINE / 2))
    given = (GRAIN * np.exp(-((strength / usual) ** 2)))[..., None]
    soft = ours + (1 - given) * own + given * taken
    share = np.clip(ndi.distance_transform_edt(mask) / (RIM + 1), 0, 1)[..., None] if not mask.all() else 1.0
    rim = _from_around(composite, mask)
    image = np.clip(share * soft + (1 - share) * rim, 0, 1).astype(np.float32)
    return Rendering(np.where(mask[..., None], image, composite), None, done.seconds)


def recoloured(composite: Floats, mask: Mask) -> Floats:
    """The object with mean and spread of its colours nearer to what is around it; (h, w, 3)."""
    from scipy import ndimage as ndi

    reach = AROUND * max(mask.shape)
    around = (ndi.distance_transform_edt(~mask) <= reach) & ~mask
    if not around.any():
        return composite
    opponent = composite.astype(np.float64) @ _OPPONENT.T
    ours, theirs = opponent[mask], opponent[around]
    share = np.array([LIGHTNESS, HUE, HUE])
    mean = ours.mean(0) + share * (theirs.mean(0) - ours.mean(0))
    ratio = (theirs.std(0) + 1e-3) / (ours.std(0) + 1e-3)
    factor = np.clip(ratio, 1 / MOST_SPREAD, MOST_SPREAD) ** SPREAD
    moved = composite.astype(np.float64).copy()
    moved[mask] = ((ours - ours.mean(0)) * factor + mean) @ np.linalg.inv(_OPPONENT).T
    return np.clip(moved, 0, 1).astype(np.float32)


def _from_around(image: Floats, mask: Mask) -> Floats:
    """Each pixel of the mask as the nearest one outside."""
    from scipy import ndimage as ndi

    if mask.all():
        return image
    near = ndi.distance_transform_edt(mask, return_distances=False, return_indices=True)
    copied: Floats = image[near[0], near[1]]
    return copied
