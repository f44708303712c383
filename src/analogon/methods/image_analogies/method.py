"""Image Analogies: nothing is learnt; each render is a synthesis of its own."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError
from analogon.methods.base import Arrays
from analogon.methods.image_analogies.config import Config
from analogon.provenance import Provenance
from analogon.rendering import PLAIN, Guide, Rendering, Wishes
from analogon.run import UNTRAINED, Progress, Run

Floats = NDArray[np.float32]

#: Pixels that the shorter side of the coarsest level has at least.
SMALLEST = 8


class AnalogySynthesizer:
    """An exemplar and how to copy from it (a :class:`~analogon.methods.base.Synthesizer`)."""

    outcome = UNTRAINED

    def __init__(self, exemplar: Exemplar, config: Config) -> None:
        self.exemplar, self.config = exemplar, config

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        """Paint every level from the coarsest on; see the package's base class."""
        from analogon.methods.image_analogies.scanning import Pictures, paint

        config, exemplar = self.config, self.exemplar
        clock, seconds = time.perf_counter(), {}
        usable = np.ones(exemplar.shape, bool) if exemplar.usable is None else exemplar.usable.copy()
        carried = config.start == "carried"
        levels = 1
        while levels < config.levels and min(*exemplar.shape, *target.shape) >> levels >= SMALLEST:
            levels += 1
        guiding = self._guiding(target, wishes.guides, first=_first_guess(exemplar, target, usable, run.seed, carried))
        pyramid = _pyramid(*guiding, usable, levels + carried)
        seconds["reading"] = time.perf_counter() - clock
        coarse = Pictures(*pyramid[levels][:2]) if carried else None
        for level in reversed(range(levels)):
            clock = time.perf_counter()
            source, ours, able = pyramid[level]
            if coarse is not None:
                # what lies outside the frame is known by the coarser level alone
                ours[..., :3] = coarse.target.repeat(2, 0).repeat(2, 1)[: ours.shape[0], : ours.shape[1], :3]
            fine = Pictures(source, ours)
            stage = f"level {levels - level}/{levels}"
            places = paint(
                fine,
                coarse,
                able,
                _inner(source[..., 3 : 3 + len(exemplar.labels.palette)], able),
                factor=1 + 2.0**-level * config.kappa,
                leaves=config.leaves,
                told=partial(_tell, run, stage, len(ours)),
            )
            coarse = fine
            seconds[stage] = time.perf_counter() - clock
        way = Provenance(places, exemplar.shape)
        return Rendering(way.apply_to(exemplar.image), way, seconds)

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> None:
        """There is none: coarse levels are no copies of the source's pixels."""

    def arrays(self) -> Arrays:
        """Nothing is learnt."""
        return {}

    def _guiding(self, target: LabelMap, guides: tuple[Guide, ...], first: Floats) -> tuple[Floats, Floats]:
        """Planes of source and target: colours, one plane for each class, and the guides, times their weights' root.

        ``first`` stands for the target's colours. White against black is 1, as is a wrong class of weight 1.
        """
        exemplar = self.exemplar
        wanted = LabelMap(target.ids, exemplar.labels.palette).indices()
        classes = np.eye(len(exemplar.labels.palette), dtype=np.float32) * np.float32(
            np.sqrt(self.config.label_weight / 2)
        )
        colour = np.float32(np.sqrt(1 / 3))
        ours = [exemplar.image * colour, classes[exemplar.labels.indices()]]
        theirs = [first * colour, classes[wanted]]
        for guide in guides:
            values = [side.reshape(*side.shape[:2], -1) for side in (guide.source, guide.target)]
            scale = np.float32(np.sqrt(guide.weight / values[0].shape[2]))
            whole = np.zeros((*exemplar.shape, values[0].shape[2]), np.float32)
            whole[: values[0].shape[0], : values[0].shape[1]] = values[0]  # a guide may be for the frame alone
            ours.append(whole * scale)
            theirs.append(values[1] * scale)
        return np.concatenate(ours, -1), np.concatenate(theirs, -1)


def _tell(run: Run, stage: str, rows: int, done: int) -> None:
    run.listener(Progress(stage, done, rows))


def _first_guess(exemplar: Exemplar, target: LabelMap, usable: NDArray[np.bool_], seed: int, carried: bool) -> Floats:
    """Colours for the target before anything is painted: carried by the layouts, or drawn from each class."""
    if carried:
        from analogon.transport import transport

        height, width = exemplar.frame
        framed = LabelMap(exemplar.labels.ids[:height, :width], exemplar.labels.palette)
        places = np.floor(transport(framed, target).field + 0.5).astype(np.intp)
        carried_image: Floats = exemplar.image[places[..., 0], places[..., 1]]
        return carried_image
    rng = np.random.default_rng(seed)
    guess = np.zeros((*target.shape, 3), np.float32)
    for number in target.present():
        wanted = target.ids == number
        held = exemplar.image[(exemplar.labels.ids == number) & usable]
        guess[wanted] = held[rng.integers(len(held), size=np.count_nonzero(wanted))]
    return guess


def _pyramid(
    source: Floats, target: Floats, usable: NDArray[np.bool_], levels: int
) -> list[tuple[Floats, Floats, NDArray[np.bool_]]]:
    """Both at the full size, half of it and so on; a coarse pixel is usable if it shows some usable pixel."""
    from scipy import ndimage as ndi

    def halved(planes: Floats) -> Floats:
        blurred: Floats = ndi.gaussian_filter(planes, (1, 1, 0), mode="nearest", truncate=2)[::2, ::2]
        return blurred

    made = [(source, target, usable)]
    shown = usable.astype(np.float32)[..., None]
    for _ in range(levels - 1):
        source, target, usable = made[-1]
        weight = halved(shown)
        # of pixels that must not be used nothing is mixed into those that may
        mixed = np.where(weight > 0, halved(source * shown) / np.maximum(weight, 1e-6), halved(source))
        shown = (weight > 0).astype(np.float32)
        made.append((mixed.astype(np.float32), halved(target), shown[..., 0] > 0))
    return made


def _inner(classes: Floats, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Usable pixels away from the frame, and those of classes that have none there; ``classes`` is (h, w, K)."""
    from analogon.methods.image_analogies.scanning import FINE

    inner = np.zeros_like(usable)
    inner[FINE:-FINE, FINE:-FINE] = usable[FINE:-FINE, FINE:-FINE]
    kinds = classes.argmax(-1)
    held = np.bincount(kinds[inner], minlength=classes.shape[2])
    inner |= usable & (held[kinds] == 0)
    return inner


class ImageAnalogies:
    """Hertzmann et al., "Image Analogies", SIGGRAPH 2001 (a :class:`~analogon.methods.base.Method`)."""

    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> AnalogySynthesizer:  # noqa: ARG002 (the contract's)
        """Keep the exemplar."""
        return AnalogySynthesizer(exemplar, config)

    def restore(self, exemplar: Exemplar, config: Config, arrays: Arrays, run: Run) -> AnalogySynthesizer:  # noqa: ARG002
        """Back from an exemplar alone; see the package's base class."""
        if arrays:
            raise ModelError("The model holds arrays that Image Analogies has no use for: make it again.")
        return AnalogySynthesizer(exemplar, config)


METHOD = ImageAnalogies()
