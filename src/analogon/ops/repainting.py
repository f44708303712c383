"""Pictures after a rough painting: its colours stand for classes, which the source is told apart by, too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.data.color import oklab
from analogon.ops.engine import synthesize
from analogon.ops.synthesis import Settings
from analogon.rendering import Guide, Rendering, Wishes
from analogon.run import Run

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: Colours that a painting is taken to have at most; nearer ones (in Oklab) are one; rarer ones (share of the painting)
#: are none.
COLOURS, APART, RAREST = 10, 0.05, 0.002
#: Pixels of a painting that its colours are found from, and how often.
SAMPLES, TURNS = 4000, 12
#: The smallest share of the source that stands for a colour.
STANDS_FOR = 0.004
#: Blur of the source before its pixels are told apart by colour, as a share of its longer side.
BLUR = 0.006
#: Weight of the painting's colours where nothing may differ; wrong colours count this, in squared 8-bit levels, at the
#: coarsest and the finest level, where nothing may differ and where all may.
WEIGHT = 0.6
STRICT, LOOSE = (30_000.0, 80_000.0), (2_000.0, 200.0)


def painted(
    exemplar: Exemplar, painting: Floats, difference: float, run: Run, settings: Settings, *, tone: bool
) -> Rendering:
    """A rough painting turned into a picture; see :class:`analogon.jobs.Paint`."""
    colours = palette_of(painting)
    reach = BLUR * max(exemplar.shape)
    smooth = _blurred(exemplar.image, reach)
    theirs, ours = _nearest(smooth, colours), _nearest(_blurred(painting, reach / 2), colours)
    counts = np.bincount(
        theirs[exemplar.usable] if exemplar.usable is not None else theirs.ravel(), minlength=len(colours)
    )
    known = counts >= STANDS_FOR * theirs.size
    if not known.any():
        known[counts.argmax()] = True
    # a colour that the source hardly has is taken for the one that is nearest among those that it has
    stands = np.where(known, np.arange(len(colours)), np.flatnonzero(known)[_gaps(colours, colours[known]).argmin(1)])
    palette = Palette(tuple(LabelClass(n, f"colour {n}", (n, n, n)) for n in range(len(colours))))
    labelled = Exemplar(exemplar.image, LabelMap(stands[theirs], palette), exemplar.usable)
    target = LabelMap(stands[ours], palette)
    strict, loose = np.log(STRICT), np.log(LOOSE)
    coarse, fine = np.exp(strict + difference * (loose - strict))
    guide = Guide("painting", smooth, painting, WEIGHT * (1 - difference) ** 2 + 0.02)
    return synthesize(
        labelled,
        target,
        run,
        settings=replace(settings, class_weight=(float(coarse), float(fine))),
        wishes=Wishes(keep="none", guides=(guide,)),
        tone=tone,
    )


def palette_of(painting: Floats) -> Doubles:
    """The main colours of a painting, as Oklab (n, 3)."""
    pixels = oklab(painting.reshape(-1, 3)[:: max(1, painting.size // 3 // SAMPLES)] * 255)
    found = pixels[:1]
    while len(found) < COLOURS:  # the farthest first, so that small parts are seen
        gaps = _gaps(pixels, found).min(1)
        rank = np.sort(gaps)[-max(1, int(RAREST * len(pixels))) :][0]
        if rank < APART:
            break
        found = np.concatenate([found, pixels[np.flatnonzero(gaps >= rank)[:1]]])
    for _ in range(TURNS):
        nearest = _gaps(pixels, found).argmin(1)
        found = np.stack(
            [pixels[nearest == n].mean(0) if (nearest == n).any() else found[n] for n in range(len(found))]
        )
    return found


def _nearest(image: Floats, colours: Doubles) -> NDArray[np.int64]:
    """Which colour each pixel is nearest to: (h, w)."""
    nearest: NDArray[np.int64] = _gaps(oklab(image * 255).reshape(-1, 3), colours).argmin(1)
    return nearest.reshape(image.shape[:2])


def _gaps(one: Doubles, other: Doubles) -> Doubles:
    squares: Doubles = np.sqrt(np.stack([((one - colour) ** 2).sum(-1) for colour in other], -1))
    return squares


def _blurred(image: Floats, reach: float) -> Floats:
    from scipy import ndimage as ndi

    smooth: Floats = ndi.gaussian_filter(image, (reach, reach, 0)).astype(np.float32)
    return smooth
