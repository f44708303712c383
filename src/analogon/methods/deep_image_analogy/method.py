"""Deep Image Analogy on one page: nothing is learnt; each render matches features coarse to fine."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError
from analogon.features import DEEPEST, extractor
from analogon.methods.base import Arrays
from analogon.methods.deep_image_analogy.config import Config
from analogon.methods.deep_image_analogy.fields import Field, Map, Search, enlarged, exhaustive, voted
from analogon.methods.deep_image_analogy.latents import Described, blended, describe
from analogon.ops.engine import class_places, paint
from analogon.ops.parallel import bands, spread
from analogon.ops.votes import settle
from analogon.provenance import Provenance
from analogon.rendering import PLAIN, Rendering, Wishes
from analogon.run import UNTRAINED, Progress, Run
from analogon.tone import carried
from analogon.training.device import pick
from analogon.transport import transport

#: Pixels on the shorter side that five levels need.
SHORTEST = 2 ** (DEEPEST - 1)


class FieldSynthesizer:
    """An exemplar (B and B' of the analogy) and how to match it."""

    outcome = UNTRAINED

    def __init__(self, exemplar: Exemplar, config: Config) -> None:
        self.exemplar, self.config = exemplar, config
        self._extract = extractor(config.features, DEEPEST)

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:  # noqa: ARG002 (takes none)
        """Fields in both directions, coarse to fine; the last one's places make the picture."""
        config, seconds, since = self.config, dict[str, float](), time.perf_counter()
        source, layout = self._working(target)
        image, torn = self._edit(source, layout)
        straight = [_whole(transport(*pair).field) for pair in ((source.labels, layout), (layout, source.labels))]
        seconds["carrying"], since = time.perf_counter() - since, time.perf_counter()
        device = pick(run.device)
        extract = self._extract.to(device)
        theirs = describe(source.image, source.labels, extract, device, config)
        ours = describe(image, layout, extract, device, config, torn=torn, like=theirs)
        seconds["features"], since = time.perf_counter() - since, time.perf_counter()
        fields = self._fields(ours, theirs, straight, run, seconds)
        since = time.perf_counter()
        rendering = self._painted(target, enlarged(fields[0], target.shape, source.shape, self.exemplar.shape))
        seconds["painting"] = time.perf_counter() - since
        return Rendering(rendering.image, rendering.provenance, seconds)

    def _fields(
        self, ours: Described, theirs: Described, straight: list[Field], run: Run, seconds: dict[str, float]
    ) -> list[Field]:
        """The finest fields, from the target to the source and back.

        A and A' of the analogy are in the target's layout, B and B' in the source's; A' and B are not known, but for
        the features that they would have.
        """
        config, told, since = self.config, _Counter(run, 2 * DEEPEST * self.config.rounds), time.perf_counter()
        both, made, fields = ((ours, theirs), (theirs, ours)), [ours.maps[0], theirs.maps[0]], list[Field]()
        for n, patch in enumerate(config.patches):
            # of each way the first start is what the latent features are taken along by
            starts: list[list[Field]] = [[], []]
            for w, (here, there) in enumerate(both):
                if n:
                    starts[w].append(enlarged(fields[w], here.sizes[n], there.sizes[n - 1], there.sizes[n]))
                if config.carried or not n:
                    starts[w].append(enlarged(straight[w], here.sizes[n], there.sizes[-1], there.sizes[n]))
            for turn in range(config.rounds):
                if n or turn:  # of the coarsest level nothing is known at first but the pictures themselves
                    size, share = patch if turn else config.patches[n - 1], config.blend[max(n - 1, 0)]
                    made = [blended(*both[w], starts[w][0], size, n, share) for w in (0, 1)]
                # where the edit is torn, A is what A' has become
                edit = ours.maps[n] + ours.torn[n] * (made[0] - ours.maps[n])
                pair = (
                    ours.joined(n, edit, made[0], config=config),
                    theirs.joined(n, made[1], theirs.maps[n], config=config),
                )
                exact = exhaustive(*pair, patch) if n < config.exhaustive else ()
                fields = []
                for w in (0, 1):
                    told()
                    search = Search(pair[w], pair[1 - w], patch)
                    for start in (*starts[w], *exact[w : w + 1]):
                        search.offer(start)
                    for sweep in range(config.sweeps):
                        search.sweep(0 if exact else config.reach[n], config.random_tries, 64 * run.seed + sweep)
                    fields.append(search.field)
                starts = [[field] for field in fields]
            seconds[f"level {n + 1}/{DEEPEST}"], since = time.perf_counter() - since, time.perf_counter()
        told()
        return fields

    def _working(self, target: LabelMap) -> tuple[Exemplar, LabelMap]:
        """Exemplar and target at the size that is worked at."""
        both = *self.exemplar.shape, *target.shape
        scale = min(1.0, max(self.config.size_limit / max(both), SHORTEST / min(both)))
        shapes = [(max(round(h * scale), SHORTEST), max(round(w * scale), SHORTEST)) for h, w in (both[:2], both[2:])]
        return self.exemplar.resize(shapes[0]), target.resize(shapes[1])

    def _edit(self, source: Exemplar, layout: LabelMap) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The picture A, and where it is torn."""
        if self.config.edit == "carried":
            way = carried(source, layout)
            return way.image, way.torn
        indices, count = source.labels.indices().ravel(), len(source.labels.palette)
        weights = np.maximum(np.bincount(indices, minlength=count), 1)
        means = [np.bincount(indices, source.image[..., c].ravel(), count) / weights for c in range(3)]
        return np.stack(means, -1).astype(np.float32)[layout.indices()], np.zeros(layout.shape, bool)

    def _painted(self, target: LabelMap, field: Field) -> Rendering:
        """The picture that a field of full size gives."""
        patch = self.config.patches[-1]
        if self.config.output == "mean":
            return Rendering(np.clip(voted(self.exemplar.image, field, patch), 0, 1))
        source_ids, target_ids = class_places(self.exemplar, target)
        alike, everywhere = np.zeros(target.shape, np.float32), np.ones(target.shape, bool)
        places = np.empty_like(field)
        fixed = field, alike, everywhere, everywhere, source_ids, target_ids, patch // 2, False
        spread(settle, [(*fixed, *band, places) for band in bands(target.shape[0])])
        return Rendering(paint(self.exemplar.image, places), Provenance(places, self.exemplar.shape))

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> None:
        """There is none."""

    def arrays(self) -> Arrays:
        """Nothing is learnt."""
        return {}


class DeepImageAnalogy:
    """Two-way fields over features (a :class:`~analogon.methods.base.Method`)."""

    def fit(self, exemplar: Exemplar, config: Config, run: Run) -> FieldSynthesizer:  # noqa: ARG002 (the contract's)
        """There is nothing to learn."""
        return FieldSynthesizer(exemplar, config)

    def restore(self, exemplar: Exemplar, config: Config, arrays: Arrays, run: Run) -> FieldSynthesizer:  # noqa: ARG002
        """Back from exemplar and configuration alone."""
        if arrays:
            raise ModelError("The model holds arrays that method 'deep-image-analogy' has no use for: make it again.")
        return FieldSynthesizer(exemplar, config)


METHOD = DeepImageAnalogy()


class _Counter:
    """Tells a listener of every search, before it begins, and of the end."""

    def __init__(self, run: Run, searches: int) -> None:
        self._run, self._searches, self._begun = run, searches, 0

    def __call__(self) -> None:
        self._run.listener(Progress("matching features", self._begun, self._searches))
        self._begun += 1


def _whole(field: Map) -> Field:
    places: Field = np.floor(field + 0.5).astype(np.int32)
    return places
