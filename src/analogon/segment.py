"""A first label map for a picture that has none, by unsupervised segmentation.

Superpixels (SLIC, scikit-image) are merged twice by Ward's criterion, the growth of the variance within the
merged regions. First only neighbours merge, which gives connected regions; then any two regions may, which
gives classes: two patches of sky on either side of a tower become one. Borders that show no edge count for
less, so that a smooth gradient (an evening sky) stays in one piece.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from analogon.data.color import color_distances
from analogon.data.labelmap import LabelMap
from analogon.data.palette import LabelClass, Palette
from analogon.errors import OptionError

if TYPE_CHECKING:
    from analogon.io import ImageSource

MIN_CLASSES, MAX_CLASSES = 2, 64

_WORKING_SIDE = 512
"""Longer side, in pixels, of the picture that is segmented; the map is enlarged to full size afterwards."""
_SUPERPIXELS = 900
_REGIONS_PER_CLASS = 6
"""Connected regions that the first merge leaves for the second, per class asked for."""
_SMALLEST_PATCH = 0.001
"""Connected patches of a class below this share of the picture go to the class around them."""

# How much one step of each feature counts, in CIELAB units. Lightness counts less than colour, because
# shadows change it within one thing; position is weak, or else large even areas are cut in halves.
_LIGHTNESS, _COLOR, _TEXTURE, _ROW, _COLUMN = 0.7, 1.2, 5.0, 8.0, 5.6
_SECOND_MERGE = np.array([1, 1, 1, 1, 1, 0.5, 0.5])
"""In the second merge position counts half: one class may lie in several places."""
_AREA_POWER = 0.6
"""In the second merge a region weighs its area to this power: large even areas are not split first."""
_FULL_EDGE, _NO_EDGE_WEIGHT = 10.0, 0.1
"""Contrast (CIELAB) from which a border counts fully, and what one without any contrast still counts."""
_SAME = 3.0
"""Classes nearer than this (in the weighted features) are one, however many were asked for."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def first_labels(image: "ImageSource", classes: int = 6) -> LabelMap:
    """Segment a picture into at most `classes` classes, without training and always the same way.

    Args:
        image: a path, a PIL image or an array, as `read_image` takes it: float (h, w, 3) in [0, 1] or uint8.
        classes: the largest number of classes, 2 to 64. An even picture gets fewer.

    Returns:
        A label map of the picture's size; ids 1, 2, ... from the largest class to the smallest, named
        "region 1", "region 2", ..., in colours that are easy to tell apart.

    Raises:
        OptionError: `classes` is out of range.
        InputError: the picture cannot be read.
    """
    if not MIN_CLASSES <= classes <= MAX_CLASSES:
        raise OptionError(
            f"A first label map has {MIN_CLASSES} to {MAX_CLASSES} classes, not {classes}: "
            "give --classes a number in that range."
        )
    from analogon.io.images import read_image

    picture = read_image(image)
    small = _shrink(picture)
    labels = _segment(small, classes)
    labels = _drop_specks(labels)
    labels = _enlarge(labels, (picture.shape[0], picture.shape[1]))
    found, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    rank = np.empty(len(found), np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(1, len(found) + 1)
    colors = _distinct_colors(len(found))
    palette = Palette(tuple(LabelClass(i + 1, f"region {i + 1}", color) for i, color in enumerate(colors)))
    return LabelMap(rank[inverse].reshape(labels.shape), palette)


def _shrink(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The picture with its longer side at most `_WORKING_SIDE`, averaged over areas (Pillow's box filter)."""
    from PIL import Image

    height, width = picture.shape[:2]
    factor = _WORKING_SIDE / max(height, width)
    if factor >= 1:
        return picture
    size = max(1, round(width * factor)), max(1, round(height * factor))
    channels = [Image.fromarray(picture[..., c]).resize(size, Image.Resampling.BOX) for c in range(3)]
    return np.stack([np.asarray(channel, np.float32) for channel in channels], axis=-1)


def _segment(picture: npt.NDArray[np.float32], classes: int) -> Ints:
    """Class numbers 0, 1, ..., int64 (h, w), at the picture's own size."""
    from skimage.segmentation import slic

    smooth, features = _features(picture)
    pixels = picture.shape[0] * picture.shape[1]
    superpixels = int(np.clip(pixels // 16, 2 * classes, _SUPERPIXELS))
    segments = slic(picture, n_segments=superpixels, compactness=6.0, start_label=0, channel_axis=-1)
    _, segments = np.unique(segments, return_inverse=True)
    regions = segments.reshape(picture.shape[:2]).astype(np.int64)
    regions = _merge(_regions(regions, features, smooth), _REGIONS_PER_CLASS * classes, anywhere=False)[regions]
    graph = _regions(regions, features * _SECOND_MERGE, smooth)
    graph.weights = graph.weights**_AREA_POWER
    return _merge(graph, classes, anywhere=True)[regions]


def _features(picture: npt.NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Smoothed CIELAB (h, w, 3), and per pixel: colour, texture at two scales, place; float64 (h, w, 7)."""
    from scipy import ndimage
    from skimage.color import rgb2lab

    lab = np.asarray(rgb2lab(picture), np.float64)
    height, width = lab.shape[:2]
    smooth = ndimage.gaussian_filter(lab, (1.0, 1.0, 0.0))
    textures = []
    for sigma in (1.0, 2.0):
        gradient = ndimage.gaussian_gradient_magnitude(lab[..., 0], sigma)
        # The median leaves a single edge out: it is no texture, and would else cling to every outline.
        gradient = ndimage.median_filter(gradient, size=int(6 * sigma) + 1)
        textures.append(_TEXTURE * np.log1p(ndimage.gaussian_filter(gradient, sigma)))
    rows, columns = np.mgrid[0:height, 0:width] / max(height, width)
    colors = [_LIGHTNESS * lab[..., 0], _COLOR * lab[..., 1], _COLOR * lab[..., 2]]
    return smooth, np.stack([*colors, *textures, _ROW * rows, _COLUMN * columns], axis=-1)


@dataclass
class _Regions:
    """Regions as nodes of a graph: mean features (n, c), weights (n,), borders and their contrast (n, n)."""

    means: Floats
    weights: Floats
    lengths: Floats
    contrasts: Floats


def _regions(labels: Ints, features: Floats, smooth: Floats) -> _Regions:
    """Measure the regions 0, 1, ... of `labels`."""
    count = int(labels.max()) + 1
    flat = labels.ravel()
    weights = np.bincount(flat, minlength=count).astype(np.float64)
    sums = [np.bincount(flat, features[..., c].ravel(), count) for c in range(features.shape[-1])]
    lengths, contrasts = np.zeros(count * count), np.zeros(count * count)
    for axis in (0, 1):
        n = labels.shape[axis]
        left = np.arange(n - 1)
        one, other = labels.take(left, axis), labels.take(left + 1, axis)
        # Colours are compared one pixel further out on both sides, past the blur of the edge.
        before = smooth.take(np.maximum(left - 1, 0), axis)
        after = smooth.take(np.minimum(left + 2, n - 1), axis)
        border = one != other
        place = one[border] * count + other[border]
        lengths += np.bincount(place, minlength=count * count)
        contrasts += np.bincount(place, np.sqrt(((before - after) ** 2).sum(-1))[border], count * count)
    length, contrast = lengths.reshape(count, count), contrasts.reshape(count, count)
    return _Regions(np.stack(sums, 1) / weights[:, None], weights, length + length.T, contrast + contrast.T)


def _merge(graph: _Regions, target: int, *, anywhere: bool) -> Ints:
    """Merge the cheapest pair until `target` regions remain; new numbers 0, 1, ... of the old regions, (n,).

    Only neighbours merge, or any two regions with `anywhere`; then classes that look the same merge as well.
    `graph` is used up.
    """
    count = len(graph.weights)
    owner = np.arange(count)
    alive = np.ones(count, bool)
    costs = np.stack([_costs(graph, i, alive, anywhere) for i in range(count)])
    for left in range(count, 1, -1):
        kept, gone = (int(i) for i in np.unravel_index(costs.argmin(), costs.shape))
        if not np.isfinite(costs[kept, gone]):
            break
        if left <= target:
            if not anywhere:
                break
            distances = np.sqrt(((graph.means[:, None] - graph.means[None]) ** 2).sum(-1))
            distances[~np.isfinite(costs)] = np.inf
            kept, gone = (int(i) for i in np.unravel_index(distances.argmin(), distances.shape))
            if distances[kept, gone] >= _SAME:
                break
        weights = graph.weights[[kept, gone]]
        graph.means[kept] = weights @ graph.means[[kept, gone]] / weights.sum()
        graph.weights[kept] = weights.sum()
        for matrix in (graph.lengths, graph.contrasts):
            matrix[kept] += matrix[gone]
            matrix[:, kept] += matrix[:, gone]
            matrix[kept, kept] = 0
        owner[owner == gone] = kept
        alive[gone] = False
        costs[gone] = costs[:, gone] = np.inf
        costs[kept] = costs[:, kept] = _costs(graph, kept, alive, anywhere)
    return np.unique(owner, return_inverse=True)[1].astype(np.int64)


def _costs(graph: _Regions, region: int, alive: npt.NDArray[np.bool_], anywhere: bool) -> Floats:
    """What merging `region` with each other region costs, (n,); infinite where they may not merge."""
    weights = graph.weights[region] * graph.weights / (graph.weights[region] + graph.weights)
    costs: Floats = weights * ((graph.means[region] - graph.means) ** 2).sum(-1)
    touching = graph.lengths[region] > 0
    contrast = graph.contrasts[region][touching] / graph.lengths[region][touching]
    costs[touching] *= np.clip(contrast / _FULL_EDGE, _NO_EDGE_WEIGHT, 1.0)
    if not anywhere:
        costs[~touching] = np.inf
    costs[~alive] = np.inf
    costs[region] = np.inf
    return costs


def _drop_specks(labels: Ints) -> Ints:
    """Give connected patches below `_SMALLEST_PATCH` of the picture to the nearest larger patch."""
    from scipy import ndimage

    specks = np.zeros(labels.shape, bool)
    for label in range(int(labels.max()) + 1):
        patches, _ = ndimage.label(labels == label)
        sizes = np.bincount(patches.ravel())
        specks |= (sizes < _SMALLEST_PATCH * labels.size)[patches] & (patches > 0)
    if not specks.any() or specks.all():
        return labels
    rows, columns = ndimage.distance_transform_edt(specks, return_distances=False, return_indices=True)
    cleaned: Ints = labels[rows, columns]
    return cleaned


def _enlarge(labels: Ints, shape: tuple[int, int]) -> Ints:
    """The labels at another (height, width), with smooth outlines and no blended ids.

    Each class's mask is enlarged by itself (bilinear filter); a pixel takes the class of the largest value.
    """
    from PIL import Image

    if labels.shape == shape:
        return labels
    best = np.full(shape, -1.0, np.float32)
    result = np.zeros(shape, np.int64)
    for label in range(int(labels.max()) + 1):
        mask = Image.fromarray((labels == label).astype(np.float32))
        value = np.asarray(mask.resize((shape[1], shape[0]), Image.Resampling.BILINEAR))
        larger = value > best
        best[larger] = value[larger]
        result[larger] = label
    return result


def _distinct_colors(count: int) -> list[tuple[int, int, int]]:
    """`count` sRGB colours, each as far as possible from those before it, as the eye sees them."""
    levels = np.array([0, 51, 102, 153, 204, 255])
    candidates = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    candidates = candidates[candidates.max(1) >= 153]  # dark ones all look like black
    chosen = [int(np.flatnonzero((candidates == (0, 102, 204)).all(1))[0])]
    nearest = color_distances(candidates, candidates[chosen])[:, 0]
    while len(chosen) < count:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, color_distances(candidates, candidates[chosen[-1:]])[:, 0])
    return [(int(r), int(g), int(b)) for r, g, b in candidates[chosen]]
