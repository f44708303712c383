"""Do places look like the class that the layout asks for there? A classifier that knows the source alone judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar
from analogon.data.color import oklab
from analogon.errors import InputError
from analogon.ops.parallel import spread

if TYPE_CHECKING:
    from sklearn.ensemble import ExtraTreesClassifier

TREES, LEAST_LEAF = 48, 3
#: Pixels of each class that the classifier is fitted to.
PIXELS = 5000
#: Widths of the neighbourhoods whose colours and textures are features.
WIDTHS = (1.0, 2.0, 4.0, 8.0)
#: Pixels that are classified at a time.
BLOCK = 1 << 15

Ids = NDArray[np.int64]


def features(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colour and texture about each pixel, float32 (h * w, 36); nothing says where it lies.

    Oklab colour of the pixel; by neighbourhood (`WIDTHS`): mean colour, standard deviation of each channel, and how
    edges run (structure tensor of the lightness), as roots so that all are on the scale of colours.
    """
    from scipy import ndimage

    colors = oklab(image * 255.0).astype(np.float32)
    planes = [colors]
    down, across = (ndimage.gaussian_filter(colors[..., 0], 0.7, order) for order in ((1, 0), (0, 1)))
    for width in WIDTHS:
        mean = ndimage.gaussian_filter(colors, (width, width, 0))
        spread_of = ndimage.gaussian_filter(colors**2, (width, width, 0)) - mean**2
        planes += [mean, np.sqrt(np.maximum(spread_of, 0))]
        if width > 1:
            rows, columns = (np.sqrt(ndimage.gaussian_filter(d**2, width)) for d in (down, across))
            mixed = ndimage.gaussian_filter(down * across, width)
            planes.append(np.stack([rows, columns, np.sign(mixed) * np.sqrt(np.abs(mixed))], -1))
    return np.concatenate(planes, -1).reshape(-1, sum(p.shape[-1] for p in planes)).astype(np.float32, copy=False)


class Classifier:
    """Extremely randomised trees that know the classes of one source by colour and texture."""

    def __init__(self, source: Exemplar, seed: int = 0) -> None:
        from sklearn.ensemble import ExtraTreesClassifier

        ids = source.labels.ids.ravel()
        usable = np.ones(ids.shape, bool) if source.usable is None else source.usable.ravel()
        rng = np.random.default_rng(seed)
        places = [np.flatnonzero(usable & (ids == number)) for number in np.unique(ids[usable])]
        taken = np.concatenate([p if len(p) <= PIXELS else rng.choice(p, PIXELS, replace=False) for p in places])
        self._trees: ExtraTreesClassifier = ExtraTreesClassifier(
            TREES, min_samples_leaf=LEAST_LEAF, random_state=seed, n_jobs=None
        )
        self._trees.fit(features(source.image)[taken], ids[taken])

    def classes_of(self, image: NDArray[np.float32]) -> Ids:
        """The class that each pixel looks like most, ids (h, w)."""
        known = features(image)
        blocks = [(known[start : start + BLOCK],) for start in range(0, len(known), BLOCK)]
        found: Ids = np.concatenate(spread(self._trees.predict, blocks)).astype(np.int64)
        return found.reshape(image.shape[:2])


def accuracy(seen: Ids, asked: Ids) -> float:
    """Pixel accuracy: the share of pixels with seen = asked; arrays of one shape, whatever it is.

    Range 0 to 1, higher is better. Large classes rule it. Source: the usual measure of semantic segmentation; `seen`
    comes from extremely randomised trees (Geurts et al., Machine Learning 2006) that are fitted to the source.
    """
    return float((seen == asked).mean())


def overlaps(seen: Ids, asked: Ids) -> Mapping[int, float]:
    """Intersection over union of each class c that is asked for: |seen = c and asked = c| / |seen = c or asked = c|.

    Range 0 to 1, higher is better. The mean over the classes is mIoU. Source: Everingham et al., "The PASCAL Visual
    Object Classes Challenge", IJCV 2010.
    """
    found = {}
    for number in np.unique(asked):
        ours, theirs = seen == number, asked == number
        found[int(number)] = float((ours & theirs).sum() / (ours | theirs).sum())
    return found


class Agreement:
    """Mean IoU and pixel accuracy of many pictures together, which are told one by one and not kept.

    Intersections and unions of a class are summed over all pictures before they are divided, so that a picture with
    little of a class counts little; the mean is over the classes that are asked for anywhere.

    Range 0 to 1, higher is better. Source: as label-to-image methods are judged (Wang et al., CVPR 2018), after the
    Cityscapes benchmark.
    """

    def __init__(self) -> None:
        self._seen, self._asked, self._both = Counter[int](), Counter[int](), Counter[int]()

    def add(self, seen: Ids, asked: Ids) -> None:
        """Count a picture, or some pixels of one: the classes seen and those asked for, of one shape.

        Raises:
            InputError: the shapes differ.
        """
        if seen.shape != asked.shape:
            raise InputError("What was seen and what was asked for are no pairs: give both in one size.")
        for counts, ids in ((self._seen, seen), (self._asked, asked), (self._both, asked[seen == asked])):
            found, times = np.unique(ids, return_counts=True)
            counts.update(dict(zip(found.tolist(), times.tolist(), strict=True)))

    @property
    def miou(self) -> float | None:
        """Mean intersection over union; None where nothing was asked for yet."""
        shared = [self._both[c] / (self._seen[c] + asked - self._both[c]) for c, asked in self._asked.items()]
        return sum(shared) / len(shared) if shared else None

    @property
    def accuracy(self) -> float | None:
        """Pixel accuracy; None where nothing was asked for yet."""
        return self._both.total() / self._asked.total() if self._asked else None
