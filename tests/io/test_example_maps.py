"""Label maps of a published release, where a checkout has them beside it: real ones, none of them clean."""

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analogon.data.color import color_distances
from analogon.io import find_case, read_labels, read_target

SHARED = Path(__file__).parents[2] / ".." / "shared"
# By eye: classes of each source with their shares in per cent.
CLASSES = {
    "cases/zebra": {"#00f900": 68.5, "#ff9300": 31.5},
    "cases/building": {"#00f900": 30.7, "#00fdff": 48.1, "#ff9300": 21.2},
    "cases/tree": {"#00f900": 27.8, "#00fdff": 53.5, "#ff9300": 18.7},
    "cases/hill": {"#00d0ef": 0.2, "#6040a1": 38.5, "#907041": 43.2, "#b1b020": 18.1},
    "cases/renoir": {"#0000ff": 15.8, "#00ff00": 44.2, "#ff331f": 7.5, "#ffffff": 32.5},
    "published/zebra": {"#6faff3": 65.3, "#e69222": 34.7},
    "published/building": {"#6faff3": 50.1, "#8df93a": 26.2, "#e69222": 23.7},
}

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the example maps are not there")


@pytest.mark.parametrize("name", CLASSES)
def test_the_classes_are_those_that_the_eye_sees(name: str) -> None:
    labels = read_labels(find_case(SHARED / name).labels)
    found = {f"#{bytes(c.color).hex()}": 100 * labels.share(c.id) for c in labels.palette.classes}
    assert found == pytest.approx(CLASSES[name], abs=0.06)


@pytest.mark.parametrize("name", CLASSES)
def test_every_target_is_read_without_an_option(name: str) -> None:
    case = find_case(SHARED / name)
    palette = read_labels(case.labels).palette
    assert case.targets
    for path in case.targets:
        target = read_target(path, palette)
        with Image.open(path) as image:
            rgba = np.asarray(image.convert("RGBA"))
        opaque = rgba[..., 3] == 255
        packed = rgba[..., :3].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
        # What is plainly painted is what was read: only borders and slits may differ.
        values, counts = np.unique(packed[opaque], return_counts=True)
        for value in values[counts > 0.002 * packed.size]:
            distances = color_distances([list(value.item().to_bytes(3, "big"))], palette.colors)[0]
            if distances.min() < 0.15:
                right = target.indices()[opaque & (packed == value)] == distances.argmin()
                assert right.mean() > 0.995, (path, hex(value))


def test_a_large_soft_map_takes_less_than_half_a_second() -> None:
    path = find_case(SHARED / "cases/building").labels
    read_labels(path)  # imports
    started = time.process_time()
    read_labels(path)
    assert time.process_time() - started < 0.5
