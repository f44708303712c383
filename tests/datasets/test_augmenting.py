import numpy as np
import pytest

from analogon import LabelMap, OptionError, Palette
from analogon.datasets import Augmentation, Pair, augmented
from analogon.datasets.augmenting import cropped, flipped, resized


@pytest.fixture
def pair() -> Pair:
    """24x40 pixels whose colours say where they are and whose labels and instances say it too."""
    rows, columns = np.mgrid[:24, :40]
    image = np.stack([rows, columns, rows + columns], -1) / np.float32(255)
    return Pair("here", image.astype(np.float32), (rows * 40 + columns) // 100, rows * 40 + columns)


def agree(pair: Pair) -> bool:
    """Whether picture, labels and instances still speak of the same pixels."""
    assert pair.instances is not None
    rows, columns = (np.rint(pair.image[..., c] * 255).astype(np.int64) for c in (0, 1))
    numbers = rows * 40 + columns
    return bool((numbers == pair.instances).all() and (numbers // 100 == pair.labels).all())


def test_windows_and_mirrors_take_all_three_along(pair: Pair) -> None:
    settings = Augmentation(crop=(9, 11))
    seen = set()
    for seed in range(200):
        one = augmented(pair, settings, seed)
        assert one.shape == (9, 11) and one.image.shape == (9, 11, 3) and agree(one) and one.name == "here"
        mirrored = one.image[0, 0, 1] > one.image[0, -1, 1]
        seen.add((round(one.image[0, 0, 0] * 255), round(one.image[0].min(0)[1] * 255), bool(mirrored)))
    tops, lefts, mirrors = (sorted({s[i] for s in seen}) for i in range(3))
    assert tops == list(range(16)) and lefts == list(range(30)) and mirrors == [False, True]


def test_a_seed_says_it_all_and_other_options_leave_its_draws_alone(pair: Pair) -> None:
    settings = Augmentation(crop=(9, 11))
    one, same, other = (augmented(pair, settings, seed) for seed in ((3, 1, 4), (3, 1, 4), (3, 1, 5)))
    assert (one.image == same.image).all() and (one.image != other.image).any()
    still = augmented(pair, Augmentation(crop=(9, 11), flip=0.0), (3, 1, 4))
    mirrored = augmented(pair, Augmentation(crop=(9, 11), flip=1.0), (3, 1, 4))
    assert (flipped(still).image == mirrored.image).all()
    assert any((one.image == each.image).all() for each in (still, mirrored))


def test_pairs_are_resized_then_cut(pair: Pair) -> None:
    assert augmented(pair, Augmentation(resize=(12, 10), flip=0), 0).shape == (12, 10)
    assert augmented(pair, Augmentation(resize=12, flip=0), 0).shape == (12, 20)
    assert augmented(pair, Augmentation(resize=48, crop=(40, 40), flip=0), 0).shape == (40, 40)
    shapes = [augmented(pair, Augmentation(scale=(0.5, 2.0), flip=0), seed).shape for seed in range(60)]
    heights = sorted(h for h, _ in shapes)
    assert 12 <= heights[0] <= 14 and 43 <= heights[-1] <= 48
    assert sum(h < 24 for h in heights) in range(18, 43)  # the factor's logarithm is even
    assert all(abs(w / h - 40 / 24) < 0.1 for h, w in shapes)


def test_maps_are_resized_as_label_maps_are_and_never_blended(pair: Pair) -> None:
    palette = Palette.from_colors([(i, 0, 0) for i in range(10)])
    small = resized(pair, (7, 13))
    assert (small.labels == LabelMap(pair.labels, palette).resize((7, 13)).ids).all()
    assert small.instances is not None and set(small.instances.ravel()) <= set(range(960))
    assert small.image.dtype == np.float32 and small.image.min() >= 0 and small.image.max() <= 1


def test_pairs_without_instances_stay_without() -> None:
    plain = Pair("plain", np.zeros((20, 20, 3), np.float32), np.zeros((20, 20), np.int64))
    assert augmented(plain, Augmentation(resize=24, crop=(16, 16), flip=1), 0).instances is None


@pytest.mark.parametrize(
    "settings",
    [{"flip": 1.5}, {"scale": (0, 1)}, {"scale": (2.0, 1.0)}, {"crop": (0, 4)}, {"resize": 0}, {"resize": (-1, 3)}],
)
def test_values_out_of_range_are_refused(settings: dict[str, object], sentence: object) -> None:
    with pytest.raises(OptionError) as error:
        Augmentation(**settings)  # type: ignore[arg-type]
    sentence(error.value)  # type: ignore[operator]


def test_windows_stay_within(pair: Pair) -> None:
    for top, left, shape in ((0, 0, (25, 4)), (20, 0, (5, 5)), (0, -1, (5, 5))):
        with pytest.raises(OptionError, match="not within 'here', which has 40x24"):
            cropped(pair, top, left, shape)
    with pytest.raises(OptionError, match="resize first"):
        augmented(pair, Augmentation(crop=(30, 30)), 0)
