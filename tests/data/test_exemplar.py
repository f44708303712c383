import numpy as np
import pytest

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.errors import InputError, LabelError

PALETTE = Palette(
    (
        LabelClass(0, "grass", (0, 249, 0)),
        LabelClass(1, "fur", (255, 147, 0)),
        LabelClass(5, "sea", (0, 0, 255)),
    )
)


def exemplar(shape: tuple[int, int] = (20, 30)) -> Exemplar:
    ids = np.zeros(shape, int)
    ids[5:15, 8:20] = 1
    image = np.random.default_rng(0).random((*shape, 3), dtype=np.float32)
    return Exemplar(image, LabelMap(ids, PALETTE))


def test_the_image_is_copied_to_read_only_float32() -> None:
    source = np.full((4, 5, 3), 0.5)
    made = Exemplar(source, LabelMap(np.zeros((4, 5), int), PALETTE))
    source[:] = 0
    assert made.shape == (4, 5)
    assert made.image.dtype == np.float32
    assert (made.image == 0.5).all()
    with pytest.raises(ValueError, match="read-only"):
        made.image[0, 0, 0] = 1


def test_sizes_must_agree() -> None:
    with pytest.raises(LabelError, match="image is 5x4 and its label map 4x5"):
        Exemplar(np.zeros((4, 5, 3)), LabelMap(np.zeros((5, 4), int), PALETTE))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 5)),
        np.zeros((4, 5, 4)),
        np.zeros((4, 5, 3), np.uint8),
        np.full((4, 5, 3), 1.5),
        np.full((4, 5, 3), np.nan),
    ],
)
def test_other_images_are_refused(image: np.ndarray) -> None:
    with pytest.raises(InputError, match="image of an exemplar"):
        Exemplar(image, LabelMap(np.zeros((4, 5), int), PALETTE))


def test_a_target_of_any_size_with_the_same_classes_is_accepted() -> None:
    exemplar().check_target(LabelMap(np.ones((7, 9), int), PALETTE))


def test_a_class_without_a_pixel_in_the_source_is_named() -> None:
    target = np.zeros((10, 10), int)
    target[:3] = 5
    with pytest.raises(LabelError) as error:
        exemplar().check_target(LabelMap(target, PALETTE))
    text = str(error.value)
    # Blue is neither; 'sea' itself is no way out, since the source has none of it.
    assert "#0000ff on 30.0 %" in text
    assert "nearest is 'fur' (#ff9300)" in text
    assert "--map '#0000ff=fur'" in text


def test_resizing_takes_image_and_labels_along() -> None:
    source = exemplar()
    half = source.resize((10, 15))
    assert half.shape == (10, 15)
    assert half.image.shape == (10, 15, 3)
    assert (half.labels.ids == source.labels.resize((10, 15)).ids).all()
    assert half.image.mean() == pytest.approx(source.image.mean(), abs=0.01)
    assert half.image.std() < 0.7 * source.image.std()  # noise is averaged, not picked
    assert source.resize(source.shape) is source


def test_a_flat_image_stays_flat() -> None:
    flat = Exemplar(np.ones((20, 30, 3)), LabelMap(np.zeros((20, 30), int), PALETTE))
    for shape in [(33, 47), (7, 11)]:
        assert flat.resize(shape).image.min() == pytest.approx(1, abs=1e-5)
