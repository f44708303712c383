"""Samples that are hard to write: holes, pieces, single pixels, nothing at all, names of all kinds."""

import numpy as np

from analogon import LabelClass, LabelMap, Palette
from analogon.augment.values import SAMPLES, Sample, encode, write_sample

GROUND, CELL, SPECK = 3, 0, 7
PALETTE = Palette(
    (
        LabelClass(GROUND, 'ground: "soft", käse #1', (40, 90, 160)),
        LabelClass(CELL, "- cell 😀", (240, 200, 30)),
        LabelClass(SPECK, "yes", (60, 160, 60)),
        LabelClass(9, "1.5", (200, 60, 60)),
    )
)


def sample(name, instances, classes, labels=None, shape=(20, 24), **record):
    """A sample whose labels are those of its instances on ground, if nothing else is said."""
    ids = np.full(shape, GROUND) if labels is None else np.array(labels)
    for number, class_id in enumerate(classes, 1):
        ids[instances == number] = class_id
    rng = np.random.default_rng(len(name))
    image = rng.random((*shape, 3)).astype(np.float32)
    return Sample(name, image, LabelMap(ids, PALETTE), instances, tuple(classes), {"seed": 5, **record})


def hard_samples():
    """One of each kind, by name."""
    rng = np.random.default_rng(3)
    shape = (20, 24)
    ring = np.zeros(shape, np.int32)
    ring[2:12, 3:14] = 1
    ring[4:10, 5:12] = 0  # a hole with another one in it
    ring[6:8, 7:9] = 2
    pieces = np.zeros(shape, np.int32)
    pieces[0:3, 0:4] = pieces[15:20, 20:24] = 1
    pieces[9, 11] = 2
    pieces[19, 0] = 3
    noise = np.where(rng.random(shape) < 0.5, rng.integers(1, 4, shape), 0).astype(np.int32)
    loose = np.full(shape, GROUND)
    loose[1:4, 1:4] = loose[4:6, 4:6] = loose[15, 15] = CELL
    covered = np.zeros(shape, np.int32)
    covered[5:9, 5:9] = 2
    return [
        sample("000000", ring, (CELL, SPECK), kind="instances"),
        sample("000001", pieces, (CELL, SPECK, CELL)),
        sample("000002", noise, (SPECK, CELL, CELL)),
        sample("000003", np.zeros(shape, np.int32), ()),
        sample("000004", np.zeros(shape, np.int32), (), loose),
        sample("000005", covered, (CELL, SPECK)),
        sample("käse #1 50%.x", np.ones(shape, np.int32), (CELL,)),
    ]


def write_dataset(folder, samples):
    """A dataset's folder with these samples."""
    (folder / SAMPLES).mkdir(parents=True)
    for one in samples:
        write_sample(encode(one), folder / SAMPLES / one.name)
    return folder


def masks_of(one, things):
    """Class and mask of each thing, in order, found without the package's own search for them."""
    from skimage.measure import label

    found = []
    for number, class_id in enumerate(one.instance_classes, 1):
        mask = one.instances == number
        if class_id in things and mask.any():
            found.append((class_id, mask))
    for class_id in things:
        parts = label((one.labels.ids == class_id) & (one.instances == 0), connectivity=2)
        found += [(class_id, parts == number) for number in range(1, parts.max() + 1)]
    return found
